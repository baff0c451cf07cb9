//! The statistics as text for people.

use std::fmt::{self, Display};

use crate::model::decision::Decision;
use crate::propagation::{FormatStats, RestartStats};
use crate::stats::message_stats::MessageStats;
use crate::stats::open_span::OpenSpan;
use crate::stats::pool::PoolStats;
use crate::stats::stats::Stats;
use crate::stats::tail_stats::{TailRuleStats, TailStats};
use crate::stats::transport_stats::TransportStats;

/// A summary of [`Stats`] as a few lines of text, made by [`Tracer::report`](crate::Tracer::report).
///
/// Counters that are zero are left out. The text is for people and may change; programs read [`Stats`].
#[derive(Clone, Debug, Default)]
#[must_use = "the text is written by `Display`"]
pub struct Report {
    /// `None` for a no-op tracer.
    of: Option<Box<Of>>,
}

#[derive(Clone, Debug)]
struct Of {
    service: Box<str>,
    /// The tracer is disabled and passes contexts on.
    forwards: bool,
    constant: Option<Decision>,
    stats: Stats,
    open: Vec<OpenSpan>,
    /// The number of all open spans, including those that are not in `open`.
    all_open: usize,
}

impl Report {
    pub(crate) fn new(
        service: &str,
        forwards: bool,
        constant: Option<Decision>,
        stats: Stats,
        (open, all_open): (Vec<OpenSpan>, usize),
    ) -> Self {
        Report { of: Some(Box::new(Of { service: service.into(), forwards, constant, stats, open, all_open })) }
    }

    /// The spans that have been open for a second or longer, the oldest first, at most 20.
    ///
    /// Not every open span is listed, since listing each one would cost more than recording it. A span is listed
    ///
    /// - if its thread listed no other span in the last 3 milliseconds before it started;
    /// - if its thread had started at most 15 spans since a pause, or more spans were open than ever before;
    /// - if it is active when its thread lists another span;
    /// - if its future returned `Pending`, or it was shared.
    ///
    /// Other spans are only counted in [`Stats::open`].
    pub fn open_spans(&self) -> &[OpenSpan] {
        self.of.as_ref().map_or(&[], |of| &of.open)
    }
}

impl Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(of) = &self.of else { return f.write_str("no tracer is running\n") };
        let Of { service, forwards, constant, stats, open: oldest, all_open } = &**of;
        let (started, finished, open) = (Spans(stats.started), Number(stats.finished()), Number(stats.open()));
        // The service name may come from the environment, and must not add lines.
        let service = service.escape_debug();
        if *forwards {
            writeln!(f, "{service}: disabled, contexts are passed on")?;
        } else {
            writeln!(f, "{service}: {started} started, {finished} finished, {open} open")?;
        }
        for (index, span) in oldest.iter().enumerate() {
            row(f, if index == 0 { "open" } else { "" }, span)?;
        }
        if *all_open > oldest.len() {
            row(f, "", &format_args!("and {} more", Number((*all_open - oldest.len()) as u64)))?;
        }
        if !forwards {
            row(f, "sampling", &Sampling { constant: *constant, stats })?;
        }
        row(f, "dropped", &Causes(&dropped(stats)))?;
        row(f, "limits", &Causes(&over_limits(stats)))?;
        if let Some(tail) = &stats.tail {
            row(f, "tail", &Tail(tail))?;
            for rule in tail.rules.iter().filter(|rule| rule.kept + rule.dropped > 0) {
                row(f, "", &TailRule(rule))?;
            }
            row(f, "", &Causes(&early(tail)))?;
        }
        row(f, "unsampled", &Causes(&[(stats.dropped_unsampled, "recorded spans whose trace is not sampled")]))?;
        if stats.transports.is_empty() && !forwards {
            row(f, "reporter", &format_args!("{} delivered", Spans(stats.delivered)))?;
        }
        for transport in &stats.transports {
            row(f, transport.name, &Transport(transport))?;
            row(f, "", &Traffic(transport))?;
            row(f, "", &LastError(transport.last_error.as_deref()))?;
        }
        for pool in &stats.pools {
            row(f, "pool", &Pool(pool))?;
        }
        for format in &stats.formats {
            row(f, "headers", &Headers(format))?;
        }
        for restart in &stats.restarts {
            row(f, "restarts", &Restart(restart))?;
        }
        row(f, "messages", &Causes(&messages(&stats.messages)))?;
        row(f, "", &Causes(&lost_contexts(&stats.messages)))?;
        row(f, "warnings", &Causes(&warnings(stats)))?;
        row(f, "warning", &if stats.drain_dropped { DRAIN_DROPPED } else { "" })
    }
}

const DRAIN_DROPPED: &str =
    "all spans are lost: keep the Drain that TracerBuilder::build returns, and call Drain::run on a thread";

/// Finished spans that were lost, by cause.
fn dropped(stats: &Stats) -> [(u64, &'static str); 6] {
    let reporter = stats.reporter;
    [
        (stats.dropped_full, "buffer of the thread full"),
        (stats.dropped_shutdown, "finished after the tracer was closed"),
        (stats.dropped_reporter_panic, "reporter panicked"),
        (stats.dropped_fork, "finished in a forked process"),
        (reporter.dropped_queue_full, "queue of a transport full"),
        (reporter.dropped_failed, "failed to send"),
    ]
}

fn over_limits(stats: &Stats) -> [(u64, &'static str); 2] {
    [(stats.truncated, "× tag, log or value truncated"), (stats.baggage_dropped, "× baggage item dropped")]
}

fn warnings(stats: &Stats) -> [(u64, &'static str); 12] {
    [
        (stats.unfinished, "× span reported unfinished at the end"),
        (stats.extract_corrupted, "× carrier without a readable context"),
        (stats.excess_names, "× span name beyond the limit of distinct names"),
        (stats.missing_route, "× server span without a route"),
        (stats.missing_peer, "× request without a peer address, which trusted_proxies needs"),
        (stats.server_layers_nested, "× server layer applied twice to a request"),
        (stats.write_after_finish, "× write to a finished span"),
        (stats.finished_before_start, "× span finished before its start"),
        (stats.logs_out_of_range, "× log outside the time of its span"),
        (stats.scopes_out_of_order, "× scope closed out of order"),
        (stats.sampler_panics, "× sampler panicked"),
        (stats.sampler.updates_failed, "× invalid sampling strategy"),
    ]
}

fn messages(stats: &MessageStats) -> [(u64, &'static str); 8] {
    [
        (stats.received, "messages received"),
        (stats.unhandled, "never handled in their span"),
        (stats.cancelled, "× handler cancelled"),
        (stats.panicked, "× handler panicked"),
        (stats.receive_failed, "× receiving failed"),
        (stats.settle_failed, "× settling failed"),
        (stats.rebalanced, "× rebalanced"),
        (stats.consumers_cancelled, "× consumer cancelled"),
    ]
}

fn lost_contexts(stats: &MessageStats) -> [(u64, &'static str); 4] {
    [
        (stats.context_shortened, "sent with a part of their context, for their size"),
        (stats.context_left_out, "sent without context, for their size"),
        (stats.headers_refused, "× headers refused by a broker"),
        (stats.bypassed, "× untraced client taken out of a traced one"),
    ]
}

fn early(tail: &TailStats) -> [(u64, &'static str); 6] {
    [
        (tail.early_by_spans, "decided early, too many spans held"),
        (tail.early_by_bytes, "decided early, too much memory held"),
        (tail.early_by_age, "decided early, held for too long"),
        (tail.late_kept, "kept late"),
        (tail.late_dropped, "dropped late"),
        (tail.excess_operations, "not compared, too many operations"),
    ]
}

/// Writes one line, or nothing if the text is empty.
fn row(f: &mut fmt::Formatter<'_>, name: &str, text: &dyn Display) -> fmt::Result {
    let text = text.to_string();
    if text.is_empty() { Ok(()) } else { writeln!(f, "  {name:<10} {text}") }
}

struct Sampling<'a> {
    constant: Option<Decision>,
    stats: &'a Stats,
}

impl Display for Sampling<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Sampling { constant, stats } = self;
        match (constant, stats.sampling_rate()) {
            (Some(Decision::RecordAndSample), _) => f.write_str("all traces")?,
            (Some(Decision::Record), _) if stats.tail.is_some() => f.write_str("all traces, decided at the end")?,
            (Some(Decision::Record), _) => f.write_str("no traces; all are recorded")?,
            (Some(Decision::Drop), _) => f.write_str("no traces")?,
            (None, Some(rate)) => {
                let (sampled, asked) = (Number(stats.sampled), Number(stats.sampled + stats.not_sampled));
                write!(f, "{sampled} of {asked} traces, {:.4} %", rate * 100.0)?;
            }
            (None, None) => f.write_str("no trace started yet")?,
        }
        let strategy = &stats.sampler;
        if strategy.queries_ok + strategy.queries_failed > 0 {
            let (ok, failed) = (Number(strategy.queries_ok), Number(strategy.queries_failed));
            let updates = Number(strategy.updates_ok);
            write!(f, "; strategy queries: {ok} succeeded, {failed} failed, {updates} updates")?;
        }
        Ok(())
    }
}

/// Lists causes with their counts, such as `2 queue full, 1 failed`. Empty if all counts are zero.
struct Causes<'a>(&'a [(u64, &'static str)]);

impl Display for Causes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for (number, cause) in self.0.iter().filter(|(number, _)| *number > 0) {
            write!(f, "{separator}{} {cause}", Number(*number))?;
            separator = ", ";
        }
        Ok(())
    }
}

/// `1,204 traces of 20,310 kept, 9,804 spans kept, 150,202 dropped, 12 held (9.1 KiB)`.
struct Tail<'a>(&'a TailStats);

impl Display for Tail<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kept, dropped) = (self.0.kept_traces(), self.0.dropped_traces());
        let TailStats { kept_spans, dropped_spans, held_spans, held_bytes, .. } = self.0;
        write!(f, "{} of {} traces kept", Number(kept), Number(kept + dropped))?;
        write!(f, "; {} kept, {} dropped", Spans(*kept_spans), Number(*dropped_spans))?;
        if *held_spans > 0 {
            write!(f, ", {} held ({})", Number(*held_spans), Bytes(*held_bytes))?;
        }
        Ok(())
    }
}

struct TailRule<'a>(&'a TailRuleStats);

impl Display for TailRule<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let TailRuleStats { rule, kept, dropped } = self.0;
        write!(f, "{}: {}", rule.escape_debug(), Causes(&[(*kept, "kept"), (*dropped, "dropped")]))
    }
}

struct Transport<'a>(&'a TransportStats);

impl Display for Transport<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stats = self.0;
        write!(f, "{} sent", Spans(stats.sent))?;
        let other = stats.dropped_failed.saturating_sub(stats.oversized + stats.rejected + stats.retries_exhausted);
        let more = [
            (stats.queued, "queued"),
            (stats.spooled, "spooled"),
            (stats.dropped_queue_full, "dropped (queue full)"),
            (stats.oversized, "oversized"),
            (stats.rejected, "rejected"),
            (stats.retries_exhausted, "failed after retries"),
            (other, "failed"),
            (stats.recovered_sent, "recovered and sent"),
            (stats.recovered_dropped, "recovered and dropped"),
        ];
        for (number, what) in more.iter().filter(|(number, _)| *number > 0) {
            write!(f, ", {} {what}", Number(*number))?;
        }
        Ok(())
    }
}

struct Traffic<'a>(&'a TransportStats);

impl Display for Traffic<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stats = self.0;
        if stats.requests + stats.failed_requests == 0 {
            return Ok(());
        }
        let (ok, failed, retries) = (Number(stats.requests), Number(stats.failed_requests), Number(stats.retries));
        write!(f, "requests: {ok} succeeded, {failed} failed, {retries} retried, {}", Bytes(stats.bytes))?;
        let count = u32::try_from(stats.latency.count()).unwrap_or(u32::MAX);
        let mean = stats.latency.sum().checked_div(count);
        mean.map_or(Ok(()), |mean| write!(f, ", {mean:.1?} on average"))
    }
}

/// `db.example/shop: 8 of 10 open, 3 idle, 2 requests waiting; 1,204 waited 1.2ms on average, 3 timed out`.
struct Pool<'a>(&'a PoolStats);

impl Display for Pool<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let PoolStats { name, open, idle, max, waiting, timed_out, failed, cancelled, waits } = self.0;
        let (open, max, idle) = (Number(*open), Number(*max), Number(*idle));
        write!(f, "{}: {open} of {max} open, {idle} idle", name.escape_debug())?;
        if *waiting > 0 {
            let noun = if *waiting == 1 { "request" } else { "requests" };
            write!(f, ", {} {noun} waiting", Number(*waiting))?;
        }
        if let Some(mean) = waits.sum().checked_div(u32::try_from(waits.count()).unwrap_or(u32::MAX)) {
            write!(f, "; {} waited {mean:.1?} on average", Number(waits.count()))?;
        }
        for (number, how) in [(*timed_out, "timed out"), (*failed, "failed"), (*cancelled, "cancelled")] {
            if number > 0 {
                write!(f, ", {} {how}", Number(number))?;
            }
        }
        Ok(())
    }
}

struct LastError<'a>(Option<&'a str>);

impl Display for LastError<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The message comes from a server, so line breaks are escaped and its length is limited.
        self.0.map_or(Ok(()), |error| {
            write!(f, "last error: {}", error.chars().take(ERROR_CHARS).collect::<String>().escape_debug())
        })
    }
}

const ERROR_CHARS: usize = 300;

struct Headers<'a>(&'a FormatStats);

impl Display for Headers<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let FormatStats { name, malformed, ignored } = *self.0;
        let causes = [(malformed, "malformed"), (ignored, "ignored (another trace)")];
        let causes = Causes(&causes).to_string();
        if causes.is_empty() { Ok(()) } else { write!(f, "{name}: {causes}") }
    }
}

/// `traceparent: 12 restarted traces, two different values`.
struct Restart<'a>(&'a RestartStats);

impl Display for Restart<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let RestartStats { header, reason, traces } = self.0;
        let noun = if *traces == 1 { "trace" } else { "traces" };
        write!(f, "{header}: {} restarted {noun}, {reason}", Number(*traces))
    }
}

struct Spans(u64);

impl Display for Spans {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let noun = if self.0 == 1 { "span" } else { "spans" };
        write!(f, "{} {noun}", Number(self.0))
    }
}

/// A number with thousands separators, such as `1,234,567`.
struct Number(u64);

impl Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.to_string();
        for (place, digit) in digits.char_indices() {
            if place > 0 && (digits.len() - place).is_multiple_of(3) {
                f.write_str(",")?;
            }
            write!(f, "{digit}")?;
        }
        Ok(())
    }
}

struct Bytes(u64);

impl Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
        if self.0 < 1024 {
            return write!(f, "{} bytes", self.0);
        }
        let (mut value, mut unit) = (self.0 as f64 / 1024.0, 0);
        while value >= 1024.0 && unit + 1 < UNITS.len() {
            (value, unit) = (value / 1024.0, unit + 1);
        }
        write!(f, "{value:.1} {}", UNITS[unit])
    }
}
