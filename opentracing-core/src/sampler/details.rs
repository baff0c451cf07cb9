//! The details of a sampling decision.

use std::sync::Arc;

use crate::model::context::Extra;
use crate::model::value::Value;
use crate::model::vendor::datadog::is_propagated_tag;
use crate::propagation::TraceState;

/// The details of a sampling decision: the rule that decided, and the tracestate and Datadog's tags for other services.
///
/// The rule becomes the tags `sampler.type` and `sampler.param` of the span that started the trace, and of no other span. Jaeger's
/// backend extrapolates the number of traces from these tags, and computes new rates for adaptive sampling.
///
/// ```
/// use opentracing_core::{ProbabilisticSampler, Sampler, SamplingDetails, SamplingParams};
/// use opentracing_core::{TraceId, Value};
///
/// let mut details = SamplingDetails::default();
/// let params = SamplingParams::root(TraceId::from_parts(0, 7), "GET /cart");
/// ProbabilisticSampler::new(0.5).decide_with_details(&params, &mut details);
/// assert_eq!(details.rule(), Some(("probabilistic", Value::F64(0.5))));
/// ```
#[derive(Clone, Debug, Default)]
pub struct SamplingDetails {
    rule: Option<(&'static str, Value<'static>)>,
    tracestate: Option<TraceState>,
    datadog_tags: Vec<(Box<str>, Box<str>)>,
}

impl SamplingDetails {
    /// Sets the type of the rule that decided, such as `probabilistic`, and its parameter. Replaces an earlier rule.
    pub fn set_rule(&mut self, sampler_type: &'static str, param: impl Into<Value<'static>>) {
        self.rule = Some((sampler_type, param.into()));
    }

    /// The type of the rule that decided and its parameter, if a sampler has set them.
    pub fn rule(&self) -> Option<(&'static str, Value<'static>)> {
        self.rule
    }

    /// Sets the span's tracestate, which replaces that of its parent. Copies baggage and vendor state of the context.
    pub fn set_tracestate(&mut self, tracestate: TraceState) {
        self.tracestate = Some(tracestate);
    }

    /// The span's tracestate, if a sampler has set it.
    pub fn tracestate(&self) -> Option<&TraceState> {
        self.tracestate.as_ref()
    }

    /// Adds a tag to those that Datadog propagates with a trace, such as `_dd.p.dm`, which names the reason of a decision. A tag that the
    /// parent has already is kept. Copies baggage and vendor state of the context.
    ///
    /// Ignores a key that does not begin with `_dd.p.`, and text that Datadog's headers cannot carry: whatever is not printable ASCII, a
    /// comma, or an equals sign in the key.
    pub fn add_datadog_tag(&mut self, key: &str, value: &str) {
        if is_propagated_tag(key, value) {
            self.datadog_tags.push((key.into(), value.into()));
        }
    }

    /// The tags for Datadog that samplers have added, in order.
    pub fn datadog_tags(&self) -> impl Iterator<Item = (&str, &str)> {
        self.datadog_tags.iter().map(|(key, value)| (&**key, &**value))
    }

    /// Sets the parts of the context that samplers may change.
    pub(crate) fn apply(&self, extra: &mut Option<Arc<Extra>>) {
        if let Some(tracestate) = &self.tracestate {
            let list = Some(tracestate.as_str()).filter(|list| !list.is_empty()).map(Into::into);
            if list.is_some() || extra.as_ref().is_some_and(|extra| extra.tracestate.is_some()) {
                Arc::make_mut(extra.get_or_insert_default()).tracestate = list;
            }
        }
        if !self.datadog_tags.is_empty() {
            let state = Arc::make_mut(extra.get_or_insert_default()).datadog.get_or_insert_default();
            self.datadog_tags().for_each(|(key, value)| state.add_tag(key, value));
        }
    }
}
