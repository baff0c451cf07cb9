//! What Instana's headers say beside ids and level.

use crate::model::ids::{SpanId, TraceId};

/// Vendor state that an Instana context carries. Only the entry span of a service reports it, apart from the foreign trace id,
/// which goes on to every service that is called, as the official Instana tracers do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct InstanaState {
    /// The trace id of a `traceparent` that came together with Instana's own ids, which won. It is what goes out in `traceparent`.
    pub foreign_trace_id: Option<TraceId>,
    /// Whether the foreign trace id is known to be random (W3C Trace Context level 2).
    pub foreign_random: bool,
    /// The last Instana span before this one, from the `in` member of `tracestate` (`ia`).
    pub ancestor: Option<Ancestor>,
    /// The end-user monitoring beacon that the trace belongs to (`crtp`, `crid`).
    pub correlation: Option<Correlation>,
    /// The request was made by a health check (`sy`).
    pub synthetic: bool,
}

/// A span that Instana knows among spans that it does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ancestor {
    /// The trace id.
    pub trace_id: TraceId,
    /// Whether the trace id is reported in 32 digits, as it was written, rather than in 16.
    pub long: bool,
    /// The span's id.
    pub span_id: SpanId,
}

/// Connects a trace with monitoring of end users.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Correlation {
    /// `correlationType`, for example `web`.
    pub kind: Box<str>,
    /// `correlationId`.
    pub id: Box<str>,
}
