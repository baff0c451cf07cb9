//! What `error.kind` says of a call without a response.

use bytes::Bytes;
use h2::server::SendResponse;
use h2::{Reason, server};
use opentracing_core::mock::MockTracer;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::client::case::{Case, Stage};
use crate::client::target::Refusing;
use crate::client::{ClientFeature, ClientVariant};
use crate::server::Protocol;
use crate::spans::SpanExt;
use crate::suite::{Check, Outcome, checks, ensure};

pub(super) const CHECKS: &[Check<Case, ClientFeature>] = checks![Case, ClientFeature;
    nobody_listens [FailureKinds],
    the_connection_closes_without_an_answer [FailureKinds],
    the_connection_closes_within_the_head [FailureKinds],
    the_connection_is_reset [FailureKinds],
    the_answer_is_not_http [FailureKinds],
    the_answer_has_a_length_that_is_none [FailureKinds],
    the_stream_is_reset [FailureKinds, Http2],
    the_stream_is_cancelled [FailureKinds, Http2],
    the_stream_is_refused [FailureKinds, Http2],
    the_connection_goes_away [FailureKinds, Http2],
    the_connection_of_http2_closes [FailureKinds, Http2],
    the_answer_is_not_http2 [FailureKinds, Http2],
];

/// The call fails while the server does this, and its span says that kind.
async fn fails(stage: Stage, kind: &str, server: impl AsyncFnOnce(&Stage) -> Outcome) -> Outcome {
    let (answer, served) = tokio::join!(stage.send(stage.get("/foo")), server(&stage));
    served?;
    let Err(error) = answer else { return Err("there is no answer".to_owned()) };
    let span = stage.only_span().await?;
    span.has("http.status_code", None)?;
    span.has_failed(Some(kind)).map_err(|mismatch| format!("{mismatch}, of {error}"))
}

async fn nobody_listens(case: &Case) -> Outcome {
    let (stage, nobody) = (case.start().await?, Refusing::bind()?);
    let answer = stage.send(crate::client::case::outgoing("GET", &nobody.url("/foo")?, &[])).await;
    ensure!(answer.is_err(), "nobody listens there");
    stage.only_span().await?.has_failed(Some("connect"))
}

async fn the_connection_closes_without_an_answer(case: &Case) -> Outcome {
    fails(case.start().await?, "closed", async |stage| stage.target.asked().await.map(drop)).await
}

async fn the_connection_closes_within_the_head(case: &Case) -> Outcome {
    fails(case.start().await?, "closed", async |stage| {
        stage.target.asked().await?.write("HTTP/1.1 200 OK\r\ncontent-").await
    })
    .await
}

async fn the_connection_is_reset(case: &Case) -> Outcome {
    fails(case.start().await?, "reset", async |stage| reset(stage.target.connection().await?).await).await
}

/// Reads a part of the request, so that the client has sent it, and resets the connection.
async fn reset(mut connection: TcpStream) -> Outcome {
    connection.read_u8().await.map_err(text)?;
    connection.set_zero_linger().map_err(text)
}

async fn the_answer_is_not_http(case: &Case) -> Outcome {
    let answers = ["SSH-2.0-nonsense\r\n\r\n", "220 mail.example ESMTP\r\n", "HTTP/1.1 2x0 Fine\r\n\r\n"];
    for answer in answers {
        fails(case.start().await?, "protocol", async |stage| stage.target.asked().await?.write(answer).await).await?;
    }
    Ok(())
}

async fn the_answer_has_a_length_that_is_none(case: &Case) -> Outcome {
    let answer = "HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\n";
    fails(case.start().await?, "protocol", async |stage| stage.target.asked().await?.write(answer).await).await
}

type Connection = server::Connection<TcpStream, Bytes>;

async fn start(case: &Case) -> Result<Stage, String> {
    case.start_with(MockTracer::new(), ClientVariant::Plain, Protocol::Http2).await
}

/// The first request over HTTP/2. The connection has to be driven on.
async fn asked(stage: &Stage) -> Result<(Connection, SendResponse<Bytes>), String> {
    let mut connection = server::handshake(stage.target.connection().await?).await.map_err(text)?;
    let (_, respond) = connection.accept().await.ok_or("a request should come")?.map_err(text)?;
    Ok((connection, respond))
}

async fn is_reset(case: &Case, reason: Reason, kind: &str) -> Outcome {
    fails(start(case).await?, kind, async |stage| {
        let (mut connection, mut respond) = asked(stage).await?;
        respond.send_reset(reason);
        // A client may send a refused request again.
        tokio::spawn(async move {
            while let Some(Ok((_, mut respond))) = connection.accept().await {
                respond.send_reset(reason);
            }
        });
        Ok(())
    })
    .await
}

async fn the_stream_is_reset(case: &Case) -> Outcome {
    is_reset(case, Reason::INTERNAL_ERROR, "reset").await
}

async fn the_stream_is_cancelled(case: &Case) -> Outcome {
    is_reset(case, Reason::CANCEL, "reset").await
}

async fn the_stream_is_refused(case: &Case) -> Outcome {
    is_reset(case, Reason::REFUSED_STREAM, "refused_stream").await
}

/// The server says that it has processed no stream (RFC 9113, section 6.8), and names an error: without one a client may try again.
async fn the_connection_goes_away(case: &Case) -> Outcome {
    const SETTINGS: [u8; 9] = [0, 0, 0, 4, 0, 0, 0, 0, 0];
    /// `ENHANCE_YOUR_CALM`.
    const GO_AWAY: [u8; 17] = [0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 11];
    fails(start(case).await?, "goaway", async |stage| {
        let mut connection = stage.target.connection().await?;
        let mut received = read_head(&mut connection).await?;
        connection.write_all(&[&SETTINGS[..], &GO_AWAY].concat()).await.map_err(text)?;
        // The client closes the connection. An end before that would be another failure.
        let _ = connection.read_to_end(&mut received).await;
        Ok(())
    })
    .await
}

/// Reads the beginning of the connection, its settings, and the head of the request (type 1).
async fn read_head(connection: &mut (impl AsyncRead + Unpin)) -> Result<Vec<u8>, String> {
    let mut received = Vec::new();
    while !has_headers(&received) {
        if connection.read_buf(&mut received).await.map_err(text)? == 0 {
            return Err("the client closed the connection".to_owned());
        }
    }
    Ok(received)
}

/// Whether a frame with the head of a request has arrived, behind the preface of 24 bytes.
fn has_headers(received: &[u8]) -> bool {
    let mut rest = received.get(24..).unwrap_or_default();
    while let [high, middle, low, kind, ..] = *rest {
        if kind == 1 {
            return true;
        }
        let length = usize::from(high) << 16 | usize::from(middle) << 8 | usize::from(low);
        rest = rest.get(9 + length..).unwrap_or_default();
    }
    false
}

async fn the_connection_of_http2_closes(case: &Case) -> Outcome {
    fails(start(case).await?, "closed", async |stage| asked(stage).await.map(drop)).await
}

async fn the_answer_is_not_http2(case: &Case) -> Outcome {
    fails(start(case).await?, "protocol", async |stage| {
        let mut connection = stage.target.connection().await?;
        // A client that has not sent its request yet only learns that the connection has closed.
        let mut received = read_head(&mut connection).await?;
        connection.write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n").await.map_err(text)?;
        let _ = connection.read_to_end(&mut received).await;
        Ok(())
    })
    .await
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}
