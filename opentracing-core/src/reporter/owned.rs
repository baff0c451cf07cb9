//! Finished spans that own what they hold.

use std::time::Duration;

use crate::model::context::{Reference, SpanContext};
use crate::model::ids::SpanId;
use crate::model::kind::SpanKind;
use crate::model::value::Value;
use crate::reporter::finished::FinishedSpan;
use crate::reporter::reporter::OwnedValue;

/// A copy of a finished span, for who keeps spans: tests, reporters that group by trace. Copying allocates.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct OwnedSpan {
    /// The name of the service.
    pub service: Box<str>,
    /// The last name that the span was given.
    pub operation_name: Box<str>,
    /// Ids, decision, baggage, tracestate.
    pub context: SpanContext,
    /// The parent's span id; `None` for the root of a trace.
    pub parent_id: Option<SpanId>,
    /// The role of the span.
    pub kind: SpanKind,
    /// When it started, in nanoseconds since the beginning of 1970, UTC.
    pub start_unix_ns: u64,
    /// How long it took, in nanoseconds.
    pub duration_ns: u64,
    /// One entry a key, the last value given.
    pub tags: Vec<(Box<str>, OwnedValue)>,
    /// In the order in which they were written.
    pub logs: Vec<OwnedLog>,
    /// What the span refers to.
    pub references: Vec<Reference>,
    /// Whether the tag `error` is true.
    pub is_failed: bool,
    /// Whether the span has no parent in this process.
    pub is_local_root: bool,
    /// Whether the tag `peer.service` was only derived from the host that was called.
    pub is_peer_service_derived: bool,
    /// How many tags, logs and values were left out or cut by the limits.
    pub truncated: u32,
}

impl OwnedSpan {
    /// The tag of that name, if there is one.
    pub fn tag(&self, key: &str) -> Option<Value<'_>> {
        self.tags.iter().find(|(name, _)| **name == *key).map(|(_, value)| value.as_value())
    }

    /// How long it took.
    pub fn duration(&self) -> Duration {
        Duration::from_nanos(self.duration_ns)
    }

    /// When it ended, in nanoseconds since the beginning of 1970, UTC.
    pub fn end_unix_ns(&self) -> u64 {
        self.start_unix_ns.saturating_add(self.duration_ns)
    }
}

/// A log of an [`OwnedSpan`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct OwnedLog {
    /// When it was written, in nanoseconds since the beginning of 1970, UTC.
    pub unix_ns: u64,
    /// Its fields, in order.
    pub fields: Vec<(Box<str>, OwnedValue)>,
}

impl OwnedLog {
    /// The field of that name, if there is one.
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
