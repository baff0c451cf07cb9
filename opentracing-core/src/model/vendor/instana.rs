//! The fields of Instana's headers other than ids and level.

use crate::model::ids::{SpanId, TraceId};

/// The vendor state of a context from Instana.
///
/// Only the entry span of a service reports these fields. The foreign trace id is also propagated to every called service, as by the
/// official Instana tracers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct InstanaState {
    /// The trace id of a `traceparent` header that was received together with Instana's ids. Instana's ids take precedence, and this id
    /// is injected into `traceparent`.
    pub foreign_trace_id: Option<TraceId>,
    /// Whether the foreign trace id is known to be random (W3C Trace Context level 2).
    pub foreign_random: bool,
    /// The last Instana span before this one, from the `in` member of `tracestate` (`ia`).
    pub ancestor: Option<Ancestor>,
    /// The end-user monitoring beacon that the trace belongs to (`crtp`, `crid`).
    pub correlation: Option<Correlation>,
    /// Whether a health check made the request (`sy`).
    pub synthetic: bool,
}

/// The closest ancestor that Instana traced, if services in between were traced by another tracer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ancestor {
    /// The trace id.
    pub trace_id: TraceId,
    /// Whether the trace id had 32 digits. It is then reported with 32 digits rather than 16.
    pub long: bool,
    /// The span id.
    pub span_id: SpanId,
}

/// Links a trace to end-user monitoring.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Correlation {
    /// `correlationType`, for example `web`.
    pub kind: Box<str>,
    /// `correlationId`.
    pub id: Box<str>,
}
