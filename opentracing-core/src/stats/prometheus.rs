//! The statistics as Prometheus reads them.

use std::fmt::{self, Display};

use crate::stats::stats::Stats;
use crate::stats::transport_stats::{Latency, TransportStats};

/// [`Stats`] in the text format of Prometheus, written by its `Display`. Send it as `text/plain; version=0.0.4; charset=utf-8`.
///
/// ```
/// let tracer = opentracing_core::Tracer::builder("shop").build().0;
/// let text = tracer.stats().prometheus().label("service", "shop").to_string();
/// assert!(text.contains("\nopentracing_spans_started_total{service=\"shop\"} 0\n"));
/// ```
///
/// | metric | labels |
/// |---|---|
/// | `opentracing_spans_started_total`, `_spans_delivered_total`, `_spans_open` | |
/// | `opentracing_spans_dropped_total` | `cause`: `full`, `shutdown`, `unsampled`, `reporter_panic` |
/// | `opentracing_sampler_decisions_total` | `sampled`: `true`, `false` |
/// | `opentracing_sampler_queries_total`, `_sampler_updates_total` | `result`: `ok`, `error` |
/// | `opentracing_sampler_panics_total` | |
/// | `opentracing_operation_names`, `_excess_names_total` | |
/// | `opentracing_truncated_total`, `_baggage_cut_total` | |
/// | `opentracing_extract_corrupted_total`, `_fields_malformed_total` | |
/// | `opentracing_carriers_malformed_total`, `_carriers_ignored_total` | `format`: `tracecontext`, `b3` … |
/// | `opentracing_misuse_total` | `kind`: `write_after_finish`, `finished_before_start`, `log_out_of_range`, `scope_out_of_order` |
/// | `opentracing_spans_missing_route_total` | |
/// | `opentracing_transport_spans_sent_total`, `_transport_queue_spans` | `transport` |
/// | `opentracing_transport_spans_dropped_total` | `transport`; `cause`: `queue_full`, `oversized`, `rejected`, `retries_exhausted`, `failed` |
/// | `opentracing_transport_spooled_spans` | `transport` |
/// | `opentracing_transport_recovered_spans_total` | `transport`; `result`: `sent`, `dropped` |
/// | `opentracing_transport_requests_total` | `transport`; `result`: `ok`, `error` |
/// | `opentracing_transport_retries_total`, `_transport_sent_bytes_total` | `transport` |
/// | `opentracing_transport_request_duration_seconds` | `transport`; a histogram |
///
/// A second transport of the same name is `otlp-2`, and so on.
#[derive(Clone, Debug)]
#[must_use = "the text is written by `Display`"]
pub struct Prometheus<'a> {
    stats: &'a Stats,
    labels: Vec<(&'a str, &'a str)>,
}

impl<'a> Prometheus<'a> {
    pub(crate) fn new(stats: &'a Stats) -> Self {
        Prometheus { stats, labels: Vec::new() }
    }

    /// Adds a label to every sample, for a process with several tracers. In a name, whatever is no ASCII letter, digit or underscore
    /// becomes an underscore, and so does a digit in front.
    pub fn label(mut self, name: &'a str, value: &'a str) -> Self {
        self.labels.push((name, value));
        self
    }
}

impl Display for Prometheus<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stats = self.stats;
        let mut out = Writer::new(f, &self.labels);
        out.counter("spans_started_total", "Recorded spans that were started.", stats.started)?;
        out.counter("spans_delivered_total", "Spans that were delivered to the reporter.", stats.delivered)?;
        out.head("spans_open", "gauge", "Spans that are being recorded.")?;
        out.sample("spans_open", &[], stats.open())?;
        out.counters(
            "spans_dropped_total",
            "Recorded spans that were dropped before the reporter.",
            "cause",
            &[
                ("full", stats.dropped_full),
                ("shutdown", stats.dropped_shutdown),
                ("unsampled", stats.dropped_unsampled),
                ("reporter_panic", stats.dropped_reporter_panic),
            ],
        )?;
        out.counters(
            "sampler_decisions_total",
            "Decisions of the sampler.",
            "sampled",
            &[("true", stats.sampled), ("false", stats.not_sampled)],
        )?;
        let sampler = &stats.sampler;
        out.counters(
            "sampler_queries_total",
            "Queries for a sampling strategy.",
            "result",
            &[("ok", sampler.queries_ok), ("error", sampler.queries_failed)],
        )?;
        out.counters(
            "sampler_updates_total",
            "Sampling strategies that were applied, or were invalid.",
            "result",
            &[("ok", sampler.updates_ok), ("error", sampler.updates_failed)],
        )?;
        out.counter("sampler_panics_total", "Samplers that panicked.", stats.sampler_panics)?;
        out.head("operation_names", "gauge", "Distinct operation names.")?;
        out.sample("operation_names", &[], stats.operation_names)?;
        out.counter("excess_names_total", "Spans with a name beyond the limit of distinct names.", stats.excess_names)?;
        out.counter(
            "truncated_total",
            "Tags, logs and values that were truncated or dropped because of limits.",
            stats.truncated,
        )?;
        out.counter(
            "baggage_dropped_total",
            "Baggage items that were dropped because of limits.",
            stats.baggage_dropped,
        )?;
        out.counter("extract_corrupted_total", "Carriers without a readable context.", stats.extract_corrupted)?;
        out.counter("fields_malformed_total", "Malformed headers.", stats.fields_malformed)?;
        self.formats(&mut out)?;
        out.counters(
            "misuse_total",
            "Calls that misuse the API, by kind.",
            "kind",
            &[
                ("write_after_finish", stats.write_after_finish),
                ("finished_before_start", stats.finished_before_start),
                ("log_out_of_range", stats.logs_out_of_range),
                ("scope_out_of_order", stats.scopes_out_of_order),
            ],
        )?;
        out.counter("spans_missing_route_total", "Server spans without a route.", stats.missing_route)?;
        self.transports(&mut out)
    }
}

impl Prometheus<'_> {
    fn formats(&self, out: &mut Writer<'_, '_>) -> fmt::Result {
        let formats = &self.stats.formats;
        if formats.is_empty() {
            return Ok(());
        }
        out.head("carriers_malformed_total", "counter", "Carriers with a malformed header of the format.")?;
        for format in formats {
            out.sample("carriers_malformed_total", &[("format", &format.name)], format.malformed)?;
        }
        out.head(
            "carriers_ignored_total",
            "counter",
            "Carriers whose context of this format was ignored because another format named another trace.",
        )?;
        for format in formats {
            out.sample("carriers_ignored_total", &[("format", &format.name)], format.ignored)?;
        }
        Ok(())
    }

    fn transports(&self, out: &mut Writer<'_, '_>) -> fmt::Result {
        let transports = named(&self.stats.transports);
        if transports.is_empty() {
            return Ok(());
        }
        let of = |out: &mut Writer<'_, '_>, name: &str, kind: &str, help: &str, number: fn(&TransportStats) -> u64| {
            out.head(name, kind, help)?;
            let mut transports = transports.iter();
            transports.try_for_each(|(label, stats)| out.sample(name, &[("transport", label)], number(stats)))
        };
        of(
            out,
            "transport_spans_sent_total",
            "counter",
            "Spans that the backend accepted, or that were written.",
            |stats| stats.sent,
        )?;
        let name = "transport_spans_dropped_total";
        out.head(name, "counter", "Spans that a transport dropped.")?;
        for (label, stats) in &transports {
            let known = stats.oversized + stats.rejected + stats.retries_exhausted;
            for (cause, number) in [
                ("queue_full", stats.dropped_queue_full),
                ("oversized", stats.oversized),
                ("rejected", stats.rejected),
                ("retries_exhausted", stats.retries_exhausted),
                ("failed", stats.dropped_failed.saturating_sub(known)),
            ] {
                out.sample(name, &[("transport", label), ("cause", &cause)], number)?;
            }
        }
        of(out, "transport_queue_spans", "gauge", "Spans that are queued or in flight.", |stats| stats.queued)?;
        of(out, "transport_spooled_spans", "gauge", "Spans that wait in the spool.", |stats| stats.spooled)?;
        let name = "transport_recovered_spans_total";
        out.head(name, "counter", "Spans that an earlier process left in the spool.")?;
        for (label, stats) in &transports {
            out.sample(name, &[("transport", label), ("result", &"sent")], stats.recovered_sent)?;
            out.sample(name, &[("transport", label), ("result", &"dropped")], stats.recovered_dropped)?;
        }
        let name = "transport_requests_total";
        out.head(name, "counter", "Attempts to send a request.")?;
        for (label, stats) in &transports {
            out.sample(name, &[("transport", label), ("result", &"ok")], stats.requests)?;
            out.sample(name, &[("transport", label), ("result", &"error")], stats.failed_requests)?;
        }
        of(out, "transport_retries_total", "counter", "Requests that were retried.", |stats| stats.retries)?;
        of(out, "transport_sent_bytes_total", "counter", "Bytes of request bodies.", |stats| stats.bytes)?;
        let name = "transport_request_duration_seconds";
        out.head(name, "histogram", "Duration of requests that succeeded.")?;
        transports.iter().try_for_each(|(label, stats)| out.histogram(name, &[("transport", label)], &stats.latency))
    }
}

/// With names that are distinct.
fn named(transports: &[TransportStats]) -> Vec<(String, &TransportStats)> {
    let mut named: Vec<(String, &TransportStats)> = Vec::with_capacity(transports.len());
    for stats in transports {
        let same = named.iter().filter(|(_, earlier)| earlier.name == stats.name).count();
        let name = if same == 0 { stats.name.to_owned() } else { format!("{}-{}", stats.name, same + 1) };
        named.push((name, stats));
    }
    named
}

pub(crate) struct Writer<'w, 'f> {
    f: &'w mut fmt::Formatter<'f>,
    labels: &'w [(&'w str, &'w str)],
}

pub(crate) type Labels<'l> = &'l [(&'l str, &'l dyn Display)];

impl<'w, 'f> Writer<'w, 'f> {
    pub(crate) fn new(f: &'w mut fmt::Formatter<'f>, labels: &'w [(&'w str, &'w str)]) -> Self {
        Writer { f, labels }
    }

    pub(crate) fn head(&mut self, name: &str, kind: &str, help: &str) -> fmt::Result {
        writeln!(self.f, "# HELP opentracing_{name} {help}\n# TYPE opentracing_{name} {kind}")
    }

    fn counter(&mut self, name: &str, help: &str, number: u64) -> fmt::Result {
        self.head(name, "counter", help)?;
        self.sample(name, &[], number)
    }

    fn counters(&mut self, name: &str, help: &str, label: &str, numbers: &[(&str, u64)]) -> fmt::Result {
        self.head(name, "counter", help)?;
        numbers.iter().try_for_each(|(value, number)| self.sample(name, &[(label, value)], *number))
    }

    pub(crate) fn histogram(&mut self, name: &str, labels: Labels<'_>, latency: &Latency) -> fmt::Result {
        let bucket = format!("{name}_bucket");
        let bounds = latency.cumulative().map(|(bound, count)| (bound.as_secs_f64().to_string(), count));
        for (bound, count) in bounds.chain([("+Inf".to_owned(), latency.count())]) {
            let mut labels = labels.to_vec();
            labels.push(("le", &bound));
            self.sample(&bucket, &labels, count)?;
        }
        self.sample(&format!("{name}_sum"), labels, latency.sum().as_secs_f64())?;
        self.sample(&format!("{name}_count"), labels, latency.count())
    }

    pub(crate) fn sample(&mut self, name: &str, labels: Labels<'_>, value: impl Display) -> fmt::Result {
        write!(self.f, "opentracing_{name}")?;
        let own = self.labels.iter().map(|(label, value)| (*label, value as &dyn Display));
        let mut separator = '{';
        for (label, value) in own.chain(labels.iter().copied()) {
            write!(self.f, "{separator}{}=\"{}\"", LabelName(label), Escaped(&value.to_string()))?;
            separator = ',';
        }
        let end = if separator == '{' { "" } else { "}" };
        writeln!(self.f, "{end} {value}")
    }
}

/// Of the characters that a label's name may have.
struct LabelName<'a>(&'a str);

impl Display for LabelName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("_");
        }
        self.0.chars().enumerate().try_for_each(|(place, letter)| {
            let fits = letter.is_ascii_alphabetic() || letter == '_' || (place > 0 && letter.is_ascii_digit());
            write!(f, "{}", if fits { letter } else { '_' })
        })
    }
}

/// As the value of a label: backslash, quotation mark and line feed cannot stand for themselves.
struct Escaped<'a>(&'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|letter| match letter {
            '\\' => f.write_str("\\\\"),
            '"' => f.write_str("\\\""),
            '\n' => f.write_str("\\n"),
            letter => write!(f, "{letter}"),
        })
    }
}
