//! Settings of an adapter.

use crate::client::case::{Case, HELLO, outgoing};
use crate::client::{ClientFeature, ClientVariant};
use crate::spans::{SpanExt, shown};
use crate::suite::{Check, Outcome, checks, ensure, ensure_eq};

pub(super) const CHECKS: &[Check<Case, ClientFeature>] = checks![Case, ClientFeature;
    a_request_may_name_its_service [PeerServices],
    a_client_may_name_its_service [PeerServices],
    a_request_that_is_sent_again_says_so [ResendCounts],
    a_request_may_go_out_without_trace_headers [OptOut],
    a_host_that_is_not_admitted_gets_no_trace_headers [HostAllowList],
    a_host_that_is_admitted_gets_trace_headers [HostAllowList],
    client_errors_are_failures_on_request [ClientErrors],
    hooks_have_the_last_word [Decorated],
];

async fn a_request_may_name_its_service(case: &Case) -> Outcome {
    let stage = case.start_as(ClientVariant::PeerService("catalog")).await?;
    let mut request = stage.get("/foo");
    request.peer_service = Some("ledger");
    stage.exchange(request, HELLO).await?;
    let span = stage.only_span().await?;
    ensure!(!span.is_peer_service_derived, "the name is given, not derived");
    span.has("peer.service", Some("ledger"))
}

async fn a_client_may_name_its_service(case: &Case) -> Outcome {
    let stage = case.start_as(ClientVariant::PeerService("catalog")).await?;
    stage.exchange(stage.get("/foo"), HELLO).await?;
    stage.only_span().await?.has("peer.service", Some("catalog"))
}

async fn a_request_that_is_sent_again_says_so(case: &Case) -> Outcome {
    let stage = case.start().await?;
    let mut request = stage.get("/foo");
    request.resend_count = 2;
    stage.exchange(request, HELLO).await?;
    stage.only_span().await?.has("http.request.resend_count", Some("2"))
}

/// Trace headers that were copied from another request.
const STALE: [(&str, &str); 3] = [("x-instana-t", "463ac35c9f6413ad"), ("x-b3-sampled", "1"), ("baggage", "user=joey")];

async fn a_request_may_go_out_without_trace_headers(case: &Case) -> Outcome {
    let stage = case.start().await?;
    let mut request = stage.get("/foo");
    request.is_propagated = false;
    let asked = stage.exchange(request, HELLO).await?.asked;
    ensure_eq!(asked.trace_headers(), Vec::<&str>::new(), "the trace headers");
    stage.only_span().await?.is_ok(200)
}

async fn a_host_that_is_not_admitted_gets_no_trace_headers(case: &Case) -> Outcome {
    let stage = case.start_as(ClientVariant::PropagatesTo("*.shop.example")).await?;
    let asked = stage.exchange(outgoing("GET", &stage.target.url("/foo"), &STALE), HELLO).await?.asked;
    ensure_eq!(asked.trace_headers(), Vec::<&str>::new(), "the trace headers");
    stage.only_span().await?.is_ok(200)
}

async fn a_host_that_is_admitted_gets_trace_headers(case: &Case) -> Outcome {
    let stage = case.start_as(ClientVariant::PropagatesTo("*.shop.example, 127.0.0.1")).await?;
    let asked = stage.exchange(stage.get("/foo"), HELLO).await?.asked;
    ensure_eq!(asked.header("x-instana-l"), Some("1"), "x-instana-l");
    stage.only_span().await?.is_ok(200)
}

async fn client_errors_are_failures_on_request(case: &Case) -> Outcome {
    let stage = case.start_as(ClientVariant::ClientErrors).await?;
    stage.exchange(stage.get("/foo"), "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n").await?;
    let span = stage.only_span().await?;
    ensure!(span.is_failed, "a 4xx should be a failure here: {}", shown(&span));
    span.has("http.status_code", Some("404"))
}

async fn hooks_have_the_last_word(case: &Case) -> Outcome {
    let stage = case.start_as(ClientVariant::Decorated).await?;
    stage.exchange(stage.get("/foo?z=2"), HELLO).await?;
    let span = stage.only_span().await?;
    ensure_eq!(&*span.operation_name, "decorated", "the name");
    span.has("decorated.path", Some("/foo"))?;
    span.has("decorated.status", Some("200"))?;
    span.is_ok(200)
}
