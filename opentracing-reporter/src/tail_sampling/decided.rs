//! The decisions of the recent past, which late spans follow.

use std::time::Duration;

use opentracing_core::SamplingThreshold;

/// A decision about a trace.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Decided {
    pub(super) is_kept: bool,
    /// The index of the rule that decided.
    pub(super) rule: u16,
    /// The share of traces that the rule keeps.
    pub(super) threshold: SamplingThreshold,
}

/// Remembers decisions in a table of fixed size. A new decision takes the place of the oldest of the four in its row, so the table forgets a
/// little earlier than a queue of the same size would, and needs neither links nor removals.
#[derive(Debug)]
pub(super) struct DecidedTraces {
    /// Allocated for the first decision.
    rows: Vec<Row>,
    wanted: usize,
    lasting: Duration,
}

#[derive(Clone, Copy, Debug)]
struct Row {
    entries: [Entry; WAYS],
    next: u8,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    /// The hash of the trace id, with a random seed; zero if the entry is empty.
    key: u64,
    at_ms: u64,
    decided: Decided,
}

const WAYS: usize = 4;
const EMPTY: Entry =
    Entry { key: 0, at_ms: 0, decided: Decided { is_kept: false, rule: 0, threshold: SamplingThreshold::KEEP_ALL } };

impl DecidedTraces {
    pub(super) fn new(traces: usize, lasting: Duration) -> Self {
        let wanted = if traces == 0 { 0 } else { traces.div_ceil(WAYS).next_power_of_two() };
        DecidedTraces { rows: Vec::new(), wanted, lasting }
    }

    pub(super) fn remember(&mut self, hash: u64, decided: Decided, now: Duration) {
        if self.rows.is_empty() {
            self.rows.resize(self.wanted, Row { entries: [EMPTY; WAYS], next: 0 });
        }
        let (key, row) = self.place(hash);
        let Some(row) = self.rows.get_mut(row) else { return };
        let entry = Entry { key, at_ms: now.as_millis() as u64, decided };
        if let Some(same) = row.entries.iter_mut().find(|same| same.key == key) {
            *same = entry;
        } else {
            row.entries[usize::from(row.next) % WAYS] = entry;
            row.next = row.next.wrapping_add(1);
        }
    }

    pub(super) fn find(&self, hash: u64, now: Duration) -> Option<Decided> {
        let (key, row) = self.place(hash);
        let entry = self.rows.get(row)?.entries.iter().find(|entry| entry.key == key)?;
        let age = (now.as_millis() as u64).saturating_sub(entry.at_ms);
        (u128::from(age) <= self.lasting.as_millis()).then_some(entry.decided)
    }

    fn place(&self, hash: u64) -> (u64, usize) {
        (hash.max(1), hash as usize & self.rows.len().wrapping_sub(1))
    }
}
