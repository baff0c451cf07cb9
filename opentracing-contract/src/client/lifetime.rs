//! When and how the span of a call ends.

use std::time::Duration;

use crate::client::ClientFeature;
use crate::client::case::{Case, HELLO, next, outgoing, read};
use crate::spans::SpanExt;
use crate::suite::{Check, Outcome, checks, ensure, ensure_eq};

pub(super) const CHECKS: &[Check<Case, ClientFeature>] = checks![Case, ClientFeature;
    a_known_body_ends_the_span,
    an_empty_body_ends_the_span_unread,
    head_ends_the_span_unread,
    a_204_ends_the_span_unread,
    a_304_ends_the_span_unread,
    a_chunked_body_ends_the_span,
    a_body_that_ends_with_the_connection_ends_the_span,
    the_span_lasts_as_long_as_the_body,
    the_span_lasts_as_long_as_the_server_thinks,
    the_time_to_the_head_is_a_tag,
    a_dropped_call_is_cancelled,
    an_unread_body_ends_with_the_head,
    a_half_read_body_is_aborted,
    an_interim_answer_is_none,
    calls_on_one_connection_are_a_span_each,
    an_upgrade_ends_with_its_head [Upgrades],
];

const LONG: Duration = Duration::from_secs(3);

async fn ends_well(case: &Case, answer: &str, text: &str) -> Outcome {
    let stage = case.start().await?;
    let call = stage.send(stage.get("/foo"));
    let (called, asked) = tokio::join!(async { read(call.await?).await }, async {
        let mut asked = stage.target.asked().await?;
        asked.write(answer).await
        // And closes the connection.
    });
    asked?;
    ensure_eq!(called?, (200, text.to_owned()), "the answer");
    stage.only_span().await?.is_ok(200)
}

async fn a_known_body_ends_the_span(case: &Case) -> Outcome {
    ends_well(case, HELLO, "hello").await
}

/// The body is never asked for, and not dropped either while the span is looked at.
async fn ends_unread(case: &Case, method: &str, status: u16, answer: &str) -> Outcome {
    let stage = case.start().await?;
    let (answer, _asked) = stage.head(outgoing(method, &stage.target.url("/foo"), &[]), answer).await?;
    ensure_eq!(answer.status().as_u16(), status, "the status");
    drop(answer);
    stage.only_span().await?.is_ok(status)
}

async fn an_empty_body_ends_the_span_unread(case: &Case) -> Outcome {
    ends_unread(case, "GET", 200, "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await
}

async fn head_ends_the_span_unread(case: &Case) -> Outcome {
    ends_unread(case, "HEAD", 200, "HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n").await
}

async fn a_204_ends_the_span_unread(case: &Case) -> Outcome {
    ends_unread(case, "GET", 204, "HTTP/1.1 204 No Content\r\n\r\n").await
}

async fn a_304_ends_the_span_unread(case: &Case) -> Outcome {
    ends_unread(case, "GET", 304, "HTTP/1.1 304 Not Modified\r\ncontent-length: 1000\r\n\r\n").await
}

async fn a_chunked_body_ends_the_span(case: &Case) -> Outcome {
    let answer = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n";
    ends_well(case, answer, "onetwo").await
}

async fn a_body_that_ends_with_the_connection_ends_the_span(case: &Case) -> Outcome {
    ends_well(case, "HTTP/1.0 200 OK\r\n\r\nto the end", "to the end").await
}

async fn the_span_lasts_as_long_as_the_body(case: &Case) -> Outcome {
    let stage = case.start().await?;
    let begun = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n";
    let (mut answer, mut asked) = stage.head(stage.get("/foo"), begun).await?;
    ensure_eq!(next(&mut answer).await?, "one", "the first piece");
    ensure_eq!(stage.mock.finished_spans().len(), 0, "the number of spans within the body");
    stage.mock.clock().advance(LONG);
    asked.write("0\r\n\r\n").await?;
    ensure_eq!(read(answer).await?.1, "", "the rest");
    let span = stage.only_span().await?;
    ensure!(span.duration() >= LONG, "the span should last {LONG:?}, not {:?}", span.duration());
    span.is_ok(200)
}

async fn the_span_lasts_as_long_as_the_server_thinks(case: &Case) -> Outcome {
    let stage = case.start().await?;
    let call = stage.send(stage.get("/foo"));
    let (answer, asked) = tokio::join!(call, async {
        let mut asked = stage.target.asked().await?;
        stage.mock.clock().advance(LONG);
        asked.write(HELLO).await?;
        Ok::<_, String>(asked)
    });
    let _asked = asked?;
    read(answer?).await?;
    let span = stage.only_span().await?;
    ensure!(span.duration() >= LONG, "the span should last {LONG:?}, not {:?}", span.duration());
    span.is_ok(200)
}

async fn the_time_to_the_head_is_a_tag(case: &Case) -> Outcome {
    let stage = case.start().await?;
    let call = stage.send(stage.get("/foo"));
    let (answer, asked) = tokio::join!(call, async {
        let mut asked = stage.target.asked().await?;
        stage.mock.clock().advance(LONG);
        asked.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n").await?;
        Ok::<_, String>(asked)
    });
    let (answer, mut asked) = (answer?, asked?);
    stage.mock.clock().advance(LONG);
    asked.write("0\r\n\r\n").await?;
    read(answer).await?;
    let span = stage.only_span().await?;
    span.reached_its_head_within(LONG..2 * LONG)?;
    ensure!(span.duration() >= 2 * LONG, "the span should last {:?}, not {:?}", 2 * LONG, span.duration());
    span.is_ok(200)
}

async fn a_dropped_call_is_cancelled(case: &Case) -> Outcome {
    let stage = case.start().await?;
    let mut call = stage.send(stage.get("/foo"));
    let asked = tokio::select! {
        _ = &mut call => return Err("there should be no answer yet".to_owned()),
        asked = stage.target.asked() => asked?,
    };
    stage.mock.clock().advance(LONG);
    drop(call);
    let span = stage.only_span().await?;
    drop(asked);
    ensure!(span.duration() >= LONG, "the span should last {LONG:?}, not {:?}", span.duration());
    span.has("http.status_code", None)?;
    span.was_dropped("cancelled")
}

const BEGUN: &str = "HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nbegun";

async fn an_unread_body_ends_with_the_head(case: &Case) -> Outcome {
    for (answer, status) in [(HELLO, 200), (BEGUN, 200), (REFUSAL, 404)] {
        let stage = case.start().await?;
        let (answer, _asked) = stage.head(stage.get("/foo"), answer).await?;
        stage.mock.clock().advance(LONG);
        drop(answer);
        let span = stage.only_span().await?;
        span.is_ok(status)?;
        ensure!(span.duration() < LONG, "the span should end with the head, not last {:?}", span.duration());
    }
    Ok(())
}

const REFUSAL: &str = "HTTP/1.1 404 Not Found\r\ncontent-length: 9\r\n\r\nnot found";

async fn a_half_read_body_is_aborted(case: &Case) -> Outcome {
    let stage = case.start().await?;
    let (mut answer, _asked) = stage.head(stage.get("/foo"), BEGUN).await?;
    stage.mock.clock().advance(LONG);
    ensure_eq!(next(&mut answer).await?, "begun", "the first piece");
    stage.mock.clock().advance(LONG);
    drop(answer);
    let span = stage.only_span().await?;
    span.has("http.status_code", Some("200"))?;
    span.was_dropped("aborted")?;
    let lasts_until_the_frame = (LONG..2 * LONG).contains(&span.duration());
    ensure!(lasts_until_the_frame, "the span should last until the last frame, {LONG:?}, not {:?}", span.duration());
    Ok(())
}

async fn an_interim_answer_is_none(case: &Case) -> Outcome {
    let stage = case.start().await?;
    let answer = format!("HTTP/1.1 103 Early Hints\r\nlink: </style.css>\r\n\r\n{HELLO}");
    ensure_eq!(stage.exchange(stage.get("/foo"), &answer).await?.status, 200, "the status");
    stage.only_span().await?.is_ok(200)
}

async fn calls_on_one_connection_are_a_span_each(case: &Case) -> Outcome {
    let stage = case.start().await?;
    let asked = stage.exchange(stage.get("/1"), HELLO).await?.asked;
    let call = stage.send(stage.get("/2"));
    let (called, asked) = tokio::join!(async { read(call.await?).await }, async {
        let mut asked = asked.next().await?;
        asked.write(HELLO).await?;
        Ok::<_, String>(asked)
    });
    called?;
    ensure_eq!(asked?.path, "/2", "what the second call asks for");
    let spans = stage.spans(2).await?;
    for span in &spans {
        span.is_ok(200)?;
    }
    ensure!(spans[0].context.trace_id() != spans[1].context.trace_id(), "each call should have its own trace");
    Ok(())
}

async fn an_upgrade_ends_with_its_head(case: &Case) -> Outcome {
    let stage = case.start().await?;
    let headers = [("connection", "upgrade"), ("upgrade", "pingpong")];
    let answer = "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: pingpong\r\n\r\n";
    let (answer, _asked) = stage.head(outgoing("GET", &stage.target.url("/foo"), &headers), answer).await?;
    ensure_eq!(answer.status().as_u16(), 101, "the status");
    // The connection stays open after the upgrade.
    let span = stage.only_span().await?;
    span.has("http.upgrade", Some("pingpong"))?;
    span.is_ok(101)
}
