//! Which calls are trusted, by whom the peer is named, and what single calls leave out.

use opentracing_core::mock::MockTracer;
use opentracing_tonic::{Untraced, WithoutPropagation};

use crate::echo::UNARY;
use crate::support::{Fixture, check_tags, request, status_of};

const CALLER: (&str, &[u8]) = ("traceparent", b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");

/// Calls the server once, with these metadata.
async fn call(fixture: &Fixture, metadata: &[(&str, &[u8])]) {
    let call = request(fixture.address, UNARY, metadata, "hello");
    let answer = fixture.connection().await.send_request(call).await.unwrap();
    assert_eq!(status_of(answer).await.as_deref(), Some("0"));
}

#[tokio::test]
async fn untrusted_calls_begin_traces() {
    async fn check(fixture: Fixture, metadata: &[(&str, &[u8])], is_untrusted: bool) {
        call(&fixture, metadata).await;
        let span = fixture.server_span(2).await;
        assert_eq!((span.parent_id.is_none(), span.references.len()), (is_untrusted, 1));
        assert_eq!(span.context.trace_id() != span.references[0].context.trace_id(), is_untrusted);
    }
    check(Fixture::with(MockTracer::new(), |layer| layer.public_edge()).await, &[CALLER], true).await;
    let some = || {
        Fixture::with(MockTracer::new(), |layer| layer.public_edge_for(|call| call.headers.contains_key("x-outside")))
    };
    check(some().await, &[CALLER, ("x-outside", b"1")], true).await;
    check(some().await, &[CALLER], false).await;
}

#[tokio::test]
async fn trusted_proxies_name_the_client() {
    async fn check(proxies: &str, expected: [(&str, &str); 3]) {
        let proxies = proxies.parse().unwrap();
        let fixture = Fixture::with(MockTracer::new(), |layer| layer.trusted_proxies(proxies)).await;
        call(&fixture, &[("x-forwarded-for", b"192.0.2.7")]).await;
        check_tags(&fixture.server_span(2).await, &expected);
    }
    check("loopback", [("peer.ipv4", "192.0.2.7"), ("peer.port", ""), ("network.peer.address", "127.0.0.1")]).await;
    check("10.0.0.0/8", [("peer.ipv4", "127.0.0.1"), ("peer.ipv6", ""), ("network.peer.address", "")]).await;
}

#[tokio::test]
async fn a_closure_or_a_header_of_a_proxy_names_the_peer() {
    let connected = |_: &http::Extensions| Some("10.0.0.1:4711".parse().unwrap());
    let fixture = Fixture::with(MockTracer::new(), |layer| layer.peer_from(connected)).await;
    call(&fixture, &[("x-real-ip", b"192.0.2.7")]).await;
    let expected = [("peer.ipv4", "10.0.0.1"), ("peer.port", "4711"), ("network.peer.address", "")];
    check_tags(&fixture.server_span(2).await, &expected);

    let settings = |layer: opentracing_tonic::TracingLayer| {
        layer
            .peer_from(connected)
            .trusted_proxies("10.0.0.0/8".parse().unwrap())
            .client_ip_header(http::HeaderName::from_static("x-real-ip"))
    };
    let fixture = Fixture::with(MockTracer::new(), settings).await;
    call(&fixture, &[("x-real-ip", b"192.0.2.7"), ("x-forwarded-for", b"192.0.2.8")]).await;
    let expected = [("peer.ipv4", "192.0.2.7"), ("peer.port", ""), ("network.peer.address", "10.0.0.1")];
    check_tags(&fixture.server_span(2).await, &expected);
    assert_eq!(fixture.mock.tracer().stats().missing_peer, 0);
}

#[tokio::test]
async fn a_call_may_go_without_context_or_span() {
    let fixture = Fixture::start().await;
    let mut client = fixture.client();
    let mut request = tonic::Request::new("hello".to_owned());
    request.extensions_mut().insert(WithoutPropagation);
    client.send(UNARY, request).await.unwrap();
    let (client_span, server_span) = fixture.spans(3).await;
    assert_ne!(client_span.context.trace_id(), server_span.context.trace_id());

    fixture.mock.reset();
    let mut request = tonic::Request::new("hello".to_owned());
    request.extensions_mut().insert(Untraced);
    client.send(UNARY, request).await.unwrap();
    assert_eq!(fixture.server_span(2).await.parent_id, None);
}

#[tokio::test]
async fn the_component_is_a_setting() {
    let fixture = Fixture::with(MockTracer::new(), |layer| layer.component("gateway")).await;
    fixture.client_with(|layer| layer.component("sdk")).unary("hello").await.unwrap();
    let (client, server) = fixture.spans(3).await;
    check_tags(&client, &[("component", "sdk")]);
    check_tags(&server, &[("component", "gateway")]);
}
