//! Who asks, and for which URL: connections with TLS, proxies, and servers that do not know their peers.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::serve::IncomingStream;
use bytes::Bytes;
use http::uri::Scheme;
use http::{HeaderName, Request, Version};
use http_body_util::{BodyExt, Empty};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use opentracing_core::http_rules::TrustedProxies;
use opentracing_core::mock::MockTracer;
use opentracing_core::{Batch, OwnedSpan, Reporter};
use opentracing_tower::TracingLayer;
use rustls::pki_types::{PrivatePkcs8KeyDer, ServerName};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{TlsAcceptor, TlsConnector};
use tower::ServiceExt;

use crate::support::{get, only_span, serve};
use crate::warnings;

fn text(span: &OwnedSpan, key: &str) -> Option<String> {
    span.tag(key).map(|value| value.to_string())
}

fn layer(mock: &MockTracer) -> TracingLayer {
    TracingLayer::with_tracer(mock.tracer().clone())
}

fn ok() -> Router {
    Router::new().fallback(async || "served")
}

/// Serves the router over TLS, and returns a client's configuration that trusts it.
async fn serve_tls(router: Router) -> (SocketAddr, rustls::ClientConfig) {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let signed = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivatePkcs8KeyDer::from(signed.signing_key.serialize_der());
    let server = rustls::ServerConfig::builder_with_provider(provider.clone());
    let mut server = server
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![signed.cert.der().clone()], key.into())
        .unwrap();
    server.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let mut roots = rustls::RootCertStore::empty();
    roots.add(signed.cert.der().clone()).unwrap();
    let client = rustls::ClientConfig::builder_with_provider(provider);
    let client =
        client.with_safe_default_protocol_versions().unwrap().with_root_certificates(roots).with_no_client_auth();

    let (listener, acceptor) = (TcpListener::bind("127.0.0.1:0").await.unwrap(), TlsAcceptor::from(Arc::new(server)));
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, service) = (acceptor.clone(), TowerToHyperService::new(router.clone()));
            tokio::spawn(async move {
                let stream = TokioIo::new(acceptor.accept(stream).await.unwrap());
                drop(auto::Builder::new(TokioExecutor::new()).serve_connection(stream, service).await);
            });
        }
    });
    (address, client)
}

/// Sends one request over TLS, in the version that the two sides agree on.
async fn get_tls(address: SocketAddr, mut config: rustls::ClientConfig, version: Version, line: &str) {
    config.alpn_protocols = vec![if version == Version::HTTP_2 { b"h2".to_vec() } else { b"http/1.1".to_vec() }];
    let stream = TcpStream::connect(address).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let mut stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap();
    if version == Version::HTTP_2 {
        let (mut sender, connection) =
            hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
        let connection = tokio::spawn(connection);
        let request = Request::get(line).body(Empty::<Bytes>::new()).unwrap();
        let answer = sender.send_request(request).await.unwrap();
        answer.into_body().collect().await.unwrap();
        connection.abort();
    } else {
        let request = format!("GET {line} HTTP/1.1\r\nhost: shop.example\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        stream.read_to_end(&mut Vec::new()).await.unwrap();
    }
}

#[tokio::test]
async fn a_server_with_tls_has_https_urls() {
    let mock = MockTracer::new();
    let (address, client) = serve_tls(ok().layer(layer(&mock).scheme(Scheme::HTTPS))).await;
    for (version, line, url) in [
        (Version::HTTP_11, "/cart?a=b", "https://shop.example/cart?a=b"),
        (Version::HTTP_11, "https://other.example/cart", "https://other.example/cart"),
        (Version::HTTP_11, "http://other.example/cart", "http://other.example/cart"),
        (Version::HTTP_2, "https://shop.example/cart", "https://shop.example/cart"),
    ] {
        mock.reset();
        get_tls(address, client.clone(), version, line).await;
        let span = only_span(&mock).await;
        assert_eq!(text(&span, "http.url").as_deref(), Some(url), "{version:?} {line}");
        let expected = if version == Version::HTTP_2 { "2" } else { "1.1" };
        assert_eq!(text(&span, "network.protocol.version").as_deref(), Some(expected));
    }
}

#[tokio::test]
async fn the_scheme_of_a_layer_is_not_that_of_other_listeners() {
    let mock = MockTracer::new();
    let plain = serve(ok().layer(layer(&mock))).await;
    let encrypted = serve(ok().layer(layer(&mock).scheme(Scheme::HTTPS))).await;
    for (address, url) in [(plain, "http://shop.example/"), (encrypted, "https://shop.example/")] {
        mock.reset();
        get(address, "GET /", "").await;
        assert_eq!(text(&only_span(&mock).await, "http.url").as_deref(), Some(url));
    }
}

/// Sends a request as a proxy, and checks the URL that the client requested.
#[track_caller]
fn check_url(settings: impl FnOnce(TracingLayer) -> TracingLayer, uri: &str, headers: &[(&str, &str)], url: &str) {
    let mock = MockTracer::new();
    let layer = settings(layer(&mock).trusted_proxies("10.0.0.0/8".parse().unwrap()));
    let mut request = Request::get(uri).extension(SocketAddr::from(([10, 0, 0, 1], 80)));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let service = layer.wrap(ok());
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    drop(runtime.block_on(service.oneshot(request.body(axum::body::Body::empty()).unwrap())).unwrap());
    let span = mock.span("GET");
    assert_eq!(text(&span, "http.url").as_deref(), Some(url), "{headers:?}");
}

#[test]
fn a_proxy_names_scheme_port_and_prefix() {
    let check = |headers: &[(&str, &str)], url: &str| check_url(|layer| layer, "/cart?a=b", headers, url);
    let host = ("host", "inner:3000");
    check(&[host, ("x-forwarded-proto", "https")], "https://inner:3000/cart?a=b");
    check(&[("host", "shop.example"), ("x-forwarded-port", "8443")], "http://shop.example:8443/cart?a=b");
    for (proto, port) in [("https", "443"), ("http", "80"), ("https", "0"), ("https", "+8443"), ("https", "99999")] {
        let headers = [("host", "shop.example"), ("x-forwarded-proto", proto), ("x-forwarded-port", port)];
        check(&headers, &format!("{proto}://shop.example/cart?a=b"));
    }
    let shop = ("x-forwarded-host", "shop.example");
    check(&[host, shop, ("x-forwarded-port", "8443")], "http://shop.example:8443/cart?a=b");
    check(
        &[host, ("x-forwarded-host", "shop.example:9"), ("x-forwarded-port", "8443")],
        "http://shop.example:9/cart?a=b",
    );
    check(&[host, ("x-forwarded-host", "[::1]"), ("x-forwarded-port", "8443")], "http://[::1]:8443/cart?a=b");
    check(&[host, shop, ("x-forwarded-prefix", "/api")], "http://shop.example/api/cart?a=b");
    check(&[host, shop, ("x-forwarded-prefix", "/api/v1/")], "http://shop.example/api/v1/cart?a=b");
    check(
        &[host, shop, ("x-forwarded-port", "8443"), ("x-forwarded-prefix", "/api")],
        "http://shop.example:8443/api/cart?a=b",
    );
    // Two proxies, each of which removed a part.
    let hops = ("x-forwarded-for", "203.0.113.7, 10.0.0.2");
    check(&[host, shop, hops, ("x-forwarded-prefix", "/shop, /api")], "http://shop.example/shop/api/cart?a=b");
    check(
        &[host, shop, hops, ("x-forwarded-prefix", "/shop"), ("x-forwarded-prefix", "/api")],
        "http://shop.example/shop/api/cart?a=b",
    );
    // What is in front of them was sent by the client.
    check(&[host, shop, hops, ("x-forwarded-prefix", "/evil,/shop,/api")], "http://shop.example/shop/api/cart?a=b");
    check(&[host, shop, ("x-forwarded-port", "1, 8443")], "http://shop.example:8443/cart?a=b");
    for no_prefix in ["", "/", "//", "api", "/a b", "/a?b", "/a#b", "https://evil.example/"] {
        check(&[host, shop, ("x-forwarded-prefix", no_prefix)], "http://shop.example/cart?a=b");
    }
    // Without any host there is only a path.
    check(&[("x-forwarded-prefix", "/api"), ("x-forwarded-port", "8443")], "/api/cart?a=b");
}

#[test]
fn a_proxy_in_front_of_a_server_with_tls() {
    let https = |layer: TracingLayer| layer.scheme(Scheme::HTTPS);
    check_url(https, "/", &[("host", "inner")], "https://inner/");
    check_url(https, "/", &[("host", "inner"), ("x-forwarded-host", "shop.example")], "https://shop.example/");
    check_url(https, "/", &[("x-forwarded-host", "shop.example")], "https://shop.example/");
    check_url(https, "/", &[("host", "inner"), ("x-forwarded-proto", "http")], "http://inner/");
    check_url(https, "/", &[("host", "inner"), ("x-forwarded-port", "443")], "https://inner/");
    check_url(https, "/", &[("host", "inner"), ("forwarded", "host=shop.example;proto=http")], "http://shop.example/");
}

#[test]
fn an_untrusted_peer_names_nothing() {
    let mock = MockTracer::new();
    let layer = layer(&mock)
        .trusted_proxies("10.0.0.0/8".parse().unwrap())
        .client_ip_header(HeaderName::from_static("x-real-ip"));
    let request = Request::get("/cart")
        .extension(SocketAddr::from(([192, 0, 2, 1], 80)))
        .header("host", "shop.example")
        .header("x-forwarded-port", "8443")
        .header("x-forwarded-prefix", "/evil")
        .header("x-real-ip", "203.0.113.7");
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let service = layer.wrap(ok());
    drop(runtime.block_on(service.oneshot(request.body(axum::body::Body::empty()).unwrap())).unwrap());
    let span = mock.span("GET");
    assert_eq!(text(&span, "http.url").as_deref(), Some("http://shop.example/cart"));
    assert_eq!(text(&span, "peer.ipv4").as_deref(), Some("192.0.2.1"));
    assert_eq!(text(&span, "network.peer.address"), None);
}

struct Discard;

impl Reporter for Discard {
    fn report(&mut self, _: Batch<'_>) {}
}

#[derive(Clone)]
struct Accepted {
    address: SocketAddr,
}

impl axum::extract::connect_info::Connected<IncomingStream<'_, TcpListener>> for Accepted {
    fn connect_info(stream: IncomingStream<'_, TcpListener>) -> Self {
        Accepted { address: *stream.remote_addr() }
    }
}

#[tokio::test]
async fn a_closure_finds_the_peer_in_any_type() {
    let mock = MockTracer::new();
    let layer = layer(&mock)
        .trusted_proxies("loopback".parse().unwrap())
        .peer_from(|extensions| Some(extensions.get::<ConnectInfo<Accepted>>()?.0.address));
    let app = ok().layer(layer).into_make_service_with_connect_info::<Accepted>();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    get(address, "GET /", "x-forwarded-for: 203.0.113.7\r\n").await;
    let span = only_span(&mock).await;
    assert_eq!(text(&span, "peer.ipv4").as_deref(), Some("203.0.113.7"));
    assert_eq!(text(&span, "network.peer.address").as_deref(), Some("127.0.0.1"));
    assert_eq!(mock.tracer().stats().missing_peer, 0);
}

#[tokio::test]
async fn a_trusted_proxy_without_a_peer_address_is_noticed() {
    warnings::collect();
    let named = |service: &str| {
        let tracer = opentracing_core::Tracer::builder(service).build_inline(Discard);
        (tracer.clone(), TracingLayer::with_tracer(tracer))
    };
    let (tracer, layer) = named("shop without peers");
    let address = serve(ok().layer(layer.trusted_proxies("loopback".parse().unwrap()))).await;
    for _ in 0..3 {
        get(address, "GET /", "x-forwarded-for: 203.0.113.7\r\n").await;
    }
    assert_eq!(tracer.stats().missing_peer, 3);
    let report = tracer.report().to_string();
    assert!(report.contains("3 × request without a peer address, which trusted_proxies needs"), "{report}");
    let warned = warnings::about("shop without peers");
    assert_eq!(warned.len(), 1, "{warned:?}");
    assert!(warned[0].contains("into_make_service_with_connect_info"), "{warned:?}");

    // Nobody asked for proxies, or all peers are trusted, or the address is there.
    let (tracer, layer) = named("shop that needs no peers");
    get(serve(ok().layer(layer.clone())).await, "GET /", "").await;
    get(serve(ok().layer(layer.clone().trusted_proxies(TrustedProxies::all()))).await, "GET /", "").await;
    let request = Request::get("/").extension(SocketAddr::from(([127, 0, 0, 1], 80)));
    let service = layer.trusted_proxies("loopback".parse().unwrap()).wrap(ok());
    drop(service.oneshot(request.body(axum::body::Body::empty()).unwrap()).await.unwrap());
    assert_eq!(tracer.stats().missing_peer, 0);
    assert!(warnings::about("shop that needs no peers").is_empty());
}
