//! The store by itself.

mod bound;
mod concurrent;
mod figures;
mod naive;
mod properties;
mod traces;

use std::sync::Arc;

use opentracing_core::{SpanId, TraceId};
use opentracing_viewer::{Resource, Span};

/// A span of trace `trace` that starts at `start` and lasts 10 ns.
pub(super) fn span(service: &str, name: &str, trace: u64, id: u64, start: u64) -> Span {
    let mut span =
        Span::new(TraceId::from_parts(7, trace), SpanId::new(id), Arc::new(Resource::new(service, Vec::new())), name);
    (span.start_unix_ns, span.duration_ns) = (start, 10);
    span
}
