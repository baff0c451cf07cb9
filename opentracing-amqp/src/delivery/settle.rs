//! Recording how a delivery was settled.

use opentracing_core::{SpanRef, Value, logs, tags};

use crate::outcome::DeliveryOutcome;
use crate::settings::settings::Settings;
use crate::tags::error;

/// Records how the delivery was settled. With `has_failed`, the error of its handler is recorded, which says more than that the delivery was
/// rejected.
pub(crate) fn record(settings: &Settings, span: &SpanRef, settlement: DeliveryOutcome<'_>, has_failed: bool) {
    if span.is_recording() {
        set_tags(span, settlement, has_failed);
    }
    // A decorator may panic, and a second panic would abort the process.
    if !std::thread::panicking() {
        settings.decorators.iter().for_each(|decorator| decorator.on_settle(span, settlement));
    }
}

fn set_tags(span: &SpanRef, settlement: DeliveryOutcome<'_>, has_failed: bool) {
    let outcome = |outcome| span.set_tag(tags::RABBITMQ_OUTCOME, Value::Static(outcome));
    let rejected = |kind| {
        if !has_failed {
            error::record(span, kind, "the consumer rejected the message");
        }
    };
    match settlement {
        DeliveryOutcome::NotRequired => {}
        DeliveryOutcome::Ack => {
            outcome("ack");
        }
        DeliveryOutcome::Nack { requeue } => {
            outcome("nack").set(tags::RABBITMQ_REQUEUE, requeue);
            rejected("nack");
        }
        DeliveryOutcome::Reject { requeue } => {
            outcome("reject").set(tags::RABBITMQ_REQUEUE, requeue);
            rejected("reject");
        }
        DeliveryOutcome::DeadLettered => {
            outcome("dead_lettered");
        }
        DeliveryOutcome::Dropped => {
            outcome("dropped").log_kv(&[
                (logs::EVENT, Value::Static("dropped")),
                (logs::MESSAGE, Value::Static("the delivery was dropped without being settled")),
            ]);
        }
        DeliveryOutcome::Unknown => {
            outcome("settled");
        }
        DeliveryOutcome::Stale => {
            outcome("stale").log_kv(&[
                (logs::EVENT, Value::Static("stale")),
                (logs::MESSAGE, Value::Static("the channel was closed or recovered after the delivery")),
            ]);
        }
        DeliveryOutcome::Failed(reason) => {
            outcome("stale");
            error::record_lapin(span, reason);
        }
    }
}
