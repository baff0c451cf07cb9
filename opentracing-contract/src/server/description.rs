//! The name and the tags of the span of a request.

use opentracing_core::SpanKind;

use crate::server::ServerFeature;
use crate::server::case::{Case, request};
use crate::server::visitor::Protocol;
use crate::spans::{SpanExt, shown};
use crate::suite::{Check, Outcome, checks, ensure, ensure_eq};

pub(super) const CHECKS: &[Check<Case, ServerFeature>] = checks![Case, ServerFeature;
    the_kind_is_server,
    the_name_is_method_and_route_or_the_method,
    the_route_is_a_template [Routes],
    the_route_of_a_nested_router_is_whole [Routes],
    the_route_of_a_handler_that_awaits_is_a_template [Routes],
    a_path_without_route_keeps_names_few,
    an_unknown_method_is_other,
    options_of_the_root_are_traced,
    the_url_is_whole,
    the_url_has_no_secrets,
    the_method_and_the_status_are_tags,
    the_protocol_is_a_tag,
    the_user_agent_is_a_tag,
    no_header_becomes_a_tag,
    the_client_has_an_address [PeerAddress],
    forwarded_headers_of_an_untrusted_peer_are_ignored,
];

async fn the_kind_is_server(case: &Case) -> Outcome {
    let stage = case.start().await?;
    stage.get("/foo").await?;
    stage.only_span().await?.is_of_kind(SpanKind::Server)
}

async fn the_name_is_method_and_route_or_the_method(case: &Case) -> Outcome {
    let stage = case.start().await?;
    stage.get("/foo").await?;
    let span = stage.only_span().await?;
    ensure_eq!(&*span.operation_name, stage.name("GET", "/foo"), "the name");
    span.has("http.route", stage.route("/foo"))
}

async fn route_is_a_template(case: &Case, prefix: &str) -> Outcome {
    let stage = case.start().await?;
    for id in ["1", "2"] {
        let answer = stage.get(&format!("{prefix}/{id}?foo")).await?;
        ensure_eq!(answer.text, id, "what the route gave the handler");
    }
    for (span, id) in stage.spans(2).await?.iter().zip([1, 2]) {
        let url = span.text("http.url").unwrap_or_default();
        ensure!(url.ends_with(&format!("{prefix}/{id}?foo")), "the URL should be the one asked for, not {url}");
        // Templates are the router's own language; all have the same for both.
        let route = span.text("http.route").unwrap_or_default();
        ensure!(route.starts_with(prefix) && route.len() > prefix.len(), "{route} should be a route of {prefix}");
        ensure!(!route.contains("//") && !route.ends_with('/') && !route.contains('?'), "{route} should be tidy");
        ensure!(!route.contains(&id.to_string()), "{route} should not contain {id}");
        ensure_eq!(*span.operation_name, *format!("GET {route}"), "the name");
    }
    Ok(())
}

async fn the_route_is_a_template(case: &Case) -> Outcome {
    route_is_a_template(case, "/items").await
}

async fn the_route_of_a_nested_router_is_whole(case: &Case) -> Outcome {
    route_is_a_template(case, "/nested/items").await
}

async fn the_route_of_a_handler_that_awaits_is_a_template(case: &Case) -> Outcome {
    route_is_a_template(case, "/async_items").await
}

async fn a_path_without_route_keeps_names_few(case: &Case) -> Outcome {
    let stage = case.start().await?;
    ensure_eq!(stage.get("/nobody/knows/41").await?.status, 404, "the status");
    let span = stage.only_span().await?;
    ensure_eq!(&*span.operation_name, "GET", "the name");
    span.has("http.route", None)?;
    // The caller's failure is no error of the server.
    span.is_ok(404)
}

async fn an_unknown_method_is_other(case: &Case) -> Outcome {
    let stage = case.start().await?;
    stage.ask(request("BREW", "/foo", &[])).await?;
    let span = stage.only_span().await?;
    ensure_eq!(&*span.operation_name, stage.name("_OTHER", "/foo"), "the name");
    span.has("http.method", Some("_OTHER"))?;
    span.has("http.request.method_original", Some("BREW"))
}

async fn options_of_the_root_are_traced(case: &Case) -> Outcome {
    let stage = case.start().await?;
    ensure_eq!(stage.ask(request("OPTIONS", "/", &[])).await?.status, 200, "the status");
    let span = stage.only_span().await?;
    ensure_eq!(&*span.operation_name, stage.name("OPTIONS", "/"), "the name");
    span.has("http.method", Some("OPTIONS"))?;
    span.has("http.url", Some("http://shop.example/"))
}

async fn the_url_is_whole(case: &Case) -> Outcome {
    let stage = case.start().await?;
    stage.get("/foo?z=2&yAA=1").await?;
    stage.only_span().await?.has("http.url", Some("http://shop.example/foo?z=2&yAA=1"))
}

async fn the_url_has_no_secrets(case: &Case) -> Outcome {
    let stage = case.start().await?;
    stage.get("/foo?token=SECRET&z=2&my_password=SECRET").await?;
    let span = stage.only_span().await?;
    ensure!(!format!("{span:?}").contains("SECRET"), "no secret should be in the span: {}", shown(&span));
    let url = span.text("http.url").unwrap_or_default();
    ensure!(url.contains("z=2"), "what is no secret should be in {url}");
    Ok(())
}

async fn the_method_and_the_status_are_tags(case: &Case) -> Outcome {
    let stage = case.start().await?;
    stage.ask(request("POST", "/foo", &[])).await?;
    let span = stage.only_span().await?;
    span.has("http.method", Some("POST"))?;
    ensure!(span.text("component").is_some(), "there should be a component: {}", shown(&span));
    span.is_ok(200)
}

async fn the_protocol_is_a_tag(case: &Case) -> Outcome {
    let stage = case.start().await?;
    stage.get("/foo").await?;
    let version = match case.protocol() {
        Protocol::Http1 => "1.1",
        Protocol::Http2 => "2",
    };
    let span = stage.only_span().await?;
    span.has("network.protocol.version", Some(version))?;
    span.has("user_agent.original", None)
}

async fn the_user_agent_is_a_tag(case: &Case) -> Outcome {
    for length in [1, 256, 4096] {
        let stage = case.start().await?;
        let agent = "x".repeat(length);
        stage.get_with("/foo", &[("user-agent", &agent)]).await?;
        let recorded = stage.only_span().await?.text("user_agent.original").unwrap_or_default();
        ensure_eq!(recorded, agent[..length.min(256)], "the beginning of the header");
    }
    Ok(())
}

async fn no_header_becomes_a_tag(case: &Case) -> Outcome {
    let stage = case.start().await?;
    let headers = [("authorization", "Bearer SECRET"), ("cookie", "id=SECRET"), ("x-own", "SECRET")];
    stage.get_with("/foo", &headers).await?;
    let span = stage.only_span().await?;
    ensure!(!format!("{span:?}").contains("SECRET"), "no header should be in the span: {}", shown(&span));
    Ok(())
}

async fn the_client_has_an_address(case: &Case) -> Outcome {
    let stage = case.start().await?;
    let mut visitor = stage.visitor().await?;
    visitor.send(request("GET", "/foo", &[])).await?.read().await?;
    let span = stage.only_span().await?;
    span.has("peer.ipv4", Some("127.0.0.1"))?;
    span.has("peer.port", Some(&visitor.port().to_string()))
}

async fn forwarded_headers_of_an_untrusted_peer_are_ignored(case: &Case) -> Outcome {
    let stage = case.start().await?;
    let headers = [
        ("x-forwarded-for", "203.0.113.7"),
        ("x-forwarded-host", "other.example"),
        ("x-forwarded-proto", "https"),
        ("forwarded", "for=203.0.113.7;host=other.example;proto=https"),
    ];
    stage.get_with("/foo", &headers).await?;
    let span = stage.only_span().await?;
    ensure!(!format!("{span:?}").contains("203.0.113.7"), "the address comes from an untrusted peer: {}", shown(&span));
    span.has("http.url", Some("http://shop.example/foo"))
}
