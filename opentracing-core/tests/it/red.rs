//! Requests, errors and durations by operation.

use std::time::Duration;

use opentracing_core::mock::MockTracer;
use opentracing_core::{
    ConstSampler, Decision, Metrics, ProbabilisticSampler, RedDuration, RedFigures, Sampler, Sampling, SpanKind,
    TracerBuilder, tags,
};

fn counting(settings: impl FnOnce(TracerBuilder) -> TracerBuilder) -> (MockTracer, RedFigures) {
    let figures = RedFigures::builder().operations(3).build();
    let mock = MockTracer::with(|builder| settings(builder.red(&figures)));
    (mock, figures)
}

fn finish(mock: &MockTracer, name: &str, kind: SpanKind, took: Duration, failed: bool) {
    let mut span = mock.tracer().span(name.to_owned()).kind(kind).start();
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
fn durations_may_go_to_the_head_of_the_response() {
    for (duration, bounds) in [(RedDuration::Whole, (2_020, 2_021)), (RedDuration::ToHead, (50, 51))] {
        let figures = RedFigures::builder().duration(duration).build();
        let mock = MockTracer::with(|builder| builder.red(&figures));
        let mut stream = mock.tracer().span("GET /events").kind(SpanKind::Server).start();
        mock.clock().advance(20 * MS);
        stream.set(tags::HTTP_TIME_TO_HEAD_MS, 20.0);
        mock.clock().advance(1_970 * MS);
        stream.finish();
        // Without a head that is known, and with one that cannot be.
        finish(&mock, "GET /events", SpanKind::Server, 20 * MS, false);
        let mut wrong = mock.tracer().span("GET /events").kind(SpanKind::Server).start();
        wrong.set(tags::HTTP_TIME_TO_HEAD_MS, -1.0);
        mock.clock().advance(10 * MS);
        wrong.finish();
        mock.finished_spans();
        let events = figures.operation(SpanKind::Server, "GET /events").unwrap();
        let (least, most) = bounds;
        assert_eq!(events.requests, 3);
        assert!(
            events.duration.sum() >= least * MS && events.duration.sum() < most * MS,
            "{:?}",
            events.duration.sum()
        );
    }
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
fn figures_do_not_depend_on_sampling() {
    let samplers: [(&str, Box<dyn Sampler>); 4] = [
        ("recorded, not sampled", Box::new(ConstSampler::new(Decision::Record))),
        ("dropped", Box::new(ConstSampler::off())),
        ("one in ten", Box::new(ProbabilisticSampler::new(0.1))),
        ("all", Box::new(ConstSampler::on())),
    ];
    for (name, sampler) in samplers {
        let (mock, figures) = counting(|builder| builder.sampler(sampler));
        for number in 0..1_000 {
            let mut span = mock.tracer().span("GET /").kind(SpanKind::Server).start();
            span.set(tags::ERROR, number % 4 == 0);
            let client = mock.tracer().span("GET").kind(SpanKind::Client).child_of(&span).start();
            mock.tracer().span("work").child_of(&client).start().finish();
        }
        let kept = mock.finished_spans().len() as u64;
        let server = figures.operation(SpanKind::Server, "GET /").unwrap();
        assert_eq!((server.requests, server.errors, server.duration.count()), (1_000, 250, 1_000), "{name}");
        assert_eq!(figures.operation(SpanKind::Client, "GET").map(|red| red.requests), Some(1_000), "{name}");
        let stats = mock.tracer().stats();
        assert_eq!((stats.delivered, stats.open(), stats.lost(), figures.missed()), (kept, 0, 0, 0), "{name}");
    }
}

#[test]
fn an_unsampled_span_that_is_counted_stays_unsampled() {
    let (mock, figures) = counting(|builder| builder.sampler(ConstSampler::off()));
    let mut span = mock.tracer().span("GET").kind(SpanKind::Server).start();
    assert_eq!(span.context().unwrap().sampling(), Sampling::NotSampled);
    assert!(!mock.tracer().span("work").child_of(&span).start().is_recording());
    span.set_operation_name("GET /users/{id}");
    span.finish();
    assert_eq!((mock.finished_spans().len(), mock.tracer().stats().dropped_unsampled), (0, 0));
    assert_eq!(figures.operation(SpanKind::Server, "GET /users/{id}").map(|red| red.requests), Some(1));
}

#[test]
fn an_unsampled_span_that_is_counted_can_be_kept_late() {
    let (mock, figures) = counting(|builder| builder.sampler(ConstSampler::off()));
    let mut span = mock.tracer().span("GET /").kind(SpanKind::Server).start();
    span.set_tag("early", 1).set(tags::SAMPLING_PRIORITY, 1);
    mock.tracer().span("work").child_of(&span).start().finish();
    span.finish();
    assert_eq!(mock.finished_spans().len(), 2);
    let stats = mock.tracer().stats();
    assert_eq!((stats.started, stats.delivered, stats.open()), (2, 2, 0));
    assert_eq!(figures.operation(SpanKind::Server, "GET /").map(|red| red.requests), Some(1));
}

#[test]
fn a_request_lost_for_want_of_room_is_missed() {
    for sampler in [ConstSampler::off(), ConstSampler::on()] {
        let (mock, figures) = counting(|builder| builder.ring_capacity(2).sampler(sampler));
        for _ in 0..5 {
            mock.tracer().span("GET /").kind(SpanKind::Server).start().finish();
            mock.tracer().span("work").start().finish();
        }
        mock.finished_spans();
        let counted = figures.operation(SpanKind::Server, "GET /").map_or(0, |red| red.requests);
        assert_eq!(counted + figures.missed(), 5);
        assert!(figures.missed() > 0);
        let stats = mock.tracer().stats();
        assert_eq!(stats.started, stats.delivered + stats.dropped_full);
    }
}

#[test]
fn buckets_can_be_set() {
    let figures = RedFigures::builder().buckets([20 * MS, Duration::ZERO, MS, 20 * MS]).build();
    let mock = MockTracer::with(|builder| builder.red(&figures));
    for took in [MS / 2, 19 * MS, 21 * MS] {
        finish(&mock, "GET /", SpanKind::Server, took, false);
    }
    let red = figures.operation(SpanKind::Server, "GET /").unwrap();
    assert_eq!(red.duration.cumulative().collect::<Vec<_>>(), [(MS, 1), (20 * MS, 2)]);
    assert_eq!(red.duration.count(), 3);
}

#[test]
fn a_bucket_names_a_sampled_span() {
    let (mock, figures) = counting(|builder| builder);
    finish(&mock, "GET /", SpanKind::Server, 30 * MS, false);
    let mut unsampled = mock.tracer().span("GET /").kind(SpanKind::Server).start();
    unsampled.set(tags::SAMPLING_PRIORITY, 0);
    mock.clock().advance(30 * MS);
    unsampled.finish();
    let span = &mock.finished_spans()[0];
    let red = figures.operation(SpanKind::Server, "GET /").unwrap();
    let exemplars: Vec<_> = red.duration.exemplars().flatten().collect();
    assert_eq!(exemplars.len(), 1);
    assert_eq!((exemplars[0].trace_id, exemplars[0].span_id), (span.context.trace_id(), span.context.span_id()));
    assert_eq!(exemplars[0].duration, span.duration());
}

#[test]
fn the_page_is_in_the_format_that_is_asked_for() {
    let (mock, figures) = counting(|builder| builder);
    finish(&mock, "GET /", SpanKind::Server, 30 * MS, false);
    let span = figures.operation(SpanKind::Server, "GET /").unwrap().duration.exemplars().flatten().next().unwrap();
    let metrics = Metrics::new(mock.tracer().clone()).red(&figures).label("service", "shop");

    let open = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.2";
    for accept in [None, Some("*/*"), Some("text/plain"), Some("application/openmetrics-text;q=0")] {
        let page = metrics.page(accept);
        assert_eq!(page.content_type(), "text/plain; version=0.0.4; charset=utf-8");
        assert!(page.text().contains("# TYPE opentracing_requests_total counter\n"), "{accept:?}");
        assert!(page.text().contains("\nopentracing_spans_delivered_total{service=\"shop\"} 1\n"), "{accept:?}");
        assert!(!page.text().contains("# EOF") && !page.text().contains("trace_id"), "{accept:?}");
    }
    let page = metrics.page(Some(open));
    assert_eq!(page.content_type(), "application/openmetrics-text; version=1.0.0; charset=utf-8");
    let text = page.into_text();
    assert!(text.contains("# TYPE opentracing_requests counter\nopentracing_requests_total{"), "{text}");
    assert!(text.ends_with("\n# EOF\n"), "{text}");
    let bucket = format!(
        "opentracing_request_duration_seconds_bucket{{service=\"shop\",kind=\"server\",operation=\"GET /\",le=\"0.05\"}} 1 \
         # {{trace_id=\"{}\",span_id=\"{}\"}} {} ",
        span.trace_id,
        span.span_id,
        span.duration.as_secs_f64(),
    );
    assert!(text.contains(&bucket), "{bucket} is not in\n{text}");
    assert!(text.contains(",le=\"1.0\"} 1\n"), "{text}");
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

fn finish_with(mock: &MockTracer, name: &str, codes: &[(&'static str, opentracing_core::Value<'_>)]) {
    let mut span = mock.tracer().span(name.to_owned()).kind(SpanKind::Server).start();
    for (tag, code) in codes {
        span.set_tag(*tag, *code);
    }
    span.finish();
    mock.finished_spans();
}

#[test]
fn requests_are_counted_by_status_code() {
    let (mock, figures) = counting(|builder| builder.sampler(ConstSampler::off()));
    finish_with(&mock, "acme.Cart/Add", &[("rpc.status_code", "OK".into())]);
    finish_with(&mock, "acme.Cart/Add", &[("rpc.status_code", "OK".into())]);
    // A proxy's answer has two of them.
    finish_with(&mock, "acme.Cart/Add", &[("http.status_code", 503.into()), ("rpc.status_code", "UNAVAILABLE".into())]);
    finish_with(&mock, "GET /cart", &[("http.status_code", 200.into())]);
    finish_with(&mock, "GET /cart", &[("http.status_code", 404.into())]);
    finish_with(&mock, "GET /cart", &[]);
    let codes = |name| {
        let red = figures.operation(SpanKind::Server, name).unwrap();
        red.codes.into_iter().map(|(code, count)| format!("{code} {count}")).collect::<Vec<_>>()
    };
    assert_eq!(codes("acme.Cart/Add"), ["OK 2", "UNAVAILABLE 1"]);
    assert_eq!(codes("GET /cart"), ["200 1", "404 1"]);
    let text = figures.prometheus().label("service", "shop").to_string();
    for line in [
        "# TYPE opentracing_requests_by_code_total counter",
        "opentracing_requests_by_code_total{service=\"shop\",kind=\"server\",operation=\"acme.Cart/Add\",code=\"OK\"} 2",
        "opentracing_requests_by_code_total{service=\"shop\",kind=\"server\",operation=\"GET /cart\",code=\"404\"} 1",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
    }
}

#[test]
fn codes_are_bounded_in_number_and_length() {
    let (mock, figures) = counting(|builder| builder);
    finish_with(&mock, "call", &[("rpc.status_code", "X".repeat(1_000).as_str().into())]);
    for code in 0..100 {
        finish_with(&mock, "call", &[("rpc.status_code", code.into())]);
    }
    finish_with(&mock, "call", &[("rpc.status_code", 1.into())]);
    let codes = figures.operation(SpanKind::Server, "call").unwrap().codes;
    assert_eq!((codes.len(), codes["1"], codes.values().sum::<u64>()), (64, 2, 102));
    assert!(codes["_OTHER"] > 30 && codes.keys().all(|code| code.len() <= 64), "{codes:?}");
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

#[test]
fn a_discarded_span_is_neither_reported_nor_counted() {
    for sampler in [ConstSampler::on(), ConstSampler::off()] {
        let (mock, figures) = counting(|builder| builder.sampler(sampler));
        let start = || mock.tracer().span("process").kind(SpanKind::Consumer).start();
        start().discard();
        start().detach().discard();
        mock.tracer().span("none").start().detach().discard();
        finish(&mock, "process", SpanKind::Consumer, MS, false);
        let process = figures.operation(SpanKind::Consumer, "process").unwrap();
        assert_eq!(process.requests, 1);
        assert!(mock.finished_spans().len() <= 1);
        assert_eq!(mock.tracer().stats().open(), 0);
    }
}
