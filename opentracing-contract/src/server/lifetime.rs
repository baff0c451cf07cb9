//! When and how the span of a request ends.

use std::time::Duration;

use http::header::CONTENT_LENGTH;

use crate::server::ServerFeature;
use crate::server::case::{Case, Stage, request};
use crate::spans::SpanExt;
use crate::suite::{Check, Outcome, checks, ensure, ensure_eq};

pub(super) const CHECKS: &[Check<Case, ServerFeature>] = checks![Case, ServerFeature;
    a_known_body_ends_the_span,
    head_of_a_known_body_ends_the_span,
    head_of_a_stream_ends_the_span,
    an_answer_without_a_body_ends_the_span,
    a_204_whose_body_is_not_sent_ends_the_span,
    a_304_whose_body_is_not_sent_ends_the_span,
    a_stream_ends_the_span_with_its_last_chunk,
    a_stream_with_content_length_ends_the_span,
    a_stream_of_exact_size_keeps_it_and_ends_the_span,
    the_span_lasts_as_long_as_the_stream,
    the_span_lasts_as_long_as_the_handler,
    the_time_to_the_head_is_a_tag,
    a_span_that_ends_with_its_head_has_no_time_to_it,
    a_client_that_disconnects_before_the_response_cancels,
    a_client_that_disconnects_from_a_stream_aborts_it,
    a_client_that_disconnects_from_a_download_aborts_it,
];

const LONG: Duration = Duration::from_secs(3);

/// Sends one request with an ordinary response.
async fn ends_well(case: &Case, method: &str, path: &str, status: u16, text: &str) -> Result<Stage, String> {
    let stage = case.start().await?;
    let answer = stage.ask(request(method, path, &[])).await?;
    ensure_eq!((answer.status, &*answer.text), (status, text), "the answer");
    stage.only_span().await?.is_ok(status)?;
    Ok(stage)
}

async fn a_known_body_ends_the_span(case: &Case) -> Outcome {
    ends_well(case, "GET", "/foo", 200, "/foo").await.map(drop)
}

async fn an_answer_without_a_body_ends_the_span(case: &Case) -> Outcome {
    ends_well(case, "GET", "/empty", 200, "").await.map(drop)
}

/// Sends requests whose responses may have no body, although the handler gives one. Servers may read it, or even send it.
async fn is_not_sent(case: &Case, status: u16, requests: &[(&str, &str)]) -> Outcome {
    for (method, path) in requests {
        let stage = case.start().await?;
        let mut visitor = stage.visitor().await?;
        let mut visit = visitor.send(request(method, path, &[])).await?;
        ensure_eq!(visit.status(), status, "the status of {method} {path}");
        let _ = visit.read().await;
        stage.first_server_span().await.is_ok(status)?;
    }
    Ok(())
}

async fn head_of_a_known_body_ends_the_span(case: &Case) -> Outcome {
    is_not_sent(case, 200, &[("HEAD", "/foo"), ("HEAD", "/empty")]).await
}

async fn head_of_a_stream_ends_the_span(case: &Case) -> Outcome {
    is_not_sent(case, 200, &[("HEAD", "/chunked"), ("HEAD", "/sized"), ("HEAD", "/exact")]).await
}

async fn a_204_whose_body_is_not_sent_ends_the_span(case: &Case) -> Outcome {
    is_not_sent(case, 204, &[("GET", "/no-content"), ("HEAD", "/no-content")]).await
}

async fn a_304_whose_body_is_not_sent_ends_the_span(case: &Case) -> Outcome {
    is_not_sent(case, 304, &[("GET", "/not-modified"), ("HEAD", "/not-modified")]).await
}

async fn streams(case: &Case, path: &str) -> Outcome {
    let stage = case.start().await?;
    let answer = stage.get(path).await?;
    ensure_eq!((answer.status, &*answer.text), (200, "one two 3"), "the answer");
    if path != "/chunked" {
        let length = answer.visit.head.headers.get(CONTENT_LENGTH);
        ensure!(length.is_some_and(|length| length == "9"), "the length should stay known: {length:?}");
    }
    stage.has_tree(4, &stage.name("GET", path), "\n  frame\n  frame\n  frame").await?;
    stage.server_span(4).await?.is_ok(200)
}

async fn a_stream_ends_the_span_with_its_last_chunk(case: &Case) -> Outcome {
    streams(case, "/chunked").await
}

async fn a_stream_with_content_length_ends_the_span(case: &Case) -> Outcome {
    streams(case, "/sized").await
}

async fn a_stream_of_exact_size_keeps_it_and_ends_the_span(case: &Case) -> Outcome {
    streams(case, "/exact").await
}

async fn the_span_lasts_as_long_as_the_stream(case: &Case) -> Outcome {
    let stage = case.start().await?;
    let mut visitor = stage.visitor().await?;
    let mut visit = visitor.send(request("GET", "/feed", &[])).await?;
    stage.feed("one ");
    ensure_eq!(visit.next().await?, "one ", "the first piece");
    ensure_eq!(stage.mock.finished_spans().len(), 1, "the number of spans within the stream, that of the frame,");
    stage.mock.clock().advance(LONG);
    stage.feed("two");
    stage.end_feed();
    ensure_eq!(visit.read().await?.0, "two", "the rest");
    let span = stage.server_span(3).await?;
    ensure!(span.duration() >= LONG, "the span should last {LONG:?}, not {:?}", span.duration());
    span.is_ok(200)
}

async fn the_span_lasts_as_long_as_the_handler(case: &Case) -> Outcome {
    let mut stage = case.start().await?;
    let mut visitor = stage.visitor().await?;
    let answer = tokio::spawn(visitor.send(request("GET", "/together?child", &[])));
    stage.begun().await?;
    stage.mock.clock().advance(LONG);
    stage.open_gate(1);
    answer.await.map_err(|error| error.to_string())??.read().await?;
    let span = stage.server_span(2).await?;
    ensure!(span.duration() >= LONG, "the span should last {LONG:?}, not {:?}", span.duration());
    span.is_ok(200)
}

async fn the_time_to_the_head_is_a_tag(case: &Case) -> Outcome {
    let mut stage = case.start().await?;
    let mut visitor = stage.visitor().await?;
    let answer = tokio::spawn(visitor.send(request("GET", "/feed", &[])));
    let mut visit = answer.await.map_err(|error| error.to_string())??;
    stage.begun().await?;
    stage.mock.clock().advance(LONG);
    stage.end_feed();
    visit.read().await?;
    let span = stage.only_span().await?;
    span.reached_its_head_within(Duration::ZERO..LONG)?;
    ensure!(span.duration() >= LONG, "the span should last {LONG:?}, not {:?}", span.duration());

    let mut stage = case.start().await?;
    let mut visitor = stage.visitor().await?;
    let answer = tokio::spawn(visitor.send(request("GET", "/together?child", &[])));
    stage.begun().await?;
    stage.mock.clock().advance(LONG);
    stage.open_gate(1);
    answer.await.map_err(|error| error.to_string())??.read().await?;
    stage.server_span(2).await?.reached_its_head_within(LONG..2 * LONG)
}

async fn a_span_that_ends_with_its_head_has_no_time_to_it(case: &Case) -> Outcome {
    let stage = ends_well(case, "GET", "/empty", 200, "").await?;
    stage.only_span().await?.has("http.time_to_head_ms", None)
}

async fn a_client_that_disconnects_before_the_response_cancels(case: &Case) -> Outcome {
    let mut stage = case.start().await?;
    let mut visitor = stage.visitor().await?;
    let answer = tokio::spawn(visitor.send(request("GET", "/hang", &[])));
    stage.begun().await?;
    stage.mock.clock().advance(LONG);
    answer.abort();
    // Dropping the task drops the future of the response.
    let _ = answer.await;
    visitor.leave();
    let span = stage.only_span().await?;
    ensure_eq!(&*span.operation_name, stage.name("GET", "/hang"), "the name");
    span.has("http.status_code", None)?;
    ensure!(span.duration() >= LONG, "the span should last {LONG:?}, not {:?}", span.duration());
    span.was_dropped("cancelled")
}

async fn leaves(case: &Case, path: &str) -> Outcome {
    let stage = case.start().await?;
    let mut visitor = stage.visitor().await?;
    let mut visit = visitor.send(request("GET", path, &[("accept", "text/event-stream")])).await?;
    stage.feed("data: 1\n\n");
    ensure_eq!(visit.next().await?, "data: 1\n\n", "the first piece");
    stage.mock.clock().advance(LONG);
    drop(visit);
    visitor.leave();
    let span = stage.server_span(2).await?;
    span.has("http.status_code", Some("200"))?;
    ensure!(span.duration() >= LONG, "the span should last {LONG:?}, not {:?}", span.duration());
    span.was_dropped("aborted")
}

async fn a_client_that_disconnects_from_a_stream_aborts_it(case: &Case) -> Outcome {
    leaves(case, "/feed").await
}

async fn a_client_that_disconnects_from_a_download_aborts_it(case: &Case) -> Outcome {
    leaves(case, "/download").await
}
