//! A server on a port of its own, with a tracer of its own.

use std::net::SocketAddr;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use opentracing_core::OwnedSpan;
use opentracing_core::mock::MockTracer;
use opentracing_tonic::{TracingChannel, TracingClientLayer, TracingLayer};
use tokio::net::{TcpListener, TcpStream};
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::{Endpoint, Server};

use crate::echo::{Echo, EchoClient};

pub(crate) struct Fixture {
    pub(crate) mock: MockTracer,
    pub(crate) address: SocketAddr,
}

impl Fixture {
    /// A traced server of the echo service.
    pub(crate) async fn start() -> Fixture {
        Self::with(MockTracer::new(), |layer| layer).await
    }

    pub(crate) async fn with(mock: MockTracer, settings: impl FnOnce(TracingLayer) -> TracingLayer) -> Fixture {
        Self::with_server(mock, Server::builder(), settings).await
    }

    /// The same with settings of tonic's.
    pub(crate) async fn with_server(
        mock: MockTracer,
        server: Server,
        settings: impl FnOnce(TracingLayer) -> TracingLayer,
    ) -> Fixture {
        let layer = settings(TracingLayer::with_tracer(mock.tracer().clone()));
        let (listener, address) = listen().await;
        let router = server.layer(layer).add_service(Echo::new(mock.tracer().clone()));
        tokio::spawn(router.serve_with_incoming(TcpListenerStream::new(listener)));
        Fixture { mock, address }
    }

    pub(crate) fn endpoint(&self) -> Endpoint {
        Endpoint::from_shared(format!("http://{}", self.address)).unwrap()
    }

    /// A client whose spans come to the same tracer.
    pub(crate) fn client(&self) -> EchoClient<TracingChannel> {
        self.client_with(|layer| layer)
    }

    pub(crate) fn client_with(
        &self,
        settings: impl FnOnce(TracingClientLayer) -> TracingClientLayer,
    ) -> EchoClient<TracingChannel> {
        let layer = TracingClientLayer::with_tracer(self.mock.tracer().clone()).peer(&self.endpoint());
        EchoClient::new(settings(layer).wrap(self.endpoint().connect_lazy()))
    }

    /// An HTTP/2 connection of which nothing knows of gRPC.
    pub(crate) async fn connection(&self) -> http2::SendRequest<Full<Bytes>> {
        connect(self.address).await
    }

    /// The spans of a call, by kind, once that many spans have finished.
    pub(crate) async fn spans(&self, number: usize) -> (OwnedSpan, OwnedSpan) {
        let spans = self.mock.finished(number).await;
        assert_eq!(spans.len(), number, "{}", self.mock.tree());
        let stats = self.mock.tracer().stats();
        assert_eq!((stats.write_after_finish, stats.scopes_out_of_order), (0, 0), "{stats:?}");
        let of_kind = |kind: &str| spans.iter().find(|span| span.kind.to_string() == kind).cloned();
        (of_kind("client").expect("a client span"), of_kind("server").expect("a server span"))
    }

    /// The first span of that kind, once it has finished.
    pub(crate) async fn first(&self, kind: &str) -> OwnedSpan {
        for number in 1.. {
            let spans = self.mock.finished(number).await;
            if let Some(span) = spans.iter().find(|span| span.kind.to_string() == kind) {
                return span.clone();
            }
        }
        unreachable!("one more span always finishes")
    }

    /// The only server span, once that many spans have finished.
    pub(crate) async fn server_span(&self, number: usize) -> OwnedSpan {
        let spans = self.mock.finished(number).await;
        let mut servers = spans.iter().filter(|span| span.kind.to_string() == "server");
        match (servers.next(), servers.next()) {
            (Some(span), None) => span.clone(),
            _ => panic!("there should be one server span:\n{}", self.mock.tree()),
        }
    }
}

pub(crate) async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

pub(crate) async fn connect(address: SocketAddr) -> http2::SendRequest<Full<Bytes>> {
    let stream = TcpStream::connect(address).await.unwrap();
    let (sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    sender
}

/// A message with its head, as a text in protobuf.
pub(crate) fn frame(text: &str) -> Vec<u8> {
    let message = prost::Message::encode_to_vec(&text.to_owned());
    let mut frame = vec![0];
    frame.extend_from_slice(&u32::try_from(message.len()).unwrap().to_be_bytes());
    frame.extend_from_slice(&message);
    frame
}

/// A call as any client would send it.
pub(crate) fn request(
    address: SocketAddr,
    path: &str,
    metadata: &[(&str, &[u8])],
    message: &str,
) -> Request<Full<Bytes>> {
    let mut request = Request::post(format!("http://{address}{path}"))
        .header("content-type", "application/grpc")
        .header("te", "trailers");
    for (name, value) in metadata {
        request = request.header(*name, *value);
    }
    request.body(Full::new(frame(message).into())).unwrap()
}

/// Reads the answer to its end, and returns its status, from headers or trailers.
pub(crate) async fn status_of(response: Response<Incoming>) -> Option<String> {
    let status = |headers: &http::HeaderMap| Some(headers.get("grpc-status")?.to_str().unwrap().to_owned());
    let at_once = status(response.headers());
    let collected = response.into_body().collect().await.ok()?;
    at_once.or_else(|| status(collected.trailers()?))
}

/// A tag as text; empty if there is none.
pub(crate) fn tag(span: &OwnedSpan, key: &str) -> String {
    span.tag(key).map(|value| value.to_string()).unwrap_or_default()
}

/// A field of the span's only log; empty if there is no log.
#[track_caller]
pub(crate) fn log_field(span: &OwnedSpan, field: &str) -> String {
    assert!(span.logs.len() <= 1, "{:?}", span.logs);
    span.logs.first().and_then(|log| log.field(field)).map(|value| value.to_string()).unwrap_or_default()
}

#[track_caller]
pub(crate) fn check_tags(span: &OwnedSpan, expected: &[(&str, &str)]) {
    for (key, value) in expected {
        assert_eq!(tag(span, key), *value, "{key} of {}: {:?}", span.operation_name, span.tags);
    }
}
