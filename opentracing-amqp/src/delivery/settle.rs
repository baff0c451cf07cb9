//! Recording how a delivery was settled.

use opentracing_core::{SpanRef, Value, logs, tags};

use crate::outcome::Settlement;
use crate::settings::settings::Settings;
use crate::tags::error;

/// Records how the delivery was settled, and finishes its span.
pub(crate) fn finish(settings: &Settings, span: &SpanRef, settlement: Settlement<'_>) {
    record(settings, span, settlement);
    span.finish();
}

/// Records how the delivery was settled.
pub(crate) fn record(settings: &Settings, span: &SpanRef, settlement: Settlement<'_>) {
    if span.is_recording() {
        set_tags(span, settlement);
    }
    // A decorator may panic, and a second panic would abort the process.
    if !std::thread::panicking() {
        settings.decorators.iter().for_each(|decorator| decorator.on_settle(span, settlement));
    }
}

fn set_tags(span: &SpanRef, settlement: Settlement<'_>) {
    let outcome = |outcome| span.set_tag(tags::RABBITMQ_OUTCOME, Value::Static(outcome));
    match settlement {
        Settlement::NotRequired => {}
        Settlement::Ack => {
            outcome("ack");
        }
        Settlement::Nack { requeue } => {
            outcome("nack").set(tags::RABBITMQ_REQUEUE, requeue);
            error::record(span, "nack", "the consumer rejected the message");
        }
        Settlement::Reject { requeue } => {
            outcome("reject").set(tags::RABBITMQ_REQUEUE, requeue);
            error::record(span, "reject", "the consumer rejected the message");
        }
        Settlement::Dropped => {
            outcome("dropped").log_kv(&[
                (logs::EVENT, Value::Static("dropped")),
                (logs::MESSAGE, Value::Static("the delivery was dropped without being settled")),
            ]);
        }
        Settlement::Unknown => {
            outcome("settled");
        }
        Settlement::Stale => {
            outcome("stale").log_kv(&[
                (logs::EVENT, Value::Static("stale")),
                (logs::MESSAGE, Value::Static("the channel was closed or recovered after the delivery")),
            ]);
        }
        Settlement::Failed(reason) => {
            outcome("stale");
            error::record_lapin(span, reason);
        }
    }
}
