//! The start of a span.

use std::borrow::Cow;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::SystemTime;

use crate::clock::ticks::Ticks;
use crate::clock::wall::unix_ns;
use crate::model::context::{AsSpanContext, Extra, Meta, Reference, ReferenceKind, Sampling, SpanContext};
use crate::model::ids::{SpanId, TraceId};
use crate::model::kind::SpanKind;
use crate::model::span_name::{GivenName, SpanName};
use crate::model::start_tags::{MoreTag, StartTags, Stored};
use crate::model::tag_value::{Given, TagValue};
use crate::model::tags::{TagKey, TagValueOf};
use crate::model::value::{Text, Value};
use crate::propagation::JAEGER_DEBUG_ID;
use crate::propagation::TraceState;
use crate::record::record::Record;
use crate::recorder::id_generator;
use crate::recorder::inherited::{Inherited, preferred_parent, preferred_reference};
use crate::recorder::local::{self, Local};
use crate::recorder::open::Seen;
use crate::recorder::plan::Plan;
use crate::recorder::port::Port;
use crate::recorder::recorder::Recorder;
use crate::recorder::state::{SAMPLING_PRIORITY, State, Unsampled};
use crate::sampler::{Decision, SamplingDetails, SamplingParams};
use crate::span::span::Span;
use crate::sync::count;

/// The settings of a span that is about to start. [`Tracer::span`](crate::Tracer::span) makes one.
///
/// Setters work in place, like those of `std::process::Command`. Without a reference, the span is a child of the thread's active span of the
/// same tracer; if there is none, it is the root of a new trace.
///
/// ```
/// use opentracing_core::{SpanKind, Tracer};
///
/// let tracer = Tracer::builder("shop").build_inline(Discard);
/// let order = tracer.span("order").start();
/// let mut builder = tracer.span("charge");
/// builder.kind(SpanKind::Client).child_of(&order);
/// builder.tag("amount", 12.5).tag("coupon", None::<&str>);
/// let charge = builder.start();
/// assert_eq!(charge.context().and_then(|c| c.parent_id()), order.context().map(|c| c.span_id()));
/// # struct Discard;
/// # impl opentracing_core::Reporter for Discard {
/// #     fn report(&mut self, _: opentracing_core::Batch<'_>) {}
/// # }
/// ```
#[must_use = "a builder does nothing until start() or start_active()"]
pub struct SpanBuilder<'a> {
    recorder: Option<&'a Arc<Recorder>>,
    name: Text<'a>,
    kind: SpanKind,
    /// Whether a setting was used that the fast path of `start` does not handle.
    special: bool,
    /// The tag `error` is true.
    failed: bool,
    ignore_active: bool,
    new_trace: bool,
    /// The tag `sampling.priority`, which takes precedence over every other decision.
    priority: Option<bool>,
    parent: Parent<'a>,
    start_time: Option<SystemTime>,
    /// Borrowed until the start, because the sampler may read them. Then copied into the record, if there is one.
    tags: StartTags<'a>,
    owned: Option<Box<Owned<'a>>>,
}

/// The parent that was given, if it is borrowed.
#[derive(Clone, Copy)]
enum Parent<'a> {
    None,
    ChildOf(&'a SpanContext),
    /// A context or references of the builder's own.
    Owned,
}

/// What a builder rarely has to own. In a box of its own, so that dropping a builder without it is one comparison.
#[derive(Default)]
struct Owned<'a> {
    name: Option<Box<str>>,
    references: Vec<Reference>,
    tags: Vec<MoreTag<'a>>,
}

impl Owned<'_> {
    #[cold]
    fn with_name(name: Box<str>) -> Box<Self> {
        Box::new(Owned { name: Some(name), ..Owned::default() })
    }
}

/// The references of a span: nearly always none or one parent.
enum References<'s> {
    None,
    ChildOf(&'s SpanContext),
    Several(&'s [Reference]),
}

impl<'a> SpanBuilder<'a> {
    #[inline]
    pub(crate) fn new(recorder: Option<&'a Arc<Recorder>>, name: SpanName<'a>) -> Self {
        let (name, owned) = match name.0 {
            GivenName::Borrowed(name) => (name, None),
            GivenName::Owned(name) => (Text::Static(""), Some(Owned::with_name(name))),
        };
        // Built in one expression: a builder that is changed afterwards would be copied as a whole.
        SpanBuilder {
            recorder,
            name,
            kind: SpanKind::Internal,
            special: false,
            failed: false,
            ignore_active: false,
            new_trace: false,
            priority: None,
            parent: Parent::None,
            start_time: None,
            tags: StartTags::new(),
            owned,
        }
    }

    #[cold]
    fn owned(&mut self) -> &mut Owned<'a> {
        self.owned.get_or_insert_default()
    }

    #[inline]
    fn name(&self) -> Text<'_> {
        match self.owned.as_ref().and_then(|owned| owned.name.as_deref()) {
            Some(name) => Text::Copied(name),
            None => self.name,
        }
    }

    #[inline]
    fn more_tags(&self) -> &[MoreTag<'a>] {
        self.owned.as_ref().map_or(&[], |owned| &owned.tags)
    }

    #[inline]
    fn references(&self) -> References<'_> {
        match self.parent {
            Parent::None => References::None,
            Parent::ChildOf(parent) => References::ChildOf(parent),
            Parent::Owned => match self.owned.as_ref().map_or(&[][..], |owned| &owned.references) {
                [Reference { kind: ReferenceKind::ChildOf, context }] => References::ChildOf(context),
                several => References::Several(several),
            },
        }
    }

    /// Adds a `ChildOf` reference: the other span depends on this one. The first such reference is the parent.
    #[inline]
    pub fn child_of(&mut self, parent: &'a impl AsSpanContext) -> &mut Self {
        self.reference(ReferenceKind::ChildOf, parent)
    }

    /// Adds a `FollowsFrom` reference: the other span caused this one and does not depend on it. Without a
    /// [`child_of`](SpanBuilder::child_of), the first such reference is the parent, and the span joins its trace.
    #[inline]
    pub fn follows_from(&mut self, context: &'a impl AsSpanContext) -> &mut Self {
        self.reference(ReferenceKind::FollowsFrom, context)
    }

    /// Adds a reference to another span; `None` adds nothing. The span inherits the baggage of all references, and the later of two items
    /// with the same name.
    #[inline]
    pub fn reference(&mut self, kind: ReferenceKind, context: &'a impl AsSpanContext) -> &mut Self {
        if self.recorder.is_some()
            && let Some(context) = context.as_span_context()
        {
            match (self.parent, kind, context) {
                (Parent::None, ReferenceKind::ChildOf, Cow::Borrowed(parent)) => self.parent = Parent::ChildOf(parent),
                (_, kind, context) => self.add_reference(Reference { kind, context: context.into_owned() }),
            }
        }
        self
    }

    #[cold]
    fn add_reference(&mut self, reference: Reference) {
        if let Parent::ChildOf(parent) = std::mem::replace(&mut self.parent, Parent::Owned) {
            self.owned().references.push(Reference { kind: ReferenceKind::ChildOf, context: parent.clone() });
        }
        self.owned().references.push(reference);
    }

    /// Ignores the thread's active span, which is the parent otherwise.
    pub fn ignore_active_span(&mut self) -> &mut Self {
        self.ignore_active = true;
        self
    }

    /// Starts a new trace. References are recorded, but the span inherits neither ids nor decision nor baggage from them. For untrusted
    /// requests, with a [`follows_from`](SpanBuilder::follows_from) to the context that they sent.
    pub fn new_trace(&mut self) -> &mut Self {
        (self.new_trace, self.special) = (true, true);
        self
    }

    /// Sets the start time. Now by default.
    pub fn start_time(&mut self, at: SystemTime) -> &mut Self {
        (self.start_time, self.special) = (Some(at), true);
        self
    }

    /// Sets the kind. [`SpanKind::Internal`] by default.
    #[inline]
    pub fn kind(&mut self, kind: SpanKind) -> &mut Self {
        self.kind = kind;
        self
    }

    /// Sets a tag, which the sampler may read. See [`Span::set_tag`] for the keys with a meaning.
    #[inline]
    pub fn tag(&mut self, key: impl Into<Text<'a>>, value: impl Into<TagValue<'a>>) -> &mut Self {
        if self.recorder.is_some() {
            let key = key.into();
            let value = match value.into().0 {
                Given::Value(value) => value,
                Given::Nothing => return self,
                Given::Text(text) => return self.tag_own(key, text),
            };
            match key.as_str() {
                SAMPLING_PRIORITY => (self.priority, self.special) = (Some(value.is_positive()), true),
                "error" => self.failed = value.is_true(),
                "span.kind" => {
                    if let Some(kind) = value.as_text().and_then(SpanKind::from_tag) {
                        self.kind = kind;
                        return self;
                    }
                }
                _ => {}
            }
            if !self.tags.push(key, value) {
                self.owned().tags.push((key, Stored::Borrowed(value)));
            }
        }
        self
    }

    #[cold]
    fn tag_own(&mut self, key: Text<'a>, text: String) -> &mut Self {
        let value = Value::Str(&text);
        match key.as_str() {
            SAMPLING_PRIORITY => (self.priority, self.special) = (Some(value.is_positive()), true),
            "error" => self.failed = value.is_true(),
            "span.kind" => {
                if let Some(kind) = SpanKind::from_tag(&text) {
                    self.kind = kind;
                    return self;
                }
            }
            _ => {}
        }
        self.tags.close();
        self.owned().tags.push((key, Stored::Owned(text)));
        self
    }

    /// Sets a standard tag; a value of another type than the tag has does not compile.
    #[inline]
    pub fn set<T: ?Sized>(&mut self, key: TagKey<T>, value: impl TagValueOf<'a, T>) -> &mut Self {
        self.tag(key, value)
    }

    /// Starts the span without activating it. [`Span::activate`] and [`InSpan::in_span`](crate::InSpan::in_span) activate it.
    #[inline]
    pub fn start(&mut self) -> Span {
        match self.recorder {
            Some(recorder) => self.start_with(recorder),
            None => Span::noop(),
        }
    }

    /// The fast path, for roots with a constant sampler and for children of spans of this tracer. It makes no decision and handles few
    /// settings.
    #[inline(never)]
    fn start_with(&mut self, recorder: &Arc<Recorder>) -> Span {
        let plan = match self.parent {
            _ if self.special || !recorder.is_plain => None,
            Parent::ChildOf(parent) => Plan::child(parent, self.kind, recorder),
            Parent::None => {
                let child =
                    |top: &State| top.context_in_place().and_then(|parent| Plan::child(parent, self.kind, recorder));
                let below = |local: &Local| if self.ignore_active { None } else { local.with_top(recorder.id, child) };
                match local::with(below).flatten() {
                    Some(plan) => plan,
                    None => Plan::root(self.kind, recorder),
                }
            }
            Parent::Owned => None,
        };
        let Some(plan) = plan else { return self.start_special(recorder) };
        let mut record = match self.begin(plan, recorder) {
            Ok(record) => record,
            Err(unsampled) => return self.unrecorded(unsampled, recorder),
        };
        if !self.tags.is_empty() {
            self.add_tags(&mut record);
        }
        Span::new(State::Recording(record))
    }

    /// Takes a record for the context. `None` if nothing is recorded.
    #[inline(always)]
    fn begin(&self, plan: Plan, recorder: &Arc<Recorder>) -> Result<Box<Record>, Unsampled> {
        let Plan { trace_id, span_id, parent_id, meta, extra } = plan;
        if !meta.is_recording() {
            let name = if let Text::Static(name) = self.name() { name } else { "" };
            return Err(Unsampled { context: SpanContext { trace_id, span_id, parent_id, meta, extra }, name });
        }
        let plan = Plan { trace_id, span_id, parent_id, meta, extra };
        match local::with(|local| local.port(recorder, Port::take)).flatten().flatten() {
            Some(record) => Ok(self.fill(record, plan)),
            None => Ok(self.begin_slow(plan, recorder)),
        }
    }

    /// A thread without a free record starts few spans, so this span is listed as open from its start.
    #[cold]
    #[inline(never)]
    fn begin_slow(&self, plan: Plan, recorder: &Arc<Recorder>) -> Box<Record> {
        // There is no pool while the thread-locals are being destroyed.
        let record = local::with(|local| local.port(recorder, Port::take_slow)).flatten();
        let mut record = self.fill(record.unwrap_or_else(|| stray_record(recorder)), plan);
        recorder.shared.open.list(&mut record, recorder, Seen::Started);
        record
    }

    #[inline(always)]
    fn fill(&self, mut record: Box<Record>, plan: Plan) -> Box<Record> {
        let Plan { trace_id, span_id, parent_id, meta, extra } = plan;
        record.start = Ticks::now();
        record.reset();
        // Written word by word. A separately built context would be read in wider pieces than it was written, which stalls the processor.
        record.context.trace_id = trace_id;
        record.context.span_id = span_id;
        record.context.parent_id = parent_id;
        record.context.meta = meta;
        record.context.extra = extra;
        record.started_panicking = std::thread::panicking();
        record.set_name(self.name());
        record
    }

    /// RED figures also count spans that are not recorded. Such a span gets a record, which the draining thread drops.
    #[inline]
    fn unrecorded(&self, unsampled: Unsampled, recorder: &Arc<Recorder>) -> Span {
        match &recorder.red {
            Some(_) if self.kind != SpanKind::Internal => self.record_for_figures(unsampled, recorder),
            _ => Span::new(State::Unsampled(unsampled)),
        }
    }

    #[cold]
    #[inline(never)]
    fn record_for_figures(&self, unsampled: Unsampled, recorder: &Arc<Recorder>) -> Span {
        let record = local::with(|local| local.port(recorder, Port::take_for_figures)).flatten();
        let mut record = record.unwrap_or_else(|| Record::new(&recorder.limits));
        record.start = Ticks::now();
        record.reset();
        record.context = unsampled.context;
        record.started_panicking = std::thread::panicking();
        record.set_name(self.name());
        record.failed = self.failed;
        self.set_own_start(&mut record, recorder);
        Span::new(State::Recording(record))
    }

    /// Sets the start by the tracer's own clock or counter, or to the time that the caller gave.
    fn set_own_start(&self, record: &mut Record, recorder: &Recorder) {
        if recorder.has_own_clock() {
            record.set_own_clock();
            record.set_start(recorder.now());
        }
        if let Some(at) = self.start_time {
            record.set_start_wall(unix_ns(at));
        }
    }

    #[inline(always)]
    fn add_tags(&self, record: &mut Record) {
        record.failed = self.failed;
        self.tags.for_each(self.more_tags(), |key, value| record.add_tag(key, value));
    }

    #[inline(never)]
    fn start_special(&mut self, recorder: &Arc<Recorder>) -> Span {
        if recorder.forwards {
            return self.forward(recorder);
        }
        if recorder.ids.is_some() {
            id_generator::notice_fork();
        }
        let parent = match self.references() {
            _ if self.new_trace => None,
            References::ChildOf(parent) => Some(Inherited::of(parent, recorder)),
            References::None if self.ignore_active => None,
            References::None => inherit_active(recorder),
            References::Several(all) => {
                let (parent, baggage_dropped) = preferred_parent(all, &recorder.limits);
                recorder.shared.rare.baggage_dropped.fetch_add(baggage_dropped, Ordering::Relaxed);
                Some(Inherited::of(&parent, recorder))
            }
        };
        let mut parent = parent.unwrap_or(Inherited::NONE);
        let mut rule = None;
        let (mut trace_id, mut meta) = (parent.trace_id, parent.meta);
        let mut decision = match self.priority {
            Some(true) => Some(Decision::RecordAndSample),
            Some(false) => Some(Decision::Drop),
            None => parent.decision.or(recorder.constant),
        };
        if !trace_id.is_valid() && (decision.is_none() || recorder.ids.is_some()) {
            (trace_id, meta) = new_trace(recorder, meta);
        }
        if decision.is_none() {
            // The sampler is code of the user, so nothing of this thread is borrowed while it runs.
            let (asked, notes) = self.ask_sampler(recorder, trace_id);
            (decision, rule) = (Some(asked), notes.rule());
            if let Some(tracestate) = notes.tracestate() {
                set_tracestate(&mut parent.extra, tracestate);
            }
        }
        let decision = decision.unwrap_or(Decision::Drop);
        let debug =
            self.priority == Some(true) || (parent.meta.sampling() == Sampling::Debug && self.priority.is_none());
        let sampling = match decision {
            Decision::RecordAndSample if debug => Sampling::Debug,
            Decision::RecordAndSample => Sampling::Sampled,
            Decision::Drop | Decision::Record => Sampling::NotSampled,
        };
        let span_id = if trace_id.is_valid() {
            match &recorder.ids {
                None => id_generator::random::<1>()[0],
                Some(ids) => own_span_id(&**ids),
            }
        } else {
            let [high, low, span_id] = id_generator::random();
            trace_id = TraceId::from_parts(high & recorder.high_mask, low);
            meta = meta.with(recorder.root_marks, true);
            span_id
        };
        let recording = if decision == Decision::Drop { 0 } else { Meta::RECORDING };
        let plan = Plan {
            trace_id,
            span_id: SpanId::new(span_id),
            parent_id: parent.span_id,
            meta: meta.child(sampling, recording | parent.root_mark, self.kind, recorder.id),
            extra: parent.extra,
        };
        let mut record = match self.begin(plan, recorder) {
            Ok(record) => record,
            Err(unsampled) => return self.unrecorded(unsampled, recorder),
        };
        self.set_own_start(&mut record, recorder);
        if self.new_trace || matches!(self.references(), References::Several(_)) {
            self.keep_references(&mut record);
        }
        if record.context.extra.is_some() {
            set_debug_id(&mut record);
            set_baggage_tags(&mut record, recorder);
        }
        if let Some((sampler_type, param)) = rule {
            record.set_tag(Text::Static("sampler.type"), Value::Static(sampler_type));
            record.set_tag(Text::Static("sampler.param"), param);
        }
        self.add_tags(&mut record);
        if record.is_listed() {
            // Listed again, since the start time is known only now.
            recorder.shared.open.list(&mut record, recorder, Seen::Started);
        }
        Span::new(State::Recording(record))
    }

    /// A span of a disabled tracer carries the context of its parent on. Without a parent there is nothing to carry.
    #[cold]
    #[inline(never)]
    fn forward(&self, recorder: &Recorder) -> Span {
        let parent = match self.references() {
            _ if self.new_trace => None,
            References::ChildOf(parent) => Some(parent.clone()),
            References::None if self.ignore_active => None,
            References::None => local::with(|local| local.with_top(recorder.id, State::context)).flatten().flatten(),
            References::Several(all) => Some(preferred_parent(all, &recorder.limits).0),
        };
        parent.map_or(Span::noop(), |mut context| {
            context.meta = context.meta.forwarded(recorder.id);
            Span::new(State::Unsampled(Unsampled { context, name: "" }))
        })
    }

    /// Records the references. A record without any has only its parent, so this is needed for several references or for a new trace.
    #[cold]
    #[inline(never)]
    fn keep_references(&self, record: &mut Record) {
        let child_of = |context: &SpanContext| Reference { kind: ReferenceKind::ChildOf, context: context.clone() };
        match self.references() {
            References::None => {}
            References::ChildOf(context) => record.add_reference(child_of(context)),
            // Copied, since the builder may start another span.
            References::Several(all) => {
                let (kept, beyond) = all.split_at(all.len().min(record.max_references()));
                kept.iter().for_each(|reference| record.add_reference(reference.clone()));
                // The parent counts towards the limit, in any position.
                let parent = preferred_reference(all).filter(|_| !self.new_trace);
                if let Some(parent) = parent.filter(|parent| beyond.iter().any(|other| std::ptr::eq(*parent, other))) {
                    record.references.pop();
                    record.add_reference(parent.clone());
                }
                record.drop_references(beyond.len());
            }
        }
    }

    #[cold]
    fn ask_sampler(&self, recorder: &Recorder, trace_id: TraceId) -> (Decision, SamplingDetails) {
        let owned;
        let parent = match self.references() {
            _ if self.new_trace => None,
            References::None => None,
            References::ChildOf(context) => Some(context),
            References::Several(all) => {
                owned = preferred_parent(all, &recorder.limits).0;
                Some(&owned)
            }
        };
        let tags: Vec<_> = if recorder.reads_tags { self.tags.iter(self.more_tags()).collect() } else { Vec::new() };
        let params =
            SamplingParams { trace_id, operation_name: self.name().as_str(), kind: self.kind, tags: &tags, parent };
        let ask = || {
            let mut notes = SamplingDetails::default();
            (recorder.sampler.decide_with_details(&params, &mut notes), notes)
        };
        let (decision, notes) = catch_unwind(AssertUnwindSafe(ask)).unwrap_or_else(|_| {
            count(&recorder.shared.rare.sampler_panics);
            (Decision::Drop, SamplingDetails::default())
        });
        recorder.shared.decisions.count(recorder.id, decision != Decision::Drop);
        (decision, notes)
    }
}

impl fmt::Debug for SpanBuilder<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SpanBuilder").field("name", &self.name()).field("kind", &self.kind).finish_non_exhaustive()
    }
}

#[cold]
fn stray_record(recorder: &Recorder) -> Box<Record> {
    count(&recorder.shared.retired.started);
    Record::new(&recorder.limits)
}

/// Called before the tags of the builder are set, which take precedence.
#[cold]
fn set_baggage_tags(record: &mut Record, recorder: &Recorder) {
    if !record.is_local_root() {
        return;
    }
    for name in &recorder.baggage_tags {
        let value = record.context.baggage_item(name).map(str::to_owned);
        if let Some(value) = value {
            record.set_tag(Text::Copied(name), Value::Str(&value));
        }
    }
}

/// Tags the root of a trace that a `jaeger-debug-id` requested, so that people can find it.
#[cold]
fn set_debug_id(record: &mut Record) {
    let id = record.context.jaeger().and_then(|state| state.debug_id.clone());
    if let Some(id) = id.filter(|_| !record.context.parent_id.is_valid()) {
        record.set_tag(Text::Static(JAEGER_DEBUG_ID), Value::from(&*id));
    }
}

#[cold]
fn set_tracestate(extra: &mut Option<Arc<Extra>>, tracestate: &TraceState) {
    let list = Some(tracestate.as_str()).filter(|list| !list.is_empty()).map(Into::into);
    if list.is_some() || extra.as_ref().is_some_and(|extra| extra.tracestate.is_some()) {
        Arc::make_mut(extra.get_or_insert_default()).tracestate = list;
    }
}

fn inherit_active(recorder: &Recorder) -> Option<Inherited> {
    let inherited = |top: &State| top.lent_context().map(|context| Inherited::of(&context, recorder));
    local::with(|local| local.with_top(recorder.id, inherited)).flatten().flatten()
}

/// Generates the trace id of a new trace, and sets its flags.
#[cold]
fn new_trace(recorder: &Recorder, meta: Meta) -> (TraceId, Meta) {
    let own = recorder.ids.as_ref().map(|ids| ids.trace_id()).filter(|id| id.is_valid());
    let id = own.unwrap_or_else(|| {
        let [high, low] = id_generator::random();
        TraceId::from_parts(high & recorder.high_mask, low)
    });
    (id, meta.with(recorder.root_marks, true))
}

#[cold]
fn own_span_id(ids: &dyn crate::recorder::id_generator::IdGenerator) -> u64 {
    let id = ids.span_id();
    if id.is_valid() { id.get() } else { id_generator::random::<1>()[0] }
}
