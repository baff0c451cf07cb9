//! Finished spans as reporters receive them: views of the records, without a copy.

use std::fmt;
use std::time::{Duration, SystemTime};

use crate::clock::timeline::Timeline;
use crate::model::context::{Reference, SpanContext};
use crate::model::ids::SpanId;
use crate::model::kind::SpanKind;
use crate::model::value::Value;
use crate::record::record::{Record, Stamp};
use crate::reporter::reporter::Process;

/// A batch of finished spans of one tracer. The spans of each thread are in the order in which they finished.
#[derive(Clone, Copy)]
pub struct Batch<'a> {
    pub(crate) records: &'a [Box<Record>],
    pub(crate) timeline: &'a Timeline,
    pub(crate) process: &'a Process,
}

impl<'a> Batch<'a> {
    /// The number of spans.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether the batch is empty.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// The process that recorded the spans.
    pub fn process(&self) -> &'a Process {
        self.process
    }

    /// Iterates over the spans.
    #[inline]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = FinishedSpan<'a>> + use<'a> {
        let Batch { timeline, process, .. } = *self;
        self.records.iter().map(move |record| FinishedSpan { record, timeline, process })
    }
}

impl fmt::Debug for Batch<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// A finished span. Reading it copies nothing; only times are converted.
#[derive(Clone, Copy)]
pub struct FinishedSpan<'a> {
    pub(crate) record: &'a Record,
    pub(crate) timeline: &'a Timeline,
    pub(crate) process: &'a Process,
}

impl<'a> FinishedSpan<'a> {
    /// The process that recorded the span.
    pub fn process(&self) -> &'a Process {
        self.process
    }

    /// The context of the span: ids, sampling decision, baggage, tracestate.
    pub fn context(&self) -> &'a SpanContext {
        &self.record.context
    }

    /// The span id of the parent; `None` for the root of a trace.
    pub fn parent_id(&self) -> Option<SpanId> {
        self.record.context.parent_id()
    }

    /// The operation name, as last set.
    pub fn operation_name(&self) -> &'a str {
        self.record.name.resolve(&self.record.text)
    }

    /// The kind of the span. It is not among the tags.
    pub fn kind(&self) -> SpanKind {
        self.record.context.meta.kind()
    }

    /// Whether the span has no parent in this process.
    pub fn is_local_root(&self) -> bool {
        self.record.is_local_root()
    }

    /// Whether the span failed: its tag `error` is true.
    pub fn is_failed(&self) -> bool {
        self.record.failed
    }

    /// Whether the adapter derived the tag `peer.service` from the host name of the target, rather than from a setting.
    pub fn is_peer_service_derived(&self) -> bool {
        self.record.is_peer_service_derived()
    }

    /// The start time in nanoseconds since the Unix epoch.
    #[inline]
    pub fn start_unix_ns(&self) -> u64 {
        if self.record.has_start_wall() {
            self.record.start_wall_ns
        } else {
            self.timeline.unix_ns(self.record.began())
        }
    }

    /// The start time.
    pub fn start_time(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_nanos(self.start_unix_ns())
    }

    /// The duration in nanoseconds. Zero if the finish time is before the start time.
    #[inline]
    pub fn duration_ns(&self) -> u64 {
        let record = self.record;
        match (record.has_start_wall(), record.has_end_wall()) {
            (false, false) => self.timeline.between_ns(record.start, record.end),
            (_, false) => self.timeline.unix_ns(record.end).saturating_sub(record.start_wall_ns),
            (_, true) => record.end_wall_ns.saturating_sub(self.start_unix_ns()),
        }
    }

    /// The finish time in nanoseconds since the Unix epoch.
    pub fn end_unix_ns(&self) -> u64 {
        self.start_unix_ns().saturating_add(self.duration_ns())
    }

    /// The duration. Zero if the finish time is before the start time.
    pub fn duration(&self) -> Duration {
        Duration::from_nanos(self.duration_ns())
    }

    /// Iterates over the tags. Each key occurs once, with the value that was set last.
    #[inline]
    pub fn tags(&self) -> impl Iterator<Item = (&'a str, Value<'a>)> + use<'a> {
        let (tags, text) = (&self.record.tags, self.record.text.as_str());
        let (superseded, mut index) = (tags.superseded(text), 0);
        std::iter::from_fn(move || {
            loop {
                let tag = tags.get(index)?;
                index += 1;
                if !superseded.contains(index - 1) {
                    return Some((tag.key.resolve(text), tag.value.resolve(text)));
                }
            }
        })
    }

    /// The value of a tag; `None` if the span does not have it.
    pub fn tag(&self, key: &str) -> Option<Value<'a>> {
        let text = self.record.text.as_str();
        self.record.tags.iter().rfind(|tag| tag.key.resolve(text) == key).map(|tag| tag.value.resolve(text))
    }

    /// Iterates over the logs, in the order in which they were written.
    #[inline]
    pub fn logs(&self) -> impl ExactSizeIterator<Item = LogRecord<'a>> + use<'a> {
        let FinishedSpan { record, timeline, .. } = *self;
        (0..record.logs.len()).map(move |index| LogRecord { record, timeline, index })
    }

    /// Iterates over the references: those that the span was started with, or else one to its parent, and later ones.
    #[inline]
    pub fn references(&self) -> impl Iterator<Item = Reference> + use<'a> {
        let FinishedSpan { record, .. } = *self;
        let mut index = 0;
        std::iter::from_fn(move || {
            index += 1;
            match record.references.get(index - 1) {
                Some(reference) => Some(reference.clone()),
                None if index == 1 => record.parent_reference(),
                None => None,
            }
        })
    }

    /// The number of tags, logs and values that were dropped or truncated because of [`Limits`](crate::Limits).
    pub fn truncated(&self) -> u32 {
        self.record.truncated
    }

    /// The number of tags that were dropped because of [`Limits`](crate::Limits).
    pub fn dropped_tags(&self) -> u32 {
        self.record.dropped.tags
    }

    /// The number of logs that were dropped because of [`Limits`](crate::Limits).
    pub fn dropped_logs(&self) -> u32 {
        self.record.dropped.logs
    }

    /// The number of references that were dropped because of [`Limits`](crate::Limits).
    pub fn dropped_references(&self) -> u32 {
        self.record.dropped.references
    }
}

impl fmt::Debug for FinishedSpan<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FinishedSpan")
            .field("operation_name", &self.operation_name())
            .field("context", self.context())
            .field("kind", &self.kind())
            .field("duration", &self.duration())
            .finish_non_exhaustive()
    }
}

/// A log of a finished span.
#[derive(Clone, Copy)]
pub struct LogRecord<'a> {
    record: &'a Record,
    timeline: &'a Timeline,
    index: usize,
}

impl<'a> LogRecord<'a> {
    /// The time of the log in nanoseconds since the Unix epoch.
    #[inline]
    pub fn unix_ns(&self) -> u64 {
        match self.record.logs[self.index].at {
            Stamp::Ticks(at) => self.timeline.unix_ns(at),
            Stamp::Wall(unix_ns) => unix_ns,
        }
    }

    /// Whether the caller set the time of the log, rather than the tracer's clock.
    pub(crate) fn is_wall(&self) -> bool {
        matches!(self.record.logs[self.index].at, Stamp::Wall(_))
    }

    /// The time of the log.
    pub fn time(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_nanos(self.unix_ns())
    }

    /// Iterates over the fields, in the order in which they were written.
    #[inline]
    pub fn fields(&self) -> impl Iterator<Item = (&'a str, Value<'a>)> + use<'a> {
        let LogRecord { record, index, .. } = *self;
        let end = record.logs.get(index + 1).map_or(record.fields.len(), |next| next.first_field as usize);
        let fields = &record.fields[record.logs[index].first_field as usize..end];
        fields.iter().map(|field| (field.key.resolve(&record.text), field.value.resolve(&record.text)))
    }

    /// The value of a field; `None` if the log does not have it.
    pub fn field(&self, key: &str) -> Option<Value<'a>> {
        self.fields().find(|(name, _)| *name == key).map(|(_, value)| value)
    }
}

impl fmt::Debug for LogRecord<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.fields()).finish()
    }
}
