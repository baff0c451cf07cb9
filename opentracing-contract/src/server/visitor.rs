//! A client of the site, with one connection.

use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use http::header::{HOST, HeaderMap};
use http::{Request, Response, Uri, response};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

use crate::suite::BoxFuture;

/// A version of HTTP.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Protocol {
    /// HTTP/1.1.
    Http1,
    /// HTTP/2 without TLS, by prior knowledge.
    Http2,
}

impl Protocol {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Protocol::Http1 => "http1",
            Protocol::Http2 => "http2",
        }
    }
}

/// The host name of the site.
pub(crate) const HOST_NAME: &str = "shop.example";

/// A connection to the site. It closes when it is dropped.
pub(crate) struct Visitor {
    sender: Sender,
    connection: AbortHandle,
    port: u16,
}

enum Sender {
    Http1(http1::SendRequest<Upload>),
    Http2(http2::SendRequest<Upload>),
}

impl Visitor {
    pub(crate) async fn connect(address: SocketAddr, protocol: Protocol) -> Result<Self, String> {
        let stream = TcpStream::connect(address).await.map_err(text)?;
        let port = stream.local_addr().map_err(text)?.port();
        let stream = TokioIo::new(stream);
        let (sender, connection) = match protocol {
            Protocol::Http1 => {
                let (sender, connection) = http1::handshake(stream).await.map_err(text)?;
                (Sender::Http1(sender), tokio::spawn(async { drop(connection.with_upgrades().await) }).abort_handle())
            }
            Protocol::Http2 => {
                let (sender, connection) = http2::handshake(TokioExecutor::new(), stream).await.map_err(text)?;
                (Sender::Http2(sender), tokio::spawn(async { drop(connection.await) }).abort_handle())
            }
        };
        Ok(Visitor { sender, connection, port })
    }

    /// The local port of the visitor.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Waits until the connection is free for the next request.
    pub(crate) async fn ready(&mut self) -> Result<(), String> {
        match &mut self.sender {
            Sender::Http1(sender) => sender.ready().await,
            Sender::Http2(sender) => sender.ready().await,
        }
        .map_err(text)
    }

    /// Sends a request, whose URI is a path. HTTP/1 refuses one while there is another.
    pub(crate) fn send(&mut self, request: Request<Upload>) -> BoxFuture<'static, Result<Visit, String>> {
        let (mut parts, body) = request.into_parts();
        match &mut self.sender {
            Sender::Http1(sender) => {
                parts.headers.insert(HOST, http::HeaderValue::from_static(HOST_NAME));
                let answer = sender.send_request(Request::from_parts(parts, body));
                Box::pin(async move { Ok(Visit::new(answer.await.map_err(text)?)) })
            }
            Sender::Http2(sender) => {
                let uri = Uri::builder().scheme("http").authority(HOST_NAME);
                let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
                match uri.path_and_query(path).build() {
                    Ok(uri) => parts.uri = uri,
                    Err(error) => return Box::pin(std::future::ready(Err(text(error)))),
                }
                let answer = sender.send_request(Request::from_parts(parts, body));
                Box::pin(async move { Ok(Visit::new(answer.await.map_err(text)?)) })
            }
        }
    }

    /// Disconnects: closes an HTTP/1 connection. An HTTP/2 connection stays open; dropping the response has reset its stream.
    pub(crate) fn leave(&mut self) {
        if let Sender::Http1(_) = self.sender {
            self.connection.abort();
        }
    }
}

impl Drop for Visitor {
    fn drop(&mut self) {
        self.connection.abort();
    }
}

/// A response whose head has arrived.
pub(crate) struct Visit {
    pub(crate) head: response::Parts,
    body: Incoming,
}

impl Visit {
    fn new(response: Response<Incoming>) -> Self {
        let (head, body) = response.into_parts();
        Visit { head, body }
    }

    pub(crate) fn status(&self) -> u16 {
        self.head.status.as_u16()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.headers.get(name)?.to_str().ok()
    }

    /// The whole body, with its trailers.
    pub(crate) async fn read(&mut self) -> Result<(String, HeaderMap), String> {
        let (mut all, mut trailers) = (Vec::new(), HeaderMap::new());
        while let Some(frame) = std::future::poll_fn(|cx| Pin::new(&mut self.body).poll_frame(cx)).await {
            match frame.map_err(text)?.into_data() {
                Ok(data) => all.extend_from_slice(data.chunk()),
                Err(frame) => trailers.extend(frame.into_trailers().unwrap_or_default()),
            }
        }
        Ok((String::from_utf8(all).map_err(text)?, trailers))
    }

    /// The next piece of the body.
    pub(crate) async fn next(&mut self) -> Result<Bytes, String> {
        let frame = std::future::poll_fn(|cx| Pin::new(&mut self.body).poll_frame(cx)).await;
        let frame = frame.ok_or("the body should go on")?.map_err(text)?;
        frame.into_data().map_err(|_| "there should be data".to_owned())
    }
}

/// The body of a request.
pub(crate) enum Upload {
    Nothing,
    Text(Bytes),
    Fed(mpsc::UnboundedReceiver<Bytes>),
}

impl Body for Upload {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let data = match std::mem::replace(&mut *self, Upload::Nothing) {
            Upload::Nothing => None,
            Upload::Text(text) => Some(text),
            Upload::Fed(mut feed) => {
                let polled = feed.poll_recv(cx);
                *self = Upload::Fed(feed);
                ready!(polled)
            }
        };
        Poll::Ready(data.map(|data| Ok(Frame::data(data))))
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Upload::Nothing)
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Upload::Nothing => SizeHint::with_exact(0),
            Upload::Text(text) => SizeHint::with_exact(text.len() as u64),
            Upload::Fed(_) => SizeHint::default(),
        }
    }
}

/// A raw HTTP/1 connection.
pub(crate) struct Wire(TcpStream);

impl Wire {
    pub(crate) async fn connect(address: SocketAddr) -> Result<Self, String> {
        Ok(Wire(TcpStream::connect(address).await.map_err(text)?))
    }

    pub(crate) async fn write(&mut self, bytes: &str) -> Result<(), String> {
        self.0.write_all(bytes.as_bytes()).await.map_err(text)
    }

    /// Reads until the text arrives, and returns everything up to it.
    pub(crate) async fn read_until(&mut self, end: &str) -> Result<String, String> {
        let mut all = Vec::new();
        while !all.ends_with(end.as_bytes()) {
            match self.0.read_u8().await {
                Ok(byte) => all.push(byte),
                Err(_) => return Err(format!("{end:?} should come, but all was {:?}", String::from_utf8_lossy(&all))),
            }
        }
        String::from_utf8(all).map_err(text)
    }

    /// Reads until the peer closes the connection.
    pub(crate) async fn read_to_end(&mut self) -> String {
        let mut all = Vec::new();
        // A server that breaks off resets the connection.
        let _ = self.0.read_to_end(&mut all).await;
        String::from_utf8_lossy(&all).into_owned()
    }
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}
