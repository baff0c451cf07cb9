//! Which tracer a span belongs to.

use crate::scope::scope::ActiveSpan;
use crate::span::span::Span;
use crate::span::span_ref::SpanRef;
use crate::tracer::tracer::Tracer;

impl Span {
    /// The tracer that started the span; a no-op one if that is gone.
    pub fn tracer(&self) -> Tracer {
        Tracer::by_id(self.state.tracer())
    }
}

impl SpanRef {
    /// The tracer that started the span; a no-op one if that is gone.
    pub fn tracer(&self) -> Tracer {
        Tracer::by_id(self.state().tracer())
    }
}

impl ActiveSpan {
    /// The tracer that started the span; a no-op one if that is gone.
    pub fn tracer(&self) -> Tracer {
        Tracer::by_id(self.with(|state| state.tracer()).unwrap_or(0))
    }
}
