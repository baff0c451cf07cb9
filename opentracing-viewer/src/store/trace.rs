//! Traces, and their rows in the list.

use opentracing_core::TraceId;

use crate::model::{Span, Text};
use crate::store::Cursor;

/// All spans of a trace that the store has.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Trace {
    /// The id of the trace.
    pub id: TraceId,
    /// The spans, in the order of their start, then of their id.
    pub spans: Vec<Span>,
    /// Whether the store has dropped the oldest spans of the trace.
    pub is_partial: bool,
}

/// A page of the list of traces.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Page {
    /// The traces, newest start first.
    pub traces: Vec<Summary>,
    /// Where the next page begins; `None` if there is none.
    pub next: Option<Cursor>,
    /// The number of traces that match, on all pages.
    pub total: usize,
}

/// A row in the list of traces.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Summary {
    /// The id of the trace.
    pub id: TraceId,
    /// The earliest start of a span in nanoseconds since the Unix epoch.
    pub start_unix_ns: u64,
    /// The time from the earliest start to the latest end in nanoseconds.
    pub duration_ns: u64,
    /// The number of spans.
    pub spans: usize,
    /// The number of spans that failed.
    pub failed: usize,
    /// The service of the root, or of the earliest span if the root is missing.
    pub service: Text,
    /// The operation name of the root, or of the earliest span if the root is missing.
    pub name: Text,
    /// Whether a span without parent is there.
    pub has_root: bool,
    /// The services with the number of their spans, the most frequent first, at most 32.
    pub services: Vec<(Text, usize)>,
    /// Whether the store has dropped the oldest spans of the trace.
    pub is_partial: bool,
}

impl Summary {
    /// The place of the trace in the list.
    pub fn cursor(&self) -> Cursor {
        Cursor { start_unix_ns: self.start_unix_ns, trace_id: self.id }
    }
}
