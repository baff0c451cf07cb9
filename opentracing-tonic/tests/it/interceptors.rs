//! What is left to those who can have an interceptor and no layer.

use opentracing_core::{InSpan, SpanKind};
use opentracing_tonic::{ContextInterceptor, extract};
use tonic::Request;
use tonic::metadata::MetadataMap;
use tonic::service::{Interceptor, InterceptorLayer};
use tower::Layer;

use crate::echo::EchoClient;
use crate::support::Fixture;

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
