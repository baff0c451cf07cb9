//! Rate, errors and durations.

use std::sync::Arc;

use opentracing_core::SpanKind;

use crate::model::{Resource, Text};
use crate::store::Histogram;

/// Which spans count for figures. The default is all.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scope {
    /// The earliest start in nanoseconds since the Unix epoch.
    pub from_unix_ns: Option<u64>,
    /// The latest start in nanoseconds since the Unix epoch, exclusive.
    pub until_unix_ns: Option<u64>,
    /// The name of the service.
    pub service: Option<String>,
    /// The operation name.
    pub operation: Option<String>,
    /// The version of the service.
    pub version: Option<String>,
    /// The kind of the spans.
    pub kind: Option<SpanKind>,
}

/// Rate, errors and durations of the spans in a [`Scope`].
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Figures {
    /// One row for each service, operation name and kind, the most frequent first.
    pub operations: Vec<OperationFigures>,
    /// Spans of operations beyond the 4,096 most frequent ones, which have no row.
    pub others: u64,
}

/// The figures of an operation.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct OperationFigures {
    /// The name of the service.
    pub service: Text,
    /// The operation name.
    pub name: Text,
    /// The kind of the spans.
    pub kind: SpanKind,
    /// The number of spans.
    pub spans: u64,
    /// The number of spans that failed.
    pub failed: u64,
    /// The durations.
    pub durations: Histogram,
}

/// The figures of a stretch of time.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct TimelineBucket {
    /// The beginning in nanoseconds since the Unix epoch.
    pub start_unix_ns: u64,
    /// The number of spans that started in it.
    pub spans: u64,
    /// The number of those that failed.
    pub failed: u64,
    /// Their durations.
    pub durations: Histogram,
}

/// The figures of a process.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ResourceFigures {
    /// The process.
    pub resource: Arc<Resource>,
    /// The number of its spans in the store.
    pub spans: u64,
    /// The number of distinct operation names among them.
    pub names: u64,
    /// The latest start of one of them in nanoseconds since the Unix epoch.
    pub latest_unix_ns: u64,
}
