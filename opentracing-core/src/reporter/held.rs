//! Spans that a reporter keeps beyond one call.

#![expect(clippy::vec_box, reason = "records are handed on by pointer and keep their place in memory")]

use std::fmt;
use std::time::Duration;

use crate::clock::timeline::Timeline;
use crate::model::context::{Meta, Sampling, SpanContext};
use crate::model::value::{Text, Value};
use crate::record::record::Record;
use crate::reporter::finished::{Batch, FinishedSpan};
use crate::reporter::reporter::Process;

/// A finished span that a [`Reporter`](crate::Reporter) has taken out of a [`Hold`]. It is neither copied nor converted.
///
/// Give it back by [`Hold::release`] once it is no longer needed, so that its memory is reused. Dropping it frees the memory.
pub struct HeldSpan(Box<Record>);

/// Held spans, in the order in which they were pushed.
#[derive(Default)]
pub struct HeldSpans(pub(crate) Vec<Box<Record>>);

/// What the drain offers a reporter that [holds](crate::Reporter::holds) spans: new spans, the time, and a way to give spans back.
pub struct Hold<'a> {
    /// The first span is the last one.
    pub(crate) new: &'a mut Vec<Box<Record>>,
    pub(crate) released: &'a mut Vec<Box<Record>>,
    pub(crate) timeline: &'a Timeline,
    pub(crate) process: &'a Process,
    pub(crate) now: Duration,
    pub(crate) is_idle: bool,
    pub(crate) occasion: HoldOccasion,
}

/// Why [`Reporter::hold`](crate::Reporter::hold) is called.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum HoldOccasion {
    /// Spans have finished.
    Spans,
    /// A pass of the drain is over, with or without spans. For timers.
    Pass,
    /// The tracer is flushed. A call of [`Reporter::flush`](crate::Reporter::flush) follows.
    Flush,
    /// The tracer is closed. A call of [`Reporter::close`](crate::Reporter::close) follows. What is still held afterwards is lost.
    Close,
}

impl<'a> Hold<'a> {
    /// Why the reporter is called.
    pub fn occasion(&self) -> HoldOccasion {
        self.occasion
    }

    /// The time by the tracer's clock, or else by the monotonic clock of the system. It has no meaning of its own, and may stand still
    /// during a pass.
    pub fn now(&self) -> Duration {
        self.now
    }

    /// Whether no recorded span of the tracer is open. Only known after a [pass](HoldOccasion::Pass), otherwise `false`.
    pub fn is_idle(&self) -> bool {
        self.is_idle
    }

    /// The process that recorded the spans.
    pub fn process(&self) -> &'a Process {
        self.process
    }

    /// The number of new spans that have not been taken yet.
    pub fn len(&self) -> usize {
        self.new.len()
    }

    /// Whether all new spans have been taken.
    pub fn is_empty(&self) -> bool {
        self.new.is_empty()
    }

    /// Takes the next new span. Spans that are not taken are dropped.
    #[inline]
    pub fn take(&mut self) -> Option<HeldSpan> {
        self.new.pop().map(HeldSpan)
    }

    /// A view of a held span.
    #[inline]
    pub fn span<'s>(&'s self, span: &'s HeldSpan) -> FinishedSpan<'s> {
        self.view(&span.0)
    }

    #[inline]
    fn view<'s>(&'s self, record: &'s Record) -> FinishedSpan<'s> {
        FinishedSpan { record, timeline: self.timeline, process: self.process }
    }

    /// Held spans as a batch, for example for a transport.
    pub fn batch<'s>(&'s self, spans: &'s HeldSpans) -> Batch<'s> {
        Batch { records: &spans.0, timeline: self.timeline, process: self.process }
    }

    /// Prepares a held span to be sent: marks it as sampled if its decision was [deferred](SpanContext::is_deferred), and sets its tracestate
    /// unless that is `None`. An empty tracestate removes the one of the span. Does nothing if there is no such span.
    pub fn keep(&self, spans: &mut HeldSpans, index: usize, tracestate: Option<&str>) {
        let Some(record) = spans.0.get_mut(index) else { return };
        if !record.has_start_wall() && self.timeline.is_lost(record.end) {
            self.place_before_reset(record);
        }
        let context = &mut record.context;
        if context.is_deferred() {
            context.meta = context.meta.with_sampling(Sampling::Sampled).with(Meta::DEFERRED, false);
        }
        if let Some(list) = tracestate {
            *context = std::mem::replace(context, SpanContext::EMPTY).with_tracestate(list);
        }
    }

    /// The counter was reset while the span was held, as some are when the machine is suspended. When it ended is lost, but not how long it
    /// lasted: it ends when the counter began anew.
    #[cold]
    fn place_before_reset(&self, record: &mut Record) {
        let duration_ns = self.timeline.between_ns(record.start, record.end);
        let (end_ticks, end) = (record.end, self.timeline.begun_unix_ns());
        record.fix_logs(|at| end.saturating_sub(self.timeline.between_ns(at, end_ticks)));
        record.set_start_wall(end.saturating_sub(duration_ns));
        record.set_end_wall(end);
    }

    /// Gives spans back, whose memory is then reused. Leaves the list empty.
    #[inline]
    pub fn release(&mut self, spans: &mut HeldSpans) {
        self.released.append(&mut spans.0);
    }

    /// Gives one span back.
    #[inline]
    pub fn release_one(&mut self, span: HeldSpan) {
        self.released.push(span.0);
    }
}

impl HeldSpan {
    /// The context of the span.
    #[inline]
    pub fn context(&self) -> &SpanContext {
        &self.0.context
    }

    /// Whether the span has no parent in this process.
    #[inline]
    pub fn is_local_root(&self) -> bool {
        self.0.is_local_root()
    }

    /// Whether the span failed: its tag `error` is true.
    #[inline]
    pub fn is_failed(&self) -> bool {
        self.0.failed
    }

    /// The memory of the span in bytes, without that which it shares with other spans: baggage and tracestate.
    #[inline]
    pub fn size(&self) -> usize {
        self.0.size()
    }
}

impl HeldSpans {
    /// Creates an empty list, which allocates nothing.
    pub const fn new() -> Self {
        HeldSpans(Vec::new())
    }

    /// The number of spans.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no span.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Appends a span.
    #[inline]
    pub fn push(&mut self, span: HeldSpan) {
        self.0.push(span.0);
    }

    /// Frees unused memory of the list beyond this number of spans.
    pub fn shrink_to(&mut self, spans: usize) {
        self.0.shrink_to(spans);
    }

    /// The context of the span in this position.
    pub fn context(&self, index: usize) -> Option<&SpanContext> {
        self.0.get(index).map(|record| &record.context)
    }

    /// Whether the span in this position has no parent in this process. `false` if there is no such span.
    pub fn is_local_root(&self, index: usize) -> bool {
        self.0.get(index).is_some_and(|record| record.is_local_root())
    }

    /// Sets a tag of the span in this position, also beyond the [limit](crate::Limits) of tags. Does nothing if there is no such span.
    pub fn set_tag<'v>(&mut self, index: usize, key: &'static str, value: impl Into<Value<'v>>) {
        if let Some(record) = self.0.get_mut(index) {
            record.set_tag_beyond_limits(Text::Static(key), value.into());
        }
    }
}

impl fmt::Debug for HeldSpan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HeldSpan").field("context", self.context()).finish_non_exhaustive()
    }
}

impl fmt::Debug for HeldSpans {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HeldSpans").field("len", &self.len()).finish_non_exhaustive()
    }
}

impl fmt::Debug for Hold<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hold").field("occasion", &self.occasion).field("new", &self.new.len()).finish_non_exhaustive()
    }
}
