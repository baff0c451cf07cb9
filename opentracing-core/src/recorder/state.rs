//! The state of a span, and the operations on it.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use crate::clock::ticks::Ticks;
use crate::model::baggage::BaggageItem;
use crate::model::context::{Meta, Reference, Sampling, SpanContext};
use crate::model::kind::SpanKind;
use crate::model::value::{Text, Value};
use crate::record::record::{Record, Stamp};
use crate::recorder::ending::{End, finish_record, moment, note_panic, own_time};
use crate::recorder::local;
use crate::recorder::open::Seen;
use crate::recorder::port::Port;
use crate::recorder::recorder::Recorder;
use crate::recorder::shared::Shared;
use crate::sync::count;

pub(crate) const SAMPLING_PRIORITY: &str = "sampling.priority";

/// Exactly one place owns the record at any time: a `Span`, a slot of the active stack, or a `Shared`.
pub(crate) enum State {
    Noop,
    Recording(Box<Record>),
    Unsampled(Unsampled),
    Shared(Arc<Shared>),
    /// A shared span that another handle finishes. Dropping this one does not.
    Lent(Arc<Shared>),
    /// Only inside a `Shared`. The context stays readable; writes are counted.
    Finished(SpanContext),
}

/// A span that is not recorded. It can be propagated, and a late `sampling.priority` starts its recording.
pub(crate) struct Unsampled {
    pub(crate) context: SpanContext,
    pub(crate) name: &'static str,
}

impl State {
    #[inline]
    pub(crate) fn tracer(&self) -> u32 {
        match self {
            State::Recording(record) => record.context.meta.tracer(),
            State::Unsampled(unsampled) => unsampled.context.meta.tracer(),
            State::Shared(shared) | State::Lent(shared) => shared.tracer(),
            State::Finished(context) => context.meta.tracer(),
            State::Noop => 0,
        }
    }

    /// Moves the span out. Copies only the size of the variant, not that of the largest one.
    #[inline]
    pub(crate) fn take(&mut self) -> State {
        match self {
            State::Noop => State::Noop,
            State::Recording(_) => match std::mem::replace(self, State::Noop) {
                State::Recording(record) => State::Recording(record),
                other => other,
            },
            _ => std::mem::replace(self, State::Noop),
        }
    }

    /// The context, unless it has to be read under a lock.
    #[inline]
    pub(crate) fn context_in_place(&self) -> Option<&SpanContext> {
        match self {
            State::Recording(record) => Some(&record.context),
            State::Unsampled(unsampled) => Some(&unsampled.context),
            State::Shared(shared) | State::Lent(shared) => shared.context_in_place(),
            State::Noop | State::Finished(_) => None,
        }
    }

    #[inline]
    pub(crate) fn lent_context(&self) -> Option<Cow<'_, SpanContext>> {
        match self {
            State::Recording(record) => Some(Cow::Borrowed(&record.context)),
            State::Unsampled(unsampled) => Some(Cow::Borrowed(&unsampled.context)),
            State::Noop => None,
            State::Shared(shared) | State::Lent(shared) => shared.lent_context(),
            State::Finished(context) => Some(Cow::Borrowed(context)),
        }
    }

    pub(crate) fn context(&self) -> Option<SpanContext> {
        match self {
            State::Recording(record) => Some(record.context.clone()),
            State::Unsampled(unsampled) => Some(unsampled.context.clone()),
            State::Shared(shared) | State::Lent(shared) => shared.lent_context().map(Cow::into_owned),
            State::Finished(context) => Some(context.clone()),
            State::Noop => None,
        }
    }

    pub(crate) fn is_recording(&self) -> bool {
        match self {
            State::Recording(_) => true,
            State::Shared(shared) | State::Lent(shared) => shared.is_recording(),
            _ => false,
        }
    }

    pub(crate) fn elapsed(&self) -> Option<Duration> {
        match self {
            State::Recording(record) => record.elapsed(),
            State::Shared(shared) | State::Lent(shared) => shared.with(|state| state.elapsed()),
            _ => None,
        }
    }

    /// This moment, by the clock of the span.
    pub(crate) fn moment(&self) -> Option<Stamp> {
        match self {
            State::Recording(record) => Some(moment(record)),
            State::Shared(shared) | State::Lent(shared) => shared.with(|state| state.moment()),
            _ => None,
        }
    }

    pub(crate) fn is_named(&self, operation_name: &str) -> bool {
        match self {
            State::Recording(record) => record.name.resolve(&record.text) == operation_name,
            State::Shared(shared) | State::Lent(shared) => shared.with(|state| state.is_named(operation_name)),
            _ => false,
        }
    }

    /// Whether `set_tag` would do nothing with this key.
    #[inline(always)]
    pub(crate) fn ignores(&self, key: &str) -> bool {
        matches!(self, State::Noop | State::Unsampled(_)) && key != SAMPLING_PRIORITY
    }

    #[inline(always)]
    pub(crate) fn set_tag(&mut self, key: Text<'_>, value: Value<'_>) {
        match self {
            State::Recording(record) if key.as_str() != SAMPLING_PRIORITY => record.set_tag(key, value),
            _ => self.set_tag_slow(key, value),
        }
    }

    #[cold]
    #[inline(never)]
    fn set_tag_slow(&mut self, key: Text<'_>, value: Value<'_>) {
        if key.as_str() == SAMPLING_PRIORITY {
            self.set_priority(value.is_positive());
        }
        match self {
            State::Recording(record) => record.set_tag(key, value),
            State::Noop | State::Unsampled(_) => {}
            State::Shared(shared) | State::Lent(shared) => shared.with(|state| state.set_tag_slow(key, value)),
            State::Finished(context) => context.count_late_write(),
        }
    }

    #[inline]
    pub(crate) fn log<'k>(&mut self, at: Option<u64>, fields: &[(impl Into<Text<'k>> + Copy, Value<'_>)]) {
        match self {
            State::Recording(record) => {
                let at = match at {
                    Some(unix_ns) => {
                        record.set_log_wall();
                        Stamp::Wall(unix_ns)
                    }
                    None if record.has_own_clock() => own_time(&record.context),
                    None => Stamp::Ticks(Ticks::now()),
                };
                record.log(at, fields);
            }
            State::Noop | State::Unsampled(_) => {}
            State::Shared(shared) | State::Lent(shared) => shared.with(|state| state.log(at, fields)),
            State::Finished(context) => context.count_late_write(),
        }
    }

    pub(crate) fn set_operation_name(&mut self, name: Text<'_>) {
        match self {
            State::Recording(record) => {
                record.set_name(name);
                if record.is_listed() {
                    update_listed(record);
                }
            }
            State::Unsampled(unsampled) => {
                if let Text::Static(name) = name {
                    unsampled.name = name;
                }
            }
            State::Noop => {}
            State::Shared(shared) | State::Lent(shared) => shared.with(|state| state.set_operation_name(name)),
            State::Finished(context) => context.count_late_write(),
        }
    }

    pub(crate) fn set_kind(&mut self, kind: SpanKind) {
        match self {
            State::Recording(record) => {
                record.context.meta = record.context.meta.with_kind(kind);
                if record.is_listed() {
                    update_listed(record);
                }
            }
            State::Unsampled(unsampled) => unsampled.context.meta = unsampled.context.meta.with_kind(kind),
            State::Noop => {}
            State::Shared(shared) | State::Lent(shared) => shared.with(|state| state.set_kind(kind)),
            State::Finished(context) => context.count_late_write(),
        }
    }

    pub(crate) fn set_derived_peer_service(&mut self, name: Text<'_>) {
        match self {
            State::Recording(record) => {
                record.set_peer_service_derived();
                record.set_tag(Text::Static("peer.service"), Value::Str(name.as_str()));
            }
            State::Noop | State::Unsampled(_) => {}
            State::Shared(shared) | State::Lent(shared) => shared.with(|state| state.set_derived_peer_service(name)),
            State::Finished(context) => context.count_late_write(),
        }
    }

    pub(crate) fn set_baggage_item(&mut self, key: &str, value: &str) {
        match self {
            State::Recording(record) => record.context.set_baggage_within_limits(key, value),
            State::Unsampled(unsampled) => unsampled.context.set_baggage_within_limits(key, value),
            State::Noop => {}
            State::Shared(shared) | State::Lent(shared) => shared.with(|state| state.set_baggage_item(key, value)),
            State::Finished(context) => context.count_late_write(),
        }
    }

    pub(crate) fn add_reference(&mut self, reference: Reference) {
        match self {
            State::Recording(record) => record.add_late_reference(reference),
            State::Noop | State::Unsampled(_) => {}
            State::Shared(shared) | State::Lent(shared) => shared.with(|state| state.add_reference(reference)),
            State::Finished(context) => context.count_late_write(),
        }
    }

    /// Changes the sampling decision. Later children inherit it. A span that was not recorded is recorded from here on.
    #[cold]
    fn set_priority(&mut self, keep: bool) {
        match self {
            State::Recording(record) => {
                let sampling = if keep { Sampling::Debug } else { Sampling::NotSampled };
                if keep && record.is_for_figures() {
                    record.context.count_start();
                    record.context.meta = record.context.meta.with(Meta::RECORDING, true);
                }
                record.context.meta = record.context.meta.with_sampling(sampling).with(Meta::DEFERRED, false);
                if record.is_listed() {
                    update_listed(record);
                }
            }
            State::Unsampled(unsampled) if keep => {
                if let Some(record) = unsampled.begin_recording() {
                    *self = State::Recording(record);
                }
            }
            State::Noop | State::Unsampled(_) | State::Finished(_) | State::Shared(_) | State::Lent(_) => {}
        }
    }

    /// Marks a span that stands for nothing. It finishes next.
    pub(crate) fn mark_discarded(&mut self) {
        match self {
            State::Recording(record) => {
                record.mark_discarded();
                let meta = record.context.meta.with(Meta::DEFERRED, false);
                record.context.meta = meta.with_sampling(Sampling::NotSampled);
            }
            State::Shared(shared) | State::Lent(shared) => shared.with(State::mark_discarded),
            State::Noop | State::Unsampled(_) | State::Finished(_) => {}
        }
    }

    /// Notes that the span's future is pending. Only the first call has a cost.
    #[inline]
    pub(crate) fn wait(&mut self) {
        if let State::Recording(record) = self
            && record.begins_to_wait()
        {
            list(record, Seen::Pending);
        }
    }

    /// Called when a scope is left. Notes a panic.
    #[inline]
    pub(crate) fn leave(&mut self) {
        if std::thread::panicking() {
            self.leave_by_panic();
        }
    }

    #[cold]
    fn leave_by_panic(&mut self) {
        match self {
            State::Recording(record) => note_panic(record),
            State::Shared(shared) | State::Lent(shared) => shared.with(|state| state.leave_by_panic()),
            State::Noop | State::Unsampled(_) | State::Finished(_) => {}
        }
    }

    /// Called in a panic hook, where another panic would abort the process. Waits for no lock.
    #[cold]
    pub(crate) fn note_panic(&mut self, message: &str, place: &str) {
        match self {
            State::Recording(record) => {
                record.started_panicking = true;
                record.set_tag(Text::Static("error"), Value::Bool(true));
                let fields = [
                    ("event", Value::Static("error")),
                    ("error.kind", Value::Static("panic")),
                    ("message", Value::Message(message)),
                    ("place", Value::Str(place)),
                ];
                record.log(moment(record), &fields);
            }
            State::Shared(shared) | State::Lent(shared) => {
                shared.try_with(|state| state.note_panic(message, place));
            }
            State::Noop | State::Unsampled(_) | State::Finished(_) => {}
        }
    }

    /// Returns a shared handle. The first call moves the span behind it.
    #[cold]
    pub(crate) fn share(&mut self) -> Option<Arc<Shared>> {
        match self {
            State::Shared(shared) | State::Lent(shared) => Some(shared.clone()),
            State::Noop => None,
            _ => {
                if let State::Recording(record) = self {
                    list(record, Seen::Shared);
                }
                let shared = local::share(self.take());
                *self = State::Shared(shared.clone());
                Some(shared)
            }
        }
    }

    /// Finishes at a moment that was noted earlier. Later logs are moved there.
    #[cfg(feature = "http")]
    pub(crate) fn finish_at(mut self, moment: Stamp) {
        match &mut self {
            State::Recording(record) => record.limit_logs(moment),
            State::Shared(shared) => shared.with(|state| state.limit_logs(moment)),
            _ => {}
        }
        self.finish(moment.into());
    }

    #[cfg(feature = "http")]
    fn limit_logs(&mut self, moment: Stamp) {
        if let State::Recording(record) = self {
            record.limit_logs(moment);
        }
    }

    #[inline]
    pub(crate) fn finish(self, end: End) {
        match self {
            State::Recording(record) => finish_record(record, end),
            State::Shared(shared) => shared.finish(end),
            State::Noop | State::Unsampled(_) | State::Lent(_) | State::Finished(_) => {}
        }
    }
}

#[cold]
pub(crate) fn finish_other(state: &mut State) {
    state.take().finish(End::Now);
}

/// Lists an open span, on an occasion that is slow anyway.
#[cold]
fn list(record: &mut Record, seen: Seen) {
    if let Some(recorder) = Recorder::find(record.context.meta.tracer()) {
        recorder.shared.open.list(record, &recorder, seen);
    }
}

#[cold]
fn update_listed(record: &Record) {
    if let Some(recorder) = Recorder::find(record.context.meta.tracer()) {
        recorder.shared.open.update(record);
    }
}

impl Unsampled {
    fn begin_recording(&self) -> Option<Box<Record>> {
        let recorder = Recorder::find(self.context.meta.tracer()).filter(|recorder| !recorder.forwards)?;
        let now = Ticks::now();
        let take = |port: &mut Port| port.take(now).unwrap_or_else(|| port.take_slow(now).0);
        let mut record = local::with(|local| local.port(&recorder, take))??;
        record.reset();
        let meta = self.context.meta.with_sampling(Sampling::Debug).with(Meta::RECORDING, true);
        record.context = SpanContext { meta, ..self.context.clone() };
        record.started_panicking = std::thread::panicking();
        record.set_name(Text::Static(self.name));
        record.start = Ticks::now();
        if recorder.has_own_clock() {
            record.set_own_clock();
            record.set_start(recorder.now());
        }
        Some(record)
    }
}

impl SpanContext {
    #[cold]
    pub(crate) fn count_late_write(&self) {
        if let Some(recorder) = Recorder::find(self.meta.tracer()) {
            count(&recorder.shared.rare.write_after_finish);
        }
    }

    /// Counts the start of a span that so far was only kept for the RED figures.
    #[cold]
    fn count_start(&self) {
        if let Some(recorder) = Recorder::find(self.meta.tracer()) {
            count(&recorder.shared.retired.started);
        }
    }

    fn set_baggage_within_limits(&mut self, key: &str, value: &str) {
        let Some(recorder) = Recorder::find(self.meta.tracer()) else { return };
        let (items, bytes) = (recorder.limits.baggage_items.into(), recorder.limits.baggage_bytes as usize);
        if !self.extra_mut().baggage.set_within(BaggageItem::new(key, value), items, bytes) {
            count(&recorder.shared.rare.baggage_dropped);
        }
    }
}
