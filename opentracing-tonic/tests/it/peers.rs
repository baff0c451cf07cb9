//! At the other end: TCP, Unix sockets, balanced channels, axum.

use std::net::SocketAddr;
use std::path::PathBuf;

use hyper_util::rt::TokioIo;
use opentracing_core::http_rules::PeerServices;
use opentracing_core::mock::MockTracer;
use opentracing_tonic::{EndpointExt, TracingChannel, TracingClientLayer, TracingLayer};
use tokio::net::{UnixListener, UnixStream};
use tokio_stream::wrappers::UnixListenerStream;
use tonic::transport::channel::Change;
use tonic::transport::{Channel, Endpoint, Server, Uri};
use tower::service_fn;

use crate::echo::{Echo, EchoClient};
use crate::support::{Fixture, check_tags, listen};

const NONE: [(&str, &str); 6] = [
    ("peer.hostname", ""),
    ("peer.ipv4", ""),
    ("peer.ipv6", ""),
    ("peer.port", ""),
    ("peer.address", ""),
    ("peer.service", ""),
];

fn layer(mock: &MockTracer) -> TracingClientLayer {
    TracingClientLayer::with_tracer(mock.tracer().clone())
}

/// A server at a Unix socket, in a folder of its own.
struct AtSocket {
    fixture: Fixture,
    folder: tempfile::TempDir,
}

impl AtSocket {
    fn start() -> AtSocket {
        let (mock, folder) = (MockTracer::new(), tempfile::tempdir().unwrap());
        let listener = UnixListener::bind(folder.path().join("echo.sock")).unwrap();
        let tracing = TracingLayer::with_tracer(mock.tracer().clone());
        let router = Server::builder().layer(tracing).add_service(Echo::new(mock.tracer().clone()));
        tokio::spawn(router.serve_with_incoming(UnixListenerStream::new(listener)));
        AtSocket { fixture: Fixture { mock, address: ([0, 0, 0, 0], 0).into() }, folder }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("echo.sock")
    }

    /// Calls, and checks the peers on both sides.
    async fn check(&self, channel: TracingChannel, client_s_peer: &str) {
        EchoClient::new(channel).unary("hello").await.unwrap();
        let (client, server) = self.fixture.spans(3).await;
        let expected = NONE.map(|(key, value)| (key, if key == "peer.address" { client_s_peer } else { value }));
        check_tags(&client, &expected);
        check_tags(&server, &[("peer.address", "unix:(unnamed)"), ("peer.ipv4", ""), ("peer.port", "")]);
        self.fixture.mock.reset();
    }
}

#[tokio::test]
async fn a_unix_socket_is_known_by_its_path() {
    let server = AtSocket::start();
    let layer = layer(&server.fixture.mock);
    let path = server.path().display().to_string();
    let peer = format!("unix:{path}");
    server.check(layer.connect(format!("unix://{path}")).await.unwrap(), &peer).await;
    server.check(layer.connect_lazy(format!("unix:{path}")).unwrap(), &peer).await;
    let bytes = bytes::Bytes::from(format!("unix://{path}"));
    server.check(layer.connect_lazy(bytes).unwrap(), &peer).await;
    let text: &'static str = format!("unix://{path}").leak();
    server.check(layer.connect_lazy(text).unwrap(), &peer).await;

    // An endpoint keeps its path to itself, and has no other name.
    let endpoint = Endpoint::from_shared(format!("unix://{path}")).unwrap();
    server.check(layer.clone().peer(&endpoint).wrap(endpoint.connect_lazy()), "").await;
    server.check(layer.connect(endpoint.clone()).await.unwrap(), "").await;
    server.check(layer.clone().peer_socket(&path).wrap(endpoint.connect_lazy()), &peer).await;
}

#[tokio::test]
async fn the_uri_that_a_connector_ignores_is_no_peer() {
    let server = AtSocket::start();
    let layer = layer(&server.fixture.mock);
    for uri in ["http://[::]:50051", "http://0.0.0.0:50051"] {
        let path = server.path();
        let connector = service_fn(move |_: Uri| {
            let path = path.clone();
            async move { Ok::<_, std::io::Error>(TokioIo::new(UnixStream::connect(path).await?)) }
        });
        let endpoint = Endpoint::from_static(uri);
        let channel = endpoint.connect_with_connector(connector).await.unwrap();
        server.check(layer.clone().peer(&endpoint).wrap(channel.clone()), "").await;
        let peer = format!("unix:{}", server.path().display());
        server.check(layer.clone().peer_socket(server.path()).wrap(channel), &peer).await;
    }
}

#[tokio::test]
async fn a_socket_may_have_a_service_and_is_on_this_host() {
    let server = AtSocket::start();
    let layer = layer(&server.fixture.mock).peer_service("echo").propagate_to("localhost".parse().unwrap());
    let channel = layer.connect(format!("unix://{}", server.path().display())).await.unwrap();
    EchoClient::new(channel).unary("hello").await.unwrap();
    let (client, served) = server.fixture.spans(3).await;
    check_tags(&client, &[("peer.service", "echo")]);
    assert_eq!(served.parent_id, Some(client.context.span_id()));
}

#[tokio::test]
async fn a_url_is_all_that_a_traced_client_needs() {
    let fixture = Fixture::start().await;
    let layer = layer(&fixture.mock);
    let port = fixture.address.port().to_string();
    let url = format!("http://localhost:{port}");
    let endpoint = Endpoint::from_shared(url.clone()).unwrap();
    let channels = [
        layer.connect(url.clone()).await.unwrap(),
        layer.connect(url.parse::<Uri>().unwrap()).await.unwrap(),
        layer.connect(endpoint.clone()).await.unwrap(),
        layer.connect_lazy(url).unwrap(),
        endpoint.connect_traced(&layer).await.unwrap(),
        endpoint.connect_lazy_traced(&layer),
        layer.peer(&endpoint).wrap(endpoint.connect_lazy()),
    ];
    for channel in channels {
        EchoClient::new(channel).unary("hello").await.unwrap();
        let (client, server) = fixture.spans(3).await;
        check_tags(&client, &[("peer.hostname", "localhost"), ("peer.port", &port), ("peer.service", "")]);
        assert_eq!(server.parent_id, Some(client.context.span_id()));
        fixture.mock.reset();
    }
}

#[tokio::test]
async fn a_url_that_is_none_is_an_error() {
    let layer = layer(&MockTracer::new());
    layer.connect_lazy("http://a b").unwrap_err();
    layer.connect("not a url").await.unwrap_err();
    TracingChannel::connect_lazy("http://a b").unwrap_err();
    TracingChannel::connect("http://a b").await.unwrap_err();
}

#[tokio::test]
async fn a_peer_that_is_given_wins_over_the_endpoint() {
    let fixture = Fixture::start().await;
    let behind_proxy = Endpoint::from_static("http://users.acme.example:50051");
    let layer = layer(&fixture.mock).peer(&behind_proxy);
    let channel = layer.connect(fixture.endpoint()).await.unwrap();
    EchoClient::new(channel).unary("hello").await.unwrap();
    let (client, _) = fixture.spans(3).await;
    let expected = [("peer.hostname", "users.acme.example"), ("peer.service", "users.acme.example")];
    check_tags(&client, &expected);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named() {
    let mock = MockTracer::new();
    let (listener, address) = listen().await;
    drop(listener);
    let channel = layer(&mock).connect_lazy(format!("http://{address}")).unwrap();
    EchoClient::new(channel).unary("hello").await.unwrap_err();
    let span = mock.span("acme.test.Echo/Unary");
    let port = address.port().to_string();
    check_tags(&span, &[("rpc.status_code", "UNAVAILABLE"), ("error", "true"), ("peer.ipv4", "127.0.0.1")]);
    check_tags(&span, &[("peer.port", &port), ("grpc.outcome", "")]);
}

fn endpoint(address: SocketAddr) -> Endpoint {
    Endpoint::from_shared(format!("http://localhost:{}", address.port())).unwrap()
}

/// Calls until both servers have had a call, and checks that each client span names the server that has its child.
async fn check_balanced(channel: TracingChannel, mock: &MockTracer, servers: &[Fixture; 2], service: &str) {
    let mut client = EchoClient::new(channel);
    let mut ports = std::collections::BTreeSet::new();
    for _ in 0..200 {
        client.unary("hello").await.unwrap();
        let span = mock.finished(1).await.remove(0);
        let has_child = |server: &&Fixture| {
            server.mock.finished_spans().iter().any(|served| served.parent_id == Some(span.context.span_id()))
        };
        // The server's span finishes before the client has its trailers.
        let server = servers.iter().find(has_child).expect("a server had the call");
        let port = server.address.port().to_string();
        check_tags(&span, &[("peer.hostname", "localhost"), ("peer.port", &port), ("peer.service", service)]);
        mock.reset();
        servers.iter().for_each(|server| server.mock.reset());
        ports.insert(port);
        if ports.len() == 2 {
            return;
        }
    }
    panic!("one server got all calls");
}

#[tokio::test]
async fn each_endpoint_of_a_balanced_channel_is_a_peer() {
    let mock = MockTracer::new();
    let servers = [Fixture::start().await, Fixture::start().await];
    let endpoints = || servers.iter().map(|server| endpoint(server.address));
    check_balanced(layer(&mock).balance_list(endpoints()), &mock, &servers, "").await;

    let services = PeerServices::new().with_host("localhost", "echo").unwrap();
    let layer = layer(&mock).peer_services(services);
    let (channel, changes) = Channel::balance_channel(8);
    for (key, endpoint) in endpoints().enumerate() {
        changes.send(Change::Insert(key, endpoint.report_peer())).await.unwrap();
    }
    check_balanced(layer.wrap(channel), &mock, &servers, "echo").await;
}

#[tokio::test]
async fn a_balanced_channel_may_have_one_service() {
    let mock = MockTracer::new();
    let servers = [Fixture::start().await, Fixture::start().await];
    let endpoints = servers.iter().map(|server| endpoint(server.address));
    check_balanced(layer(&mock).peer_service("echo").balance_list(endpoints), &mock, &servers, "echo").await;

    // Without help nobody knows which one it was.
    let endpoints = servers.iter().map(|server| endpoint(server.address));
    let channel = layer(&mock).wrap(Channel::balance_list(endpoints));
    EchoClient::new(channel).unary("hello").await.unwrap();
    check_tags(&mock.finished(1).await[0], &NONE);
}

#[cfg(feature = "axum")]
#[tokio::test]
async fn axum_knows_the_peer_of_a_service_in_its_router() {
    let mock = MockTracer::new();
    let (listener, address) = listen().await;
    let echo = tonic::service::Routes::new(Echo::new(mock.tracer().clone())).into_axum_router();
    let router = echo.layer(TracingLayer::with_tracer(mock.tracer().clone()));
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async { axum::serve(listener, service).await });
    let fixture = Fixture { mock, address };
    fixture.client().unary("hello").await.unwrap();
    let (client, server) = fixture.spans(3).await;
    assert_eq!(server.parent_id, Some(client.context.span_id()));
    check_tags(&server, &[("peer.ipv4", "127.0.0.1"), ("rpc.status_code", "OK")]);
    assert!(server.tag("peer.port").is_some());
}
