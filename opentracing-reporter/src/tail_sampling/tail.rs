//! Holds spans, decides about traces, and passes on what is kept.

use std::sync::Arc;
use std::time::Duration;

use opentracing_core::propagation::TraceState;
use opentracing_core::{
    Batch, FinishedSpan, HeldSpan, HeldSpans, Hold, HoldOccasion, Sampling, SamplingThreshold, TailRuleStats,
    TailStats, tags,
};

use super::decided::{Decided, DecidedTraces};
use super::held_traces::{Facts, HeldTraces, Stage};
use super::operations::Operations;
use super::rate::Rate;
use super::settings::{ComparedSpans, TailSampling};

/// Tail sampling at work, on the reporter's thread.
pub(crate) struct Tail {
    settings: TailSampling,
    held: HeldTraces,
    decided: DecidedTraces,
    operations: Operations,
    rate: Option<Rate>,
    slow_ns: u64,
    slow_root_ns: u64,
    /// The durations of all spans matter, not only those of local roots.
    times_all: bool,
    /// The names of the rules, and their decisions.
    rules: Vec<TailRuleStats>,
    stats: TailStats,
    /// Spans to pass on that belong to no held trace.
    passing: HeldSpans,
    now: Duration,
}

/// The places of the built-in rules. Those of the user follow.
mod builtin {
    pub(super) const PRIORITY: u16 = 0;
    pub(super) const SAMPLED: u16 = 1;
    pub(super) const ERROR: u16 = 2;
    pub(super) const SLOW: u16 = 3;
    pub(super) const UNUSUAL: u16 = 4;
    pub(super) const RATE: u16 = 5;
    pub(super) const SHARE: u16 = 6;
    pub(super) const NAMES: [&str; 7] = ["priority", "sampled", "error", "slow", "slower_than_usual", "rate", "share"];
}

/// Why a trace is decided.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Occasion {
    /// Its time has come.
    Due,
    /// Only if it is kept.
    IfKept,
}

impl Tail {
    pub(crate) fn new(settings: TailSampling) -> Self {
        let ns = |limit: Option<Duration>| {
            limit.map_or(u64::MAX, |limit| u64::try_from(limit.as_nanos()).unwrap_or(u64::MAX))
        };
        let own = settings.rules.iter().map(|rule| rule.name.clone());
        let names = builtin::NAMES.iter().map(|name| Arc::from(*name)).chain(own);
        Tail {
            held: HeldTraces::default(),
            decided: DecidedTraces::new(settings.remembered, settings.remembered_for),
            operations: Operations::new(settings.max_operations, settings.quantile, settings.min_count),
            rate: settings.per_second.map(Rate::new),
            slow_ns: ns(settings.slow),
            slow_root_ns: ns(settings.slow_root).min(ns(settings.slow)),
            times_all: settings.slow.is_some() || settings.compared == ComparedSpans::All,
            rules: names.map(|name| TailRuleStats::new(name, 0, 0)).collect(),
            stats: TailStats::default(),
            passing: HeldSpans::new(),
            now: Duration::ZERO,
            settings,
        }
    }

    /// Takes the new spans, and decides about traces whose time has come. `report` gets what is kept.
    pub(crate) fn hold(&mut self, hold: &mut Hold<'_>, mut report: impl FnMut(Batch<'_>)) {
        // The clock may be set back.
        self.now = hold.now().max(self.now);
        self.operations.set_time(self.now);
        while let Some(span) = hold.take() {
            self.accept(hold, span, &mut report);
        }
        if hold.occasion() == HoldOccasion::Pass {
            self.held.trim(self.now);
        }
        match hold.occasion() {
            HoldOccasion::Pass => self.decide_due(hold, &mut report),
            HoldOccasion::Flush => self.decide_for_flush(hold, &mut report),
            HoldOccasion::Close => self.decide_all(hold, &mut report),
            _ => {}
        }
        if !self.passing.is_empty() {
            report(hold.batch(&self.passing));
            hold.release(&mut self.passing);
        }
    }

    /// When the next trace has to be decided. `None` if none is held.
    pub(crate) fn pause(&self) -> Option<Duration> {
        let due = |stage, wait: Duration| {
            self.held.oldest(stage).map(|(_, since)| since.saturating_add(wait).saturating_sub(self.now))
        };
        due(Stage::Ended, self.settings.grace).into_iter().chain(due(Stage::Open, self.settings.max_age)).min()
    }

    pub(crate) fn stats(&self, into: &mut Option<TailStats>) {
        let into = into.get_or_insert_default();
        let mut rules = std::mem::take(&mut into.rules);
        rules.clone_from(&self.rules);
        *into = self.stats.clone();
        into.rules = rules;
        into.held_traces = self.held.len() as u64;
        into.held_spans = self.held.spans as u64;
        into.held_bytes = self.held.bytes as u64;
        into.operations = self.operations.all.len() as u64;
        into.excess_operations = self.operations.excess;
    }

    #[inline]
    fn accept(&mut self, hold: &mut Hold<'_>, span: HeldSpan, report: &mut impl FnMut(Batch<'_>)) {
        let id = span.context().trace_id();
        let slot = match self.held.find(id) {
            Ok(slot) => slot,
            Err(hash) => {
                let is_kept = span.context().sampling() == Sampling::Sampled && !span.context().is_deferred();
                if is_kept && !self.settings.decide_sampled {
                    return self.pass_sampled(span);
                }
                if let Some(decided) = self.decided.find(hash, self.now) {
                    return self.follow(hold, span, decided);
                }
                self.held.add(id, hash, self.now)
            }
        };
        self.add(hold, slot, span);
        while self.held.spans > self.settings.max_spans {
            self.stats.early_by_spans += 1;
            self.decide_oldest(hold, report);
        }
        while self.held.bytes > self.settings.max_bytes {
            self.stats.early_by_bytes += 1;
            self.decide_oldest(hold, report);
        }
    }

    /// Holds a span, and notes what it says about its trace.
    #[inline]
    fn add(&mut self, hold: &Hold<'_>, slot: u32, span: HeldSpan) {
        let (context, is_root) = (span.context(), span.is_local_root());
        let mut facts = if span.is_failed() { Facts::FAILED } else { 0 };
        facts |= match context.sampling() {
            _ if context.is_deferred() => 0,
            Sampling::Debug => Facts::DEBUG,
            Sampling::Sampled => Facts::SAMPLED,
            Sampling::NotSampled | Sampling::Undecided => Facts::UNWANTED,
        };
        let mut operation = None;
        if is_root || self.times_all {
            operation = self.compare(hold.span(&span), is_root, &mut facts);
        }
        let trace = self.held.trace_mut(slot);
        trace.facts.0 |= facts;
        if is_root {
            trace.operation = trace.operation.or(operation);
            self.held.end(slot, self.now);
        }
        self.held.push(slot, span);
    }

    /// Compares the duration of a span with the limits, and with others of its operation.
    #[inline(never)]
    fn compare(&mut self, span: FinishedSpan<'_>, is_root: bool, facts: &mut u8) -> Option<usize> {
        let duration_ns = span.duration_ns();
        if duration_ns > if is_root { self.slow_root_ns } else { self.slow_ns } {
            *facts |= Facts::SLOW;
        }
        let is_compared = is_root || self.settings.compared == ComparedSpans::All;
        if !is_compared || (self.settings.quantile.is_none() && self.rate.is_none()) {
            return None;
        }
        let operation = self.operations.find(span.kind(), span.operation_name())?;
        if self.operations.is_unusual(operation, duration_ns) {
            *facts |= Facts::UNUSUAL;
        }
        Some(operation)
    }

    /// Passes a span on that was sampled at its start.
    fn pass_sampled(&mut self, span: HeldSpan) {
        self.stats.kept_spans += 1;
        self.rules[usize::from(builtin::SAMPLED)].kept += u64::from(span.is_local_root());
        self.passing.push(span);
    }

    /// Treats a span as its trace was treated.
    #[cold]
    fn follow(&mut self, hold: &mut Hold<'_>, span: HeldSpan, decided: Decided) {
        if decided.is_kept {
            self.stats.kept_spans += 1;
            self.stats.late_kept += 1;
            let index = self.passing.len();
            self.passing.push(span);
            mark(hold, &mut self.passing, index, &self.rules[usize::from(decided.rule)].rule, decided.threshold);
        } else {
            self.stats.dropped_spans += 1;
            self.stats.late_dropped += 1;
            hold.release_one(span);
        }
    }

    fn decide_due(&mut self, hold: &mut Hold<'_>, report: &mut impl FnMut(Batch<'_>)) {
        let is_over = |since: Duration, wait: Duration, now: Duration| now.saturating_sub(since) >= wait;
        while let Some((slot, since)) = self.held.oldest(Stage::Ended) {
            if !hold.is_idle() && !is_over(since, self.settings.grace, self.now) {
                break;
            }
            self.decide(hold, slot, Occasion::Due, report);
        }
        while let Some((slot, since)) = self.held.oldest(Stage::Open) {
            if !is_over(since, self.settings.max_age, self.now) {
                break;
            }
            self.stats.early_by_age += 1;
            self.decide(hold, slot, Occasion::Due, report);
        }
    }

    /// Traces whose root is open stay held unless they are kept by what is known now: dropping them could lose an error that is yet to come.
    fn decide_for_flush(&mut self, hold: &mut Hold<'_>, report: &mut impl FnMut(Batch<'_>)) {
        while let Some((slot, _)) = self.held.oldest(Stage::Ended) {
            self.decide(hold, slot, Occasion::Due, report);
        }
        let mut next = self.held.oldest(Stage::Open).map(|(slot, _)| slot);
        while let Some(slot) = next {
            next = self.held.after(slot);
            self.decide(hold, slot, Occasion::IfKept, report);
        }
    }

    fn decide_all(&mut self, hold: &mut Hold<'_>, report: &mut impl FnMut(Batch<'_>)) {
        for stage in [Stage::Ended, Stage::Open] {
            while let Some((slot, _)) = self.held.oldest(stage) {
                self.decide(hold, slot, Occasion::Due, report);
            }
        }
    }

    /// Decides about the oldest trace whose root has finished, or else about the oldest one.
    #[cold]
    fn decide_oldest(&mut self, hold: &mut Hold<'_>, report: &mut impl FnMut(Batch<'_>)) {
        if let Some((slot, _)) = self.held.oldest(Stage::Ended).or_else(|| self.held.oldest(Stage::Open)) {
            self.decide(hold, slot, Occasion::Due, report);
        }
    }

    fn decide(&mut self, hold: &mut Hold<'_>, slot: u32, occasion: Occasion, report: &mut impl FnMut(Batch<'_>)) {
        let decided = self.judge(hold, slot, occasion);
        if occasion == Occasion::IfKept && !decided.is_kept {
            return;
        }
        let (hash, mut spans) = self.held.remove(slot);
        self.decided.remember(hash, decided, self.now);
        let rule = &mut self.rules[usize::from(decided.rule)];
        if decided.is_kept {
            rule.kept += 1;
            self.stats.kept_spans += spans.len() as u64;
            (0..spans.len()).for_each(|index| mark(hold, &mut spans, index, &rule.rule, decided.threshold));
            report(hold.batch(&spans));
        } else {
            rule.dropped += 1;
            self.stats.dropped_spans += spans.len() as u64;
        }
        hold.release(&mut spans);
        self.held.give_back(slot, spans);
    }

    /// What happens to a trace, by what is known of it now.
    fn judge(&mut self, hold: &Hold<'_>, slot: u32, occasion: Occasion) -> Decided {
        let trace = self.held.trace_mut(slot);
        let (facts, operation) = (trace.facts, trace.operation);
        let keep = |rule| Decided { is_kept: true, rule, threshold: SamplingThreshold::KEEP_ALL };
        if facts.has(Facts::DEBUG) {
            return keep(builtin::PRIORITY);
        }
        if facts.has(Facts::SAMPLED) && !self.settings.decide_sampled {
            return keep(builtin::SAMPLED);
        }
        if facts.has(Facts::UNWANTED) {
            return Decided { is_kept: false, ..keep(builtin::PRIORITY) };
        }
        let spans = hold.batch(&trace.spans);
        let by_threshold = |rule, threshold: SamplingThreshold| {
            let is_kept = spans.iter().next().is_some_and(|span| threshold.keeps(span.context()));
            Decided { is_kept, rule, threshold }
        };
        let rules = self.settings.rules.iter().zip(builtin::NAMES.len() as u16..);
        for (rule, index) in rules {
            if spans.iter().any(|span| rule.applies_to(span)) {
                return match rule.threshold {
                    Some(threshold) => by_threshold(index, threshold),
                    None => Decided { is_kept: false, ..keep(index) },
                };
            }
        }
        if facts.has(Facts::FAILED) && self.settings.errors {
            return keep(builtin::ERROR);
        }
        if facts.has(Facts::SLOW) {
            return keep(builtin::SLOW);
        }
        if facts.has(Facts::UNUSUAL) {
            return keep(builtin::UNUSUAL);
        }
        let share = self.settings.share;
        let by_share = by_threshold(builtin::SHARE, share);
        let (Some(rate), Some(operation), Occasion::Due) = (&mut self.rate, operation, occasion) else {
            return by_share;
        };
        let threshold = rate.share_of(operation, &mut self.operations, self.now);
        let by_rate = by_threshold(builtin::RATE, threshold);
        // Both use the same random value, so the lower threshold keeps what either of them keeps.
        if threshold < share && by_rate.is_kept && rate.take(threshold, self.now) { by_rate } else { by_share }
    }
}

/// Marks a span of a kept trace. The local root says why it is kept, and for how many traces it stands.
fn mark(hold: &Hold<'_>, spans: &mut HeldSpans, index: usize, rule: &str, threshold: SamplingThreshold) {
    let Some(context) = spans.context(index) else { return };
    // The trace may have been sampled before, by the same random value.
    let before = SamplingThreshold::of(context).unwrap_or(SamplingThreshold::KEEP_ALL);
    let tracestate =
        (threshold > before).then(|| threshold.write_to(context.tracestate().unwrap_or_default())).flatten();
    let threshold = threshold.max(before);
    hold.keep(spans, index, tracestate.as_ref().map(TraceState::as_str));
    if spans.is_local_root(index) {
        spans.set_tag(index, tags::SAMPLING_RULE.name(), rule);
        spans.set_tag(index, tags::SAMPLING_WEIGHT.name(), threshold.adjusted_count());
    }
}
