//! The last lines: whether the shop has stood the load.

use std::fmt;

use crate::process::Footprint;

pub(crate) struct Verdict {
    /// Requests, by what they wanted.
    pub(crate) sent: Vec<(&'static str, u64)>,
    /// Answers that say that the shop has failed.
    pub(crate) failed: u64,
    /// How many entry spans each request has.
    pub(crate) entries: Vec<u8>,
    pub(crate) before: Footprint,
    pub(crate) after: Footprint,
    /// Spans that the shop says it has lost.
    pub(crate) lost: u64,
}

/// What the heap of an allocator and the shop's own orders may grow by. A leak of a request grows without end.
const GROWTH_BYTES: u64 = 16 << 20;

/// Connections between the services, whose number varies.
const MORE_DESCRIPTORS: usize = 64;

impl Verdict {
    fn requests(&self) -> u64 {
        self.sent.iter().map(|(_, number)| number).sum()
    }

    /// How many requests have that many entry spans.
    fn with_entries(&self, is: impl Fn(u8) -> bool) -> u64 {
        let seen = self.entries.iter().filter(|number| is(**number)).count() as u64;
        let unseen = self.requests().saturating_sub(self.entries.len() as u64);
        if is(0) { seen + unseen } else { seen }
    }

    pub(crate) fn is_good(&self) -> bool {
        self.requests() > 0
            && self.with_entries(|number| number == 1) == self.requests()
            && self.entries.len() as u64 <= self.requests()
            && self.lost == 0
            && self.failed * 20 <= self.requests()
            && self.after.resident_bytes <= self.before.resident_bytes + GROWTH_BYTES
            && self.after.descriptors <= self.before.descriptors + MORE_DESCRIPTORS
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "requests     {}", self.requests())?;
        for (what, number) in &self.sent {
            writeln!(f, "  {number:>8} {what}")?;
        }
        writeln!(f, "  {:>8} of all were answered with 500 and above", self.failed)?;
        let count = |is: fn(u8) -> bool| self.with_entries(is);
        writeln!(
            f,
            "entry spans  {} requests with one, {} with none, {} with several",
            count(|number| number == 1),
            count(|number| number == 0),
            count(|number| number > 1)
        )?;
        for (kind, (what, _)) in self.sent.iter().enumerate() {
            // Kinds of requests take turns.
            let numbers = (kind..self.requests() as usize).step_by(self.sent.len());
            let wrong = numbers.filter(|number| self.entries.get(*number) != Some(&1)).count();
            if wrong > 0 {
                writeln!(f, "  {wrong:>8} of them {what}")?;
            }
        }
        writeln!(f, "spans lost   {}", self.lost)?;
        writeln!(f, "before       {}", self.before)?;
        writeln!(f, "after        {}", self.after)?;
        write!(f, "verdict      {}", if self.is_good() { "good" } else { "BAD" })
    }
}
