//! The last lines of output: whether the shop passed.

use std::fmt;

use crate::process::Footprint;

pub(crate) struct Verdict {
    /// The number of requests of each kind.
    pub(crate) sent: Vec<(&'static str, u64)>,
    /// The number of 5xx responses.
    pub(crate) failed: u64,
    /// The number of entry spans of each request.
    pub(crate) entries: Vec<u8>,
    pub(crate) before: Footprint,
    pub(crate) after: Footprint,
    /// The number of spans that the shop lost.
    pub(crate) lost: u64,
}

/// Allowed growth of the heap and of stored orders. A leak per request would exceed it.
const MAX_GROWTH_BYTES: u64 = 16 << 20;

/// Allowed growth, since the number of connections between services varies.
const MAX_MORE_DESCRIPTORS: usize = 64;

impl Verdict {
    fn requests(&self) -> u64 {
        self.sent.iter().map(|(_, number)| number).sum()
    }

    /// The number of requests whose number of entry spans fulfils the condition.
    fn with_entries(&self, is: impl Fn(u8) -> bool) -> u64 {
        let seen = self.entries.iter().filter(|number| is(**number)).count() as u64;
        let unseen = self.requests().saturating_sub(self.entries.len() as u64);
        if is(0) { seen + unseen } else { seen }
    }

    pub(crate) fn is_success(&self) -> bool {
        self.requests() > 0
            && self.with_entries(|number| number == 1) == self.requests()
            && self.entries.len() as u64 <= self.requests()
            && self.lost == 0
            && self.failed * 20 <= self.requests()
            && self.after.resident_bytes <= self.before.resident_bytes + MAX_GROWTH_BYTES
            && self.after.descriptors <= self.before.descriptors + MAX_MORE_DESCRIPTORS
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "requests     {}", self.requests())?;
        for (what, number) in &self.sent {
            writeln!(f, "  {number:>8} {what}")?;
        }
        writeln!(f, "  {:>8} responses with status 5xx", self.failed)?;
        let count = |is: fn(u8) -> bool| self.with_entries(is);
        writeln!(
            f,
            "entry spans  {} requests with one, {} with none, {} with several",
            count(|number| number == 1),
            count(|number| number == 0),
            count(|number| number > 1)
        )?;
        for (kind, (what, _)) in self.sent.iter().enumerate() {
            // The kinds of requests take turns.
            let numbers = (kind..self.requests() as usize).step_by(self.sent.len());
            let wrong = numbers.filter(|number| self.entries.get(*number) != Some(&1)).count();
            if wrong > 0 {
                writeln!(f, "  {wrong:>8} wrong: {what}")?;
            }
        }
        writeln!(f, "spans lost   {}", self.lost)?;
        writeln!(f, "before       {}", self.before)?;
        writeln!(f, "after        {}", self.after)?;
        write!(f, "verdict      {}", if self.is_success() { "passed" } else { "FAILED" })
    }
}
