//! Finding the span of ours in a context of OpenTelemetry.
//!
//! A context holds its span behind a lock and a box, and offers only the methods of OpenTelemetry's `Span`. So the span is asked by one of
//! these, and answers by a thread-local.

use std::cell::Cell;

use opentelemetry::Context;
use opentelemetry::trace::TraceContextExt;
use opentracing_core::{SpanContext, SpanRef};

use crate::convert::to_core;

/// What a span is asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Question {
    Nothing,
    Context,
    Handle,
}

pub(crate) enum Answer {
    Context(SpanContext),
    Handle(SpanRef),
}

thread_local! {
    static QUESTION: Cell<Question> = const { Cell::new(Question::Nothing) };
    static ANSWER: Cell<Option<Answer>> = const { Cell::new(None) };
    /// How many operations of our spans run on this thread. The context may hold the lock of its span meanwhile.
    static BUSY: Cell<u32> = const { Cell::new(0) };
}

/// The span of the context as one of ours, to activate. That of another tracer, or of another process, becomes a handle that stands for its
/// context. `None` if the context has no span, or an invalid one.
pub(crate) fn span_of(context: &Context) -> Option<SpanRef> {
    match ask(context, Question::Handle)? {
        Answer::Handle(span) => Some(span),
        Answer::Context(context) => Some(SpanRef::of_context(context)),
    }
}

/// Our context of the span in this context.
pub(crate) fn parent_in(context: &Context) -> Option<SpanContext> {
    match ask(context, Question::Context)? {
        Answer::Handle(span) => span.context(),
        Answer::Context(context) => Some(context),
    }
}

fn ask(context: &Context, question: Question) -> Option<Answer> {
    if !context.has_active_span() {
        return None;
    }
    let span = context.span();
    if !is_busy() {
        QUESTION.set(question);
        let _ = span.is_recording();
        QUESTION.set(Question::Nothing);
        if let Some(answer) = ANSWER.try_with(Cell::take).ok().flatten() {
            return Some(answer);
        }
    }
    let context = span.span_context();
    context.is_valid().then(|| Answer::Context(to_core(context)))
}

/// What our spans are asked for now. They call it when they are asked whether they record.
#[inline]
pub(crate) fn question() -> Question {
    QUESTION.replace(Question::Nothing)
}

pub(crate) fn answer(answer: Answer) {
    let _ = ANSWER.try_with(|place| place.set(Some(answer)));
}

/// Whether an operation of one of our spans runs on this thread, so that asking might wait for this thread itself.
pub(crate) fn is_busy() -> bool {
    BUSY.get() > 0
}

/// Exists while an operation runs that may call code of the user, such as a clock or a logger.
pub(crate) struct Busy(());

impl Busy {
    pub(crate) fn begin() -> Busy {
        BUSY.set(BUSY.get() + 1);
        Busy(())
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        BUSY.set(BUSY.get() - 1);
    }
}
