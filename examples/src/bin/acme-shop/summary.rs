//! The last lines of output: the results of requests and spans.

use std::fmt;
use std::time::Duration;

use crate::customers::CustomerResults;
use crate::trace_check::Counts;
use crate::tracers::SpanReport;

pub(crate) struct Summary {
    pub(crate) counts: Counts,
    pub(crate) results: CustomerResults,
    pub(crate) span_report: SpanReport,
    /// The callers of a back end report their spans elsewhere, so its traces are never complete.
    pub(crate) is_back_end: bool,
}

impl Summary {
    /// Whether every request had its expected response and a complete trace.
    pub(crate) fn is_success(&self) -> bool {
        let (traces, CustomerResults { sent, as_expected }) = (self.counts.traces(), &self.results);
        // With tail sampling, services decide about their own parts of a trace.
        let is_partial = self.is_back_end || !self.span_report.tail.is_empty();
        let is_complete = is_partial || traces.incomplete == 0 && traces.complete >= *sent;
        self.span_report.lost == 0 && is_complete && as_expected == sent
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Summary {
            counts,
            results: CustomerResults { sent, as_expected },
            span_report: SpanReport { lost, tail, deliveries },
            is_back_end,
        } = self;
        if !is_back_end {
            let class = |digit| counts.statuses.get(&digit).copied().unwrap_or_default();
            let traces = counts.traces();
            writeln!(
                f,
                "requests   {}: {} succeeded, {} client errors (4xx), {} server errors (5xx)",
                counts.requests,
                class(2) + class(3),
                class(4),
                class(5)
            )?;
            writeln!(f, "responses  {as_expected} of {sent} as expected")?;
            writeln!(f, "latency    p50 {}, p95 {}", Ms(counts.percentile(50)), Ms(counts.percentile(95)))?;
            writeln!(f, "traces     {} complete, {} incomplete", traces.complete, traces.incomplete)?;
        }
        writeln!(f, "spans      {}", counts.spans())?;
        for (name, service) in &counts.services {
            writeln!(f, "  {name:<10} {:>5} spans, errors: {}", service.spans, service.failed)?;
        }
        for (name, tail) in tail {
            let (kept, dropped) = (tail.kept_traces(), tail.dropped_traces());
            let by = |rule: &str| tail.rule(rule).map_or(0, |rule| rule.kept);
            let (failed, slow) = (by("error"), by("slow"));
            writeln!(f, "  {name:<10} kept {kept} of {} traces, {failed} failed, {slow} slow", kept + dropped)?;
        }
        write!(f, "reported to\n{deliveries}spans lost: {lost}")
    }
}

/// A duration in milliseconds.
pub(crate) struct Ms(pub(crate) Duration);

impl fmt::Display for Ms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1} ms", self.0.as_secs_f64() * 1e3)
    }
}
