//! Why there is no connection.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use opentracing_core::mock::MockTracer;
use opentracing_reqwest::TracingClient;
use reqwest::ClientBuilder;
use reqwest::dns::{Name, Resolve, Resolving};
use rustls::pki_types::{PrivatePkcs8KeyDer, ServerName};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{TlsAcceptor, TlsConnector};
use tower_layer::Layer;
use tower_service::Service;

use crate::server::{Answer, OK, Server};
use crate::support::{Refusing, log, only_span, resolving};

/// Sends a request that fails, and checks what the span says of it.
async fn check(builder: ClientBuilder, url: String, kind: &str) -> Vec<(String, String)> {
    let mock = MockTracer::new();
    let client = TracingClient::from_builder(builder).tracer(mock.tracer().clone()).build().unwrap();
    let error = client.get(url).send().await.unwrap_err();
    let span = only_span(&mock);
    assert!(span.is_failed);
    let log = log(&span, "error");
    assert_eq!(log[0], ("error.kind".to_owned(), kind.to_owned()), "{error:?}");
    log
}

#[tokio::test]
async fn a_server_that_refuses() {
    check(resolving(&[]), Refusing::new().url(), "connect").await;
}

/// Knows nobody.
struct Nobody;

impl Resolve for Nobody {
    fn resolve(&self, _: Name) -> Resolving {
        Box::pin(std::future::ready(Err(io::Error::other("nobody has that name").into())))
    }
}

#[tokio::test]
async fn a_name_that_cannot_be_looked_up() {
    let log = check(resolving(&[]).dns_resolver(Nobody), "http://nowhere.example/".to_owned(), "dns").await;
    assert!(log[1].1.ends_with("nobody has that name"), "{log:?}");
}

#[tokio::test]
async fn a_name_that_the_system_does_not_know() {
    // A label of more than 63 bytes is no name (RFC 1035, section 2.3.4), so nobody is asked.
    check(resolving(&[]), format!("http://{}.example/", "x".repeat(64)), "dns").await;
}

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Speaks TLS over a connection of its own, and fails as that does: reqwest's own TLS wants a provider for the whole process.
#[derive(Clone)]
struct Handshake<S = ()> {
    inner: S,
    address: SocketAddr,
}

impl<S> Layer<S> for Handshake {
    type Service = Handshake<S>;

    fn layer(&self, inner: S) -> Handshake<S> {
        Handshake { inner, address: self.address }
    }
}

impl<S, R> Service<R> for Handshake<S>
where
    S: Service<R, Error = BoxError, Future: Send + 'static>,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: R) -> Self::Future {
        let (connected, address) = (self.inner.call(request), self.address);
        Box::pin(async move {
            let provider = Arc::new(rustls::crypto::ring::default_provider());
            let trusting_nobody = rustls::ClientConfig::builder_with_provider(provider)
                .with_safe_default_protocol_versions()?
                .with_root_certificates(rustls::RootCertStore::empty())
                .with_no_client_auth();
            let (stream, name) = (TcpStream::connect(address).await?, ServerName::try_from("localhost")?);
            TlsConnector::from(Arc::new(trusting_nobody)).connect(name, stream).await?;
            connected.await
        })
    }
}

#[tokio::test]
async fn a_server_that_is_not_trusted() {
    let signed = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivatePkcs8KeyDer::from(signed.signing_key.serialize_der());
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![signed.cert.der().clone()], key.into())
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let served = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        TlsAcceptor::from(Arc::new(config)).accept(stream).await.map(drop)
    });
    let other = Server::start(|_| "").await;
    let log = check(resolving(&[]).connector_layer(Handshake { inner: (), address }), other.url("/"), "tls").await;
    assert!(log[1].1.contains("certificate"), "{log:?}");
    assert!(served.await.unwrap().is_err());
}

#[tokio::test]
async fn a_server_that_does_not_speak_tls() {
    let plain = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = plain.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = plain.accept().await.unwrap();
        tokio::io::AsyncWriteExt::write_all(&mut stream, b"220 ready for whatever you want\r\n").await.unwrap();
        let _ = tokio::io::AsyncReadExt::read_to_end(&mut stream, &mut Vec::new()).await;
    });
    let other = Server::start(|_| "").await;
    check(resolving(&[]).connector_layer(Handshake { inner: (), address }), other.url("/"), "tls").await;
}

/// Connects, after all time.
#[derive(Clone)]
struct Never;

impl<S> Layer<S> for Never {
    type Service = Waits<S>;

    fn layer(&self, inner: S) -> Waits<S> {
        Waits(inner)
    }
}

#[derive(Clone)]
struct Waits<S>(S);

impl<S, R> Service<R> for Waits<S>
where
    S: Service<R, Error = BoxError, Response: Send + 'static>,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, _: R) -> Self::Future {
        Box::pin(std::future::pending())
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_cannot_be_reached_in_time() {
    let builder = resolving(&[]).connector_layer(Never).connect_timeout(Duration::from_secs(3));
    check(builder, "http://127.0.0.1:9/".to_owned(), "timeout").await;
}

#[tokio::test]
async fn a_connection_that_ends_without_an_answer_was_one() {
    let server = Server::start(|_| Answer::Last(Vec::new())).await;
    check(resolving(&[]), server.url("/"), "closed").await;
}

#[tokio::test]
async fn a_request_body_that_fails() {
    // The cause is the application's own, also if it is the end of another connection.
    for kind in [io::ErrorKind::Other, io::ErrorKind::ConnectionReset] {
        let (mock, server) = (MockTracer::new(), Server::start(|_| OK).await);
        let pieces = Pieces([Err(io::Error::new(kind, "the disk is gone")), Ok("ab")].into());
        let client = TracingClient::from_builder(resolving(&[])).tracer(mock.tracer().clone()).build().unwrap();
        client.post(server.url("/")).body(reqwest::Body::wrap_stream(pieces)).send().await.unwrap_err();
        let log = log(&only_span(&mock), "error");
        assert_eq!(log[0].1, "upload");
        assert!(log[1].1.ends_with("the disk is gone"), "{log:?}");
    }
}

/// Pieces of a body, the last one first.
struct Pieces(Vec<io::Result<&'static str>>);

impl futures_core::Stream for Pieces {
    type Item = io::Result<&'static str>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(self.0.pop())
    }
}

#[tokio::test]
async fn a_proxy_that_does_not_let_through() {
    let proxy = Server::start(|_| "HTTP/1.1 407 Who Are You\r\ncontent-length: 0\r\n\r\n").await;
    let builder = reqwest::Client::builder().proxy(reqwest::Proxy::all(proxy.url("/")).unwrap());
    let mock = MockTracer::new();
    let client = TracingClient::from_builder(builder).tracer(mock.tracer().clone()).build().unwrap();
    let response = client.get("http://shop.example/").send().await.unwrap();
    assert_eq!(response.status(), 407, "without TLS a proxy answers like a server");
    drop(response);
    let span = only_span(&mock);
    assert!(!span.is_failed);
    // The URL's port, and the other end of the connection.
    let port = i64::from(proxy.address().port());
    let expected = [("peer.port", 80.into()), ("peer.ipv4", "127.0.0.1".into()), ("network.peer.port", port.into())];
    for (tag, value) in expected {
        assert_eq!(span.tag(tag), Some(value), "{tag}");
    }
}
