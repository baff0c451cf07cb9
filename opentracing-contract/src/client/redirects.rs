//! Redirects.

use crate::client::ClientFeature;
use crate::client::case::{Case, HELLO, Stage};
use crate::client::target::{Asked, Target};
use crate::spans::SpanExt;
use crate::suite::{Check, Outcome, checks, ensure, ensure_eq};

pub(super) const CHECKS: &[Check<Case, ClientFeature>] = checks![Case, ClientFeature;
    a_redirect_that_is_followed_is_part_of_the_call [Redirects],
    a_redirect_that_is_followed_is_counted [RedirectsWithCare],
    another_host_gets_no_trace_headers [RedirectsWithCare],
];

/// A call that is redirected; returns both requests.
async fn redirected(stage: &Stage, location: &str, elsewhere: &Target) -> Result<(u16, Asked, Asked), String> {
    let redirect =
        format!("HTTP/1.1 302 Found\r\nlocation: {location}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    let call = stage.send(stage.get("/foo"));
    let (called, asked) = tokio::join!(async { crate::client::case::read(call.await?).await }, async {
        let mut first = stage.target.asked().await?;
        first.write(&redirect).await?;
        let mut second = elsewhere.asked().await?;
        second.write(HELLO).await?;
        Ok::<_, String>((first, second))
    });
    let (first, second) = asked?;
    Ok((called?.0, first, second))
}

async fn a_redirect_that_is_followed_is_part_of_the_call(case: &Case) -> Outcome {
    let stage = case.start().await?;
    let (status, first, second) = redirected(&stage, "/bar", &stage.target).await?;
    ensure_eq!((status, &*first.path, &*second.path), (200, "/foo", "/bar"), "what was asked for");
    let spans = stage.mock.finished(1).await;
    ensure!(spans.iter().all(|span| !span.is_failed), "a redirect is no failure: {spans:?}");
    spans.last().ok_or("there should be a span")?.has("http.status_code", Some("200"))
}

async fn a_redirect_that_is_followed_is_counted(case: &Case) -> Outcome {
    let stage = case.start().await?;
    let (_, first, second) = redirected(&stage, "/bar", &stage.target).await?;
    let trace = |asked: &Asked| asked.header("x-b3-traceid").map(str::to_owned);
    ensure!(trace(&first).is_some(), "the first request should have trace headers");
    ensure_eq!(trace(&second), trace(&first), "the trace of the second request");
    let spans = stage.mock.finished(1).await;
    let resent = spans.iter().filter_map(|span| span.text("http.request.resend_count")).next_back();
    ensure_eq!(resent.as_deref(), Some("1"), "http.request.resend_count");
    Ok(())
}

async fn another_host_gets_no_trace_headers(case: &Case) -> Outcome {
    let (stage, elsewhere) = (case.start().await?, Target::bind().await?);
    // Reached by a name, so that the host is another one.
    let (_, first, second) = redirected(&stage, &elsewhere.url_by_name("/bar"), &elsewhere).await?;
    ensure!(!first.trace_headers().is_empty(), "the first request should have trace headers");
    ensure_eq!(second.trace_headers(), Vec::<&str>::new(), "the trace headers of the second request");
    Ok(())
}
