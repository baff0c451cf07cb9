//! Statistics of a tracer: counters, the Prometheus text, the report for people.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use opentracing_core::mock::MockTracer;
use opentracing_core::propagation::{HttpHeaders, TextMap};
use opentracing_core::{
    Batch, ConstSampler, Decision, ProbabilisticSampler, RemoteSampler, Reporter, ReporterStats, SamplingStrategy,
    SpanRef, Stats, Tracer, TransportStats,
};

#[test]
fn spans_are_open_from_their_start_until_they_are_drained() {
    #[track_caller]
    fn check(mock: &MockTracer, expected: (u64, u64, u64)) {
        // Drains.
        mock.finished_spans();
        let stats = mock.tracer().stats();
        assert_eq!((stats.started, stats.finished(), stats.open()), expected);
    }
    let mock = MockTracer::new();
    check(&mock, (0, 0, 0));
    let (first, mut second) = (mock.tracer().span("first").start(), mock.tracer().span("second").start());
    let shared: SpanRef = second.share();
    check(&mock, (2, 0, 2));
    first.finish();
    check(&mock, (2, 1, 1));
    shared.finish();
    drop(second);
    check(&mock, (2, 2, 0));
    std::thread::scope(|scope| {
        scope.spawn(|| mock.tracer().span("elsewhere").start().finish());
    });
    check(&mock, (3, 3, 0));
    let lasting = mock.tracer().span("lasting").start();
    mock.tracer().close(Duration::from_secs(1)).unwrap();
    check(&mock, (4, 3, 1));
    drop(lasting);
    check(&mock, (4, 4, 0));
    assert_eq!(mock.tracer().stats().dropped_shutdown, 1);
}

#[test]
fn spans_that_are_not_recorded_do_not_count_unless_they_are_later() {
    let mock = MockTracer::with(|builder| builder.sampler(ConstSampler::off()));
    mock.tracer().span("dropped").start().finish();
    assert_eq!(mock.tracer().stats().started, 0);
    let mut late = mock.tracer().span("kept late").start();
    late.set_tag("sampling.priority", 1);
    assert_eq!(mock.tracer().stats().open(), 1);
    drop(late);
    mock.finished_spans();
    let recorded = MockTracer::with(|builder| builder.sampler(ConstSampler::new(Decision::Record)));
    recorded.tracer().span("left out").start().finish();
    recorded.finished_spans();
    for (mock, expected) in [(mock, (1, 1, 0)), (recorded, (1, 1, 0))] {
        let stats = mock.tracer().stats();
        assert_eq!((stats.started, stats.finished(), stats.open()), expected);
    }
}

/// Traces are the ids 1 to 100, of which a rate of a half keeps all; those of threads that have ended count as well.
#[test]
fn decisions_of_the_sampler_are_counted_on_every_thread() {
    let sampler = RemoteSampler::new(ProbabilisticSampler::new(0.5));
    let mock = MockTracer::with(|builder| builder.sampler(sampler.clone()));
    assert_eq!(mock.tracer().stats().sampling_rate(), None);
    let trace = || {
        let scope = mock.tracer().span("root").start_active();
        mock.tracer().span("child").start().finish();
        drop(scope);
    };
    for threads in 0..3 {
        std::thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(trace))));
        trace();
    }
    sampler.update(SamplingStrategy::Probabilistic { sampling_rate: 0.0 }).unwrap();
    (0..2).for_each(|_| trace());
    let stats = mock.tracer().stats();
    assert_eq!((stats.sampled, stats.not_sampled, stats.sampling_rate()), (6, 2, Some(0.75)));
    let constant = MockTracer::new();
    constant.tracer().span("root").start().finish();
    assert_eq!(constant.tracer().stats().sampling_rate(), None);
}

#[test]
fn tracers_count_their_decisions_apart() {
    let tracers: Vec<_> =
        (0..3).map(|_| MockTracer::with(|builder| builder.sampler(ProbabilisticSampler::new(0.5)))).collect();
    for round in 0..2 {
        for (place, mock) in tracers.iter().enumerate() {
            (0..=place).for_each(|_| mock.tracer().span("root").start().finish());
            assert_eq!(mock.tracer().stats().sampled, (place as u64 + 1) * (round + 1));
        }
    }
}

#[test]
fn distinct_names_that_are_no_literals_are_counted() {
    let mock = MockTracer::new();
    for name in ["a", "b", "a"] {
        mock.tracer().span(name.to_owned()).start().finish();
        mock.tracer().span("literal").start().finish();
    }
    mock.finished_spans();
    assert_eq!(mock.tracer().stats().operation_names, 2);
}

/// The formats with something that did not count: name, not readable, ignored.
#[track_caller]
fn check_formats(headers: &[(&str, &str)], expected: &[(&str, u64, u64)]) {
    let mock = MockTracer::new();
    let carrier: HashMap<String, String> =
        headers.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect();
    let _ = mock.tracer().extract(HttpHeaders, &carrier);
    let formats = mock.tracer().stats().formats;
    let names: Vec<_> = formats.iter().map(|format| format.name).collect();
    assert_eq!(names, ["instana", "tracecontext", "b3", "baggage"]);
    let noted: Vec<_> = formats
        .iter()
        .map(|format| (format.name, format.malformed, format.ignored))
        .filter(|(_, malformed, ignored)| malformed + ignored > 0)
        .collect();
    assert_eq!(noted, expected, "{headers:?}");
}

#[test]
fn restarted_traces_are_counted_by_header_and_reason() {
    let mock = MockTracer::new();
    let valid = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let extract = |carrier: &[(&str, &str)]| {
        let carrier: Vec<(String, String)> =
            carrier.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect();
        let _ = mock.tracer().extract(HttpHeaders, &carrier);
        let _ = mock.tracer().extract(TextMap, &carrier);
    };
    extract(&[("traceparent", valid)]);
    extract(&[("traceparent", valid), ("traceparent", &valid.replace("4bf", "5bf"))]);
    extract(&[("traceparent", "00"), ("baggage", "a=1"), ("b3", "nonsense")]);
    // A trace goes on, or none came in.
    extract(&[("traceparent", "00"), ("b3", "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1")]);
    extract(&[("baggage", "=")]);
    // A decision alone continues no trace.
    extract(&[("X-B3-TraceId", "nonsense"), ("X-B3-Sampled", "0")]);
    let restarts = mock.tracer().stats().restarts;
    let restarts: Vec<_> = restarts.iter().map(|row| (row.header, &*row.reason, row.traces)).collect();
    let expected = [
        ("traceparent", "two different values", 2),
        ("traceparent", "it is too short", 2),
        ("X-B3-TraceId", "a character is no lower-case hexadecimal digit", 2),
    ];
    assert_eq!(restarts, expected);
    let report = mock.tracer().report().to_string();
    assert!(report.contains("  restarts   traceparent: 2 restarted traces, two different values\n"), "{report}");
    assert!(report.contains("traceparent: 2 restarted traces, it is too short\n"), "{report}");
}

#[test]
fn formats_that_do_not_count_are_counted() {
    const TRACEPARENT: (&str, &str) = ("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
    let b3 = |trace| ("b3", trace);
    check_formats(&[], &[]);
    check_formats(&[TRACEPARENT], &[]);
    check_formats(&[("traceparent", "00-nonsense")], &[("tracecontext", 1, 0)]);
    check_formats(&[TRACEPARENT, b3("nonsense")], &[]);
    check_formats(&[b3("nonsense")], &[("b3", 1, 0)]);
    check_formats(&[("traceparent", "nonsense"), b3("nonsense")], &[("tracecontext", 1, 0), ("b3", 1, 0)]);
    // Another trace, behind ids of 64 bits, so that B3 is looked at.
    let undecided = b3("00000000000000010000000000000002-0000000000000003");
    check_formats(&[undecided], &[]);
    check_formats(&[("X-INSTANA-T", "1"), ("X-INSTANA-S", "2"), undecided], &[("b3", 0, 1)]);
    // Instana's ids go on beside a traceparent of another trace.
    check_formats(&[("X-INSTANA-T", "1"), ("X-INSTANA-S", "2"), TRACEPARENT], &[]);
}

/// Returns the statistics that the test sets.
#[derive(Clone, Default)]
struct Telling(Arc<Mutex<(ReporterStats, Vec<TransportStats>)>>);

impl Reporter for Telling {
    fn report(&mut self, _: Batch<'_>) {}

    fn stats(&self) -> ReporterStats {
        self.0.lock().unwrap().0
    }

    fn transport_stats(&self, stats: &mut Vec<TransportStats>) {
        stats.extend(self.0.lock().unwrap().1.iter().cloned());
    }
}

/// A tracer that has been through much.
fn busy() -> Tracer {
    let telling = Telling::default();
    {
        let mut told = telling.0.lock().unwrap();
        (told.0.sent, told.0.dropped_queue_full, told.0.dropped_failed) = (1_234_567, 8, 10);
        let mut otlp = TransportStats::default();
        otlp.name = "otlp";
        (otlp.sent, otlp.queued, otlp.dropped_queue_full, otlp.dropped_failed) = (1_234_567, 12, 8, 10);
        (otlp.oversized, otlp.rejected, otlp.retries_exhausted) = (1, 2, 3);
        (otlp.spooled, otlp.recovered_sent, otlp.recovered_dropped) = (5, 6, 7);
        (otlp.requests, otlp.failed_requests, otlp.retries, otlp.bytes) = (2, 3, 3, 1_572_864);
        otlp.latency.record(Duration::from_millis(20));
        otlp.latency.record(Duration::from_millis(30));
        otlp.last_error = Some(format!("the server says:\n{}", "no".repeat(200)).into());
        let mut second = TransportStats::default();
        second.name = "otlp";
        second.sent = 1;
        told.1 = vec![otlp, second];
    }
    let tracer = Tracer::builder("shop").sampler(ProbabilisticSampler::new(1.0)).build_inline(telling);
    let scope = tracer.span("root").start_active();
    let mut child = tracer.span("child").start();
    let late = child.share();
    child.finish();
    late.log("too late");
    tracer.flush(Duration::from_secs(20)).unwrap();
    let carrier = HashMap::from([("traceparent".to_owned(), "nonsense".to_owned())]);
    tracer.extract(HttpHeaders, &carrier).unwrap_err();
    // Never finishes.
    std::mem::forget(scope.into_span());
    tracer
}

#[test]
fn the_report_tells_all_that_happened() {
    let error = format!("{}n", "no".repeat(141));
    let expected = format!(
        "\
shop: 2 spans started, 1 finished, 1 open
  sampling   1 of 1 traces, 100.0000 %
  dropped    8 queue of a transport full, 10 failed to send
  otlp       1,234,567 spans sent, 12 queued, 5 spooled, 8 dropped (queue full), 1 oversized, 2 rejected, 3 failed after retries, \
4 failed, 6 recovered and sent, 7 recovered and dropped
             requests: 2 succeeded, 3 failed, 3 retried, 1.5 MiB, 25.0ms on average
             last error: the server says:\\n{error}
  otlp       1 span sent
  headers    tracecontext: 1 malformed
  restarts   traceparent: 1 restarted trace, it is too short
  warnings   1 × carrier without a readable context, 1 × write to a finished span
"
    );
    assert_eq!(busy().report().to_string(), expected);
}

#[test]
fn the_report_does_not_mention_what_did_not_happen() {
    #[track_caller]
    fn check(tracer: &Tracer, expected: &str) {
        assert_eq!(tracer.report().to_string(), expected);
    }
    check(&Tracer::noop(), "no tracer is running\n");
    let start = "mock: 0 spans started, 0 finished, 0 open\n  sampling   ";
    let end = "\n  reporter   0 spans delivered\n";
    let check = |sampler: RemoteSampler, expected: &str| {
        let mock = MockTracer::with(|builder| builder.sampler(sampler));
        check(mock.tracer(), &format!("{start}{expected}{end}"));
    };
    let sampler = RemoteSampler::default();
    check(sampler.clone(), "no trace started yet");
    sampler.update(SamplingStrategy::Probabilistic { sampling_rate: 0.5 }).unwrap();
    sampler.count_query_failed();
    check(sampler, "no trace started yet; strategy queries: 1 succeeded, 1 failed, 1 updates");
    for (decision, expected) in [
        (Decision::Drop, "no traces"),
        (Decision::Record, "no traces; all are recorded"),
        (Decision::RecordAndSample, "all traces"),
    ] {
        let mock = MockTracer::with(|builder| builder.sampler(ConstSampler::new(decision)));
        assert_eq!(mock.tracer().report().to_string(), format!("{start}{expected}{end}"));
    }
    let odd = Tracer::builder("a\nb").build_inline(Telling::default());
    assert!(odd.report().to_string().starts_with("a\\nb: 0 spans started"));
}

#[test]
fn prometheus_reads_every_number() {
    let tracer = busy();
    let stats = tracer.stats();
    let text = stats.prometheus().to_string();
    let samples: HashMap<&str, &str> =
        text.lines().filter(|line| !line.starts_with('#')).map(|line| line.rsplit_once(' ').unwrap()).collect();
    for (sample, expected) in [
        ("opentracing_spans_started_total", "2"),
        ("opentracing_spans_delivered_total", "1"),
        ("opentracing_spans_open", "1"),
        ("opentracing_spans_dropped_total{cause=\"full\"}", "0"),
        ("opentracing_sampler_decisions_total{sampled=\"true\"}", "1"),
        ("opentracing_sampler_decisions_total{sampled=\"false\"}", "0"),
        ("opentracing_sampler_queries_total{result=\"error\"}", "0"),
        ("opentracing_operation_names", "0"),
        ("opentracing_extract_corrupted_total", "1"),
        ("opentracing_carriers_malformed_total{format=\"tracecontext\"}", "1"),
        ("opentracing_carriers_ignored_total{format=\"b3\"}", "0"),
        ("opentracing_traces_restarted_total{header=\"traceparent\",reason=\"it is too short\"}", "1"),
        ("opentracing_misuse_total{kind=\"write_after_finish\"}", "1"),
        ("opentracing_transport_spans_sent_total{transport=\"otlp\"}", "1234567"),
        ("opentracing_transport_spans_sent_total{transport=\"otlp-2\"}", "1"),
        ("opentracing_transport_spans_dropped_total{transport=\"otlp\",cause=\"queue_full\"}", "8"),
        ("opentracing_transport_spans_dropped_total{transport=\"otlp\",cause=\"retries_exhausted\"}", "3"),
        ("opentracing_transport_spans_dropped_total{transport=\"otlp\",cause=\"failed\"}", "4"),
        ("opentracing_transport_queue_spans{transport=\"otlp\"}", "12"),
        ("opentracing_transport_spooled_spans{transport=\"otlp\"}", "5"),
        ("opentracing_transport_recovered_spans_total{transport=\"otlp\",result=\"sent\"}", "6"),
        ("opentracing_transport_recovered_spans_total{transport=\"otlp\",result=\"dropped\"}", "7"),
        ("opentracing_transport_requests_total{transport=\"otlp\",result=\"ok\"}", "2"),
        ("opentracing_transport_requests_total{transport=\"otlp\",result=\"error\"}", "3"),
        ("opentracing_transport_retries_total{transport=\"otlp\"}", "3"),
        ("opentracing_transport_sent_bytes_total{transport=\"otlp\"}", "1572864"),
        ("opentracing_transport_request_duration_seconds_bucket{transport=\"otlp\",le=\"0.005\"}", "0"),
        ("opentracing_transport_request_duration_seconds_bucket{transport=\"otlp\",le=\"0.025\"}", "1"),
        ("opentracing_transport_request_duration_seconds_bucket{transport=\"otlp\",le=\"10\"}", "2"),
        ("opentracing_transport_request_duration_seconds_bucket{transport=\"otlp\",le=\"+Inf\"}", "2"),
        ("opentracing_transport_request_duration_seconds_sum{transport=\"otlp\"}", "0.05"),
        ("opentracing_transport_request_duration_seconds_count{transport=\"otlp\"}", "2"),
    ] {
        assert_eq!(samples.get(sample), Some(&expected), "{sample} in\n{text}");
    }
}

/// Prometheus' text format, 0.0.4: help and type come once for each metric, before its samples, which stand together and are distinct.
#[test]
fn prometheus_finds_the_text_well_formed() {
    #[track_caller]
    fn check(stats: &Stats) {
        let text = stats.prometheus().label("service", "shop").to_string();
        assert!(text.ends_with('\n'));
        let (mut metrics, mut samples) = (HashSet::new(), HashSet::new());
        let mut lines = text.lines().peekable();
        while let Some(help) = lines.next() {
            let (name, help) = help.strip_prefix("# HELP ").unwrap().split_once(' ').unwrap();
            assert!(metrics.insert(name) && help.ends_with('.'), "{name}");
            let (typed, kind) = lines.next().unwrap().strip_prefix("# TYPE ").unwrap().split_once(' ').unwrap();
            assert_eq!(typed, name);
            assert_eq!(kind == "counter", name.ends_with("_total"), "{name} is a {kind}");
            let mut own = 0;
            while let Some(sample) = lines.next_if(|line| !line.starts_with('#')) {
                let (key, value) = sample.rsplit_once(' ').unwrap();
                let (sampled, labels) = key.split_once('{').unwrap();
                let suffixes: &[_] = if kind == "histogram" { &["_bucket", "_sum", "_count"] } else { &[""] };
                assert!(suffixes.iter().any(|suffix| sampled == format!("{name}{suffix}")), "{sample} below {name}");
                assert!(labels.starts_with("service=\"shop\"") && labels.ends_with("\"}"), "{sample}");
                assert!(value.parse::<f64>().is_ok() && samples.insert(key), "{sample}");
                own += 1;
            }
            assert!(own > 0, "{name} has no sample");
        }
    }
    check(&Stats::default());
    check(&busy().stats());
}

#[test]
fn prometheus_is_given_labels_that_it_can_read() {
    #[track_caller]
    fn check(name: &str, value: &str, expected: &str) {
        let stats = Stats::default();
        let text = stats.prometheus().label(name, value).to_string();
        assert_eq!(text.lines().nth(2), Some(&*format!("opentracing_spans_started_total{{{expected}}} 0")));
    }
    check("service", "shop", "service=\"shop\"");
    check("service", "a\"b\\c\nd é", "service=\"a\\\"b\\\\c\\nd é\"");
    check("service.name", "", "service_name=\"\"");
    check("1st", "x", "_st=\"x\"");
    check("", "x", "_=\"x\"");
    check("é-9", "x", "__9=\"x\"");
}
