//! A server on the loopback interface, a client that writes bytes, and bodies under control.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::Router;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use opentracing_core::mock::MockTracer;
use opentracing_core::{OwnedSpan, Tracer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Serves until the runtime of the test ends.
pub(crate) async fn serve(router: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

/// A connection whose other side may be asked for anything.
pub(crate) struct Connection(TcpStream);

impl Connection {
    /// Connects, and sends a request line with further header lines.
    pub(crate) async fn request(address: SocketAddr, line: &str, headers: &str) -> Self {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = format!("{line} HTTP/1.1\r\nhost: shop.example\r\nconnection: close\r\n{headers}\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        Connection(stream)
    }

    /// Reads all that comes until the other side closes.
    pub(crate) async fn read_to_end(mut self) -> String {
        let mut all = Vec::new();
        // A server that breaks off resets the connection.
        let _ = self.0.read_to_end(&mut all).await;
        String::from_utf8(all).unwrap()
    }

    /// Reads until the text has come.
    pub(crate) async fn read_until(&mut self, text: &str) {
        let mut all = Vec::new();
        while !String::from_utf8_lossy(&all).contains(text) {
            assert_ne!(self.0.read_buf(&mut all).await.unwrap(), 0, "the connection ended before {text:?} came");
        }
    }
}

/// Sends one request and reads the whole answer.
pub(crate) async fn get(address: SocketAddr, line: &str, headers: &str) -> String {
    Connection::request(address, line, headers).await.read_to_end().await
}

/// The one span that finishes, and no other.
pub(crate) async fn only_span(mock: &MockTracer) -> OwnedSpan {
    let mut spans = mock.finished(1).await;
    assert_eq!(spans.len(), 1);
    spans.remove(0)
}

/// Several frames, each of them in a span of its own; afterwards nothing, an error, or silence for ever.
pub(crate) struct Frames {
    tracer: Tracer,
    frames: Vec<&'static str>,
    then: Then,
    announced: Option<u64>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Then {
    End,
    Error,
    Silence,
    Panic,
}

impl Frames {
    pub(crate) fn new(tracer: &Tracer, frames: &[&'static str], then: Then) -> Self {
        let frames = frames.iter().rev().copied().collect();
        Frames { tracer: tracer.clone(), frames, then, announced: None }
    }

    /// The exact size that the body says it has.
    pub(crate) fn announced(mut self, bytes: u64) -> Self {
        self.announced = Some(bytes);
        self
    }
}

impl Body for Frames {
    type Data = Bytes;
    type Error = BrokenBody;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BrokenBody>>> {
        if let Some(frame) = self.frames.pop() {
            self.tracer.span("frame").start().finish();
            return Poll::Ready(Some(Ok(Frame::data(frame.into()))));
        }
        match self.then {
            Then::End => Poll::Ready(None),
            Then::Error => Poll::Ready(Some(Err(BrokenBody))),
            Then::Silence => Poll::Pending,
            Then::Panic => panic!("the body panics"),
        }
    }

    fn size_hint(&self) -> SizeHint {
        self.announced.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

impl Drop for Frames {
    fn drop(&mut self) {
        self.tracer.span("drop").start().finish();
    }
}

#[derive(Debug)]
pub(crate) struct BrokenBody;

impl std::fmt::Display for BrokenBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("reading http://me:pw@disk.example/ failed")
    }
}

impl std::error::Error for BrokenBody {}

/// A response with that body.
pub(crate) fn with_body(body: impl Into<axum::body::Body>) -> Result<axum::response::Response, Infallible> {
    Ok(axum::response::Response::new(body.into()))
}
