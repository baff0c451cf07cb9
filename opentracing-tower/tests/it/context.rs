//! What a served request says about the trace that it is part of.

use std::convert::Infallible;
use std::future::ready;

use axum::Router;
use http::{Request, Response};
use http_body_util::BodyExt;
use opentracing_core::mock::MockTracer;
use opentracing_core::propagation::{Composite, HttpHeaders};
use opentracing_core::{
    ConstSampler, Decision, OwnedSpan, ReferenceKind, Sampling, SpanId, TraceId, Tracer, TracerBuilder,
};
use opentracing_tower::{ServerTiming, TracingClientLayer, TracingLayer};
use tower::ServiceExt;
use tower_layer::Layer;

use crate::support::{get, serve};

const TRACEPARENT: &str = "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n";

fn router(mock: &MockTracer, settings: impl FnOnce(TracingLayer) -> TracingLayer) -> Router {
    let tracer = mock.tracer().clone();
    let handler = move || async move { tracer.span("work").start().finish() };
    Router::new().fallback(handler).layer(settings(TracingLayer::with_tracer(mock.tracer().clone())))
}

/// A tracer that reports to Instana.
fn for_instana() -> MockTracer {
    MockTracer::with(|builder| builder.backend("instana"))
}

async fn ask(mock: &MockTracer, headers: &str) -> (String, OwnedSpan) {
    let answer = get(serve(router(mock, |layer| layer)).await, "GET /", headers).await;
    mock.finished(2).await;
    mock.assert_tree("GET (server)\n  work\n");
    (answer, mock.span("GET"))
}

#[tokio::test]
async fn continues_the_callers_trace() {
    for headers in [
        TRACEPARENT,
        "X-INSTANA-T: 4bf92f3577b34da6a3ce929d0e0e4736\r\nX-INSTANA-S: 00f067aa0ba902b7\r\nX-INSTANA-L: 1\r\n",
        "b3: 4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1\r\n",
    ] {
        let mock = MockTracer::new();
        let (_, span) = ask(&mock, &format!("{headers}baggage: tenant=acme\r\n")).await;
        assert_eq!(span.context.trace_id(), TraceId::from_parts(0x4bf9_2f35_77b3_4da6, 0xa3ce_929d_0e0e_4736));
        assert_eq!(span.parent_id, Some(SpanId::new(0x00f0_67aa_0ba9_02b7)), "{headers}");
        assert_eq!(span.context.baggage_item("tenant"), Some("acme"));
        assert_eq!(span.references[0].kind, ReferenceKind::ChildOf);
    }
}

#[tokio::test]
async fn begins_a_trace_without_a_caller() {
    let mock = MockTracer::new();
    let (_, span) = ask(&mock, "").await;
    assert_eq!(span.parent_id, None);
    assert!(span.references.is_empty());
    assert_eq!(mock.tracer().stats().extract_corrupted, 0);
}

#[tokio::test]
async fn a_corrupt_context_is_counted_and_begins_a_trace() {
    let mock = MockTracer::new();
    let (answer, span) = ask(&mock, "traceparent: 00-nonsense-01\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200 OK"));
    assert_eq!(span.parent_id, None);
    assert_eq!(mock.tracer().stats().extract_corrupted, 1);
}

#[tokio::test]
async fn an_unsampled_trace_is_not_recorded_and_goes_on() {
    let mock = MockTracer::new();
    let tracer = mock.tracer().clone();
    let handler = move || async move {
        let context = tracer.active_context().unwrap();
        format!("{} {:?}", context.trace_id(), context.sampling())
    };
    let layer = TracingLayer::with_tracer(mock.tracer().clone());
    let address = serve(Router::new().fallback(handler).layer(layer)).await;
    let unsampled = TRACEPARENT.replace("-01\r\n", "-00\r\n");
    let answer = get(address, "GET /", &unsampled).await;
    assert!(answer.ends_with("4bf92f3577b34da6a3ce929d0e0e4736 NotSampled"), "{answer}");
    assert!(!answer.contains("server-timing"), "{answer}");
    let answer = get(address, "GET /", "X-INSTANA-L: 0\r\n").await;
    assert!(answer.ends_with(" NotSampled"), "{answer}");
    assert_eq!(mock.finished_spans(), []);
}

#[tokio::test]
async fn a_disabled_tracer_passes_the_callers_context_on() {
    let tracer = Tracer::builder("shop").build_forwarding();
    // Answers with the headers that the client sends.
    let echo = |request: Request<()>| {
        let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or("none");
        ready(Ok::<_, Infallible>(Response::new(["traceparent", "tracestate", "baggage"].map(header).join(" "))))
    };
    let client = TracingClientLayer::with_tracer(tracer.clone()).layer(tower::service_fn(echo));
    let handler = move || async move {
        let request = Request::get("http://stock.example/").body(()).unwrap();
        let answer = client.oneshot(request).await.unwrap();
        answer.into_body().collect().await.unwrap().to_bytes()
    };
    let layer = TracingLayer::with_tracer(tracer.clone());
    let address = serve(Router::new().fallback(handler).layer(layer)).await;
    let sent = format!("{TRACEPARENT}tracestate: a=1,b=2\r\nbaggage: tenant=acme\r\n");
    let expected = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01 a=1,b=2 tenant=acme";
    assert!(get(address, "GET /", &sent).await.ends_with(expected));
    assert!(get(address, "GET /", "").await.ends_with("none none none"));
    assert_eq!(tracer.stats().started, 0);
}

#[tokio::test]
async fn skipped_requests_are_not_recorded_nor_what_they_do() {
    let mock = MockTracer::new();
    let address = serve(router(&mock, |layer| {
        layer.skip(|request| request.uri.path() == "/health").skip(|request| request.headers.contains_key("x-probe"))
    }))
    .await;
    get(address, "GET /health", TRACEPARENT).await;
    get(address, "GET /", "x-probe: 1\r\n").await;
    assert_eq!(mock.finished_spans(), []);
    get(address, "GET /", "").await;
    mock.finished(2).await;
    mock.assert_tree("GET (server)\n  work\n");
}

#[tokio::test]
async fn at_a_public_edge_callers_choose_nothing() {
    let mock = MockTracer::new();
    let address = serve(router(&mock, TracingLayer::public_edge)).await;
    let answer = get(address, "GET /", &format!("{TRACEPARENT}baggage: tenant=acme\r\n")).await;
    mock.finished(2).await;
    mock.assert_tree("GET (server)\n  work\n");
    let span = mock.span("GET");
    let untrusted = TraceId::from_parts(0x4bf9_2f35_77b3_4da6, 0xa3ce_929d_0e0e_4736);
    assert_ne!(span.context.trace_id(), untrusted);
    assert_eq!((span.parent_id, span.context.baggage().count()), (None, 0));
    assert_eq!(span.references.len(), 1);
    assert_eq!(span.references[0].kind, ReferenceKind::FollowsFrom);
    assert_eq!(span.references[0].context.trace_id(), untrusted);
    assert!(!answer.contains("server-timing"), "{answer}");
}

#[tokio::test]
async fn public_edge_for_decides_by_request() {
    let mock = for_instana();
    let outside = |request: &http::request::Parts| request.headers.contains_key("x-from-outside");
    let address = serve(router(&mock, |layer| layer.public_edge_for(outside))).await;
    for (headers, is_untrusted) in
        [(TRACEPARENT.to_owned(), false), (format!("{TRACEPARENT}x-from-outside: 1\r\n"), true)]
    {
        mock.reset();
        let answer = get(address, "GET /", &headers).await;
        mock.finished(2).await;
        assert_eq!(mock.span("GET").parent_id.is_none(), is_untrusted);
        assert_eq!(answer.contains("server-timing"), !is_untrusted, "{answer}");
    }
}

#[tokio::test]
async fn at_a_public_edge_nobody_switches_recording_off_or_on() {
    let mock = MockTracer::new();
    let address = serve(router(&mock, TracingLayer::public_edge)).await;
    get(address, "GET /", "X-INSTANA-L: 0\r\n").await;
    mock.finished(2).await;
    assert!(mock.span("GET").references.is_empty(), "a decision is no span to refer to");

    let mock = MockTracer::with(|builder| builder.sampler(ConstSampler::off()));
    let address = serve(router(&mock, TracingLayer::public_edge)).await;
    get(address, "GET /", "b3: 4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-d\r\n").await;
    assert_eq!(mock.finished_spans(), []);
}

#[tokio::test]
async fn answers_tell_instanas_monitoring_the_trace() {
    let mock = for_instana();
    let (answer, span) = ask(&mock, TRACEPARENT).await;
    assert!(answer.contains("server-timing: intid;desc=a3ce929d0e0e4736\r\n"), "{answer}");
    assert_eq!(span.context.sampling(), Sampling::Sampled);

    let mock = for_instana();
    let address = serve(router(&mock, |layer| layer.server_timing(ServerTiming::Off))).await;
    assert!(!get(address, "GET /", "").await.contains("server-timing"));

    let mock = for_instana();
    let address = serve(router(&mock, |layer| layer.server_timing(ServerTiming::TraceContext))).await;
    let answer = get(address, "GET /", TRACEPARENT).await;
    let id = mock.finished(2).await.pop().unwrap().context.span_id();
    let timing = format!("server-timing: trace;desc=00-4bf92f3577b34da6a3ce929d0e0e4736-{id}-01\r\n");
    assert!(answer.contains("intid;desc=a3ce929d0e0e4736\r\n") && answer.contains(&timing), "{answer}");
    assert!(!get(address, "GET /", "X-INSTANA-L: 0\r\n").await.contains("server-timing"));
    let edge = |layer: TracingLayer| layer.server_timing(ServerTiming::TraceContext).public_edge();
    assert!(!get(serve(router(&mock, edge)).await, "GET /", "").await.contains("server-timing"));

    let w3c = |builder: TracerBuilder| builder.propagator(HttpHeaders, "tracecontext".parse::<Composite>().unwrap());
    let mock = MockTracer::with(|builder| w3c(builder.backend("instana")));
    assert!(!ask(&mock, "").await.0.contains("server-timing"), "only with Instana's own headers");

    let mock = MockTracer::with(|builder| builder.backend("instana").sampler(ConstSampler::new(Decision::Record)));
    let address = serve(router(&mock, |layer| layer)).await;
    assert!(!get(address, "GET /", "").await.contains("server-timing"), "nobody has decided to keep the trace");
}

#[tokio::test]
async fn answers_tell_others_the_trace_only_on_request() {
    for backends in [&[][..], &["otlp"], &["zipkin", "jaeger"], &["datadog"], &["console"]] {
        let mock = || MockTracer::with(|builder| backends.iter().fold(builder, |builder, name| builder.backend(*name)));
        let (answer, _) = ask(&mock(), TRACEPARENT).await;
        assert!(!answer.contains("server-timing"), "{backends:?}: {answer}");
        for (timing, expected) in [
            (ServerTiming::Instana, "server-timing: intid;desc=a3ce929d0e0e4736\r\n"),
            (ServerTiming::TraceContext, "server-timing: trace;desc=00-4bf92f3577b34da6a3ce929d0e0e4736-"),
        ] {
            let mock = mock();
            let answer =
                get(serve(router(&mock, |layer| layer.server_timing(timing))).await, "GET /", TRACEPARENT).await;
            assert_eq!(answer.matches("server-timing").count(), 1, "{backends:?}: {answer}");
            assert!(answer.contains(expected), "{backends:?}: {answer}");
        }
    }
    let mock = MockTracer::with(|builder| builder.backend("zipkin").backend("instana"));
    assert!(ask(&mock, TRACEPARENT).await.0.contains("server-timing: intid"), "one of several");
}

#[tokio::test]
async fn concurrent_requests_keep_apart() {
    let mock = std::sync::Arc::new(MockTracer::new());
    let tracer = mock.tracer().clone();
    let barrier = std::sync::Arc::new(tokio::sync::Barrier::new(20));
    let handler = move |uri: http::Uri| async move {
        let work = tracer.span(uri.path()[1..].to_owned()).start();
        barrier.wait().await;
        tracer.with_active(|span| {
            span.set_tag("request", uri.path());
        });
        work.finish();
    };
    let layer = TracingLayer::with_tracer(mock.tracer().clone());
    let address = serve(Router::new().fallback(handler).layer(layer)).await;
    let requests: Vec<_> =
        (0..20).map(|n| tokio::spawn(async move { get(address, &format!("GET /{n}"), "").await })).collect();
    for request in requests {
        request.await.unwrap();
    }
    let spans = mock.finished(40).await;
    for n in 0..20 {
        let work = mock.span(&n.to_string());
        let server = spans.iter().find(|span| Some(span.context.span_id()) == work.parent_id).unwrap();
        assert_eq!(server.tag("request").unwrap().to_string(), format!("/{n}"));
        assert_eq!(server.context.trace_id(), work.context.trace_id());
    }
}

#[tokio::test]
async fn one_connection_may_carry_many_requests() {
    let mock = MockTracer::new();
    let address = serve(router(&mock, |layer| layer)).await;
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let request = b"GET / HTTP/1.1\r\nhost: shop.example\r\n\r\n";
    tokio::io::AsyncWriteExt::write_all(&mut stream, &request.repeat(3)).await.unwrap();
    mock.finished(6).await;
    mock.assert_tree("GET (server)\n  work\nGET (server)\n  work\nGET (server)\n  work\n");
}
