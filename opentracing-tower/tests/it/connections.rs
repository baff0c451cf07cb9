//! Why there is no answer.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body_util::Empty;
use http_body_util::channel::Channel;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::Name;
use hyper_util::rt::TokioExecutor;
use opentracing_core::Value;
use opentracing_core::mock::MockTracer;
use opentracing_tower::{HttpDecorator, HttpFailure, TracingClientLayer};
use rustls::pki_types::PrivatePkcs8KeyDer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket};
use tokio_rustls::TlsAcceptor;
use tower::timeout::Timeout;
use tower::{Service, ServiceExt};

use crate::support::only_span;

type Https = Client<HttpsConnector<HttpConnector>, Empty<Bytes>>;

/// A client that trusts nobody and speaks HTTP as well.
fn https() -> Https {
    let mut http = HttpConnector::new();
    http.enforce_http(false);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let trusting_nobody = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    let connector = HttpsConnectorBuilder::new().with_tls_config(trusting_nobody).https_or_http().enable_http1();
    Client::builder(TokioExecutor::new()).build(connector.wrap_connector(http))
}

/// A server that speaks TLS with a certificate that nobody has signed.
async fn speaking_tls() -> SocketAddr {
    let signed = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivatePkcs8KeyDer::from(signed.signing_key.serialize_der());
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![signed.cert.der().clone()], key.into())
        .unwrap();
    let (listener, acceptor) = (TcpListener::bind("127.0.0.1:0").await.unwrap(), TlsAcceptor::from(Arc::new(config)));
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // The client hangs up.
            let _ = acceptor.accept(stream).await;
        }
    });
    address
}

/// A server that sends this text on every connection, and then waits for the end.
async fn saying(text: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.write_all(text.as_bytes()).await;
            let _ = stream.read_to_end(&mut Vec::new()).await;
        }
    });
    address
}

/// Sends a request that fails, and checks what the span says of it.
async fn check<S>(service: S, uri: String, kind: &str)
where
    S: Service<Request<Empty<Bytes>>, Response = http::Response<hyper::body::Incoming>> + Clone,
    S::Error: std::fmt::Display + std::fmt::Debug + 'static,
{
    let mock = MockTracer::new();
    let client = TracingClientLayer::with_tracer(mock.tracer().clone()).wrap(service);
    let error = client.oneshot(Request::get(&uri).body(Empty::new()).unwrap()).await.err().unwrap();
    let span = only_span(&mock).await;
    assert!(span.is_failed);
    assert_eq!(span.logs.len(), 1, "{uri}");
    assert_eq!(span.logs[0].field("error.kind"), Some(Value::Str(kind)), "{uri}: {error:?}");
    assert_eq!(span.logs[0].field("message").unwrap().to_string(), error.to_string());
}

/// Boxes the errors of the service, as a time limit does.
fn limited<S>(service: S) -> Timeout<S> {
    Timeout::new(service, Duration::from_secs(60))
}

/// Bound, so that nobody else is given the port, and not listening.
fn refusing() -> (TcpSocket, String) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
    let uri = format!("http://{}/", socket.local_addr().unwrap());
    (socket, uri)
}

#[tokio::test]
async fn a_server_that_refuses() {
    let (_port, uri) = refusing();
    check(limited(https()), uri, "connect").await;
}

#[tokio::test]
async fn a_name_that_cannot_be_looked_up() {
    let nobody =
        tower::service_fn(async |_: Name| Err::<std::vec::IntoIter<SocketAddr>, _>(io::Error::other("nobody")));
    let client = Client::builder(TokioExecutor::new()).build(HttpConnector::new_with_resolver(nobody));
    check(limited(client), "http://nowhere.example/".to_owned(), "dns").await;
}

#[tokio::test]
async fn a_server_that_is_not_trusted() {
    let port = speaking_tls().await.port();
    check(limited(https()), format!("https://localhost:{port}/"), "tls").await;
}

#[tokio::test]
async fn a_server_that_does_not_speak_tls() {
    let address = saying("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n").await;
    check(limited(https()), format!("https://{address}/"), "tls").await;
}

#[tokio::test]
async fn an_answer_that_is_not_http() {
    let address = saying("220 ready\r\n").await;
    check(limited(https()), format!("http://{address}/"), "protocol").await;
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_does_not_come_in_time() {
    let address = saying("").await;
    check(limited(https()), format!("http://{address}/"), "timeout").await;
}

#[cfg(feature = "hyper-util")]
#[tokio::test]
async fn a_client_without_other_layers_tells_as_well() {
    let (_port, uri) = refusing();
    check(https(), uri, "connect").await;
    let port = speaking_tls().await.port();
    check(https(), format!("https://localhost:{port}/"), "tls").await;
}

#[cfg(feature = "hyper-util")]
#[tokio::test]
async fn a_connection_of_hyper_tells_as_well() {
    let address = saying("SSH-2.0-nonsense\r\n\r\n").await;
    let stream = hyper_util::rt::TokioIo::new(tokio::net::TcpStream::connect(address).await.unwrap());
    let (sender, connection) = hyper::client::conn::http1::handshake::<_, Empty<Bytes>>(stream).await.unwrap();
    let sender = std::sync::Arc::new(std::sync::Mutex::new(sender));
    let service = tower::service_fn(move |request| sender.lock().unwrap().send_request(request));
    tokio::spawn(connection);
    check(service, "/".to_owned(), "protocol").await;
}

#[tokio::test]
async fn a_request_body_that_fails() {
    let (mock, address) = (MockTracer::new(), saying("").await);
    let client = Client::builder(TokioExecutor::new()).build(HttpConnector::new());
    let client = TracingClientLayer::with_tracer(mock.tracer().clone()).wrap(limited(client));
    let (sender, body) = Channel::<Bytes, io::Error>::new(1);
    // The body's own error says nothing of the connection.
    sender.abort(io::ErrorKind::ConnectionReset.into());
    client.oneshot(Request::post(format!("http://{address}/")).body(body).unwrap()).await.err().unwrap();
    assert_eq!(only_span(&mock).await.logs[0].field("error.kind"), Some(Value::Str("upload")));
}

#[cfg(feature = "hyper-util")]
#[tokio::test]
async fn the_methods_of_hyper_utils_client_are_traced() {
    let mock = MockTracer::new();
    let address = crate::support::serve(axum::Router::new().fallback(async || http::StatusCode::NO_CONTENT)).await;
    let layer = TracingClientLayer::with_tracer(mock.tracer().clone());
    let client = layer.wrap(https());
    drop(client.get(format!("http://{address}/").parse().unwrap()).await.unwrap());
    let head = Request::head(format!("http://{address}/")).body(Empty::new()).unwrap();
    drop(client.request(head).await.unwrap());
    mock.finished(2).await;
    mock.assert_tree("GET (client)\nHEAD (client)");
}

#[tokio::test]
async fn a_decorator_has_the_error_itself() {
    struct Refused;
    impl HttpDecorator for Refused {
        fn on_error(&self, span: &mut opentracing_core::Span, failure: &HttpFailure<'_>) {
            let HttpFailure::Service(error) = failure else { panic!("the service fails") };
            assert!(error.downcast_ref::<io::Error>().is_none(), "it is boxed");
            let mut next = error.as_error();
            while let Some(error) = next {
                if let Some(error) = error.downcast_ref::<io::Error>() {
                    span.set_tag("io.kind", error.kind().to_string().as_str());
                }
                next = error.source();
            }
        }
    }
    let (mock, (_port, uri)) = (MockTracer::new(), refusing());
    let layer = TracingClientLayer::with_tracer(mock.tracer().clone()).decorator(Refused);
    let client = layer.wrap(limited(https()));
    client.oneshot(Request::get(uri).body(Empty::new()).unwrap()).await.unwrap_err();
    assert_eq!(only_span(&mock).await.tag("io.kind"), Some(Value::Str("connection refused")));
}
