//! Owned copies of finished spans.

use std::time::Duration;

use crate::model::context::{Reference, SpanContext};
use crate::model::ids::SpanId;
use crate::model::kind::SpanKind;
use crate::model::value::Value;
use crate::reporter::finished::FinishedSpan;
use crate::reporter::reporter::OwnedValue;

/// An owned copy of a [`FinishedSpan`], for tests and for reporters that keep spans, such as those that group by trace. Copying
/// allocates.
///
/// ```
/// use opentracing_core::mock::MockTracer;
///
/// let mock = MockTracer::new();
/// mock.tracer().span("charge").tag("amount", 42).start().finish();
/// let span = mock.span("charge");
/// assert_eq!(span.tag("amount").map(|value| value.to_string()).as_deref(), Some("42"));
/// assert!(span.parent_id.is_none() && !span.is_failed);
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct OwnedSpan {
    /// The name of the service.
    pub service: Box<str>,
    /// The operation name, as last set.
    pub operation_name: Box<str>,
    /// The context: ids, sampling decision, baggage, tracestate.
    pub context: SpanContext,
    /// The span id of the parent; `None` for the root of a trace.
    pub parent_id: Option<SpanId>,
    /// The kind of the span.
    pub kind: SpanKind,
    /// The start time in nanoseconds since the Unix epoch.
    pub start_unix_ns: u64,
    /// The duration in nanoseconds.
    pub duration_ns: u64,
    /// The tags. Each key occurs once, with the value that was set last.
    pub tags: Vec<(Box<str>, OwnedValue)>,
    /// The logs, in the order in which they were written.
    pub logs: Vec<OwnedLog>,
    /// The references to other spans, or to the parent.
    pub references: Vec<Reference>,
    /// Whether the span failed: its tag `error` is true.
    pub is_failed: bool,
    /// Whether the span has no parent in this process.
    pub is_local_root: bool,
    /// Whether the adapter derived the tag `peer.service` from the host name of the target, rather than from a setting.
    pub is_peer_service_derived: bool,
    /// The number of tags, logs and values that were dropped or truncated because of [`Limits`](crate::Limits).
    pub truncated: u32,
}

impl OwnedSpan {
    /// The value of a tag; `None` if the span does not have it.
    pub fn tag(&self, key: &str) -> Option<Value<'_>> {
        self.tags.iter().find(|(name, _)| **name == *key).map(|(_, value)| value.as_value())
    }

    /// The duration.
    pub fn duration(&self) -> Duration {
        Duration::from_nanos(self.duration_ns)
    }

    /// The finish time in nanoseconds since the Unix epoch.
    pub fn end_unix_ns(&self) -> u64 {
        self.start_unix_ns.saturating_add(self.duration_ns)
    }
}

/// A log of an [`OwnedSpan`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct OwnedLog {
    /// The time of the log in nanoseconds since the Unix epoch.
    pub unix_ns: u64,
    /// The fields, in the order in which they were written.
    pub fields: Vec<(Box<str>, OwnedValue)>,
}

impl OwnedLog {
    /// The value of a field; `None` if the log does not have it.
    pub fn field(&self, key: &str) -> Option<Value<'_>> {
        self.fields.iter().find(|(name, _)| **name == *key).map(|(_, value)| value.as_value())
    }
}

impl From<FinishedSpan<'_>> for OwnedSpan {
    fn from(span: FinishedSpan<'_>) -> Self {
        OwnedSpan {
            service: span.process().service().into(),
            operation_name: span.operation_name().into(),
            context: span.context().clone(),
            parent_id: span.parent_id(),
            kind: span.kind(),
            start_unix_ns: span.start_unix_ns(),
            duration_ns: span.duration_ns(),
            tags: owned(span.tags()),
            logs: span.logs().map(|log| OwnedLog { unix_ns: log.unix_ns(), fields: owned(log.fields()) }).collect(),
            references: span.references().collect(),
            is_failed: span.is_failed(),
            is_local_root: span.is_local_root(),
            is_peer_service_derived: span.is_peer_service_derived(),
            truncated: span.truncated(),
        }
    }
}

fn owned<'a>(fields: impl Iterator<Item = (&'a str, Value<'a>)>) -> Vec<(Box<str>, OwnedValue)> {
    fields.map(|(key, value)| (key.into(), value.into())).collect()
}
