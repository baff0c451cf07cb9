//! The statistics for a human.

use std::fmt::{self, Display};

use crate::model::decision::Decision;
use crate::propagation::FormatStats;
use crate::stats::stats::Stats;
use crate::stats::transport_stats::TransportStats;

/// What became of a tracer's spans, as text of a few lines; made by [`Tracer::report`](crate::Tracer::report). What did not happen is not
/// mentioned. The text is for people and may change; programs read [`Stats`].
#[derive(Clone, Debug, Default)]
#[must_use = "the text is written by `Display`"]
pub struct Report {
    /// `None` for a tracer that does nothing.
    of: Option<Box<Of>>,
}

#[derive(Clone, Debug)]
struct Of {
    service: Box<str>,
    constant: Option<Decision>,
    stats: Stats,
}

impl Report {
    pub(crate) fn new(service: &str, constant: Option<Decision>, stats: Stats) -> Self {
        Report { of: Some(Box::new(Of { service: service.into(), constant, stats })) }
    }
}

impl Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(of) = &self.of else { return f.write_str("no tracer is running\n") };
        let Of { service, constant, stats } = &**of;
        let (started, finished, open) = (Spans(stats.started), Number(stats.finished()), Number(stats.open()));
        // A name from outside does not make lines of its own.
        let service = service.escape_debug();
        writeln!(f, "{service}: {started} started, {finished} finished, {open} open")?;
        row(f, "sampling", &Sampling { constant: *constant, stats })?;
        row(f, "lost", &Causes(&lost(stats)))?;
        row(f, "left out", &Causes(&left_out(stats)))?;
        if stats.transports.is_empty() {
            row(f, "reporter", &format_args!("{} handed over", Spans(stats.delivered)))?;
        }
        for transport in &stats.transports {
            row(f, transport.name, &Transport(transport))?;
            row(f, "", &Traffic(transport))?;
            row(f, "", &LastError(transport.last_error.as_deref()))?;
        }
        for format in &stats.formats {
            row(f, "headers", &Headers(format))?;
        }
        row(f, "noticed", &Causes(&noticed(stats)))
    }
}

/// Spans that are gone although nobody asked for it.
fn lost(stats: &Stats) -> [(u64, &'static str); 5] {
    let reporter = stats.reporter;
    [
        (stats.dropped_full, "finished faster than they were drained"),
        (stats.dropped_shutdown, "finished after the end"),
        (stats.dropped_reporter_panic, "lost by a reporter that panicked"),
        (reporter.dropped_queue_full, "found the queue of a transport full"),
        (reporter.dropped_failed, "could not be sent"),
    ]
}

fn left_out(stats: &Stats) -> [(u64, &'static str); 3] {
    [
        (stats.dropped_unsampled, "× a span of a trace that is recorded and not sampled"),
        (stats.cut, "× a tag, log or value beyond the limits"),
        (stats.baggage_cut, "× a baggage item beyond the limits"),
    ]
}

fn noticed(stats: &Stats) -> [(u64, &'static str); 9] {
    [
        (stats.extract_corrupted, "× a carrier without a readable context"),
        (stats.excess_names, "× a span with a name beyond the limit of names"),
        (stats.without_route, "× a server span without a route"),
        (stats.write_after_finish, "× a use of a span after its end"),
        (stats.finished_before_start, "× a span that ended before it began"),
        (stats.logs_out_of_range, "× a log outside the time of its span"),
        (stats.scopes_out_of_order, "× a scope closed out of order"),
        (stats.sampler_panics, "× a panic of the sampler"),
        (stats.sampler.updates_failed, "× a sampling strategy that cannot be"),
    ]
}

/// One line, unless there is nothing to say.
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
            (Some(Decision::RecordAndSample), _) => f.write_str("every trace")?,
            (Some(Decision::Record), _) => f.write_str("no trace, although all are recorded")?,
            (Some(Decision::Drop), _) => f.write_str("no trace")?,
            (None, Some(rate)) => {
                let (sampled, asked) = (Number(stats.sampled), Number(stats.sampled + stats.not_sampled));
                write!(f, "{sampled} of {asked} traces, {:.4} %", rate * 100.0)?;
            }
            (None, None) => f.write_str("no trace has begun here")?,
        }
        let told = &stats.sampler;
        if told.queries_ok + told.queries_failed > 0 {
            let (ok, failed) = (Number(told.queries_ok), Number(told.queries_failed));
            let updates = Number(told.updates_ok);
            write!(f, "; strategy asked for: {ok} answered, {failed} failed, {updates} new")?;
        }
        Ok(())
    }
}

/// `3 (2 for this reason, 1 for that one)`; nothing for none.
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

struct Transport<'a>(&'a TransportStats);

impl Display for Transport<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stats = self.0;
        write!(f, "{} sent", Spans(stats.sent))?;
        let other = stats.dropped_failed.saturating_sub(stats.oversized + stats.rejected + stats.given_up);
        let more = [
            (stats.queued, "waiting"),
            (stats.spooled, "on a disk"),
            (stats.dropped_queue_full, "lost for want of room"),
            (stats.oversized, "too large"),
            (stats.rejected, "refused"),
            (stats.given_up, "given up"),
            (other, "failed"),
            (stats.inherited_sent, "of an earlier process sent"),
            (stats.inherited_dropped, "of an earlier process lost"),
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
        write!(f, "requests: {ok} answered, {failed} failed, {retries} made again, {}", Bytes(stats.bytes))?;
        let count = u32::try_from(stats.latency.count()).unwrap_or(u32::MAX);
        let mean = stats.latency.sum().checked_div(count);
        mean.map_or(Ok(()), |mean| write!(f, ", {mean:.1?} each"))
    }
}

struct LastError<'a>(Option<&'a str>);

impl Display for LastError<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What a server said makes neither lines of its own nor a long one.
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
        let causes = [(malformed, "not readable"), (ignored, "ignored, being of another trace")];
        let causes = Causes(&causes).to_string();
        if causes.is_empty() { Ok(()) } else { write!(f, "{name}: {causes}") }
    }
}

struct Spans(u64);

impl Display for Spans {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let noun = if self.0 == 1 { "span" } else { "spans" };
        write!(f, "{} {noun}", Number(self.0))
    }
}

/// `1,234,567`.
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
