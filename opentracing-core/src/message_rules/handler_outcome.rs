//! How the handling of a message ended.

use crate::model::tags;
use crate::model::value::Value;
use crate::span::span::Span;
use crate::span::span_ref::SpanRef;
use crate::stats::message_stats::MessageEvent;
use crate::tracer::tracer::Tracer;

/// How the handling of a message ended.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum HandlerOutcome {
    /// The handler returned `()` or `Ok`.
    Completed,
    /// The handler returned an error, which is recorded.
    Failed,
    /// The handler was dropped before it was done, for example by a time limit. Not an error of the handler.
    Cancelled,
    /// The handler panicked.
    Panicked,
    /// There was no handler, and no span was started below that of the message.
    Unhandled,
}

impl HandlerOutcome {
    /// The value of the tag [`messaging.outcome`](tags::MESSAGING_OUTCOME). `None` for a handler that returned.
    pub const fn as_str(self) -> Option<&'static str> {
        match self {
            HandlerOutcome::Completed | HandlerOutcome::Failed => None,
            HandlerOutcome::Cancelled => Some("cancelled"),
            HandlerOutcome::Panicked => Some("panicked"),
            HandlerOutcome::Unhandled => Some("unhandled"),
        }
    }

    /// Sets the tag, and counts the outcome. The first message without a handler is a warning in `log`.
    pub fn record(self, tracer: &Tracer, span: &mut Span) {
        if let Some(outcome) = self.count(tracer) {
            span.set_tag(tags::MESSAGING_OUTCOME, Value::Static(outcome));
        }
    }

    /// Does the same as [`record`](HandlerOutcome::record) for a shared span.
    pub fn record_in(self, tracer: &Tracer, span: &SpanRef) {
        if let Some(outcome) = self.count(tracer) {
            span.set_tag(tags::MESSAGING_OUTCOME, Value::Static(outcome));
        }
    }

    fn count(self, tracer: &Tracer) -> Option<&'static str> {
        let event = match self {
            HandlerOutcome::Completed | HandlerOutcome::Failed => return None,
            HandlerOutcome::Cancelled => MessageEvent::Cancelled,
            HandlerOutcome::Panicked => MessageEvent::Panicked,
            HandlerOutcome::Unhandled => MessageEvent::Unhandled,
        };
        if tracer.count_messages(event, 1) && self == HandlerOutcome::Unhandled {
            log::warn!(
                "a message was received but not handled in its span, so that work which was done for it is in other traces: handle messages \
                 with `handle` or `process`. Further ones are only counted, see Tracer::report"
            );
        }
        self.as_str()
    }
}
