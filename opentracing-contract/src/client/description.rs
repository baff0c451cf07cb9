//! The name and the tags of the span of a call.

use bytes::Bytes;
use opentracing_core::SpanKind;

use crate::client::ClientFeature;
use crate::client::case::{Case, HELLO, outgoing};
use crate::spans::{SpanExt, shown};
use crate::suite::{Check, Outcome, checks, ensure, ensure_eq};

pub(super) const CHECKS: &[Check<Case, ClientFeature>] = checks![Case, ClientFeature;
    the_kind_is_client,
    the_name_is_the_method,
    a_request_may_name_its_span [OperationNames],
    the_server_has_an_address,
    the_url_is_whole,
    the_url_has_no_secrets,
    an_unknown_method_is_other,
    a_body_goes_out_as_it_is,
    the_method_and_the_status_are_tags,
    no_header_becomes_a_tag,
];

async fn the_kind_is_client(case: &Case) -> Outcome {
    let stage = case.start().await?;
    stage.exchange(stage.get("/foo"), HELLO).await?;
    stage.only_span().await?.is_of_kind(SpanKind::Client)
}

async fn the_name_is_the_method(case: &Case) -> Outcome {
    let stage = case.start().await?;
    stage.exchange(stage.get("/users/7"), HELLO).await?;
    ensure_eq!(&*stage.only_span().await?.operation_name, "GET", "the name");
    Ok(())
}

async fn a_request_may_name_its_span(case: &Case) -> Outcome {
    let stage = case.start().await?;
    let mut request = stage.get("/users/7");
    request.operation_name = Some("GET /users/{id}");
    stage.exchange(request, HELLO).await?;
    ensure_eq!(&*stage.only_span().await?.operation_name, "GET /users/{id}", "the name");
    Ok(())
}

async fn the_server_has_an_address(case: &Case) -> Outcome {
    let stage = case.start().await?;
    stage.exchange(stage.get("/foo"), HELLO).await?;
    let span = stage.only_span().await?;
    span.has("peer.ipv4", Some("127.0.0.1"))?;
    span.has("peer.port", Some(&stage.target.port().to_string()))?;
    // An address is no name of a service.
    span.has("peer.service", None)?;

    let stage = case.start().await?;
    stage.exchange(outgoing("GET", &stage.target.url_by_name("/foo"), &[]), HELLO).await?;
    stage.only_span().await?.has("peer.hostname", Some("localhost"))
}

async fn the_url_is_whole(case: &Case) -> Outcome {
    let stage = case.start().await?;
    let exchange = stage.exchange(stage.get("/foo/bar?z=2&yAA=1"), HELLO).await?;
    ensure_eq!(exchange.asked.path, "/foo/bar?z=2&yAA=1", "what is asked for");
    stage.only_span().await?.has("http.url", Some(&stage.target.url("/foo/bar?z=2&yAA=1")))
}

async fn the_url_has_no_secrets(case: &Case) -> Outcome {
    let stage = case.start().await?;
    let url = stage.target.url("/foo?token=SECRET&z=2").replace("://", "://me:SECRET@");
    let exchange = stage.exchange(outgoing("GET", &url, &[]), HELLO).await?;
    ensure_eq!(exchange.asked.path, "/foo?token=SECRET&z=2", "what is asked for");
    let span = stage.only_span().await?;
    ensure!(!format!("{span:?}").contains("SECRET"), "no secret should be in the span: {}", shown(&span));
    let url = span.text("http.url").unwrap_or_default();
    ensure!(url.contains("z=2"), "what is no secret should be in {url}");
    Ok(())
}

async fn an_unknown_method_is_other(case: &Case) -> Outcome {
    let stage = case.start().await?;
    let exchange = stage.exchange(outgoing("BREW", &stage.target.url("/pot"), &[]), HELLO).await?;
    ensure_eq!(exchange.asked.method, "BREW", "the method");
    let span = stage.only_span().await?;
    ensure_eq!(&*span.operation_name, "_OTHER", "the name");
    span.has("http.method", Some("_OTHER"))?;
    span.has("http.request.method_original", Some("BREW"))
}

async fn a_body_goes_out_as_it_is(case: &Case) -> Outcome {
    let stage = case.start().await?;
    let mut request = outgoing("POST", &stage.target.url("/post"), &[]);
    *request.request.body_mut() = Bytes::from_static(b"body");
    let exchange = stage.exchange(request, HELLO).await?;
    ensure_eq!(exchange.asked.body, b"body", "the body");
    ensure_eq!(&*stage.only_span().await?.operation_name, "POST", "the name");
    Ok(())
}

async fn the_method_and_the_status_are_tags(case: &Case) -> Outcome {
    let stage = case.start().await?;
    stage.exchange(outgoing("DELETE", &stage.target.url("/foo"), &[]), HELLO).await?;
    let span = stage.only_span().await?;
    span.has("http.method", Some("DELETE"))?;
    span.has("network.protocol.version", Some("1.1"))?;
    ensure!(span.text("component").is_some(), "there should be a component: {}", shown(&span));
    span.is_ok(200)
}

async fn no_header_becomes_a_tag(case: &Case) -> Outcome {
    let stage = case.start().await?;
    let headers = [("authorization", "Bearer SECRET"), ("cookie", "id=SECRET"), ("x-own", "SECRET")];
    let answer = "HTTP/1.1 200 OK\r\nset-cookie: id=SECRET\r\ncontent-length: 0\r\n\r\n";
    stage.exchange(outgoing("GET", &stage.target.url("/foo"), &headers), answer).await?;
    let span = stage.only_span().await?;
    ensure!(!format!("{span:?}").contains("SECRET"), "no header should be in the span: {}", shown(&span));
    Ok(())
}
