//! Tail sampling across a fleet, by the Collectors of `deploy/collector`.

mod load;
pub(crate) mod tiers;

use std::collections::{HashMap, HashSet};
use std::io::Write;
use std::time::Duration;

use serde_json::Value;

use crate::fleet::load::{CARD, Kind, SPANS, Sent, Services};
use crate::fleet::tiers::{Collector, Fleet, Folder};
use crate::servers::{addresses, free_ports, get, sum_of, wait_for};

/// The share of ordinary traces that is kept, in percent.
const SHARE: usize = 20;
/// Far longer than the spans of one trace are apart, even on a busy machine.
const DECISION_WAIT: &str = "20s";

const DECIDED: &str = "otelcol_processor_tail_sampling_global_count_traces_sampled";

/// The spans that a gateway kept, by trace, as ids.
type Kept = HashMap<String, HashSet<String>>;

fn kept(gateway: &Collector) -> Kept {
    let mut kept = Kept::new();
    for line in gateway.kept().lines() {
        let request: Value = serde_json::from_str(line).unwrap();
        for span in all(&request, &["resourceSpans", "scopeSpans", "spans"]) {
            let [trace, id] = ["traceId", "spanId"].map(|field| span[field].as_str().unwrap().to_owned());
            kept.entry(trace).or_default().insert(id);
        }
    }
    kept
}

/// The items of nested lists.
fn all<'v>(value: &'v Value, lists: &[&str]) -> Vec<&'v Value> {
    let mut found = vec![value];
    for list in lists {
        found = found.into_iter().filter_map(|value| value[list].as_array()).flatten().collect();
    }
    found
}

fn sum(gateways: &[Collector], page: fn(&Collector) -> String, metric: &str, labels: &[&str]) -> usize {
    let sum: f64 = gateways.iter().map(|gateway| sum_of(&page(gateway), metric, labels)).sum();
    // Counters of whole spans and traces.
    sum.round() as usize
}

#[test]
fn keeps_failed_and_slow_traces_whole_and_a_share_of_the_others() {
    let Some([program, jaeger, jaeger_query, zipkin]) =
        addresses(["OTELCOL", "JAEGER_OTLP_GRPC_URL", "JAEGER_QUERY", "ZIPKIN_URL"])
    else {
        return;
    };
    // More, to measure the tiers under load. Zipkin's store in memory does not take that many.
    let factor: usize = std::env::var("FLEET_FACTOR").map_or(1, |factor| factor.parse().unwrap());
    let backends = if factor == 1 { "[file, otlp_grpc/jaeger, zipkin]" } else { "[file, otlp_grpc/jaeger]" };
    let fleet = Fleet::start(
        &program,
        &[
            ("BACKENDS", backends),
            ("JAEGER", jaeger.trim_start_matches("http://")),
            ("ZIPKIN_URL", &zipkin),
            ("DECISION_WAIT", DECISION_WAIT),
            ("SHARE_PERCENT", &SHARE.to_string()),
        ],
    );
    let services = Services::start(&fleet.agents[0], &fleet.agents[1]);
    let mut sent = Sent::new();
    let plan = [
        (Kind::Failed, 100),
        (Kind::Ordinary, 1_500),
        (Kind::Slow, 100),
        (Kind::AskedFor, 20),
        (Kind::HealthCheck, 20),
        (Kind::Ordinary, 1_500),
    ];
    plan.iter().for_each(|(kind, traces)| services.send(*kind, traces * factor, &mut sent));

    let decided = |label: &str| sum(&fleet.gateways, Collector::metrics, DECIDED, &[label]);
    wait_for("all decisions", || (decided("") >= sent.len()).then_some(()));
    assert_eq!(decided(""), sent.len(), "a trace was decided twice");
    let sampled = decided("sampled=\"true\"");
    let kept: Vec<Kept> = wait_for("the kept spans", || {
        let kept: Vec<Kept> = fleet.gateways.iter().map(kept).collect();
        let spans: usize = kept.iter().flat_map(HashMap::values).map(HashSet::len).sum();
        (spans >= sampled * SPANS).then_some(kept)
    });

    let mut counts: HashMap<Kind, (usize, usize)> = HashMap::new();
    for (trace, (kind, spans)) in &sent {
        let count = counts.entry(*kind).or_default();
        count.1 += 1;
        let at: Vec<_> = kept.iter().filter_map(|kept| kept.get(trace)).collect();
        if let [found] = at[..] {
            assert_eq!(found, spans, "{kind:?} {trace} is not whole");
            count.0 += 1;
        } else {
            assert!(at.is_empty(), "{kind:?} {trace} is at both gateways");
        }
    }
    for kind in [Kind::Failed, Kind::Slow, Kind::AskedFor] {
        let (kept, of) = counts[&kind];
        assert_eq!(kept, of, "{kind:?}");
    }
    assert_eq!(counts[&Kind::HealthCheck].0, 0);
    let (ordinary, of) = counts[&Kind::Ordinary];
    assert!(is_share(ordinary, of, SHARE), "kept {ordinary} of {of}");
    for kept in &kept {
        assert!(kept.len() * 10 > sampled, "one gateway has {} of {sampled} traces", kept.len());
    }
    check_redaction(&fleet);
    check_figures(&fleet, sent.len());
    // Jaeger's store in memory would have removed the oldest of more traces.
    if factor == 1 {
        let failed = sent.iter().find_map(|(trace, (kind, _))| (*kind == Kind::Failed).then_some(trace)).unwrap();
        check_backends(&[format!("{jaeger_query}/api/traces/{failed}"), format!("{zipkin}/api/v2/trace/{failed}")]);
    }
    tell(&fleet, &services, &counts, sent.len() * SPANS);
}

#[test]
fn kept_spans_survive_a_killed_gateway() {
    let Some([program, jaeger, jaeger_query]) = addresses(["OTELCOL", "JAEGER_OTLP_GRPC_URL", "JAEGER_QUERY"]) else {
        return;
    };
    let folder = Folder::new();
    // Nobody listens there.
    let unreachable = format!("127.0.0.1:{}", free_ports::<1>()[0]);
    let gateway = Collector::gateway(&program, &folder.0, &[("DECISION_WAIT", "1s"), ("JAEGER", &unreachable)]);
    let mut sent = Sent::new();
    Services::start(&gateway, &gateway).send(Kind::Failed, 1, &mut sent);
    let queued = "otelcol_exporter_queue_size";
    wait_for("a request in the queue", || {
        (sum_of(&gateway.metrics(), queued, &["otlp_grpc/jaeger"]) > 0.0).then_some(())
    });
    drop(gateway);

    let jaeger = jaeger.trim_start_matches("http://");
    let _restarted = Collector::gateway(&program, &folder.0, &[("DECISION_WAIT", "1s"), ("JAEGER", jaeger)]);
    let url = format!("{jaeger_query}/api/traces/{}", sent.keys().next().unwrap());
    wait_for("the trace in Jaeger", || get(&url).filter(|trace| trace.contains("POST /buy")));
}

/// Whether that many of `of` are the expected share, within eight standard deviations of the binomial distribution.
fn is_share(kept: usize, of: usize, percent: usize) -> bool {
    let (of, share) = (of as f64, percent as f64 / 100.0);
    (kept as f64 - of * share).abs() < 8.0 * (of * share * (1.0 - share)).sqrt()
}

fn check_redaction(fleet: &Fleet) {
    for gateway in &fleet.gateways {
        let kept = gateway.kept();
        assert!(kept.contains("charged **** today"), "a card is not masked");
        assert!(!kept.contains(CARD), "a card was sent on");
    }
}

/// The figures count all spans, not the kept ones.
#[track_caller]
fn check_figures(fleet: &Fleet, traces: usize) {
    let figure = |metric, labels: &[&str]| sum(&fleet.gateways, Collector::span_metrics, metric, labels);
    wait_for("span metrics", || {
        let orders = ["service_name=\"order\"", "span_kind=\"SPAN_KIND_SERVER\""];
        (figure("traces_spanmetrics_calls_total", &orders) == traces).then_some(())
    });
    wait_for("the service graph", || {
        let calls = ["client=\"order\"", "server=\"payment\""];
        (figure("traces_service_graph_request_total", &calls) == traces).then_some(())
    });
}

fn check_backends(trace_urls: &[String]) {
    for url in trace_urls {
        // Zipkin makes names lower case.
        wait_for(url, || get(url).filter(|trace| trace.contains("bank") && trace.to_lowercase().contains("post /buy")));
    }
}

/// Prints the figures of `docs/fleet.md`.
fn tell(fleet: &Fleet, services: &Services, counts: &HashMap<Kind, (usize, usize)>, spans: usize) {
    let mut out = std::io::stderr();
    for (kind, (kept, of)) in counts {
        let _ = writeln!(out, "fleet: {kind:?}: kept {kept} of {of}");
    }
    let _ = writeln!(out, "fleet: {spans} spans of {} bytes", services.bytes_per_span());
    for (name, tier) in [("agents", &fleet.agents), ("gateways", &fleet.gateways)] {
        let used: Duration = tier.iter().map(Collector::cpu_time).sum();
        let memory: Vec<u64> = tier.iter().map(Collector::peak_memory_mib).collect();
        let each = used.as_secs_f64() * 1e6 / spans as f64;
        let _ = writeln!(out, "fleet: {name}: {each:.1} µs of processor time per span, peak memory {memory:?} MiB");
    }
}
