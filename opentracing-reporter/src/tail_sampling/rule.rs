//! The rules that users write.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use opentracing_core::{FinishedSpan, Rule, SamplingThreshold, Value, tags};

/// What [`TailSampling`](super::TailSampling) does with traces that have a certain span.
///
/// A rule applies to a trace if one of its spans meets all conditions. The rules are tried in the order in which they were added, before
/// everything else, and the first one that applies decides.
///
/// ```
/// use std::time::Duration;
///
/// use opentracing_core::Rule;
/// use opentracing_reporter::TailRule;
///
/// let rules = [
///     TailRule::drop("health", Rule::new().operation("GET /health*")),
///     TailRule::keep("denied", Rule::new()).statuses(401..=403),
///     TailRule::keep("slow-search", Rule::new().operation("GET /search")).at_least(Duration::from_millis(300)),
///     TailRule::share("tests", Rule::new().tag_value("tenant", "test"), 0.01),
/// ];
/// # drop(rules);
/// ```
#[derive(Clone, Debug)]
#[must_use = "a rule does nothing until it is given to `TailSampling`"]
pub struct TailRule {
    pub(super) name: Arc<str>,
    pub(super) threshold: Option<SamplingThreshold>,
    conditions: Rule,
    statuses: Option<RangeInclusive<u16>>,
    at_least: Option<Duration>,
    failed: bool,
    local_root: bool,
}

impl TailRule {
    /// Keeps the traces with a span that meets the conditions. The name becomes the tag `sampling.rule`.
    pub fn keep(name: impl Into<Arc<str>>, conditions: Rule) -> Self {
        Self::new(name.into(), Some(SamplingThreshold::KEEP_ALL), conditions)
    }

    /// Drops the traces with a span that meets the conditions, also if they failed or were slow.
    pub fn drop(name: impl Into<Arc<str>>, conditions: Rule) -> Self {
        Self::new(name.into(), None, conditions)
    }

    /// Keeps a share of the traces with a span that meets the conditions, 0 to 1, and drops the others.
    pub fn share(name: impl Into<Arc<str>>, conditions: Rule, share: f64) -> Self {
        Self::new(name.into(), Some(SamplingThreshold::new(share)), conditions)
    }

    fn new(name: Arc<str>, threshold: Option<SamplingThreshold>, conditions: Rule) -> Self {
        TailRule { name, threshold, conditions, statuses: None, at_least: None, failed: false, local_root: false }
    }

    /// Also requires an HTTP status code in this range.
    pub fn statuses(mut self, statuses: RangeInclusive<u16>) -> Self {
        self.statuses = Some(statuses);
        self
    }

    /// Also requires that the span lasted at least this long.
    pub fn at_least(mut self, duration: Duration) -> Self {
        self.at_least = Some(duration);
        self
    }

    /// Also requires that the span failed: its tag `error` is true.
    pub fn failed(mut self) -> Self {
        self.failed = true;
        self
    }

    /// Also requires that the span has no parent in this process.
    pub fn local_root(mut self) -> Self {
        self.local_root = true;
        self
    }

    pub(super) fn applies_to(&self, span: FinishedSpan<'_>) -> bool {
        (!self.failed || span.is_failed())
            && (!self.local_root || span.is_local_root())
            && self.at_least.is_none_or(|least| span.duration() >= least)
            && self
                .statuses
                .as_ref()
                .is_none_or(|statuses| status(span).is_some_and(|status| statuses.contains(&status)))
            && self.conditions.matches_finished(span)
    }
}

fn status(span: FinishedSpan<'_>) -> Option<u16> {
    match span.tag(tags::HTTP_STATUS_CODE.name())? {
        Value::I64(status) => status.try_into().ok(),
        Value::U64(status) => status.try_into().ok(),
        Value::Static(status) | Value::Str(status) => status.parse().ok(),
        _ => None,
    }
}
