//! The part of a span that crosses process boundaries.

use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use crate::model::baggage::{Baggage, BaggageItem};
use crate::model::ids::{SpanId, TraceId};
use crate::model::kind::SpanKind;
use crate::model::limits::Limits;
use crate::model::vendor::{datadog::DatadogState, instana::InstanaState, jaeger::JaegerState};

/// The sampling decision that a context carries.
///
/// These four states are all that any format can express, and a format must write each of them: so the enum is exhaustive on purpose, and
/// a `match` needs no wildcard.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Sampling {
    /// There is no decision yet (B3 calls it deferred); the next service decides.
    #[default]
    Undecided,
    /// The trace is not kept.
    NotSampled,
    /// The trace is kept.
    Sampled,
    /// The trace is kept, and no sampler may drop it.
    Debug,
}

impl Sampling {
    /// Whether the trace is kept: [`Sampled`](Sampling::Sampled) or [`Debug`](Sampling::Debug).
    #[inline]
    pub const fn is_sampled(self) -> bool {
        self as u8 >= Sampling::Sampled as u8
    }
}

/// The part of a span that crosses process boundaries: ids, sampling decision, baggage, tracestate.
///
/// Immutable: the `with_…` methods return a changed copy. It has 48 bytes. Cloning never allocates; it counts one reference if there is
/// baggage, tracestate or vendor state.
///
/// Two contexts are equal if they carry the same: ids and parent id, decision, flags, baggage, tracestate, and vendor state. Whether they
/// were extracted or belong to a span of this process makes no difference. To ask whether two contexts identify the same span, use
/// [`same_span`](SpanContext::same_span).
///
/// ```
/// use opentracing_core::{Sampling, SpanContext, SpanId, TraceId};
///
/// let context = SpanContext::new(TraceId::from_parts(0, 7), SpanId::new(9));
/// let sampled = context.clone().with_sampling(Sampling::Sampled);
/// assert!(sampled.same_span(&context) && sampled != context);
/// ```
#[derive(Clone)]
pub struct SpanContext {
    pub(crate) trace_id: TraceId,
    pub(crate) span_id: SpanId,
    pub(crate) parent_id: SpanId,
    pub(crate) meta: Meta,
    pub(crate) extra: Option<Arc<Extra>>,
}

/// What few contexts have; shared, copied on write.
#[derive(Clone, Default, Debug, PartialEq, Eq)]
pub(crate) struct Extra {
    pub(crate) baggage: Baggage,
    pub(crate) tracestate: Option<Box<str>>,
    pub(crate) instana: Option<InstanaState>,
    pub(crate) jaeger: Option<JaegerState>,
    pub(crate) datadog: Option<DatadogState>,
}

impl Extra {
    pub(crate) fn is_empty(&self) -> bool {
        let vendors = self.instana.is_some() || self.jaeger.is_some() || self.datadog.is_some();
        self.baggage.items().is_empty() && self.tracestate.is_none() && !vendors
    }
}

impl SpanContext {
    pub(crate) const EMPTY: SpanContext = SpanContext {
        trace_id: TraceId::INVALID,
        span_id: SpanId::INVALID,
        parent_id: SpanId::INVALID,
        meta: Meta(0),
        extra: None,
    };

    /// A context as it comes over the wire: remote, undecided, without parent, baggage or state.
    pub const fn new(trace_id: TraceId, span_id: SpanId) -> Self {
        SpanContext { trace_id, span_id, ..Self::EMPTY }
    }

    /// A context without ids. It carries baggage, a sampling decision or vendor state to a trace that is yet to begin.
    pub const fn empty() -> Self {
        Self::EMPTY
    }

    /// Identifies the trace.
    #[inline]
    pub fn trace_id(&self) -> TraceId {
        self.trace_id
    }

    /// Identifies the span.
    #[inline]
    pub fn span_id(&self) -> SpanId {
        self.span_id
    }

    /// The id of the span's parent, as far as it is known. B3 and Jaeger put it on the wire.
    pub fn parent_id(&self) -> Option<SpanId> {
        Some(self.parent_id).filter(|id| id.is_valid())
    }

    /// What is known about keeping the trace.
    #[inline]
    pub fn sampling(&self) -> Sampling {
        self.meta.sampling()
    }

    /// Whether both contexts identify the same span: their trace ids and span ids are equal.
    #[inline]
    pub fn same_span(&self, other: &SpanContext) -> bool {
        self.trace_id == other.trace_id && self.span_id == other.span_id
    }

    /// Whether trace id and span id are both there. A context without them is no parent, but may bring baggage or a decision.
    #[inline]
    pub fn is_valid(&self) -> bool {
        self.trace_id.is_valid() && self.span_id.is_valid()
    }

    /// Whether the trace is kept.
    #[inline]
    pub fn is_sampled(&self) -> bool {
        self.sampling().is_sampled()
    }

    /// Whether the trace is kept whatever any sampler says.
    pub fn is_debug(&self) -> bool {
        self.sampling() == Sampling::Debug
    }

    /// Whether the context came from outside of this process's tracers.
    pub fn is_remote(&self) -> bool {
        self.meta.tracer() == 0
    }

    /// Whether the span is recorded in this process. A span may be recorded and yet not sampled, for a later decision.
    pub fn is_recording(&self) -> bool {
        self.meta.is_recording()
    }

    /// Whether the lower 56 bits of the trace id are known to be random (W3C Trace Context level 2, random flag).
    pub fn is_random(&self) -> bool {
        self.meta.has(Meta::RANDOM)
    }

    /// Whether the trace id came in as 64 bits, so that formats with both widths write it back so (B3).
    pub fn is_64_bit(&self) -> bool {
        self.meta.has(Meta::SHORT)
    }

    /// Whether the trace came into this process by a `traceparent` header, not by headers of another format. Instana wants to
    /// know (`tp` of an entry span).
    pub fn is_from_traceparent(&self) -> bool {
        self.meta.has(Meta::TRACEPARENT)
    }

    /// All baggage items, in the order in which they were set.
    pub fn baggage(&self) -> impl Iterator<Item = (&str, &str)> {
        self.baggage_items().iter().map(|item| (item.key(), item.value()))
    }

    /// All baggage items with their properties.
    pub fn baggage_items(&self) -> &[BaggageItem] {
        self.extra.as_ref().map_or(&[], |extra| extra.baggage.items())
    }

    /// The baggage item of that name, if there is one. Names are case-sensitive.
    pub fn baggage_item(&self, key: &str) -> Option<&str> {
        self.baggage().find(|(k, _)| *k == key).map(|(_, value)| value)
    }

    /// The other vendors' list members (W3C Trace Context, section 3.3), valid as a whole and never empty.
    pub fn tracestate(&self) -> Option<&str> {
        self.extra.as_ref()?.tracestate.as_deref()
    }

    /// What Instana's headers said beside the ids.
    pub fn instana(&self) -> Option<&InstanaState> {
        self.extra.as_ref()?.instana.as_ref()
    }

    pub(crate) fn datadog(&self) -> Option<&DatadogState> {
        self.extra.as_ref()?.datadog.as_ref()
    }

    pub(crate) fn jaeger(&self) -> Option<&JaegerState> {
        self.extra.as_ref()?.jaeger.as_ref()
    }

    /// The same context with that parent.
    #[must_use]
    pub fn with_parent_id(mut self, parent_id: SpanId) -> Self {
        self.parent_id = parent_id;
        self
    }

    /// The same context with that decision.
    #[must_use]
    pub fn with_sampling(mut self, sampling: Sampling) -> Self {
        self.meta = self.meta.with_sampling(sampling);
        self
    }

    /// The same context, its trace id marked as random or not. See [`is_random`](SpanContext::is_random).
    #[must_use]
    pub fn with_random(mut self, random: bool) -> Self {
        self.meta = self.meta.with(Meta::RANDOM, random);
        self
    }

    /// The same context, its trace id marked as 64 bits wide on the wire or not. See [`is_64_bit`](SpanContext::is_64_bit).
    #[must_use]
    pub fn with_64_bit(mut self, short: bool) -> Self {
        self.meta = self.meta.with(Meta::SHORT, short);
        self
    }

    /// The same context with that baggage item, in the place of an earlier one of the same name. Copies the baggage.
    ///
    /// No limits are applied here; [`Span::set_baggage_item`](crate::Span::set_baggage_item) and the propagators apply them.
    #[must_use]
    pub fn with_baggage_item(mut self, key: &str, value: &str) -> Self {
        self.extra_mut().baggage.set(BaggageItem::new(key, value));
        self
    }

    /// The same context without that baggage item.
    #[must_use]
    pub fn without_baggage_item(mut self, key: &str) -> Self {
        if self.baggage_item(key).is_some() {
            self.extra_mut().baggage.remove(key);
        }
        self
    }

    /// The same context with that tracestate, unchecked; an empty text removes it.
    #[must_use]
    pub fn with_tracestate(mut self, tracestate: &str) -> Self {
        if !tracestate.is_empty() || self.tracestate().is_some() {
            self.extra_mut().tracestate = Some(tracestate).filter(|s| !s.is_empty()).map(Into::into);
        }
        self
    }

    /// The same context with that vendor state.
    #[must_use]
    pub fn with_instana(mut self, state: InstanaState) -> Self {
        self.extra_mut().instana = Some(state);
        self
    }

    /// Whether there is nothing that another process would want to know.
    pub(crate) fn has_nothing_to_carry(&self) -> bool {
        !self.is_valid() && self.sampling() == Sampling::Undecided && self.baggage_items().is_empty()
    }

    pub(crate) fn extra_mut(&mut self) -> &mut Extra {
        Arc::make_mut(self.extra.get_or_insert_default())
    }

    /// Takes over the baggage of another reference within the limits; of two items of one name the later wins. Returns how many items
    /// were left out.
    pub(crate) fn merge_baggage(&mut self, other: &SpanContext, limits: &Limits) -> u64 {
        let (items, bytes) = (limits.baggage_items.into(), limits.baggage_bytes as usize);
        let mut set = |item: &BaggageItem| self.extra_mut().baggage.set_within(item.clone(), items, bytes);
        other.baggage_items().iter().filter(|item| !set(item)).count() as u64
    }
}

impl PartialEq for SpanContext {
    fn eq(&self, other: &Self) -> bool {
        let extra = |context: &Self| context.extra.as_ref().filter(|extra| !extra.is_empty()).cloned();
        self.same_span(other)
            && self.parent_id == other.parent_id
            && self.meta.carried() == other.meta.carried()
            && extra(self) == extra(other)
    }
}

impl Eq for SpanContext {}

/// Hashes trace id and span id only, which differ where it matters.
impl Hash for SpanContext {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.trace_id, self.span_id).hash(state);
    }
}

/// Leaves out the values of baggage, which may be private.
impl fmt::Debug for SpanContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("SpanContext");
        out.field("trace_id", &self.trace_id).field("span_id", &self.span_id).field("sampling", &self.sampling());
        if let Some(parent_id) = self.parent_id() {
            out.field("parent_id", &parent_id);
        }
        if let Some(tracestate) = self.tracestate() {
            out.field("tracestate", &tracestate);
        }
        if !self.baggage_items().is_empty() {
            out.field("baggage", &self.baggage().map(|(key, _)| key).collect::<Vec<_>>());
        }
        out.finish_non_exhaustive()
    }
}

/// Sampling, marks, kind and the starting tracer's number in one word. Contexts are copied for every span, and a copy whose parts
/// were written narrower than they are read waits for the store buffer: several nanoseconds each time.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Meta(u64);

impl Meta {
    const SAMPLING: u64 = 0b11;
    pub(crate) const RANDOM: u64 = 1 << 2;
    pub(crate) const SHORT: u64 = 1 << 3;
    pub(crate) const RECORDING: u64 = 1 << 4;
    pub(crate) const LOCAL_ROOT: u64 = 1 << 5;
    /// The ids came in by `traceparent`.
    pub(crate) const TRACEPARENT: u64 = 1 << 6;
    /// Takes part in what a child inherits.
    const INHERITED: u64 = Self::RANDOM | Self::SHORT | Self::TRACEPARENT;

    /// What a child has of its parent, with its own marks, kind and tracer.
    #[inline]
    pub(crate) fn child(self, sampling: Sampling, marks: u64, kind: SpanKind, tracer: u32) -> Meta {
        Meta(self.0 & Self::INHERITED | sampling as u64 | marks | (kind as u64) << 16 | u64::from(tracer) << 32)
    }

    pub(crate) const NONE: Meta = Meta(0);

    #[inline]
    pub(crate) fn has(self, mark: u64) -> bool {
        self.0 & mark != 0
    }

    #[inline]
    pub(crate) fn with(self, mark: u64, on: bool) -> Meta {
        Meta(if on { self.0 | mark } else { self.0 & !mark })
    }

    #[inline]
    pub(crate) fn sampling(self) -> Sampling {
        match self.0 & Self::SAMPLING {
            0 => Sampling::Undecided,
            1 => Sampling::NotSampled,
            2 => Sampling::Sampled,
            _ => Sampling::Debug,
        }
    }

    /// What travels with the context: the decision and the marks of the trace id.
    fn carried(self) -> u64 {
        self.0 & (Self::SAMPLING | Self::RANDOM | Self::SHORT)
    }

    #[inline]
    pub(crate) fn with_sampling(self, sampling: Sampling) -> Meta {
        Meta(self.0 & !Self::SAMPLING | sampling as u64)
    }

    /// Recorded in this process, although perhaps not sampled on the wire.
    #[inline]
    pub(crate) fn is_recording(self) -> bool {
        self.has(Self::RECORDING)
    }

    /// Recorded and sampled, or neither: what it usually comes to, and what a child takes over as it is.
    #[inline]
    pub(crate) fn is_settled(self) -> bool {
        const BOTH: u64 = Meta::RECORDING | Sampling::Sampled as u64;
        self.0 & BOTH == BOTH || self.0 & (Self::RECORDING | Self::SAMPLING) == Sampling::NotSampled as u64
    }

    /// The number of the tracer that started the span here, 0 for a context that came over the wire.
    #[inline]
    pub(crate) fn tracer(self) -> u32 {
        (self.0 >> 32) as u32
    }

    #[inline]
    pub(crate) fn kind(self) -> SpanKind {
        SpanKind::ALL[(self.0 >> 16) as u8 as usize % SpanKind::ALL.len()]
    }

    #[inline]
    pub(crate) fn with_kind(self, kind: SpanKind) -> Meta {
        Meta(self.0 & !(0xff << 16) | (kind as u64) << 16)
    }
}

/// What can stand as a reference: contexts, spans, scopes, and pointers to and options of them. `None` is ignored, as the OpenTracing libraries do.
pub trait AsSpanContext {
    /// The context, lent where it can be.
    fn as_span_context(&self) -> Option<Cow<'_, SpanContext>>;
}

impl AsSpanContext for SpanContext {
    #[inline]
    fn as_span_context(&self) -> Option<Cow<'_, SpanContext>> {
        Some(Cow::Borrowed(self))
    }
}

impl<T: AsSpanContext> AsSpanContext for Option<T> {
    #[inline]
    fn as_span_context(&self) -> Option<Cow<'_, SpanContext>> {
        self.as_ref()?.as_span_context()
    }
}

macro_rules! as_what_it_points_to {
    ($($pointer:ty),+) => { $(
        impl<T: AsSpanContext + ?Sized> AsSpanContext for $pointer {
            #[inline]
            fn as_span_context(&self) -> Option<Cow<'_, SpanContext>> {
                (**self).as_span_context()
            }
        }
    )+ };
}
as_what_it_points_to! { &T, Box<T>, Arc<T> }

/// How a span refers to another one.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum ReferenceKind {
    /// The other span depends on this one in some way: the usual parent.
    ChildOf,
    /// The other span caused this one and does not depend on its outcome.
    FollowsFrom,
    /// A kind that the OpenTracing specification does not name; kept as it is.
    Other(&'static str),
}

/// A reference to another span.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Reference {
    /// The nature of the relation.
    pub kind: ReferenceKind,
    /// The other span.
    pub context: SpanContext,
}

impl Reference {
    /// A reference of that kind.
    pub const fn new(kind: ReferenceKind, context: SpanContext) -> Self {
        Reference { kind, context }
    }

    /// A [`ChildOf`](ReferenceKind::ChildOf) reference.
    pub const fn child_of(context: SpanContext) -> Self {
        Reference::new(ReferenceKind::ChildOf, context)
    }

    /// A [`FollowsFrom`](ReferenceKind::FollowsFrom) reference.
    pub const fn follows_from(context: SpanContext) -> Self {
        Reference::new(ReferenceKind::FollowsFrom, context)
    }
}
