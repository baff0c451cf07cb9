//! The spans of a trace without their tags, for figures over many traces.

use opentracing_core::{SpanId, SpanKind, TraceId};

use crate::model::{Text, Value};

/// A span as [`Store::for_each_trace`](crate::Store::for_each_trace) shows it.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct SpanRow {
    /// The id of the span.
    pub span_id: SpanId,
    /// The parent's id.
    pub parent_id: Option<SpanId>,
    /// The service as a number, the same for all spans of one call. [`TraceRows::service`] has the name.
    pub service: u32,
    /// The kind.
    pub kind: SpanKind,
    /// Whether the span failed.
    pub is_failed: bool,
    /// Whether this is the server half of a call whose client half has the same id.
    pub is_shared: bool,
    /// The start in nanoseconds since the Unix epoch.
    pub start_unix_ns: u64,
    /// The duration in nanoseconds.
    pub duration_ns: u64,
}

/// The spans of one trace, borrowed during a call of [`Store::for_each_trace`](crate::Store::for_each_trace).
pub struct TraceRows<'a> {
    pub(crate) id: TraceId,
    pub(crate) rows: &'a [SpanRow],
    pub(crate) source: &'a dyn RowSource,
}

/// Reads what a row does not hold.
pub(crate) trait RowSource {
    fn service(&self, index: usize) -> Text;
    fn name(&self, index: usize) -> Text;
    fn tag(&self, index: usize, key: &str) -> Option<Value>;
}

impl TraceRows<'_> {
    /// The id of the trace.
    pub fn id(&self) -> TraceId {
        self.id
    }

    /// The spans, in no order.
    pub fn rows(&self) -> &[SpanRow] {
        self.rows
    }

    /// The service of a span, by its index in [`rows`](TraceRows::rows).
    pub fn service(&self, index: usize) -> Text {
        self.source.service(index)
    }

    /// The operation name of a span, by its index.
    pub fn name(&self, index: usize) -> Text {
        self.source.name(index)
    }

    /// The value of a tag of a span or of its process, by its index. Decodes the tags of the span, so it costs about a microsecond.
    pub fn tag(&self, index: usize, key: &str) -> Option<Value> {
        self.source.tag(index, key)
    }
}

impl std::fmt::Debug for TraceRows<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TraceRows").field("id", &self.id).field("rows", &self.rows).finish_non_exhaustive()
    }
}
