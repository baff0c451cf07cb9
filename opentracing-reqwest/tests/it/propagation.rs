//! Which headers leave the process.

use opentracing_core::http_rules::HostAllowList;
use opentracing_core::mock::MockTracer;
use opentracing_core::{ConstSampler, Span};
use opentracing_reqwest::ReqwestDecorator;
use reqwest::Request;

use crate::server::{OK, Received, Server};
use crate::support::{builder, client, only_span};

async fn send(mock: &MockTracer, hosts: HostAllowList) -> Received {
    let server = Server::start(|_| OK).await;
    let client = builder(mock, &[("shop.example", &server)]).propagate_to(hosts).build().unwrap();
    client.get(server.url_of("shop.example", "/")).send().await.unwrap().text().await.unwrap();
    server.request()
}

#[tokio::test]
async fn sends_the_context_in_every_default_form() {
    let mock = MockTracer::new();
    let request = send(&mock, HostAllowList::all()).await;
    let context = only_span(&mock).context;
    let (trace_id, span_id) = (context.trace_id().to_string(), context.span_id().to_string());
    assert_eq!(request.header("traceparent"), Some(&*format!("00-{trace_id}-{span_id}-01")));
    assert_eq!(request.header("x-instana-t"), Some(&trace_id[16..]));
    assert_eq!(request.header("x-instana-s"), Some(&*span_id));
    assert_eq!(request.header("x-instana-l"), Some("1"));
    assert_eq!(request.header("x-b3-traceid"), Some(&*trace_id));
    assert_eq!(request.header("x-b3-spanid"), Some(&*span_id));
    assert_eq!(request.header("x-b3-sampled"), Some("1"));
}

#[tokio::test]
async fn says_that_an_unsampled_trace_is_suppressed() {
    let mock = MockTracer::with(|builder| builder.sampler(ConstSampler::off()));
    let request = send(&mock, HostAllowList::all()).await;
    assert_eq!(request.header("x-instana-l"), Some("0"));
    assert_eq!((request.header("x-instana-t"), request.header("x-instana-s")), (None, None));
    assert!(request.header("traceparent").unwrap().ends_with("-00"), "{request:?}");
    assert_eq!(request.header("x-b3-sampled"), Some("0"));
    assert!(mock.finished_spans().is_empty());
}

#[tokio::test]
async fn sends_no_headers_to_hosts_that_are_not_on_the_list() {
    let server = Server::start(|_| OK).await;
    let check = async |hosts: &str, sent: bool| {
        let mock = MockTracer::new();
        let client = builder(&mock, &[("shop.example", &server)]).propagate_to(hosts.parse().unwrap()).build().unwrap();
        let request = client.get(server.url_of("shop.example", "/"));
        let request = request.header("traceparent", "stale").header("x-b3-flags", "1").header("accept", "text/plain");
        request.send().await.unwrap().text().await.unwrap();
        let received = server.received().pop().unwrap();
        assert_eq!(!received.trace_headers().is_empty(), sent, "{hosts}: {received:?}");
        assert!(!received.headers_named("traceparent").contains(&"stale"), "{hosts}: {received:?}");
        assert_eq!(received.header("accept"), Some("text/plain"));
        only_span(&mock);
    };
    check("*", true).await;
    check("shop.example", true).await;
    check("*.example", true).await;
    check(&format!("shop.example:{}", server.address().port()), true).await;
    check("shop.example:1", false).await;
    check("other.example", false).await;
    check("", false).await;
}

#[tokio::test]
async fn replaces_headers_that_were_copied_from_an_incoming_request() {
    let (mock, server) = (MockTracer::new(), Server::start(|_| OK).await);
    let mut request = client(&mock, &[]).get(server.url("/"));
    for (name, value) in [
        ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
        ("traceparent", "00-1af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
        ("tracestate", "congo=t61rcWkgMzE"),
        ("X-INSTANA-T", "fa2375d711a4ca0f"),
        ("X-B3-ParentSpanId", "05e3ac9a4f6e3b90"),
        ("baggage", "user=1"),
    ] {
        request = request.header(name, value);
    }
    request.send().await.unwrap().text().await.unwrap();
    let received = server.request();
    assert_eq!(received.headers_named("traceparent").len(), 1);
    let span_id = only_span(&mock).context.span_id().to_string();
    assert_eq!(&received.header("traceparent").unwrap()[36..52], span_id);
    assert_eq!(received.headers_named("x-instana-t").len(), 1);
    assert_ne!(received.header("x-instana-t"), Some("fa2375d711a4ca0f"));
    assert_eq!(received.header("x-b3-parentspanid"), None);
    assert_eq!(received.header("baggage"), None);
    assert!(!received.header("tracestate").unwrap_or_default().contains("congo"));
}

#[tokio::test]
async fn leaves_headers_alone_on_request() {
    let (mock, server) = (MockTracer::new(), Server::start(|_| OK).await);
    let client = client(&mock, &[]);
    client.get(server.url("/")).without_propagation().send().await.unwrap().text().await.unwrap();
    let own = client.get(server.url("/")).without_propagation().header("traceparent", "mine");
    own.send().await.unwrap().text().await.unwrap();
    let received = server.received();
    assert!(received[0].trace_headers().is_empty(), "{received:?}");
    assert_eq!(received[1].trace_headers(), ["traceparent"]);
    assert_eq!(received[1].header("traceparent"), Some("mine"));
    assert_eq!(mock.finished_spans().len(), 2, "there is a span all the same");
}

#[tokio::test]
async fn sends_baggage_along() {
    struct Tenant;

    impl ReqwestDecorator for Tenant {
        fn on_request(&self, span: &mut Span, _: &Request) {
            span.set_baggage_item("tenant", "acme");
        }
    }

    let (mock, server) = (MockTracer::new(), Server::start(|_| OK).await);
    let client = builder(&mock, &[]).decorator(Tenant).build().unwrap();
    let mut parent = mock.tracer().span("checkout").start();
    parent.set_baggage_item("user", "42");
    let sent = parent.in_scope(|| client.get(server.url("/")).send());
    sent.await.unwrap();
    assert_eq!(server.request().header("baggage"), Some("user=42,tenant=acme"));
}
