//! One span.

use std::sync::Arc;

use opentracing_core::{SpanId, SpanKind, TraceId};

use crate::model::{Resource, Text, Value};

/// A finished span.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Span {
    /// The id of the trace.
    pub trace_id: TraceId,
    /// The id of the span. With Zipkin, the server half of a call may have the id of the client half: see [`is_shared`](Span::is_shared).
    pub span_id: SpanId,
    /// The parent's id; `None` for the root of a trace.
    pub parent_id: Option<SpanId>,
    /// References to spans beside the parent. The parent occurs here too if it is known to be a
    /// [`FollowsFrom`](LinkKind::FollowsFrom) reference.
    pub links: Vec<Link>,
    /// The process with its service.
    pub resource: Arc<Resource>,
    /// The operation name.
    pub name: Text,
    /// The kind.
    pub kind: SpanKind,
    /// The start in nanoseconds since the Unix epoch; zero if the sender does not know it.
    pub start_unix_ns: u64,
    /// The duration in nanoseconds.
    pub duration_ns: u64,
    /// Whether the span failed.
    pub is_failed: bool,
    /// The tags, in the order of the sender.
    pub tags: Vec<(Text, Value)>,
    /// The logs (OpenTelemetry: events, Zipkin: annotations), in the order of the sender.
    pub logs: Vec<Log>,
    /// Whether this is the server half of a call whose client half has the same id (Zipkin's `shared`).
    pub is_shared: bool,
    /// What the viewer noticed about the span.
    pub marks: Marks,
}

/// A reference of a span to another one, of any trace.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Link {
    /// The kind of the reference.
    pub kind: LinkKind,
    /// The trace of the other span.
    pub trace_id: TraceId,
    /// The other span.
    pub span_id: SpanId,
    /// The attributes of an OpenTelemetry link.
    pub tags: Vec<(Text, Value)>,
}

/// The kind of a [`Link`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LinkKind {
    /// The other span depends on this one.
    ChildOf,
    /// The other span caused this one and does not wait for it.
    FollowsFrom,
    /// A link of OpenTelemetry, which says nothing about the order.
    Link,
}

/// A moment of a span.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Log {
    /// The time in nanoseconds since the Unix epoch.
    pub unix_ns: u64,
    /// The fields. The name of an OpenTelemetry event and the text of a Zipkin annotation are the field `event`.
    pub fields: Vec<(Text, Value)>,
}

/// What the viewer noticed about a span.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Marks {
    /// Tags, logs or links were cut, because the span was larger than the viewer keeps.
    pub is_cut: bool,
    /// Another span of the trace has the same id and a different content.
    pub is_duplicate: bool,
    /// The sender gave an end before the start. The duration is zero.
    pub ends_before_start: bool,
}

impl Span {
    /// Creates a span without parent, tags and logs, of kind [`Internal`](SpanKind::Internal), that starts at the epoch and lasts no time.
    pub fn new(trace_id: TraceId, span_id: SpanId, resource: Arc<Resource>, name: impl Into<Text>) -> Self {
        Span {
            trace_id,
            span_id,
            parent_id: None,
            links: Vec::new(),
            resource,
            name: name.into(),
            kind: SpanKind::Internal,
            start_unix_ns: 0,
            duration_ns: 0,
            is_failed: false,
            tags: Vec::new(),
            logs: Vec::new(),
            is_shared: false,
            marks: Marks::default(),
        }
    }

    /// The name of the service.
    pub fn service(&self) -> &Text {
        &self.resource.service
    }

    /// The version of the service.
    pub fn version(&self) -> Option<&Text> {
        self.resource.version.as_ref()
    }

    /// The value of a tag; `None` if the span does not have it.
    pub fn tag(&self, key: &str) -> Option<&Value> {
        self.tags.iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    /// Whether the sender told the same, whatever the viewer noticed.
    pub(crate) fn is_same(&self, other: &Span) -> bool {
        Span { marks: other.marks, ..self.clone() } == *other
    }

    /// The end in nanoseconds since the Unix epoch.
    pub fn end_unix_ns(&self) -> u64 {
        self.start_unix_ns.saturating_add(self.duration_ns)
    }
}

impl Link {
    /// Creates a reference without attributes.
    pub fn new(kind: LinkKind, trace_id: TraceId, span_id: SpanId) -> Self {
        Link { kind, trace_id, span_id, tags: Vec::new() }
    }
}

impl Log {
    /// Creates a log.
    pub fn new(unix_ns: u64, fields: Vec<(Text, Value)>) -> Self {
        Log { unix_ns, fields }
    }

    /// The value of a field; `None` if the log does not have it.
    pub fn field(&self, key: &str) -> Option<&Value> {
        self.fields.iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }
}
