//! The end of a delivery's span.

use opentracing_core::{SpanRef, Value, logs, tags};

use crate::decorator::Settlement;
use crate::error;
use crate::settings::Settings;

/// Tells how the delivery was settled, and finishes its span.
pub(crate) fn finish(settings: &Settings, span: &SpanRef, settlement: Settlement<'_>) {
    tell(settings, span, settlement);
    span.finish();
}

/// Tells how the delivery was settled.
pub(crate) fn tell(settings: &Settings, span: &SpanRef, settlement: Settlement<'_>) {
    if span.is_recording() {
        set_tags(span, settlement);
    }
    // Decorators are foreign code, and a second panic would abort the process.
    if !std::thread::panicking() {
        settings.decorators.iter().for_each(|decorator| decorator.on_settled(span, settlement));
    }
}

fn set_tags(span: &SpanRef, settlement: Settlement<'_>) {
    let outcome = |outcome| span.set_tag(tags::RABBITMQ_OUTCOME, Value::Static(outcome));
    match settlement {
        Settlement::Done => {}
        Settlement::Ack => {
            outcome("ack");
        }
        Settlement::Nack { requeue } => {
            outcome("nack").set(tags::RABBITMQ_REQUEUE, requeue);
            error::failed(span, "nack", "the consumer refused the message");
        }
        Settlement::Reject { requeue } => {
            outcome("reject").set(tags::RABBITMQ_REQUEUE, requeue);
            error::failed(span, "reject", "the consumer refused the message");
        }
        Settlement::Dropped => {
            outcome("dropped")
                .log_kv(&[(logs::EVENT, Value::Static("dropped")), (logs::MESSAGE, Value::Static("dropped unacked"))]);
        }
        Settlement::Settled => {
            outcome("settled");
        }
        Settlement::Stale => {
            outcome("stale").log_kv(&[
                (logs::EVENT, Value::Static("stale")),
                (logs::MESSAGE, Value::Static("the channel has ended or recovered since")),
            ]);
        }
        Settlement::Failed(reason) => {
            outcome("stale");
            error::record(span, reason);
        }
    }
}
