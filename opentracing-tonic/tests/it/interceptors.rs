//! What is left to those who can have an interceptor and no layer.

use http::HeaderName;
use http_body::Body as _;
use opentracing_core::{InSpan, SpanKind};
use opentracing_tonic::{ContextInterceptor, MetadataTags, ResponseBody, TracingClientLayer, extract};
use tonic::Request;
use tonic::body::Body;
use tonic::metadata::MetadataMap;
use tonic::service::{Interceptor, InterceptorLayer};
use tower::Layer;

use crate::echo::EchoClient;
use crate::support::{Fixture, check_tags};

#[tokio::test]
async fn an_interceptor_sends_the_active_span() {
    let fixture = Fixture::start().await;
    let interceptor = ContextInterceptor::with_tracer(fixture.mock.tracer().clone());
    let channel = InterceptorLayer::new(interceptor).layer(fixture.endpoint().connect_lazy());
    let mut client = EchoClient::new(channel);
    let span = fixture.mock.tracer().span("outside").start();
    async { client.unary("hello").await.unwrap() }.in_span(span).await;
    fixture.mock.finished(3).await;
    fixture.mock.assert_tree(
        "
        outside
          acme.test.Echo/Unary (server)
            work
        ",
    );
}

#[tokio::test]
async fn a_traced_channel_takes_interceptors_as_any_other() {
    let fixture = Fixture::start().await;
    let layer = TracingClientLayer::with_tracer(fixture.mock.tracer().clone());
    let layer = layer.decorator(MetadataTags::new().request(HeaderName::from_static("x-tenant")));
    let authorize = |mut request: Request<()>| {
        request.metadata_mut().insert("x-tenant", "acme".parse().unwrap());
        Ok(request)
    };
    let mut client = EchoClient::with_interceptor(layer.wrap(fixture.endpoint().connect_lazy()), authorize);
    client.unary("hello").await.unwrap();
    let (client, server) = fixture.spans(3).await;
    assert_eq!(server.parent_id, Some(client.context.span_id()));
    check_tags(&client, &[("rpc.request.metadata.x-tenant", "acme"), ("rpc.status_code", "OK")]);
    assert!(ResponseBody::<Body>::default().is_end_stream());
}

#[test]
fn an_interceptor_without_a_span_sends_nothing_old() {
    let mock = opentracing_core::mock::MockTracer::new();
    let copied = || {
        let mut request = Request::new(());
        let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        request.metadata_mut().insert("traceparent", parent.parse().unwrap());
        request
    };
    let sent = ContextInterceptor::with_tracer(mock.tracer().clone()).call(copied()).unwrap();
    assert!(sent.metadata().is_empty());
    let sent = ContextInterceptor::with_tracer(opentracing_core::Tracer::noop()).call(copied()).unwrap();
    assert!(sent.metadata().contains_key("traceparent"));
}

#[test]
fn a_handler_can_read_the_context_itself() {
    let mock = opentracing_core::mock::MockTracer::new();
    let mut metadata = MetadataMap::new();
    assert!(extract(mock.tracer(), &metadata).is_none());
    metadata.insert("b3", "80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-1".parse().unwrap());
    let caller = extract(mock.tracer(), &metadata);
    mock.tracer().span("greet").kind(SpanKind::Server).child_of(&caller).start().finish();
    assert_eq!(mock.span("greet").context.trace_id().to_string(), "80f198ee56343ba864fe8b2a57d3eff7");
    metadata.insert("b3", "nonsense".parse().unwrap());
    assert!(extract(mock.tracer(), &metadata).is_none());
}
