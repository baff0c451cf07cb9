//! The counters of tail sampling.

use std::sync::Arc;

/// What tail sampling has decided, and what it holds now. A trace here is the part of a trace in this process.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct TailStats {
    /// Traces that are held now.
    pub held_traces: u64,
    /// Spans that are held now.
    pub held_spans: u64,
    /// The memory of the spans that are held now, in bytes.
    pub held_bytes: u64,
    /// Decisions by the rule that made them, in the order in which the rules are tried.
    pub rules: Vec<TailRuleStats>,
    /// Spans that were kept, those that came late included.
    pub kept_spans: u64,
    /// Spans that were dropped by a decision, those that came late included. They are not lost.
    pub dropped_spans: u64,
    /// Of [`kept_spans`](TailStats::kept_spans): spans that finished after their trace was decided.
    pub late_kept: u64,
    /// Of [`dropped_spans`](TailStats::dropped_spans): spans that finished after their trace was decided.
    pub late_dropped: u64,
    /// Traces that were decided early because too many spans were held.
    pub early_by_spans: u64,
    /// Traces that were decided early because the held spans took too much memory.
    pub early_by_bytes: u64,
    /// Traces that were decided before their local root had finished because they were held for too long.
    pub early_by_age: u64,
    /// Operations whose durations are known.
    pub operations: u64,
    /// Durations that were not compared because there are too many operations.
    pub excess_operations: u64,
}

/// The decisions of one rule of tail sampling.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct TailRuleStats {
    /// The name of the rule, as in the tag `sampling.rule`.
    pub rule: Arc<str>,
    /// Traces that it kept.
    pub kept: u64,
    /// Traces that it dropped.
    pub dropped: u64,
}

impl TailStats {
    /// All traces that were kept.
    pub fn kept_traces(&self) -> u64 {
        self.rules.iter().map(|rule| rule.kept).sum()
    }

    /// All traces that were dropped.
    pub fn dropped_traces(&self) -> u64 {
        self.rules.iter().map(|rule| rule.dropped).sum()
    }

    /// The counters of the rule of that name.
    pub fn rule(&self, name: &str) -> Option<&TailRuleStats> {
        self.rules.iter().find(|rule| &*rule.rule == name)
    }
}

impl TailRuleStats {
    /// Creates the counters of a rule.
    pub fn new(rule: Arc<str>, kept: u64, dropped: u64) -> Self {
        TailRuleStats { rule, kept, dropped }
    }
}
