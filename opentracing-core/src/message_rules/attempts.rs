//! The attempts to handle a message.

use crate::model::context::SpanContext;
use crate::model::tags;
use crate::span::builder::SpanBuilder;
use crate::span::span::Span;

/// The attempts to handle one message. Each has a span, which refers to that of the attempt before.
///
/// ```
/// use opentracing_core::message_rules::Attempts;
/// use opentracing_core::mock::MockTracer;
///
/// let mock = MockTracer::new();
/// let mut attempts = Attempts::new();
/// for _ in 0..2 {
///     let mut builder = mock.tracer().span("process orders");
///     attempts.refer_to_last(&mut builder);
///     let mut span = builder.start();
///     attempts.begin(&mut span);
/// }
/// let spans = mock.finished_spans();
/// assert_eq!(spans[1].tag("messaging.attempt"), Some(2.into()));
/// assert_eq!(spans[1].references[0].context.span_id(), spans[0].context.span_id());
/// ```
#[derive(Clone, Debug, Default)]
pub struct Attempts {
    number: u32,
    last: Option<SpanContext>,
}

impl Attempts {
    /// No attempt was made.
    pub const fn new() -> Self {
        Attempts { number: 0, last: None }
    }

    /// Earlier attempts were made, here or in another process. `last` is the context of the last one, if it is known.
    pub fn after(number: u32, last: Option<SpanContext>) -> Self {
        Attempts { number, last }
    }

    /// The number of attempts so far.
    pub fn number(&self) -> u32 {
        self.number
    }

    /// The context of the last attempt.
    pub fn last(&self) -> Option<&SpanContext> {
        self.last.as_ref()
    }

    /// Adds a reference to the last attempt. Call it after the references to senders, so that a sender stays the parent.
    pub fn refer_to_last<'a>(&'a self, builder: &mut SpanBuilder<'a>) {
        if let Some(last) = &self.last {
            builder.follows_from(last);
        }
    }

    /// Begins an attempt in this span, and sets its number as a tag.
    pub fn begin(&mut self, span: &mut Span) {
        self.number = self.number.saturating_add(1);
        span.set(tags::MESSAGING_ATTEMPT, i64::from(self.number));
        self.last = span.context();
    }
}
