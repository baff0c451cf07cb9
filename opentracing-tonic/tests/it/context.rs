//! Contexts in metadata.

use opentracing_core::mock::MockTracer;
use opentracing_core::propagation::{Composite, HttpHeaders};
use opentracing_core::{ConstSampler, Decision, InSpan, OwnedSpan};
use opentracing_tonic::{TracingClientLayer, TracingLayer};
use tonic::Request;
use tower::{ServiceExt, service_fn};

use crate::echo::UNARY;
use crate::support::{Fixture, request, status_of};

const ALL: &str = "instana,tracecontext,b3,baggage,jaeger,datadog,ottrace,wavefront,xray,gcp,grpc-trace-bin";

fn mock(formats: &str) -> MockTracer {
    let composite: Composite = formats.parse().unwrap();
    MockTracer::with(|builder| builder.propagator(HttpHeaders, composite))
}

/// The metadata that a client sends from within a span with those baggage items.
async fn sent(
    mock: &MockTracer,
    settings: impl FnOnce(TracingClientLayer) -> TracingClientLayer,
    copied: &[(&'static str, &str)],
    baggage: &[(&str, &str)],
) -> http::HeaderMap {
    let service = service_fn(|request: http::Request<tonic::body::Body>| async move {
        let mut response = http::Response::new(tonic::body::Body::empty());
        response.headers_mut().insert("grpc-status", "0".parse().unwrap());
        response.extensions_mut().insert(request.headers().clone());
        Ok::<_, tonic::Status>(response)
    });
    let client = settings(TracingClientLayer::with_tracer(mock.tracer().clone())).wrap(service);
    let mut call = http::Request::post("http://users.acme.example:50051/acme.test.Echo/Unary");
    for (name, value) in copied {
        call = call.header(*name, *value);
    }
    let mut span = mock.tracer().span("outside").start();
    for (name, value) in baggage {
        span.set_baggage_item(name, value);
    }
    let call = call.body(tonic::body::Body::empty()).unwrap();
    let call = async { client.oneshot(call).await.unwrap() };
    call.in_span(span).await.extensions().get::<http::HeaderMap>().unwrap().clone()
}

/// The span of a server that is called with those metadata.
async fn served(formats: &str, metadata: &[(&str, &[u8])]) -> (OwnedSpan, MockTracer) {
    let fixture = Fixture::with(mock(formats), |layer| layer).await;
    let mut sender = fixture.connection().await;
    let call = request(fixture.address, UNARY, metadata, "hello");
    assert_eq!(status_of(sender.send_request(call).await.unwrap()).await.as_deref(), Some("0"));
    (fixture.server_span(2).await, fixture.mock)
}

const TRACE_BIN: &[u8] = b"AABL+S81d7NNpqPOkp0ODkc2AQDwZ6oLqQK3AgE";

#[tokio::test]
async fn each_format_goes_through() {
    for format in ALL.split(',').filter(|format| *format != "baggage") {
        let fixture = Fixture::with(mock(format), |layer| layer).await;
        fixture.client().unary("hello").await.unwrap();
        let (client, server) = fixture.spans(3).await;
        assert_eq!(server.context.trace_id(), client.context.trace_id(), "{format}");
        // Wavefront's layout and the others alike: the caller's span is the parent.
        assert_eq!(server.parent_id, Some(client.context.span_id()), "{format}");
    }
}

#[tokio::test]
async fn baggage_goes_through() {
    let fixture = Fixture::start().await;
    let mut client = fixture.client();
    let mut span = fixture.mock.tracer().span("outside").start();
    span.set_baggage_item("tenant", "Ærø & söhne");
    async { client.unary("hello").await.unwrap() }.in_span(span).await;
    let (_, server) = fixture.spans(4).await;
    assert_eq!(server.context.baggage_item("tenant"), Some("Ærø & söhne"));
}

#[tokio::test]
async fn what_metadata_cannot_hold_is_left_out() {
    let baggage =
        [("fine", "1"), ("to bin-bin", "2"), ("to-bin", "2"), ("ex!clamation", "3"), ("naïve", "4"), ("Upper", "5")];
    let headers = sent(&mock("jaeger"), |layer| layer, &[], &baggage).await;
    let mut names: Vec<_> = headers.keys().map(|name| name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["uber-trace-id", "uberctx-fine", "uberctx-upper"]);
    for (name, value) in &headers {
        assert!(value.as_bytes().iter().all(|byte| matches!(byte, b' '..=b'~')), "{name}");
    }
}

#[tokio::test]
async fn what_was_copied_is_replaced() {
    let copied = [("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"), ("x-tenant", "acme")];
    let mock = MockTracer::new();
    let headers = sent(&mock, |layer| layer, &copied, &[]).await;
    assert_eq!(headers.get_all("traceparent").iter().count(), 1);
    assert!(!headers["traceparent"].to_str().unwrap().contains("4bf92f3577b34da6a3ce929d0e0e4736"));
    assert_eq!(headers["x-tenant"], "acme");

    let elsewhere = "other.example".parse().unwrap();
    let headers = sent(&mock, |layer| layer.propagate_to(elsewhere), &copied, &[("secret", "1")]).await;
    assert_eq!(headers.keys().map(|name| name.as_str()).collect::<Vec<_>>(), ["x-tenant"]);
    let here = "*.acme.example:50051".parse().unwrap();
    assert!(sent(&mock, |layer| layer.propagate_to(here), &copied, &[]).await.contains_key("traceparent"));
}

#[tokio::test]
async fn grpc_trace_bin_is_written_on_request() {
    let mock = MockTracer::new();
    assert!(!sent(&mock, |layer| layer, &[], &[]).await.contains_key("grpc-trace-bin"));
    let headers = sent(&mock, |layer| layer.grpc_trace_bin(), &[("grpc-trace-bin", "old")], &[]).await;
    assert_eq!(headers.get_all("grpc-trace-bin").iter().count(), 1);
    assert!(headers.contains_key("traceparent"));

    let value = headers["grpc-trace-bin"].as_bytes().to_vec();
    let (server, _) = served("tracecontext", &[("grpc-trace-bin", &value)]).await;
    let client = mock.finished_spans().pop().unwrap();
    assert!(headers["traceparent"].to_str().unwrap().contains(&server.context.trace_id().to_string()));
    assert!(client.is_local_root && server.parent_id.is_some());
}

#[tokio::test]
async fn grpc_trace_bin_is_read_last() {
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let (server, _) = served("instana,tracecontext,b3,baggage", &[("grpc-trace-bin", TRACE_BIN)]).await;
    assert_eq!(server.context.trace_id().to_string(), trace);
    assert_eq!(server.parent_id.unwrap().to_string(), "00f067aa0ba902b7");

    let traceparent = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let both: [(&str, &[u8]); 2] = [("grpc-trace-bin", TRACE_BIN), ("traceparent", traceparent)];
    let (server, _) = served("tracecontext", &both).await;
    assert_eq!(server.context.trace_id().to_string(), "0af7651916cd43dd8448eb211c80319c");

    // Baggage and a decision have no ids of their own.
    let beside: [(&str, &[u8]); 2] = [("grpc-trace-bin", TRACE_BIN), ("baggage", b"tenant=acme")];
    let (server, _) = served("baggage", &beside).await;
    assert_eq!(server.context.trace_id().to_string(), trace);
    assert_eq!(server.context.baggage_item("tenant"), Some("acme"));
}

#[tokio::test]
async fn bad_metadata_begin_a_trace() {
    let long = [b'W'; 8000];
    let values: [&[u8]; 8] = [b"", b" ", b"-1", b"\xff\xfe", b"WWWW", b"====", b"--0-0-0-,;=", &long];
    let names = [
        "traceparent",
        "tracestate",
        "x-instana-t",
        "x-instana-s",
        "x-instana-l",
        "b3",
        "x-b3-traceid",
        "x-b3-spanid",
        "baggage",
        "uber-trace-id",
        "x-datadog-trace-id",
        "grpc-trace-bin",
        "x-cloud-trace-context",
        "x-amzn-trace-id",
    ];
    let fixture = Fixture::with(mock(ALL), |layer| layer).await;
    let mut sender = fixture.connection().await;
    for value in values {
        let all: Vec<_> = names.iter().map(|name| (*name, value)).collect();
        for metadata in names.iter().map(|name| vec![(*name, value), (*name, value)]).chain([all]) {
            let call = request(fixture.address, UNARY, &metadata, "hello");
            let Ok(answer) = sender.send_request(call).await else {
                // Together they are more than the connection allows.
                assert_eq!(value.len(), long.len(), "{metadata:?}");
                sender = fixture.connection().await;
                continue;
            };
            match status_of(answer).await {
                Some(status) => assert_eq!(status, "0", "{metadata:?}"),
                None => {
                    assert_eq!(value.len(), long.len(), "{metadata:?}");
                    continue;
                }
            }
            let server = fixture.server_span(2).await;
            assert_eq!(server.parent_id, None, "{metadata:?}");
            fixture.mock.reset();
        }
    }
    let stats = fixture.mock.tracer().stats();
    assert!(stats.fields_malformed > 0 && stats.extract_corrupted > 0, "{stats:?}");
}

#[tokio::test]
async fn a_trace_that_is_not_kept_is_not_kept_further_down() {
    let (caller, callee) =
        (MockTracer::with(|builder| builder.sampler(ConstSampler::new(Decision::Drop))), MockTracer::new());
    let fixture = Fixture::with(callee, |layer| layer).await;
    let layer = TracingClientLayer::with_tracer(caller.tracer().clone());
    let channel = layer.wrap(fixture.endpoint().connect_lazy());
    let mut client = crate::echo::EchoClient::new(channel);
    client.unary("hello").await.unwrap();
    assert!(caller.finished_spans().is_empty() && fixture.mock.finished_spans().is_empty());
    let headers = sent(&caller, |layer| layer, &[], &[]).await;
    assert_eq!(headers["x-instana-l"], "0");
    assert!(!headers.contains_key("x-instana-t"));
}

#[tokio::test]
async fn no_tracer_leaves_metadata_as_they_are() {
    let layer = TracingClientLayer::with_tracer(opentracing_core::Tracer::noop());
    let fixture = Fixture::start().await;
    let mut client = crate::echo::EchoClient::new(layer.wrap(fixture.endpoint().connect_lazy()));
    let mut call = Request::new("hello".to_owned());
    let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    call.metadata_mut().insert("traceparent", parent.parse().unwrap());
    client.send(UNARY, call).await.unwrap();
    let server = fixture.server_span(2).await;
    assert_eq!(server.context.trace_id().to_string(), "4bf92f3577b34da6a3ce929d0e0e4736");
    let _: TracingLayer = TracingLayer::with_tracer(opentracing_core::Tracer::noop());
}
