//! Error responses, and calls without a response.

use crate::client::ClientFeature;
use crate::client::case::{Case, HELLO, outgoing, read};
use crate::client::target::Refusing;
use crate::spans::{SpanExt, shown};
use crate::suite::{Check, Outcome, checks, ensure, ensure_eq};

pub(super) const CHECKS: &[Check<Case, ClientFeature>] = checks![Case, ClientFeature;
    a_client_error_is_no_failure,
    a_server_error_is_a_failure,
    a_refused_connection_is_a_failure,
    a_connection_that_closes_before_the_answer_is_a_failure,
    an_answer_that_is_none_is_a_failure,
    a_body_that_breaks_off_is_a_failure,
    a_chunked_body_that_breaks_off_is_a_failure,
    a_failure_of_an_unsampled_call_comes_through,
];

async fn a_client_error_is_no_failure(case: &Case) -> Outcome {
    let stage = case.start().await?;
    let answer = "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n";
    ensure_eq!(stage.exchange(stage.get("/foo"), answer).await?.status, 400, "the status");
    stage.only_span().await?.is_ok(400)
}

async fn a_server_error_is_a_failure(case: &Case) -> Outcome {
    let stage = case.start().await?;
    let answer = "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 4\r\n\r\nbusy";
    ensure_eq!(stage.exchange(stage.get("/foo"), answer).await?.text, "busy", "the answer");
    let span = stage.only_span().await?;
    span.has("http.status_code", Some("503"))?;
    ensure!(span.is_failed, "a 5xx should be a failure: {}", shown(&span));
    span.has("http.outcome", None)
}

async fn a_refused_connection_is_a_failure(case: &Case) -> Outcome {
    let (stage, nobody) = (case.start().await?, Refusing::bind()?);
    let answer = stage.send(outgoing("GET", &nobody.url("/foo?token=SECRET")?, &[])).await;
    ensure!(answer.is_err(), "nobody listens there");
    let span = stage.only_span().await?;
    span.has("http.status_code", None)?;
    span.has_failed(None)?;
    ensure!(!format!("{span:?}").contains("SECRET"), "no secret should be in the span: {}", shown(&span));
    Ok(())
}

async fn a_connection_that_closes_before_the_answer_is_a_failure(case: &Case) -> Outcome {
    let stage = case.start().await?;
    let call = stage.send(stage.get("/foo"));
    let (answer, asked) = tokio::join!(call, async { stage.target.asked().await.map(drop) });
    asked?;
    ensure!(answer.is_err(), "there is no answer");
    let span = stage.only_span().await?;
    span.has("http.status_code", None)?;
    span.has_failed(None)
}

async fn an_answer_that_is_none_is_a_failure(case: &Case) -> Outcome {
    let stage = case.start().await?;
    ensure!(stage.head(stage.get("/foo"), "SSH-2.0-nonsense\r\n\r\n").await.is_err(), "that is no answer");
    let span = stage.only_span().await?;
    span.has("http.status_code", None)?;
    span.has_failed(None)
}

/// A truncated response.
async fn breaks_off(case: &Case, answer: &str) -> Outcome {
    let stage = case.start().await?;
    let (answer, asked) = stage.head(stage.get("/foo"), answer).await?;
    drop(asked);
    ensure!(read(answer).await.is_err(), "the body should not come to its end");
    let span = stage.only_span().await?;
    span.has("http.status_code", Some("200"))?;
    span.has_failed(None)
}

async fn a_body_that_breaks_off_is_a_failure(case: &Case) -> Outcome {
    breaks_off(case, "HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nbegun").await
}

async fn a_chunked_body_that_breaks_off_is_a_failure(case: &Case) -> Outcome {
    breaks_off(case, "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nbegun\r\n").await
}

async fn a_failure_of_an_unsampled_call_comes_through(case: &Case) -> Outcome {
    let (stage, nobody) = (case.start().await?, Refusing::bind()?);
    let mut caller = stage.mock.tracer().span("caller").start();
    caller.set_tag("sampling.priority", 0);
    let call = caller.in_scope(|| nobody.url("/foo").map(|url| stage.send(outgoing("GET", &url, &[]))))?;
    ensure!(opentracing_core::InSpan::in_span(call, caller).await.is_err(), "nobody listens there");
    ensure_eq!(stage.mock.finished_spans().len(), 0, "the number of spans");
    ensure_eq!(stage.exchange(stage.get("/foo"), HELLO).await?.status, 200, "the next status");
    Ok(())
}
