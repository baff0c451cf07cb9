//! The last lines: what became of the requests and of their spans.

use std::fmt;
use std::time::Duration;

use crate::customers::Verdict;
use crate::tally::Books;
use crate::tracers::Fate;

pub(crate) struct Summary {
    pub(crate) books: Books,
    pub(crate) verdict: Verdict,
    pub(crate) fate: Fate,
}

impl Summary {
    /// Whether every request had its answer, and a whole trace.
    pub(crate) fn is_good(&self) -> bool {
        let (judged, Verdict { sent, as_expected }) = (self.books.judged(), &self.verdict);
        self.fate.lost == 0 && judged.broken == 0 && judged.whole >= *sent && as_expected == sent
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Summary { books, verdict: Verdict { sent, as_expected }, fate: Fate { lost, ledger } } = self;
        let class = |digit| books.statuses.get(&digit).copied().unwrap_or_default();
        let judged = books.judged();
        writeln!(
            f,
            "requests   {}: {} answered, {} refused (4xx), {} failed (5xx)",
            books.requests,
            class(2) + class(3),
            class(4),
            class(5)
        )?;
        writeln!(f, "answers    {as_expected} of {sent} as expected")?;
        writeln!(f, "latency    p50 {}, p95 {}", Ms(books.percentile(50)), Ms(books.percentile(95)))?;
        writeln!(f, "traces     {} whole, {} broken", judged.whole, judged.broken)?;
        writeln!(f, "spans      {}", books.spans())?;
        for (name, service) in &books.services {
            writeln!(f, "  {name:<10} {:>5} spans, errors: {}", service.spans, service.failed)?;
        }
        write!(f, "reported to\n{ledger}spans lost: {lost}")
    }
}

/// A duration in milliseconds.
pub(crate) struct Ms(pub(crate) Duration);

impl fmt::Display for Ms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1} ms", self.0.as_secs_f64() * 1e3)
    }
}
