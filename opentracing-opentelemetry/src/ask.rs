//! Finding the span of ours in a context of OpenTelemetry.
//!
//! A context holds its span behind a lock and a box, and offers only the methods of OpenTelemetry's `Span`. So the span is asked by one of
//! these, and answers by a thread-local.

use std::cell::Cell;

use opentelemetry::Context;
use opentelemetry::trace::TraceContextExt;
use opentracing_core::SpanRef;

use crate::convert::to_core;

thread_local! {
    static IS_ASKED: Cell<bool> = const { Cell::new(false) };
    static ANSWER: Cell<Option<SpanRef>> = const { Cell::new(None) };
    /// How many operations of our spans run on this thread. The context may hold the lock of its span meanwhile.
    static BUSY: Cell<u32> = const { Cell::new(0) };
}

/// The span of the context as one of ours. That of another tracer, or of another process, becomes a handle that stands for its context.
/// `None` if the context has no span, or an invalid one.
pub(crate) fn span_of(context: &Context) -> Option<SpanRef> {
    if !context.has_active_span() {
        return None;
    }
    let span = context.span();
    ask(|| span.is_recording()).or_else(|| {
        let context = span.span_context();
        context.is_valid().then(|| SpanRef::of_context(to_core(context)))
    })
}

fn ask(question: impl FnOnce() -> bool) -> Option<SpanRef> {
    if is_busy() {
        return None;
    }
    IS_ASKED.set(true);
    question();
    IS_ASKED.set(false);
    ANSWER.try_with(Cell::take).ok().flatten()
}

/// Called by our spans at the start of the question.
#[inline]
pub(crate) fn answer(span: &SpanRef) {
    if IS_ASKED.get() {
        IS_ASKED.set(false);
        let _ = ANSWER.try_with(|answer| answer.set(Some(span.clone())));
    }
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
