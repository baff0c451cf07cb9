//! Finished spans as a reporter sees them: the records themselves, by reference.

use std::fmt;
use std::time::{Duration, SystemTime};

use crate::clock::timeline::Timeline;
use crate::model::context::{Reference, ReferenceKind, SpanContext};
use crate::model::ids::SpanId;
use crate::model::kind::SpanKind;
use crate::model::value::Value;
use crate::record::record::{Record, Stamp};
use crate::reporter::reporter::Process;

/// Finished spans of one tracer, in the order in which each thread finished them.
#[derive(Clone, Copy)]
pub struct Batch<'a> {
    pub(crate) records: &'a [Box<Record>],
    pub(crate) timeline: &'a Timeline,
    pub(crate) process: &'a Process,
}

impl<'a> Batch<'a> {
    /// How many spans there are.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// The service that the spans belong to.
    pub fn process(&self) -> &'a Process {
        self.process
    }

    /// The spans.
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

/// One finished span. Reading it converts nothing but time.
#[derive(Clone, Copy)]
pub struct FinishedSpan<'a> {
    pub(crate) record: &'a Record,
    pub(crate) timeline: &'a Timeline,
    pub(crate) process: &'a Process,
}

impl<'a> FinishedSpan<'a> {
    /// The service that the span belongs to.
    pub fn process(&self) -> &'a Process {
        self.process
    }

    /// The span's context: ids, decision, baggage, tracestate.
    pub fn context(&self) -> &'a SpanContext {
        &self.record.context
    }

    /// The parent's span id; `None` for the root of a trace.
    pub fn parent_id(&self) -> Option<SpanId> {
        self.record.context.parent_id()
    }

    /// The last name that the span was given.
    pub fn operation_name(&self) -> &'a str {
        self.record.name.resolve(&self.record.text)
    }

    /// The role of the span. It is not among the tags.
    pub fn kind(&self) -> SpanKind {
        self.record.context.meta.kind()
    }

    /// Whether the span has no parent in this process.
    pub fn is_local_root(&self) -> bool {
        self.record.is_local_root()
    }

    /// Whether the tag `error` is true.
    pub fn is_failed(&self) -> bool {
        self.record.failed
    }

    /// Whether the tag `peer.service` was only derived from the name of the host that was called.
    pub fn is_peer_service_derived(&self) -> bool {
        self.record.is_peer_service_derived()
    }

    /// When the span started, in nanoseconds since the beginning of 1970, UTC.
    #[inline]
    pub fn start_unix_ns(&self) -> u64 {
        if self.record.has_start_wall() {
            self.record.start_wall_ns
        } else {
            self.timeline.unix_ns(self.record.began())
        }
    }

    /// When the span started.
    pub fn start_time(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_nanos(self.start_unix_ns())
    }

    /// How long the span took, in nanoseconds. A finish before the start counts as no time.
    #[inline]
    pub fn duration_ns(&self) -> u64 {
        let record = self.record;
        match (record.has_start_wall(), record.has_end_wall()) {
            (false, false) => self.timeline.between_ns(record.start, record.end),
            (_, false) => self.timeline.unix_ns(record.end).saturating_sub(record.start_wall_ns),
            (_, true) => record.end_wall_ns.saturating_sub(self.start_unix_ns()),
        }
    }

    /// When the span ended, in nanoseconds since the beginning of 1970, UTC.
    pub fn end_unix_ns(&self) -> u64 {
        self.start_unix_ns().saturating_add(self.duration_ns())
    }

    /// How long the span took.
    pub fn duration(&self) -> Duration {
        Duration::from_nanos(self.duration_ns())
    }

    /// The tags: one entry a key, the last value given.
    #[inline]
    pub fn tags(&self) -> impl Iterator<Item = (&'a str, Value<'a>)> + use<'a> {
        let (tags, text) = (&self.record.tags, self.record.text.as_str());
        let (repeats, mut index) = (tags.repeats(text), 0);
        std::iter::from_fn(move || {
            loop {
                let tag = tags.get(index)?;
                index += 1;
                let key = tag.key.resolve(text);
                if !repeats || !tags.iter().skip(index).any(|later| later.key.resolve(text) == key) {
                    return Some((key, tag.value.resolve(text)));
                }
            }
        })
    }

    /// The tag of that name, if there is one.
    pub fn tag(&self, key: &str) -> Option<Value<'a>> {
        let text = self.record.text.as_str();
        self.record.tags.iter().rfind(|tag| tag.key.resolve(text) == key).map(|tag| tag.value.resolve(text))
    }

    /// The logs, in the order in which they were written.
    #[inline]
    pub fn logs(&self) -> impl ExactSizeIterator<Item = LogRecord<'a>> + use<'a> {
        let FinishedSpan { record, timeline, .. } = *self;
        (0..record.logs.len()).map(move |index| LogRecord { record, timeline, index })
    }

    /// What the span refers to: the references it was started with, or its parent.
    #[inline]
    pub fn references(&self) -> impl Iterator<Item = Reference> + use<'a> {
        let FinishedSpan { record, .. } = *self;
        let mut index = 0;
        std::iter::from_fn(move || {
            index += 1;
            match record.references.get(index - 1) {
                Some(reference) => Some(reference.clone()),
                None if index == 1 => parent(&record.context),
                None => None,
            }
        })
    }

    /// How many tags, logs and values were left out or cut by the limits.
    pub fn truncated(&self) -> u32 {
        self.record.truncated
    }
}

/// The reference of a span that was started with its parent alone.
fn parent(context: &SpanContext) -> Option<Reference> {
    context.parent_id().map(|id| Reference {
        kind: ReferenceKind::ChildOf,
        context: SpanContext::new(context.trace_id(), id).with_sampling(context.sampling()),
    })
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

/// One log of a finished span.
#[derive(Clone, Copy)]
pub struct LogRecord<'a> {
    record: &'a Record,
    timeline: &'a Timeline,
    index: usize,
}

impl<'a> LogRecord<'a> {
    /// When it was written, in nanoseconds since the beginning of 1970, UTC.
    #[inline]
    pub fn unix_ns(&self) -> u64 {
        match self.record.logs[self.index].at {
            Stamp::Ticks(at) => self.timeline.unix_ns(at),
            Stamp::Wall(unix_ns) => unix_ns,
        }
    }

    /// Whether its time was given, not taken.
    pub(crate) fn is_wall(&self) -> bool {
        matches!(self.record.logs[self.index].at, Stamp::Wall(_))
    }

    /// When it was written.
    pub fn time(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_nanos(self.unix_ns())
    }

    /// Its fields, in order.
    #[inline]
    pub fn fields(&self) -> impl Iterator<Item = (&'a str, Value<'a>)> + use<'a> {
        let LogRecord { record, index, .. } = *self;
        let end = record.logs.get(index + 1).map_or(record.fields.len(), |next| next.first_field as usize);
        let fields = &record.fields[record.logs[index].first_field as usize..end];
        fields.iter().map(|field| (field.key.resolve(&record.text), field.value.resolve(&record.text)))
    }

    /// The field of that name, if there is one.
    pub fn field(&self, key: &str) -> Option<Value<'a>> {
        self.fields().find(|(name, _)| *name == key).map(|(_, value)| value)
    }
}

impl fmt::Debug for LogRecord<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.fields()).finish()
    }
}
