//! A span as the analysis sees it.

use opentracing_core::SpanKind;

/// The part of a span that its place in a trace depends on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Node<'a> {
    /// The span id.
    pub id: u64,
    /// The references to earlier spans of the trace, in their order. The first one that is found is the parent.
    pub parents: Vec<Parent>,
    /// The name of the service.
    pub service: &'a str,
    /// The operation name.
    pub name: &'a str,
    /// The kind of span.
    pub kind: SpanKind,
    /// The start in nanoseconds since 1970; 0 if it is unknown.
    pub start_ns: u64,
    /// The duration in nanoseconds.
    pub duration_ns: u64,
    /// Whether the span failed.
    pub is_failed: bool,
    /// What identifies the host, if the span says it.
    pub host: Option<&'a str>,
    /// What a client or producer calls, if it has no span of its own: the peer service, database or queue.
    pub peer: Option<&'a str>,
    /// Whether the peer is a database.
    pub is_database: bool,
}

/// A reference to an earlier span of the same trace.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Parent {
    /// The id of that span.
    pub id: u64,
    /// Whether that span does not wait for this one (`FollowsFrom`).
    pub follows_from: bool,
}

impl<'a> Node<'a> {
    /// A root of kind internal, without length and unknown in its start.
    pub fn new(id: u64, service: &'a str, name: &'a str) -> Self {
        Node {
            id,
            parents: Vec::new(),
            service,
            name,
            kind: SpanKind::Internal,
            start_ns: 0,
            duration_ns: 0,
            is_failed: false,
            host: None,
            peer: None,
            is_database: false,
        }
    }
}
