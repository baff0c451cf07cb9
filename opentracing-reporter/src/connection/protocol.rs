//! HTTP/1.1 and HTTP/2 on an open connection.

use std::error::Error;
use std::fmt;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
#[cfg(feature = "grpc")]
use hyper::client::conn::http2;
#[cfg(feature = "grpc")]
use hyper_util::rt::TokioExecutor;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinHandle;

use super::BoxError;

/// How requests are written and responses are read.
#[derive(Clone, Copy, Debug)]
pub(super) enum Protocol {
    /// HTTP/1.1.
    Http,
    /// HTTP/1.1 to an Instana agent, which answers 404 for a while after it has started.
    Agent,
    /// Unary gRPC calls over HTTP/2 with prior knowledge.
    #[cfg(feature = "grpc")]
    Grpc,
}

impl Protocol {
    pub(super) fn is_grpc(self) -> bool {
        !matches!(self, Protocol::Http | Protocol::Agent)
    }
}

/// A complete response.
#[derive(Debug)]
pub(super) struct Response {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: BytesMut,
    pub(super) trailers: HeaderMap,
}

/// An open connection, which carries one request at a time.
pub(super) struct Connection {
    sender: Sender,
    task: JoinHandle<hyper::Result<()>>,
}

enum Sender {
    Http1(http1::SendRequest<Full<Bytes>>),
    #[cfg(feature = "grpc")]
    Http2(http2::SendRequest<Full<Bytes>>),
}

/// The limit of a response body. Collectors answer with a few bytes; OTLP recommends 4 MiB.
const MAX_RESPONSE_BYTES: usize = 4 << 20;

impl Connection {
    pub(super) async fn over<S>(stream: S, protocol: Protocol) -> Result<Self, BoxError>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let stream = TokioIo::new(stream);
        // The request in flight receives the error of its connection too.
        match protocol {
            Protocol::Http | Protocol::Agent => {
                let (sender, connection) = http1::handshake(stream).await.map_err(with_cause)?;
                Ok(Connection { sender: Sender::Http1(sender), task: tokio::spawn(connection) })
            }
            #[cfg(feature = "grpc")]
            Protocol::Grpc => {
                let (sender, connection) = http2::handshake(TokioExecutor::new(), stream).await.map_err(with_cause)?;
                Ok(Connection { sender: Sender::Http2(sender), task: tokio::spawn(connection) })
            }
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        match &self.sender {
            Sender::Http1(sender) => sender.is_closed(),
            #[cfg(feature = "grpc")]
            Sender::Http2(sender) => sender.is_closed(),
        }
    }

    /// Sends a request and reads the complete response.
    pub(super) async fn exchange(&mut self, request: Request<Full<Bytes>>) -> Result<Response, BoxError> {
        match self.send(request).await {
            Ok(response) => read(response).await,
            // The connection ended before the request left, and its own error says why.
            Err(error) if error.is_closed() || error.is_canceled() => match (&mut self.task).await {
                Ok(Err(cause)) => Err(with_cause(cause)),
                _ => Err(with_cause(error)),
            },
            Err(error) => Err(with_cause(error)),
        }
    }

    async fn send(&mut self, request: Request<Full<Bytes>>) -> hyper::Result<http::Response<Incoming>> {
        match &mut self.sender {
            Sender::Http1(sender) => {
                sender.ready().await?;
                sender.send_request(request).await
            }
            #[cfg(feature = "grpc")]
            Sender::Http2(sender) => {
                sender.ready().await?;
                sender.send_request(request).await
            }
        }
    }
}

/// What the server sent is not of our protocol.
#[derive(Debug)]
pub(super) struct OtherProtocol(String);

impl fmt::Display for OtherProtocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for OtherProtocol {}

/// Adds the cause to hyper's message, which is too general without it.
fn with_cause(error: hyper::Error) -> BoxError {
    let text = match error.source() {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    };
    // What a server that speaks first looks like to HTTP/1.1, and an answer of HTTP/1.1 to HTTP/2. There are no methods for these.
    let is_foreign = |words| text.contains(words);
    if error.is_parse() || is_foreign("unexpected message") || is_foreign("frame with invalid size") {
        OtherProtocol(text).into()
    } else {
        text.into()
    }
}

async fn read(response: http::Response<Incoming>) -> Result<Response, BoxError> {
    let (head, mut incoming) = response.into_parts();
    let (mut body, mut trailers) = (BytesMut::new(), HeaderMap::new());
    while let Some(frame) = incoming.frame().await {
        match frame.map_err(with_cause)?.into_data() {
            Ok(data) if body.len() + data.len() > MAX_RESPONSE_BYTES => return Err("the response is too long".into()),
            Ok(data) => body.extend_from_slice(&data),
            Err(frame) => trailers = frame.into_trailers().unwrap_or_default(),
        }
    }
    Ok(Response { status: head.status, headers: head.headers, body, trailers })
}
