//! Settings of an adapter.

use opentracing_core::ReferenceKind;
use opentracing_core::mock::MockTracer;

use crate::server::ServerFeature;
use crate::server::case::{Case, request};
use crate::server::site::Variant;
use crate::server::visitor::Protocol;
use crate::spans::{SpanExt, shown};
use crate::suite::{Check, Outcome, checks, ensure, ensure_eq};

pub(super) const CHECKS: &[Check<Case, ServerFeature>] = checks![Case, ServerFeature;
    what_is_skipped_is_not_recorded [Skips],
    at_a_public_edge_each_request_begins_a_trace [PublicEdge],
    an_untrusted_request_cannot_switch_off_recording [PublicEdge],
    hooks_have_the_last_word [Decorated],
    a_trusted_proxy_says_for_whom_it_asks [TrustsProxies],
    entries_of_untrusted_proxies_are_ignored [TrustsProxies],
    a_trusted_proxy_names_port_and_prefix [TrustsProxies],
    a_request_that_names_no_scheme_has_that_of_the_server [Https],
    a_request_has_one_span_however_many_layers [Layered],
    a_layer_around_may_answer_itself [AnswersOutside],
    answers_tell_instanas_monitoring_the_trace [ServerTiming],
    answers_tell_other_backends_nothing [ServerTiming],
    answers_to_unsampled_requests_tell_nothing [ServerTiming],
];

const TRACEPARENT: &str = "00-463ac35c9f6413ad72485a3953bb6124-a2fb4a1d1a96d312-01";

async fn what_is_skipped_is_not_recorded(case: &Case) -> Outcome {
    let stage = case.start_with(MockTracer::new(), Variant::Skips).await?;
    let answer = stage.get_with("/skipped", &[("traceparent", TRACEPARENT)]).await?;
    ensure_eq!((answer.status, &*answer.text), (200, "/skipped"), "the answer");
    stage.nothing_recorded()?;
    stage.get("/foo").await?;
    stage.only_span().await.map(drop)
}

/// A tracer that reports to Instana.
fn for_instana() -> MockTracer {
    MockTracer::with(|builder| builder.backend("instana"))
}

async fn at_a_public_edge_each_request_begins_a_trace(case: &Case) -> Outcome {
    let stage = case.start_with(for_instana(), Variant::PublicEdge).await?;
    let headers = [("traceparent", TRACEPARENT), ("baggage", "user=joey")];
    let answer = stage.get_with("/baggage", &headers).await?;
    ensure_eq!(answer.text, "", "the baggage of an untrusted request");
    ensure_eq!(answer.visit.header("server-timing"), None, "the header for an untrusted request");
    let span = stage.only_span().await?;
    ensure_eq!(span.parent_id, None, "the parent");
    let foreign = &TRACEPARENT[3..35];
    ensure!(span.context.trace_id().to_string() != foreign, "an untrusted request should not choose the trace id");
    let [reference] = &span.references[..] else {
        return Err(format!("there should be one reference: {:?}", span.references));
    };
    ensure_eq!(reference.kind, ReferenceKind::FollowsFrom, "the reference");
    ensure_eq!(reference.context.trace_id().to_string(), foreign, "the referenced trace");
    Ok(())
}

async fn an_untrusted_request_cannot_switch_off_recording(case: &Case) -> Outcome {
    let stage = case.start_with(MockTracer::new(), Variant::PublicEdge).await?;
    stage.get_with("/foo", &[("x-instana-l", "0")]).await?;
    stage.only_span().await?.is_ok(200)
}

async fn hooks_have_the_last_word(case: &Case) -> Outcome {
    let stage = case.start_with(MockTracer::new(), Variant::Decorated).await?;
    stage.get("/bad-request?z=2").await?;
    let span = stage.only_span().await?;
    ensure_eq!(&*span.operation_name, "decorated", "the name");
    span.has("decorated.path", Some("/bad-request"))?;
    span.has("decorated.status", Some("400"))?;
    span.is_ok(400)
}

async fn a_trusted_proxy_says_for_whom_it_asks(case: &Case) -> Outcome {
    let headers: [&[(&'static str, &str)]; 2] = [
        &[("x-forwarded-for", "203.0.113.7"), ("x-forwarded-host", "www.shop.example"), ("x-forwarded-proto", "https")],
        &[("forwarded", "for=203.0.113.7;host=www.shop.example;proto=https")],
    ];
    for headers in headers {
        let stage = case.start_with(MockTracer::new(), Variant::TrustsProxies).await?;
        stage.get_with("/foo", headers).await?;
        let span = stage.only_span().await?;
        span.has("peer.ipv4", Some("203.0.113.7"))?;
        // The port is the proxy's, not the client's.
        span.has("peer.port", None)?;
        span.has("network.peer.address", Some("127.0.0.1"))?;
        ensure!(span.text("network.peer.port").is_some(), "the proxy has a port: {}", shown(&span));
        span.has("http.url", Some("https://www.shop.example/foo"))?;
    }
    Ok(())
}

async fn entries_of_untrusted_proxies_are_ignored(case: &Case) -> Outcome {
    let stage = case.start_with(MockTracer::new(), Variant::TrustsProxies).await?;
    // The client forged the first entry. The first of our proxies added the last one.
    let headers = [("x-forwarded-for", "198.51.100.1, 203.0.113.7"), ("x-forwarded-for", "127.0.0.9")];
    stage.get_with("/foo", &headers).await?;
    stage.only_span().await?.has("peer.ipv4", Some("203.0.113.7"))
}

async fn a_trusted_proxy_names_port_and_prefix(case: &Case) -> Outcome {
    let stage = case.start_with(MockTracer::new(), Variant::TrustsProxies).await?;
    let headers = [
        ("x-forwarded-for", "203.0.113.7, 127.0.0.9"),
        ("x-forwarded-host", "www.shop.example"),
        ("x-forwarded-port", "8443"),
        ("x-forwarded-prefix", "/forged, /shop, /v1"),
    ];
    stage.get_with("/foo?z=2", &headers).await?;
    stage.only_span().await?.has("http.url", Some("http://www.shop.example:8443/shop/v1/foo?z=2"))
}

async fn a_request_that_names_no_scheme_has_that_of_the_server(case: &Case) -> Outcome {
    let stage = case.start_with(MockTracer::new(), Variant::Https).await?;
    stage.get("/foo").await?;
    // Over HTTP/2 each request names its scheme.
    let scheme = if case.protocol() == Protocol::Http1 { "https" } else { "http" };
    stage.only_span().await?.has("http.url", Some(&format!("{scheme}://shop.example/foo")))
}

async fn a_request_has_one_span_however_many_layers(case: &Case) -> Outcome {
    for headers in [&[][..], &[("traceparent", TRACEPARENT)]] {
        let stage = case.start_with(MockTracer::new(), Variant::Layered).await?;
        stage.get_with("/child", headers).await?;
        stage.has_tree(2, &stage.name("GET", "/child"), "\n  child").await?;
        stage.server_span(2).await?.is_ok(200)?;
    }
    let stage = case.start_with(MockTracer::new(), Variant::Layered).await?;
    ensure_eq!(stage.get("/items/7").await?.text, "7", "what the route gave the handler");
    let span = stage.only_span().await?;
    let template = stage.route("/items/").unwrap_or_default();
    ensure!(
        span.text("http.route").unwrap_or_default().starts_with(template),
        "the route should be known: {}",
        shown(&span)
    );
    Ok(())
}

async fn a_layer_around_may_answer_itself(case: &Case) -> Outcome {
    let stage = case.start_with(MockTracer::new(), Variant::AnswersOutside).await?;
    let answer = stage.ask(request("OPTIONS", "/foo", &[("origin", "http://www.shop.example")])).await?;
    ensure_eq!((answer.status, &*answer.text), (200, ""), "the answer of the layer");
    stage.nothing_recorded()?;
    ensure_eq!(stage.get("/foo").await?.text, "/foo", "the answer of the site");
    stage.only_span().await?.is_ok(200)
}

async fn answers_tell_instanas_monitoring_the_trace(case: &Case) -> Outcome {
    let stage = case.start_with(for_instana(), Variant::Plain).await?;
    let answer = stage.get_with("/chunked", &[("traceparent", TRACEPARENT)]).await?;
    ensure_eq!(answer.visit.header("server-timing"), Some("intid;desc=72485a3953bb6124"), "server-timing");
    Ok(())
}

async fn answers_tell_other_backends_nothing(case: &Case) -> Outcome {
    for mock in [MockTracer::new(), MockTracer::with(|builder| builder.backend("otlp"))] {
        let stage = case.start_with(mock, Variant::Plain).await?;
        let answer = stage.get_with("/foo", &[("traceparent", TRACEPARENT)]).await?;
        ensure_eq!(answer.visit.header("server-timing"), None, "server-timing");
        stage.only_span().await?;
    }
    Ok(())
}

async fn answers_to_unsampled_requests_tell_nothing(case: &Case) -> Outcome {
    let stage = case.start_with(for_instana(), Variant::Plain).await?;
    let answer = stage.get_with("/foo", &[("x-instana-l", "0")]).await?;
    ensure_eq!(answer.visit.header("server-timing"), None, "server-timing");
    stage.nothing_recorded()
}
