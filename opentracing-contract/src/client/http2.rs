//! How HTTP/2 streams end.

use bytes::Bytes;
use h2::server::SendResponse;
use h2::{Reason, SendStream};
use http::{HeaderMap, HeaderName, HeaderValue, Response};
use opentracing_core::mock::MockTracer;

use crate::client::case::{Case, Stage, next, read};
use crate::client::sender::Answer;
use crate::client::{ClientFeature, ClientVariant};
use crate::server::Protocol;
use crate::spans::SpanExt;
use crate::suite::{Check, Outcome, checks, ensure, ensure_eq};

pub(super) const CHECKS: &[Check<Case, ClientFeature>] = checks![Case, ClientFeature;
    the_context_goes_out_over_http2 [Http2],
    a_stream_of_http2_ends_the_span [Http2],
    trailers_of_http2_end_the_span [Http2],
    a_reset_before_the_answer_is_a_failure [Http2],
    a_reset_within_the_answer_is_a_failure [Http2],
    a_stream_of_http2_that_is_left_is_aborted [Http2],
];

async fn start(case: &Case) -> Result<Stage, String> {
    case.start_with(MockTracer::new(), ClientVariant::Plain, Protocol::Http2).await
}

type Request = http::Request<h2::RecvStream>;

/// The first request of the next connection, which is driven by a task of its own.
async fn asked(stage: &Stage) -> Result<(Request, SendResponse<Bytes>), String> {
    let mut connection = h2::server::handshake(stage.target.connection().await?).await.map_err(text)?;
    let asked = connection.accept().await.ok_or("a request should come")?.map_err(text)?;
    tokio::spawn(async move { while let Some(Ok(_)) = connection.accept().await {} });
    Ok(asked)
}

/// A call that is answered with a head and the beginning of a body.
async fn begun(stage: &Stage) -> Result<(Answer, SendStream<Bytes>, Request), String> {
    let (answer, body) = tokio::join!(stage.send(stage.get("/foo")), async {
        let (request, mut respond) = asked(stage).await?;
        let mut body = respond.send_response(Response::new(()), false).map_err(text)?;
        body.send_data(Bytes::from_static(b"begun"), false).map_err(text)?;
        Ok::<_, String>((body, request))
    });
    let (mut answer, (body, request)) = (answer?, body?);
    ensure_eq!(next(&mut answer).await?, "begun", "the first piece");
    Ok((answer, body, request))
}

async fn the_context_goes_out_over_http2(case: &Case) -> Outcome {
    let stage = start(case).await?;
    let (answer, mut body, request) = begun(&stage).await?;
    body.send_data(Bytes::new(), true).map_err(text)?;
    read(answer).await?;
    let context = stage.only_span().await?.context;
    let traceparent = format!("00-{}-{}-01", context.trace_id(), context.span_id());
    ensure!(
        request.headers().get("traceparent").is_some_and(|value| value == traceparent.as_str()),
        "traceparent should be {traceparent}: {:?}",
        request.headers()
    );
    Ok(())
}

async fn a_stream_of_http2_ends_the_span(case: &Case) -> Outcome {
    let stage = start(case).await?;
    let (answer, mut body, _request) = begun(&stage).await?;
    ensure_eq!(stage.mock.finished_spans().len(), 0, "the number of spans within the body");
    body.send_data(Bytes::from_static(b"done"), true).map_err(text)?;
    ensure_eq!(read(answer).await?.1, "done", "the rest");
    let span = stage.only_span().await?;
    span.has("network.protocol.version", Some("2"))?;
    span.is_ok(200)
}

async fn trailers_of_http2_end_the_span(case: &Case) -> Outcome {
    let stage = start(case).await?;
    let (answer, mut body, _request) = begun(&stage).await?;
    let trailer = (HeaderName::from_static("x-checksum"), HeaderValue::from_static("41"));
    body.send_trailers(HeaderMap::from_iter([trailer])).map_err(text)?;
    ensure_eq!(read(answer).await?.1, "", "the rest");
    stage.only_span().await?.is_ok(200)
}

async fn a_reset_before_the_answer_is_a_failure(case: &Case) -> Outcome {
    let stage = start(case).await?;
    let (answer, asked) = tokio::join!(stage.send(stage.get("/foo")), async {
        let (_, mut respond) = asked(&stage).await?;
        respond.send_reset(Reason::INTERNAL_ERROR);
        Ok::<_, String>(())
    });
    asked?;
    ensure!(answer.is_err(), "there is no answer");
    let span = stage.only_span().await?;
    span.has("http.status_code", None)?;
    span.has_failed(None)
}

async fn a_reset_within_the_answer_is_a_failure(case: &Case) -> Outcome {
    let stage = start(case).await?;
    let (answer, mut body, _request) = begun(&stage).await?;
    body.send_reset(Reason::INTERNAL_ERROR);
    ensure!(read(answer).await.is_err(), "the body should not come to its end");
    let span = stage.only_span().await?;
    span.has("http.status_code", Some("200"))?;
    span.has_failed(None)
}

async fn a_stream_of_http2_that_is_left_is_aborted(case: &Case) -> Outcome {
    let stage = start(case).await?;
    let (answer, _body, _request) = begun(&stage).await?;
    drop(answer);
    stage.only_span().await?.was_dropped("aborted")
}

fn text(error: h2::Error) -> String {
    error.to_string()
}
