//! The details of a sampling decision.

use crate::model::value::Value;
use crate::propagation::TraceState;

/// The details of a sampling decision: the rule that decided, and the tracestate for other services.
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
}
