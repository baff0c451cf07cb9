//! The part of a span that crosses process boundaries.

use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use crate::model::baggage::{Baggage, BaggageItem};
use crate::model::ids::{SpanId, TraceId};
use crate::model::kind::SpanKind;
use crate::model::limits::Limits;
pub(crate) use crate::model::meta::Meta;
use crate::model::vendor::{datadog::DatadogState, instana::InstanaState, jaeger::JaegerState};

/// The sampling decision that a context carries.
///
/// The enum is exhaustive on purpose, so that a `match` needs no wildcard: the four states are all that any format can express, and every
/// format must handle each of them.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Sampling {
    /// No decision has been made yet (B3: deferred). The next service decides.
    #[default]
    Undecided,
    /// The trace is not kept.
    NotSampled,
    /// The trace is kept.
    Sampled,
    /// The trace is kept, and no sampler can drop it.
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
/// A context is immutable: the `with_…` methods return a changed copy. It takes 48 bytes. Cloning never allocates; it increments one
/// reference count if there is baggage, tracestate or vendor state.
///
/// Two contexts are equal if ids, parent id, decision, flags, baggage, tracestate and vendor state are equal. It makes no difference
/// whether a context was extracted or belongs to a span of this process. [`same_span`](SpanContext::same_span) compares the ids only.
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

/// The parts that few contexts have. Shared between clones, and copied on write.
#[derive(Clone, Default, Debug, PartialEq, Eq)]
pub(crate) struct Extra {
    pub(crate) baggage: Baggage,
    pub(crate) tracestate: Option<Box<str>>,
    pub(crate) instana: Option<InstanaState>,
    pub(crate) jaeger: Option<JaegerState>,
    pub(crate) datadog: Option<DatadogState>,
    /// The fields of X-Ray's header that only its services know.
    pub(crate) xray: Option<Box<str>>,
}

impl Extra {
    pub(crate) fn is_empty(&self) -> bool {
        let vendors = self.instana.is_some() || self.jaeger.is_some() || self.datadog.is_some() || self.xray.is_some();
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

    /// Creates a remote context with these ids: undecided, without parent, baggage, tracestate or vendor state.
    pub const fn new(trace_id: TraceId, span_id: SpanId) -> Self {
        SpanContext { trace_id, span_id, ..Self::EMPTY }
    }

    /// Creates a context without ids. It can carry baggage, a sampling decision or vendor state into a new trace.
    pub const fn empty() -> Self {
        Self::EMPTY
    }

    /// The id of the trace.
    #[inline]
    pub fn trace_id(&self) -> TraceId {
        self.trace_id
    }

    /// The id of the span.
    #[inline]
    pub fn span_id(&self) -> SpanId {
        self.span_id
    }

    /// The id of the span's parent, if it is known. B3 and Jaeger propagate it.
    pub fn parent_id(&self) -> Option<SpanId> {
        Some(self.parent_id).filter(|id| id.is_valid())
    }

    /// The sampling decision.
    #[inline]
    pub fn sampling(&self) -> Sampling {
        self.meta.sampling()
    }

    /// Whether both contexts identify the same span, that is, whether their trace ids and span ids are equal.
    #[inline]
    pub fn same_span(&self, other: &SpanContext) -> bool {
        self.trace_id == other.trace_id && self.span_id == other.span_id
    }

    /// Whether the context has a trace id and a span id. Without them it cannot be a parent, but it can still carry baggage or a decision.
    #[inline]
    pub fn is_valid(&self) -> bool {
        self.trace_id.is_valid() && self.span_id.is_valid()
    }

    /// Whether the trace is kept: the decision is [`Sampled`](Sampling::Sampled) or [`Debug`](Sampling::Debug).
    #[inline]
    pub fn is_sampled(&self) -> bool {
        self.sampling().is_sampled()
    }

    /// Whether the decision is [`Debug`](Sampling::Debug): the trace is kept, and no sampler can drop it.
    pub fn is_debug(&self) -> bool {
        self.sampling() == Sampling::Debug
    }

    /// Whether the context does not belong to a span of this process.
    pub fn is_remote(&self) -> bool {
        self.meta.tracer() == 0
    }

    /// Whether the span is recorded in this process. A span can be recorded although it is not sampled; see
    /// [`Decision::Record`](crate::Decision::Record).
    pub fn is_recording(&self) -> bool {
        self.meta.is_recording()
    }

    /// Whether the span is recorded, and its reporter decides at the end of the trace whether it is kept:
    /// [`Decision::Record`](crate::Decision::Record).
    pub fn is_deferred(&self) -> bool {
        self.meta.has(Meta::DEFERRED)
    }

    /// Whether the lower 56 bits of the trace id are known to be random (W3C Trace Context level 2, random flag).
    pub fn is_random(&self) -> bool {
        self.meta.has(Meta::RANDOM)
    }

    /// Whether the context came in, and a disabled tracer passes it on.
    pub(crate) fn is_forwarded(&self) -> bool {
        self.meta.has(Meta::FORWARDED)
    }

    /// Whether the trace id was made in this process.
    pub(crate) fn began_here(&self) -> bool {
        self.meta.has(Meta::BEGAN_HERE)
    }

    /// Whether the trace id was extracted as 64 bits. Formats that have both widths, such as B3, then inject it as 64 bits, too.
    pub fn is_64_bit(&self) -> bool {
        self.meta.has(Meta::SHORT)
    }

    /// Whether the trace id was extracted from a `traceparent` header rather than from headers of another format. Instana's entry
    /// spans report it as `tp`.
    pub fn is_from_traceparent(&self) -> bool {
        self.meta.has(Meta::TRACEPARENT)
    }

    /// The keys and values of all baggage items, in the order in which they were set.
    pub fn baggage(&self) -> impl Iterator<Item = (&str, &str)> {
        self.baggage_items().iter().map(|item| (item.key(), item.value()))
    }

    /// All baggage items with their properties, in the order in which they were set.
    pub fn baggage_items(&self) -> &[BaggageItem] {
        self.extra.as_ref().map_or(&[], |extra| extra.baggage.items())
    }

    /// The value of a baggage item; `None` if there is no item with this key. Keys are case-sensitive.
    pub fn baggage_item(&self, key: &str) -> Option<&str> {
        self.baggage().find(|(k, _)| *k == key).map(|(_, value)| value)
    }

    /// The `tracestate` list (W3C Trace Context, section 3.3). Never empty. A list from a header is valid; one set by
    /// [`with_tracestate`](SpanContext::with_tracestate) is unchecked.
    pub fn tracestate(&self) -> Option<&str> {
        self.extra.as_ref()?.tracestate.as_deref()
    }

    /// The fields of Instana's headers other than ids and level.
    pub fn instana(&self) -> Option<&InstanaState> {
        self.extra.as_ref()?.instana.as_ref()
    }

    /// Origin and propagated tags of Datadog.
    pub fn datadog(&self) -> Option<&DatadogState> {
        self.extra.as_ref()?.datadog.as_ref()
    }

    pub(crate) fn xray(&self) -> Option<&str> {
        self.extra.as_ref()?.xray.as_deref()
    }

    pub(crate) fn jaeger(&self) -> Option<&JaegerState> {
        self.extra.as_ref()?.jaeger.as_ref()
    }

    /// Sets the parent's span id.
    #[must_use]
    pub fn with_parent_id(mut self, parent_id: SpanId) -> Self {
        self.parent_id = parent_id;
        self
    }

    /// Sets the sampling decision.
    #[must_use]
    pub fn with_sampling(mut self, sampling: Sampling) -> Self {
        self.meta = self.meta.with_sampling(sampling);
        self
    }

    /// Marks the trace id as random or not. See [`is_random`](SpanContext::is_random).
    #[must_use]
    pub fn with_random(mut self, random: bool) -> Self {
        self.meta = self.meta.with(Meta::RANDOM, random);
        self
    }

    /// Marks the trace id as 64 bits wide on the wire or not. See [`is_64_bit`](SpanContext::is_64_bit).
    #[must_use]
    pub fn with_64_bit(mut self, is_64_bit: bool) -> Self {
        self.meta = self.meta.with(Meta::SHORT, is_64_bit);
        self
    }

    /// Sets a baggage item. Replaces an earlier one with the same key. Copies the baggage if other clones share it.
    ///
    /// Applies no limits, unlike [`Span::set_baggage_item`](crate::Span::set_baggage_item) and the propagators.
    #[must_use]
    pub fn with_baggage_item(mut self, key: &str, value: &str) -> Self {
        self.extra_mut().baggage.set(BaggageItem::new(key, value));
        self
    }

    /// Removes a baggage item, if it exists.
    #[must_use]
    pub fn without_baggage_item(mut self, key: &str) -> Self {
        if self.baggage_item(key).is_some() {
            self.extra_mut().baggage.remove(key);
        }
        self
    }

    /// Sets the tracestate without checking it. An empty text removes the tracestate.
    #[must_use]
    pub fn with_tracestate(mut self, tracestate: &str) -> Self {
        if !tracestate.is_empty() || self.tracestate().is_some() {
            self.extra_mut().tracestate = Some(tracestate).filter(|s| !s.is_empty()).map(Into::into);
        }
        self
    }

    /// Sets the fields of Instana's headers other than ids and level.
    #[must_use]
    pub fn with_instana(mut self, state: InstanaState) -> Self {
        self.extra_mut().instana = Some(state);
        self
    }

    /// Whether a child of this context inherits what it would inherit from that earlier state of the same context.
    #[inline]
    pub(crate) fn is_unchanged(&self, earlier: &SpanContext) -> bool {
        let extra = |context: &SpanContext| context.extra.as_ref().map_or(std::ptr::null(), Arc::as_ptr);
        self.meta.with_kind(SpanKind::Internal) == earlier.meta.with_kind(SpanKind::Internal)
            && std::ptr::eq(extra(self), extra(earlier))
    }

    /// Whether the context holds neither ids nor a decision nor baggage, so that there is nothing to inject.
    pub(crate) fn has_nothing_to_carry(&self) -> bool {
        !self.is_valid() && self.sampling() == Sampling::Undecided && self.baggage_items().is_empty()
    }

    pub(crate) fn extra_mut(&mut self) -> &mut Extra {
        Arc::make_mut(self.extra.get_or_insert_default())
    }

    /// Adds the baggage of another reference, within the limits. An item of `other` replaces one with the same key. Returns how many
    /// items were dropped.
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

/// Hashes trace id and span id only. Distinct spans have distinct ids, so more would not make better hashes.
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

/// Types that a span can reference: contexts, spans and scopes, and pointers to and options of these.
///
/// A reference to `None` is ignored, as in the other OpenTracing libraries.
pub trait AsSpanContext {
    /// The context, borrowed if possible. `None` if there is none.
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

macro_rules! deref_as_span_context {
    ($($pointer:ty),+) => { $(
        impl<T: AsSpanContext + ?Sized> AsSpanContext for $pointer {
            #[inline]
            fn as_span_context(&self) -> Option<Cow<'_, SpanContext>> {
                (**self).as_span_context()
            }
        }
    )+ };
}
deref_as_span_context! { &T, Box<T>, Arc<T> }

/// The kind of a reference between spans.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum ReferenceKind {
    /// This span is the child of the other one, which depends on it in some way.
    ChildOf,
    /// The other span caused this one, but does not depend on its result.
    FollowsFrom,
    /// A kind that the OpenTracing specification does not define.
    Other(&'static str),
}

/// A reference to another span.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Reference {
    /// The kind of the reference.
    pub kind: ReferenceKind,
    /// The other span.
    pub context: SpanContext,
}

impl Reference {
    /// Creates a reference of any kind.
    pub const fn new(kind: ReferenceKind, context: SpanContext) -> Self {
        Reference { kind, context }
    }

    /// Creates a [`ChildOf`](ReferenceKind::ChildOf) reference.
    pub const fn child_of(context: SpanContext) -> Self {
        Reference::new(ReferenceKind::ChildOf, context)
    }

    /// Creates a [`FollowsFrom`](ReferenceKind::FollowsFrom) reference.
    pub const fn follows_from(context: SpanContext) -> Self {
        Reference::new(ReferenceKind::FollowsFrom, context)
    }
}
