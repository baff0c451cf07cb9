//! The statistics in the Prometheus text format.

use std::fmt::{self, Display};

use crate::stats::pool::PoolStats;
use crate::stats::stats::Stats;
use crate::stats::text_format::{Dialect, Writer};
use crate::stats::transport_stats::TransportStats;

/// Displays [`Stats`] in the Prometheus text format. Serve it with the content type `text/plain; version=0.0.4; charset=utf-8`.
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
/// | `opentracing_spans_dropped_total` | `cause`: `full`, `shutdown`, `unsampled`, `reporter_panic`, `fork` |
/// | `opentracing_sampler_decisions_total` | `sampled`: `true`, `false` |
/// | `opentracing_sampler_queries_total`, `_sampler_updates_total` | `result`: `ok`, `error` |
/// | `opentracing_sampler_panics_total` | |
/// | `opentracing_operation_names`, `_excess_names_total` | |
/// | `opentracing_truncated_total`, `_baggage_dropped_total` | |
/// | `opentracing_extract_corrupted_total`, `_fields_malformed_total` | |
/// | `opentracing_carriers_malformed_total`, `_carriers_ignored_total` | `format`: `tracecontext`, `b3` … |
/// | `opentracing_traces_restarted_total` | `header`; `reason` |
/// | `opentracing_misuse_total` | `kind`: `write_after_finish`, `finished_before_start`, `log_out_of_range`, `scope_out_of_order` |
/// | `opentracing_spans_missing_route_total` | |
/// | `opentracing_requests_missing_peer_total` | |
/// | `opentracing_server_layers_nested_total` | |
/// | `opentracing_messages_received_total` | |
/// | `opentracing_message_handlers_total` | `result`: `missing`, `cancelled`, `panicked` |
/// | `opentracing_message_contexts_total` | `result`: `shortened`, `left_out`, `refused` |
/// | `opentracing_message_client_events_total` | `kind`: `receive_failed`, `settle_failed`, `rebalanced`, `consumer_cancelled`, `bypassed` |
/// | `opentracing_tail_held_traces`, `_tail_held_spans`, `_tail_held_bytes`, `_tail_operations` | |
/// | `opentracing_tail_traces_total` | `decision`: `kept`, `dropped`; `rule` |
/// | `opentracing_tail_spans_total`, `_tail_late_spans_total` | `decision`: `kept`, `dropped` |
/// | `opentracing_tail_early_decisions_total` | `cause`: `spans`, `bytes`, `age` |
/// | `opentracing_tail_excess_operations_total` | |
/// | `opentracing_transport_spans_sent_total`, `_transport_queue_spans` | `transport` |
/// | `opentracing_transport_spans_dropped_total` | `transport`; `cause`: `queue_full`, `oversized`, `rejected`, `retries_exhausted`, `failed` |
/// | `opentracing_transport_spooled_spans` | `transport` |
/// | `opentracing_transport_recovered_spans_total` | `transport`; `result`: `sent`, `dropped` |
/// | `opentracing_transport_requests_total` | `transport`; `result`: `ok`, `error` |
/// | `opentracing_transport_retries_total`, `_transport_sent_bytes_total` | `transport` |
/// | `opentracing_transport_request_duration_seconds` | `transport`; a histogram |
///
/// | `opentracing_pool_open` | `pool`; `state`: `idle`, `used` |
/// | `opentracing_pool_max`, `_pool_waiting` | `pool` |
/// | `opentracing_pool_failed_total` | `pool`; `cause`: `timeout`, `error`, `cancelled` |
/// | `opentracing_pool_wait_seconds` | `pool`; a histogram |
///
/// If several transports have the same name, the second one is `otlp-2`, and so on. The same applies to pools.
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

    /// Adds a label to every sample, for example to distinguish several tracers of a process. Characters of the name other than ASCII
    /// letters, digits and underscores become underscores, and so does a leading digit.
    pub fn label(mut self, name: &'a str, value: &'a str) -> Self {
        self.labels.push((name, value));
        self
    }
}

impl Display for Prometheus<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.stats.write(&mut Writer::new(f, Dialect::Prometheus, &self.labels))
    }
}

impl Stats {
    pub(crate) fn write(&self, out: &mut Writer<'_>) -> fmt::Result {
        let stats = self;
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
                ("fork", stats.dropped_fork),
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
        self.write_formats(out)?;
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
        out.counter("requests_missing_peer_total", "Requests without a peer address.", stats.missing_peer)?;
        out.counter(
            "server_layers_nested_total",
            "Requests that reached a second server layer.",
            stats.server_layers_nested,
        )?;
        self.write_messages(out)?;
        self.write_tail(out)?;
        self.write_transports(out)?;
        self.write_pools(out)
    }
}

impl Stats {
    fn write_formats(&self, out: &mut Writer<'_>) -> fmt::Result {
        let formats = &self.formats;
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
        if self.restarts.is_empty() {
            return Ok(());
        }
        out.head("traces_restarted_total", "counter", "New traces that were started because a header was invalid.")?;
        for restart in &self.restarts {
            let labels = &[("header", &restart.header as &dyn Display), ("reason", &restart.reason)];
            out.sample("traces_restarted_total", labels, restart.traces)?;
        }
        Ok(())
    }

    fn write_messages(&self, out: &mut Writer<'_>) -> fmt::Result {
        let stats = &self.messages;
        out.counter("messages_received_total", "Messages that were received.", stats.received)?;
        out.counters(
            "message_handlers_total",
            "Received messages that no handler handled, and handlers that did not end by themselves.",
            "result",
            &[("missing", stats.unhandled), ("cancelled", stats.cancelled), ("panicked", stats.panicked)],
        )?;
        out.counters(
            "message_contexts_total",
            "Sent messages without a part of their context or without all of it, and clients whose headers were refused.",
            "result",
            &[
                ("shortened", stats.context_shortened),
                ("left_out", stats.context_left_out),
                ("refused", stats.headers_refused),
            ],
        )?;
        out.counters(
            "message_client_events_total",
            "What happened to clients of brokers.",
            "kind",
            &[
                ("receive_failed", stats.receive_failed),
                ("settle_failed", stats.settle_failed),
                ("rebalanced", stats.rebalanced),
                ("consumer_cancelled", stats.consumers_cancelled),
                ("bypassed", stats.bypassed),
            ],
        )
    }

    fn write_tail(&self, out: &mut Writer<'_>) -> fmt::Result {
        let Some(tail) = &self.tail else { return Ok(()) };
        let gauges = [
            ("tail_held_traces", "Traces that tail sampling holds.", tail.held_traces),
            ("tail_held_spans", "Spans that tail sampling holds.", tail.held_spans),
            ("tail_held_bytes", "Memory of the spans that tail sampling holds.", tail.held_bytes),
            ("tail_operations", "Operations whose durations tail sampling knows.", tail.operations),
        ];
        for (name, help, number) in gauges {
            out.head(name, "gauge", help)?;
            out.sample(name, &[], number)?;
        }
        let name = "tail_traces_total";
        out.head(name, "counter", "Traces that tail sampling has decided about, by the rule that decided.")?;
        for rule in &tail.rules {
            for (decision, number) in [("kept", rule.kept), ("dropped", rule.dropped)] {
                if number > 0 {
                    out.sample(name, &[("decision", &decision), ("rule", &rule.rule)], number)?;
                }
            }
        }
        out.counters(
            "tail_spans_total",
            "Spans that tail sampling has decided about.",
            "decision",
            &[("kept", tail.kept_spans), ("dropped", tail.dropped_spans)],
        )?;
        out.counters(
            "tail_late_spans_total",
            "Spans that finished after tail sampling had decided about their trace.",
            "decision",
            &[("kept", tail.late_kept), ("dropped", tail.late_dropped)],
        )?;
        out.counters(
            "tail_early_decisions_total",
            "Traces that tail sampling decided about early, because of a limit.",
            "cause",
            &[("spans", tail.early_by_spans), ("bytes", tail.early_by_bytes), ("age", tail.early_by_age)],
        )?;
        out.counter(
            "tail_excess_operations_total",
            "Durations that tail sampling could not compare, because of too many operations.",
            tail.excess_operations,
        )
    }

    fn write_transports(&self, out: &mut Writer<'_>) -> fmt::Result {
        let transports = named(&self.transports, |stats| stats.name);
        if transports.is_empty() {
            return Ok(());
        }
        let of = |out: &mut Writer<'_>, name: &str, kind: &str, help: &str, number: fn(&TransportStats) -> u64| {
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
        transports.iter().try_for_each(|(label, stats)| {
            let latency = &stats.latency;
            let buckets = latency.cumulative().map(|(bound, count)| (Some(bound), count, None));
            let buckets = buckets.chain([(None, latency.count(), None)]);
            out.histogram(name, &[("transport", label)], buckets, latency.sum())
        })
    }

    fn write_pools(&self, out: &mut Writer<'_>) -> fmt::Result {
        let pools = named(&self.pools, |stats| &stats.name);
        if pools.is_empty() {
            return Ok(());
        }
        let of = |out: &mut Writer<'_>, name: &str, help: &str, number: fn(&PoolStats) -> u64| {
            out.head(name, "gauge", help)?;
            pools.iter().try_for_each(|(label, stats)| out.sample(name, &[("pool", label)], number(stats)))
        };
        out.head("pool_open", "gauge", "Open items of a pool, such as connections.")?;
        for (label, stats) in &pools {
            out.sample("pool_open", &[("pool", label), ("state", &"idle")], stats.idle)?;
            let used = stats.open.saturating_sub(stats.idle);
            out.sample("pool_open", &[("pool", label), ("state", &"used")], used)?;
        }
        of(out, "pool_max", "The limit of open items.", |stats| stats.max)?;
        of(out, "pool_waiting", "Requests that wait for an item.", |stats| stats.waiting)?;
        let name = "pool_failed_total";
        out.head(name, "counter", "Requests that received no item.")?;
        for (label, stats) in &pools {
            let causes = [("timeout", stats.timed_out), ("error", stats.failed), ("cancelled", stats.cancelled)];
            for (cause, number) in causes {
                out.sample(name, &[("pool", label), ("cause", &cause)], number)?;
            }
        }
        let name = "pool_wait_seconds";
        out.head(name, "histogram", "How long requests waited for an item.")?;
        pools.iter().try_for_each(|(label, stats)| {
            let buckets = stats.waits.cumulative().map(|(bound, count)| (Some(bound), count, None));
            let buckets = buckets.chain([(None, stats.waits.count(), None)]);
            out.histogram(name, &[("pool", label)], buckets, stats.waits.sum())
        })
    }
}

/// The transports or pools with distinct names: `otlp`, `otlp-2` and so on.
fn named<T>(all: &[T], name: fn(&T) -> &str) -> Vec<(String, &T)> {
    let mut named: Vec<(String, &T)> = Vec::with_capacity(all.len());
    for stats in all {
        let same = named.iter().filter(|(_, earlier)| name(earlier) == name(stats)).count();
        let label = if same == 0 { name(stats).to_owned() } else { format!("{}-{}", name(stats), same + 1) };
        named.push((label, stats));
    }
    named
}
