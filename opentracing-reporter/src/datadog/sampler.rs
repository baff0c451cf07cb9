//! Datadog's sampling by the trace id.

use std::sync::Arc;

use opentracing_core::{Decision, Sampler, SamplerStats, SamplingDetails, SamplingParams};

use super::encoding::{BY_DEFAULT, DECISION_MAKER};
use super::rates::AgentRates;

/// Samples by Datadog's rule: by the rate that the agent asks for, or by one of your own. Services that use it, or one of Datadog's
/// tracers, make the same decision about a trace at the same rate.
///
/// The agent answers each request of [`Datadog`](crate::Datadog) with a rate for the service and its environment, so that it receives about
/// ten traces per second from all services together. Give a clone of the sampler to the transport, which updates it. Until the first answer
/// all traces are kept.
///
/// ```
/// use opentracing_core::Tracer;
/// use opentracing_reporter::{BatchReporter, Datadog, DatadogSampler};
///
/// let sampler = DatadogSampler::new();
/// let reporter = BatchReporter::new(Datadog::new().sampler(&sampler));
/// let (tracer, _guard) = reporter.start(Tracer::builder("shop").sampler(sampler))?;
/// # drop(tracer);
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// Like Datadog's tracers, it records how it decided:
///
/// | decision | `_dd.p.dm` | rate |
/// |---|---|---|
/// | before the agent's first answer | `-0` | |
/// | by the agent's rate | `-1` | `_dd.agent_psr` |
/// | by your rate | `-3` | `_dd.rule_psr` |
/// | by the tag `sampling.priority` | `-4` | |
///
/// `_dd.p.dm`, and the rate as `_dd.p.ksr`, go on to called services in Datadog's headers. The rates are on the span that started the
/// trace, in other backends as the tags `sampler.type` and `sampler.param`.
///
/// Unlike Datadog's tracers, dropped traces are not recorded, so they are not in the agent's trace metrics. The agent only learns their
/// number, which it needs to compute the rate.
///
/// A decision takes no lock. A kept trace allocates for the tags that go on.
#[derive(Clone, Debug, Default)]
pub struct DatadogSampler {
    pub(super) rates: Arc<AgentRates>,
    rate: Option<f64>,
}

impl DatadogSampler {
    /// Creates a sampler that uses the rate of the agent.
    #[must_use]
    pub fn new() -> Self {
        DatadogSampler::default()
    }

    /// Creates a sampler that keeps this fraction of the traces, 0 to 1, whatever the agent asks for (`DD_TRACE_SAMPLE_RATE`). Rates outside
    /// of the range are clamped, and NaN counts as 0. Unlike Datadog's tracers, it has no additional limit of 100 traces per second.
    #[must_use]
    pub fn with_rate(rate: f64) -> Self {
        let rate = if rate.is_nan() { 0.0 } else { rate.clamp(0.0, 1.0) };
        DatadogSampler { rate: Some(rate), ..DatadogSampler::default() }
    }

    /// The current rate: your own, else the agent's. `None` before the agent's first answer.
    #[must_use]
    pub fn rate(&self) -> Option<f64> {
        self.rate.or_else(|| self.rates.rate())
    }
}

impl Sampler for DatadogSampler {
    fn decide(&self, params: &SamplingParams<'_>) -> Decision {
        if self.rate().is_none_or(|rate| is_kept(params.trace_id.low(), rate)) {
            Decision::RecordAndSample
        } else {
            self.rates.count_dropped();
            Decision::Drop
        }
    }

    fn decide_with_details(&self, params: &SamplingParams<'_>, details: &mut SamplingDetails) -> Decision {
        let (reason, rule, rate) = match (self.rate, self.rates.rate()) {
            (Some(rate), _) => ("-3", USER_RULE, Some(rate)),
            (None, Some(rate)) => ("-1", AGENT_RULE, Some(rate)),
            (None, None) => (BY_DEFAULT, AGENT_RULE, None),
        };
        if rate.is_some_and(|rate| !is_kept(params.trace_id.low(), rate)) {
            self.rates.count_dropped();
            return Decision::Drop;
        }
        details.add_datadog_tag(DECISION_MAKER, reason);
        if let Some(rate) = rate {
            details.set_rule(rule, rate);
            details.add_datadog_tag("_dd.p.ksr", &format_rate(rate));
        }
        Decision::RecordAndSample
    }

    /// Counts the answers of the agent.
    fn stats(&self) -> SamplerStats {
        let (updates, invalid) = self.rates.answers();
        let mut stats = SamplerStats::default();
        (stats.queries_ok, stats.updates_ok, stats.updates_failed) = (updates + invalid, updates, invalid);
        stats
    }
}

/// The type of the rule in `sampler.type`.
pub(super) const AGENT_RULE: &str = "datadog.agent";
pub(super) const USER_RULE: &str = "datadog.rule";

/// Multiplies the lower half of the trace id by a number that spreads ids over the whole range, and compares the result with the rate.
fn is_kept(trace_id: u64, rate: f64) -> bool {
    const FACTOR: u64 = 1_111_111_111_111_111_111;
    rate >= 1.0 || trace_id.wrapping_mul(FACTOR) < (rate * u64::MAX as f64) as u64
}

/// Up to six decimal places, without zeros at the end.
fn format_rate(rate: f64) -> String {
    let text = format!("{rate:.6}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
