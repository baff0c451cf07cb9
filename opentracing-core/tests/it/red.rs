//! Requests, errors and durations by operation.

use std::time::Duration;

use opentracing_core::mock::MockTracer;
use opentracing_core::{ConstSampler, Decision, RedFigures, SpanKind, TracerBuilder, tags};

fn counting(settings: impl FnOnce(TracerBuilder) -> TracerBuilder) -> (MockTracer, RedFigures) {
    let figures = RedFigures::with_limit(3);
    let mock = MockTracer::with(|builder| settings(builder.red(&figures)));
    (mock, figures)
}

fn finish(mock: &MockTracer, name: &str, kind: SpanKind, took: Duration, failed: bool) {
    let mut span = mock.tracer().span(&name.to_owned()).kind(kind).start();
    span.set(tags::ERROR, failed);
    mock.clock().advance(took);
    span.finish();
    mock.finished_spans();
}

const MS: Duration = Duration::from_millis(1);

#[test]
fn figures_are_counted_by_operation_and_kind() {
    let (mock, figures) = counting(|builder| builder);
    finish(&mock, "GET /cart", SpanKind::Server, 2 * MS, false);
    finish(&mock, "GET /cart", SpanKind::Server, 60 * MS, true);
    finish(&mock, "GET /cart", SpanKind::Client, 2 * MS, false);
    finish(&mock, "work", SpanKind::Internal, 2 * MS, true);
    let cart = figures.operation(SpanKind::Server, "GET /cart").unwrap();
    assert_eq!((cart.requests, cart.errors, cart.duration.count()), (2, 1, 2));
    assert!(cart.duration.sum() >= 62 * MS && cart.duration.sum() < 63 * MS, "{:?}", cart.duration.sum());
    assert_eq!(cart.duration.cumulative().next(), Some((5 * MS, 1)));
    assert_eq!(figures.operation(SpanKind::Server, "work"), None);
    assert_eq!(figures.operation(SpanKind::Internal, "work"), None);
    let all: Vec<_> = figures.operations().into_iter().map(|(kind, name, red)| (kind, name, red.requests)).collect();
    assert_eq!(all, [(SpanKind::Server, "GET /cart".into(), 2), (SpanKind::Client, "GET /cart".into(), 1)]);
}

#[test]
fn names_beyond_the_limit_are_other() {
    let (mock, figures) = counting(|builder| builder);
    for number in 0..10 {
        finish(&mock, &format!("GET /{number}"), SpanKind::Server, MS, false);
    }
    finish(&mock, "GET /1", SpanKind::Server, MS, false);
    let requests = |name| figures.operation(SpanKind::Server, name).map(|red| red.requests);
    assert_eq!([requests("GET /1"), requests("_OTHER"), requests("GET /7")], [Some(2), Some(7), None]);
    assert_eq!(figures.operations().len(), 4);
}

#[test]
fn what_is_recorded_and_not_kept_counts_and_what_is_dropped_does_not() {
    let (mock, figures) = counting(|builder| builder.sampler(ConstSampler::new(Decision::Record)));
    finish(&mock, "GET /", SpanKind::Server, MS, false);
    assert_eq!(mock.finished_spans(), []);
    assert_eq!(figures.operation(SpanKind::Server, "GET /").map(|red| red.requests), Some(1));

    let (mock, figures) = counting(|builder| builder.sampler(ConstSampler::off()));
    finish(&mock, "GET /", SpanKind::Server, MS, false);
    assert!(figures.operations().is_empty());
}

#[test]
fn prometheus_reads_them() {
    let (mock, figures) = counting(|builder| builder);
    assert_eq!(figures.prometheus().to_string(), "");
    finish(&mock, "say \"hi\"", SpanKind::Server, 30 * MS, true);
    finish(&mock, "process mail", SpanKind::Consumer, MS, false);
    let text = figures.prometheus().label("service", "shop").to_string();
    for line in [
        "# TYPE opentracing_requests_total counter",
        "opentracing_requests_total{service=\"shop\",kind=\"server\",operation=\"say \\\"hi\\\"\"} 1",
        "opentracing_request_errors_total{service=\"shop\",kind=\"server\",operation=\"say \\\"hi\\\"\"} 1",
        "opentracing_request_errors_total{service=\"shop\",kind=\"consumer\",operation=\"process mail\"} 0",
        "# TYPE opentracing_request_duration_seconds histogram",
        "opentracing_request_duration_seconds_bucket{service=\"shop\",kind=\"server\",operation=\"say \\\"hi\\\"\",le=\"0.025\"} 0",
        "opentracing_request_duration_seconds_bucket{service=\"shop\",kind=\"server\",operation=\"say \\\"hi\\\"\",le=\"0.05\"} 1",
        "opentracing_request_duration_seconds_bucket{service=\"shop\",kind=\"server\",operation=\"say \\\"hi\\\"\",le=\"+Inf\"} 1",
        "opentracing_request_duration_seconds_count{service=\"shop\",kind=\"consumer\",operation=\"process mail\"} 1",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
    }
    for (number, line) in text.lines().enumerate() {
        let name = line.trim_start_matches("# HELP ").trim_start_matches("# TYPE ");
        assert!(name.starts_with("opentracing_request"), "line {number}: {line}");
    }
}

#[test]
fn clones_and_tracers_count_together() {
    let figures = RedFigures::new();
    for tracer in 0..2 {
        let mock = MockTracer::with(|builder| builder.red(&figures));
        finish(&mock, "GET /", SpanKind::Server, MS, tracer == 0);
    }
    let red = figures.clone().operation(SpanKind::Server, "GET /").unwrap();
    assert_eq!((red.requests, red.errors), (2, 1));
}
