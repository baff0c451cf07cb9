//! How a span starts: its context, its sampling decision and its record.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::clock::ticks::Ticks;
use crate::clock::wall::unix_ns;
use crate::model::context::{Extra, Meta, Reference, ReferenceKind, Sampling, SpanContext};
use crate::model::ids::{SpanId, TraceId};
use crate::model::kind::SpanKind;
use crate::model::value::{Text, Value};
use crate::propagation::JAEGER_DEBUG_ID;
use crate::record::record::Record;
#[cfg(feature = "tokio")]
use crate::recorder::current;
use crate::recorder::id_generator;
use crate::recorder::inherited::{Inherited, preferred_parent, preferred_reference};
use crate::recorder::local::{self, Local};
use crate::recorder::open::Seen;
use crate::recorder::plan::Plan;
use crate::recorder::port::Port;
use crate::recorder::recorder::Recorder;
use crate::recorder::state::{State, Unsampled};
use crate::sampler::{Decision, SamplingDetails, SamplingParams};
use crate::span::builder::{Parent, ParentPlace, References, SpanBuilder};
use crate::span::span::Span;
use crate::sync::count;

impl SpanBuilder<'_> {
    /// The fast path, for roots with a constant sampler, and for children of spans of this tracer and of most that came in. It makes no
    /// decision and handles few settings.
    #[inline(never)]
    pub(super) fn start_with(&mut self, recorder: &Arc<Recorder>) -> Span {
        let plan = match self.parent {
            _ if self.special || !recorder.is_plain => None,
            Parent::ChildOf(parent) => match Plan::child(parent, self.kind, recorder) {
                None => Plan::remote(parent, self.kind, recorder),
                child => child,
            },
            Parent::None => {
                let child =
                    |top: &State| top.context_in_place().and_then(|parent| Plan::child(parent, self.kind, recorder));
                let below = |local: &Local| if self.ignore_active { None } else { local.with_top(recorder.id, child) };
                match local::with(below).flatten() {
                    Some(plan) => plan,
                    #[cfg(feature = "tokio")]
                    None if current::is_in_use() && !self.ignore_active => match current::parent(recorder.id) {
                        Some(message) => Plan::child(&message, self.kind, recorder),
                        None => Plan::root(self.kind, recorder),
                    },
                    None => Plan::root(self.kind, recorder),
                }
            }
            Parent::FollowsFrom(_) | Parent::Owned => None,
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
        let now = Ticks::now();
        let (high, low) = (trace_id.high(), trace_id.low());
        match local::with(|local| local.port(recorder, |port| port.take(now))).flatten().flatten() {
            Some(record) => Ok(self.fill(record, now, high, low, span_id, parent_id, meta, extra)),
            None => Ok(self.begin_slow(recorder, high, low, span_id, parent_id, meta, extra)),
        }
    }

    /// Takes a record from the stock, or makes one, and lists the span as open if it is its turn.
    #[cold]
    #[inline(never)]
    #[expect(clippy::too_many_arguments, reason = "the fast path would have to write a struct to memory for this call")]
    fn begin_slow(
        &self,
        recorder: &Arc<Recorder>,
        high: u64,
        low: u64,
        span_id: SpanId,
        parent_id: SpanId,
        meta: Meta,
        extra: Option<Arc<Extra>>,
    ) -> Box<Record> {
        let take = |port: &mut Port| port.take_slow(Ticks::now());
        // There is no pool while the thread-locals are being destroyed.
        let taken = local::with(|local| local.port(recorder, take)).flatten();
        let (record, is_listed) = taken.unwrap_or_else(|| (stray_record(recorder), true));
        let mut record = self.fill(record, Ticks::now(), high, low, span_id, parent_id, meta, extra);
        if is_listed {
            recorder.shared.open.list(&mut record, recorder, Seen::Started);
            local::with(|local| local.list_active(recorder));
        }
        record
    }

    #[inline(always)]
    #[expect(clippy::too_many_arguments, reason = "values that stay in registers")]
    fn fill(
        &self,
        mut record: Box<Record>,
        now: Ticks,
        high: u64,
        low: u64,
        span_id: SpanId,
        parent_id: SpanId,
        meta: Meta,
        extra: Option<Arc<Extra>>,
    ) -> Box<Record> {
        record.start = now;
        record.reset();
        // Written word by word. A separately built context would be read in wider pieces than it was written, which stalls the processor.
        record.context.trace_id = TraceId::from_parts(high, low);
        record.context.span_id = span_id;
        record.context.parent_id = parent_id;
        record.context.meta = meta;
        record.context.extra = extra;
        record.started_panicking = std::thread::panicking();
        match self.name {
            Text::Static(name) => record.set_name(Text::Static(name)),
            Text::Copied(_) => record.set_name(self.name()),
        }
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
        let now = Ticks::now();
        let record = local::with(|local| local.port(recorder, |port| port.take_for_figures(now))).flatten();
        let mut record = record.unwrap_or_else(|| Record::new(&recorder.limits));
        record.start = now;
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
        if let Some((context, parent)) = self.take_imported() {
            return self.import(context, parent, recorder);
        }
        if recorder.ids.is_some() {
            id_generator::notice_fork();
        }
        let parent = match self.references() {
            _ if self.new_trace => None,
            References::ChildOf(parent) | References::FollowsFrom(parent) => Some(Inherited::of(parent, recorder)),
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
            notes.apply(&mut parent.extra);
        }
        let decision = decision.unwrap_or(Decision::Drop);
        let debug =
            self.priority == Some(true) || (parent.meta.sampling() == Sampling::Debug && self.priority.is_none());
        let (sampling, recording) = Meta::of_decision(decision, debug, recorder.deferred_as_sampled);
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
        if self.new_trace || matches!(self.references(), References::FollowsFrom(_) | References::Several(_)) {
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

    /// A span of another tracer keeps its context.
    #[cold]
    #[inline(never)]
    fn import(&self, context: SpanContext, parent: ParentPlace, recorder: &Arc<Recorder>) -> Span {
        let is_root = parent == ParentPlace::OtherProcess || !context.parent_id.is_valid();
        let flags = Meta::RECORDING | if is_root { Meta::LOCAL_ROOT } else { 0 };
        let plan = Plan {
            trace_id: context.trace_id,
            span_id: context.span_id,
            parent_id: context.parent_id,
            meta: context.meta.child(context.sampling(), flags, self.kind, recorder.id),
            extra: context.extra,
        };
        let mut record = match self.begin(plan, recorder) {
            Ok(record) => record,
            Err(unsampled) => return self.unrecorded(unsampled, recorder),
        };
        self.set_own_start(&mut record, recorder);
        self.add_tags(&mut record);
        Span::new(State::Recording(record))
    }

    /// A span of a disabled tracer carries the context of its parent on. Without a parent there is nothing to carry.
    #[cold]
    #[inline(never)]
    fn forward(&self, recorder: &Recorder) -> Span {
        let parent = match self.references() {
            _ if self.new_trace => None,
            References::ChildOf(parent) | References::FollowsFrom(parent) => Some(parent.clone()),
            References::None if self.ignore_active => None,
            References::None => {
                let active = local::with(|local| local.with_top(recorder.id, State::context)).flatten().flatten();
                active.or_else(|| current_message(recorder))
            }
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
        let one = |kind: ReferenceKind, context: &SpanContext| Reference { kind, context: context.clone() };
        match self.references() {
            References::None => {}
            References::ChildOf(context) => record.add_reference(one(ReferenceKind::ChildOf, context)),
            References::FollowsFrom(context) => record.add_reference(one(ReferenceKind::FollowsFrom, context)),
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
            References::ChildOf(context) | References::FollowsFrom(context) => Some(context),
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

fn inherit_active(recorder: &Recorder) -> Option<Inherited> {
    let inherited = |top: &State| top.lent_context().map(|context| Inherited::of(&context, recorder));
    let active = local::with(|local| local.with_top(recorder.id, inherited)).flatten().flatten();
    active.or_else(|| current_message(recorder).map(|context| Inherited::of(&context, recorder)))
}

/// The message that this task or thread handles.
#[inline]
fn current_message(recorder: &Recorder) -> Option<SpanContext> {
    #[cfg(feature = "tokio")]
    return if current::is_in_use() { current::parent(recorder.id) } else { None };
    #[cfg(not(feature = "tokio"))]
    return {
        let _ = recorder;
        None
    };
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
