//! What a sampler says beside its decision.

use crate::model::value::Value;
use crate::propagation::TraceState;

/// What a sampler says beside its decision: which rule has decided, and what other services are told of it.
///
/// The rule becomes the tags `sampler.type` and `sampler.param` of the span that was decided about, and of no other: by them Jaeger's
/// backend reckons how many traces there really were, and finds new rates for adaptive sampling.
#[derive(Clone, Debug, Default)]
pub struct SamplingDetails {
    rule: Option<(&'static str, Value<'static>)>,
    tracestate: Option<TraceState>,
}

impl SamplingDetails {
    /// The kind of rule that has decided, `probabilistic` for example, and its parameter. The last one said counts.
    pub fn set_rule(&mut self, sampler_type: &'static str, param: impl Into<Value<'static>>) {
        self.rule = Some((sampler_type, param.into()));
    }

    /// The kind of rule that has decided and its parameter, if a sampler has said so.
    pub fn rule(&self) -> Option<(&'static str, Value<'static>)> {
        self.rule
    }

    /// The span's tracestate, in the place of the one that it has from its parent. Costs a copy of what the context carries.
    pub fn set_tracestate(&mut self, tracestate: TraceState) {
        self.tracestate = Some(tracestate);
    }

    /// The span's tracestate, if a sampler has changed it.
    pub fn tracestate(&self) -> Option<&TraceState> {
        self.tracestate.as_ref()
    }
}
