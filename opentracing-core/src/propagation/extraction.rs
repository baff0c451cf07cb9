//! Collects the results of the formats of a reading list.

use std::borrow::Cow;

use crate::model::baggage::BaggageItem;
use crate::model::context::{Meta, Sampling, SpanContext};
use crate::model::ids::TraceId;
use crate::model::vendor::datadog::DatadogState;
use crate::model::vendor::instana::InstanaState;
use crate::model::vendor::jaeger::JaegerState;
use crate::propagation::error::ExtractError;
use crate::propagation::formats::datadog::MEMBER;
use crate::propagation::formats::tracestate::ReadList;
use crate::propagation::formats::{tracestate, w3c_baggage};
use crate::propagation::medium::Medium;

/// Collects the results of the formats of a reading list, and decides which are used:
///
/// - The first context with valid ids wins. Later ones matter only if they belong to the same trace.
/// - A decision without ids applies if it comes before the winner, if the winner has none, or if there is no winner.
/// - A winner without a decision takes that of a later format with the same trace id. The exception is a negative decision of a format that
///   cannot express an undecided trace, such as a clear flag of `traceparent`. A 64-bit winner takes the upper half of a later trace id with
///   the same lower half.
/// - A trace id without a span id, as load balancers send it, sets the trace id of the new trace if there is no winner. So does its decision.
/// - `tracestate` is kept only with a `traceparent` of the winner's trace. Instana's own ids are an exception: they win over a
///   `traceparent` of another trace, which is still passed on.
/// - Baggage is merged item by item. Items of earlier formats win.
#[derive(Debug)]
pub struct Extraction {
    medium: Medium,
    max_baggage_items: usize,
    max_baggage_bytes: usize,
    /// The winner. Before there is one, a decision and state without ids.
    context: SpanContext,
    winner: Winner,
    /// A trace id and decision without a span id.
    trace_only: Option<(TraceId, Sampling)>,
    /// Whether the list has Datadog's format, so that its member of `tracestate` is read as well.
    datadog: bool,
    datadog_state: Option<(TraceId, DatadogState)>,
    xray_fields: Option<(TraceId, Box<str>)>,
    /// Whether the list has Instana's format, so that its rules apply to the others.
    instana: bool,
    tracestate_members: usize,
    tracestate_has_instana: bool,
    /// The number of baggage items from earlier formats.
    earlier_items: usize,
    malformed: u32,
    baggage_dropped: u32,
    /// The bit of the current format, by its position in the list.
    format: u64,
    /// The bits of the formats with a malformed field, and of those with a context of another trace than the winner's.
    malformed_formats: u64,
    ignored_formats: u64,
    error: Option<ExtractError>,
    /// The first malformed field that invalidated ids, and the reason.
    void: Option<(&'static str, Cow<'static, str>)>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Winner {
    None,
    Traceparent,
    Instana,
    Datadog,
    /// A format that cannot express an undecided trace.
    YesOrNo,
    Other,
}

impl Extraction {
    pub(crate) fn new(medium: Medium, max_baggage_items: usize, max_baggage_bytes: usize) -> Self {
        Extraction {
            medium,
            max_baggage_items,
            max_baggage_bytes,
            context: SpanContext::EMPTY,
            winner: Winner::None,
            trace_only: None,
            datadog: false,
            datadog_state: None,
            xray_fields: None,
            instana: false,
            tracestate_members: 0,
            tracestate_has_instana: false,
            earlier_items: 0,
            malformed: 0,
            baggage_dropped: 0,
            format: 1 << 63,
            malformed_formats: 0,
            ignored_formats: 0,
            error: None,
            void: None,
        }
    }

    /// The kind of the carrier.
    pub fn medium(&self) -> Medium {
        self.medium
    }

    /// The maximum number of baggage items to read.
    pub fn max_baggage_items(&self) -> usize {
        self.max_baggage_items
    }

    /// The maximum size of the baggage to read, in bytes.
    pub fn max_baggage_bytes(&self) -> usize {
        self.max_baggage_bytes
    }

    /// Whether another context or decision could still matter. If not, a format that has nothing else need not be read.
    pub fn is_open(&self) -> bool {
        let is_whole = self.context.trace_id.high() != 0;
        self.winner == Winner::None || !is_whole || self.context.sampling() == Sampling::Undecided
    }

    /// Adds a context with its ids, decision and flags. Without a span id, its trace id and decision are used if there is no other context.
    /// Without ids, only its decision is used.
    pub fn add_context(&mut self, context: &SpanContext) {
        self.add_context_as(Winner::Other, context);
    }

    /// Adds a context of Jaeger. Returns whether it belongs to the winner's trace.
    pub(crate) fn add_jaeger(&mut self, context: &SpanContext) -> bool {
        self.add_yes_or_no(context);
        context.is_valid() && is_same_trace(self.context.trace_id, context.trace_id)
    }

    /// Adds a context of a format that cannot express an undecided trace.
    pub(crate) fn add_yes_or_no(&mut self, context: &SpanContext) {
        self.add_context_as(Winner::YesOrNo, context);
    }

    fn add_context_as(&mut self, winner: Winner, context: &SpanContext) {
        if context.trace_id.is_valid() && !context.span_id.is_valid() {
            self.trace_only.get_or_insert((context.trace_id, context.sampling()));
        } else if !context.is_valid() {
            self.add_sampling(context.sampling());
        } else if self.winner == Winner::None {
            self.winner = winner;
            let decided = self.context.sampling();
            self.context.trace_id = context.trace_id;
            self.context.span_id = context.span_id;
            self.context.parent_id = context.parent_id;
            self.context.meta = Meta::NONE
                .with(Meta::RANDOM, context.is_random())
                .with(Meta::SHORT, context.is_64_bit())
                .with(Meta::TRACEPARENT, winner == Winner::Traceparent)
                .with_sampling(if decided == Sampling::Undecided { context.sampling() } else { decided });
        } else if is_same_trace(self.context.trace_id, context.trace_id) {
            let cannot_defer = matches!(winner, Winner::Traceparent | Winner::YesOrNo);
            if !cannot_defer || context.sampling() != Sampling::NotSampled {
                self.add_sampling(context.sampling());
            }
            if self.context.trace_id.high() == 0 {
                self.context.trace_id = context.trace_id;
            }
        } else {
            self.ignored_formats |= self.format;
        }
    }

    /// Adds a decision without ids.
    pub fn add_sampling(&mut self, sampling: Sampling) {
        if self.context.sampling() == Sampling::Undecided {
            self.context.meta = self.context.meta.with_sampling(sampling);
        }
    }

    /// Adds a baggage item. Returns `false` if it was not used, because an earlier format has an item of that name, or because of a limit.
    /// Within a format, the last item of a name is used.
    pub fn add_baggage(&mut self, item: BaggageItem) -> bool {
        let earlier = self.context.baggage_items().iter().take(self.earlier_items);
        let taken = earlier.map(BaggageItem::key).any(|key| key == item.key());
        if taken {
            return false;
        }
        let fits = self.context.extra_mut().baggage.set_within(item, self.max_baggage_items, self.max_baggage_bytes);
        self.baggage_dropped += u32::from(!fits);
        fits
    }

    pub(crate) fn is_full_of_baggage(&self) -> bool {
        self.context.baggage_items().len() >= self.max_baggage_items
    }

    /// Counts a baggage item that was not read because of a limit.
    pub fn count_dropped_baggage(&mut self) {
        self.baggage_dropped += 1;
    }

    /// Adds the decision of a context whose ids are malformed. Returns the error.
    pub(crate) fn keep_sampling(&mut self, sampling: Sampling, error: ExtractError) -> ExtractError {
        self.add_sampling(sampling);
        error
    }

    /// Adds the error of a malformed field, which is treated as absent.
    pub fn add_malformed(&mut self, error: ExtractError) {
        self.malformed += 1;
        self.malformed_formats |= self.format;
        if let ExtractError::SpanContextCorrupted { field, reason } = &error
            && !w3c_baggage::is_field(field)
        {
            self.void.get_or_insert_with(|| (*field, reason.clone()));
        }
        self.error.get_or_insert(error);
    }

    /// Called before each format of the list.
    pub(crate) fn begin_format(&mut self) {
        self.earlier_items = self.context.baggage_items().len();
        self.format = self.format.rotate_left(1);
    }

    /// Adds the context of `traceparent`. Returns whether its `tracestate` should be read.
    pub(crate) fn add_traceparent(&mut self, context: &SpanContext) -> bool {
        self.add_context_as(Winner::Traceparent, context);
        let same_trace = is_same_trace(self.context.trace_id, context.trace_id);
        if self.winner == Winner::Datadog && same_trace {
            self.context.span_id = context.span_id;
        }
        match self.winner {
            Winner::Instana if self.context.trace_id != context.trace_id => {
                self.keep_foreign(context.trace_id, context.is_random());
                self.ignored_formats &= !self.format;
                true
            }
            // Only `traceparent` has a flag for random ids.
            _ if same_trace => {
                self.context.meta = self.context.meta.with(Meta::RANDOM, context.is_random());
                true
            }
            _ => false,
        }
    }

    /// Keeps a trace id that is not the parent's, but is passed on in `traceparent`.
    pub(crate) fn keep_foreign(&mut self, trace_id: TraceId, random: bool) {
        let state = self.instana_state();
        state.foreign_trace_id = Some(trace_id);
        state.foreign_random = random;
    }

    pub(crate) fn set_tracestate(&mut self, list: ReadList) {
        self.tracestate_members = list.members;
        self.tracestate_has_instana = list.has_instana;
        self.context.extra_mut().tracestate = Some(list.text.into_boxed_str()).filter(|list| !list.is_empty());
    }

    pub(crate) fn read_instana(&mut self) {
        self.instana = true;
    }

    /// Adds the context of Instana's own headers.
    pub(crate) fn add_instana(&mut self, context: &SpanContext) {
        self.add_context_as(Winner::Instana, context);
    }

    pub(crate) fn instana_state(&mut self) -> &mut InstanaState {
        self.context.extra_mut().instana.get_or_insert_default()
    }

    pub(crate) fn read_datadog(&mut self) {
        self.datadog = true;
    }

    /// Adds the context of Datadog's own headers.
    pub(crate) fn add_datadog(&mut self, context: &SpanContext, state: DatadogState) {
        self.add_context_as(Winner::Datadog, context);
        self.datadog_state = Some((context.trace_id, state));
    }

    /// Adds the context of X-Ray's header, and its fields to pass on.
    pub(crate) fn add_xray(&mut self, context: &SpanContext, fields: String) {
        self.add_context_as(Winner::Other, context);
        if !fields.is_empty() {
            self.xray_fields = Some((context.trace_id, fields.into()));
        }
    }

    pub(crate) fn jaeger_state(&mut self) -> &mut JaegerState {
        self.context.extra_mut().jaeger.get_or_insert_default()
    }

    /// The number of malformed fields.
    pub(crate) fn malformed(&self) -> u32 {
        self.malformed
    }

    /// The formats with a malformed field, and those with a context of another trace than the winner's, as bits by position in the list.
    pub(crate) fn unused_formats(&self) -> (u64, u64) {
        (self.malformed_formats, self.ignored_formats)
    }

    /// The header and the reason, if a malformed header makes this process start a new trace.
    pub(crate) fn take_restart(&mut self) -> Option<(&'static str, Cow<'static, str>)> {
        self.void.take().filter(|_| self.winner == Winner::None && self.trace_only.is_none())
    }

    pub(crate) fn baggage_dropped(&self) -> u32 {
        self.baggage_dropped
    }

    /// Returns the context. Returns the first error if there is none.
    pub(crate) fn finish(mut self) -> Result<Option<SpanContext>, ExtractError> {
        if !self.instana && self.tracestate_members > tracestate::MAX_MEMBERS {
            self.context.extra_mut().tracestate = None;
        }
        if self.instana && self.winner == Winner::Traceparent && self.tracestate_has_instana {
            let ancestor = self.context.tracestate().and_then(crate::propagation::formats::instana::ancestor);
            if ancestor.is_some() {
                self.instana_state().ancestor = ancestor;
            }
        }
        if self.winner == Winner::None
            && let Some((trace_id, sampling)) = self.trace_only
        {
            self.context.trace_id = trace_id;
            self.add_sampling(sampling);
        }
        if self.datadog {
            self.settle_datadog();
        }
        if let Some((trace_id, fields)) = self.xray_fields.take()
            && is_same_trace(self.context.trace_id, trace_id)
        {
            self.context.extra_mut().xray = Some(fields);
        }
        if self.winner != Winner::None && self.context.extra.as_ref().is_some_and(|extra| extra.jaeger.is_some()) {
            self.jaeger_state().debug_id = None;
        }
        let found = self.winner != Winner::None
            || self.context.trace_id.is_valid()
            || self.context.sampling() != Sampling::Undecided
            || self.context.extra.as_ref().is_some_and(|extra| !extra.is_empty());
        match self.error {
            Some(error) if !found => Err(error),
            _ => Ok(Some(self.context).filter(|_| found)),
        }
    }

    /// Takes Datadog's state from its headers, or from the member of `tracestate` if there are no headers of this trace. Unknown parts always come
    /// from the member.
    fn settle_datadog(&mut self) {
        let state = self.datadog_state.take().filter(|(trace_id, _)| is_same_trace(self.context.trace_id, *trace_id));
        let member = self.context.tracestate().and_then(|list| tracestate::value_of(list, MEMBER));
        let member = member.map(|member| DatadogState::from_member(member, self.context.is_sampled()));
        let state = match (state, member) {
            (Some((_, state)), Some(member)) => Some(DatadogState { others: member.others, ..state }),
            (Some((_, state)), None) => Some(state),
            (None, member) => member,
        };
        if let Some(state) = state.filter(|state| !state.is_empty()) {
            self.context.extra_mut().datadog = Some(state);
        }
    }
}

/// Compares 128 bits, or the lower 64 if one of the ids is a 64-bit id.
fn is_same_trace(a: TraceId, b: TraceId) -> bool {
    a == b || a.low() == b.low() && a.low() != 0 && (a.high() == 0 || b.high() == 0)
}
