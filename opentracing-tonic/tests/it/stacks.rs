//! Stacks in the shapes that services are built in: a traced service or channel fits wherever the untraced one did.

use std::convert::Infallible;
use std::error::Error;
use std::future::{Ready, poll_fn, ready};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::service::TowerToHyperService;
use opentracing_core::mock::MockTracer;
use opentracing_tonic::{Tracing, TracingChannel, TracingClientLayer, TracingLayer};
use tokio_stream::wrappers::TcpListenerStream;
use tonic::Status;
use tonic::body::Body;
use tonic::service::{InterceptorLayer, Routes};
use tonic::transport::{Channel, Endpoint, Server};
use tower::buffer::Buffer;
use tower::retry::Policy;
use tower::steer::Steer;
use tower::util::{BoxCloneService, BoxCloneSyncService};
use tower::{Layer, Service, ServiceBuilder, ServiceExt};

use crate::echo::{Echo, EchoClient, UNARY};
use crate::support::listen;

type BoxError = Box<dyn Error + Send + Sync>;

const NAME: &str = "acme.test.Echo/Unary";

struct Servers {
    mock: MockTracer,
    layer: TracingLayer,
    echo: Echo,
}

fn servers() -> Servers {
    let mock = MockTracer::new();
    let layer = TracingLayer::with_tracer(mock.tracer().clone());
    let echo = Echo::new(mock.tracer().clone());
    Servers { mock, layer, echo }
}

/// Calls the service in this process, and looks for the one server span.
async fn check_service<S>(mock: &MockTracer, service: S)
where
    S: Service<Request<Body>, Response = Response<Body>>,
    S::Error: Into<BoxError>,
{
    let mut client = EchoClient::with_origin(service, "http://echo.example".parse().unwrap());
    assert_eq!(client.unary("hello").await.unwrap().into_inner(), "hello");
    mock.finished(2).await;
    mock.assert_tree(&format!("{NAME} (server)\n  work\n"));
}

/// Serves by the router, calls it over the network, and looks for the one server span.
macro_rules! check_router {
    ($mock:expr, $router:expr) => {{
        let (listener, address) = listen().await;
        tokio::spawn($router.serve_with_incoming(TcpListenerStream::new(listener)));
        let channel = Endpoint::from_shared(format!("http://{address}")).unwrap().connect_lazy();
        assert_eq!(EchoClient::new(channel).unary("hello").await.unwrap().into_inner(), "hello");
        $mock.finished(2).await;
        $mock.assert_tree(&format!("{NAME} (server)\n  work\n"));
    }};
}

#[tokio::test]
async fn server_layer() {
    let Servers { mock, layer, echo } = servers();
    check_router!(mock, Server::builder().layer(layer).add_service(echo));
}

#[tokio::test]
async fn one_wrapped_service() {
    let Servers { mock, layer, echo } = servers();
    check_router!(mock, Server::builder().add_service(layer.wrap(echo)));
}

#[tokio::test]
async fn an_optional_service_and_an_optional_layer() {
    let Servers { mock, layer, echo } = servers();
    check_router!(mock, Server::builder().add_optional_service(Some(layer.wrap(echo.clone()))));
    mock.reset();
    let stack = ServiceBuilder::new().option_layer(Some(layer)).option_layer(None::<TracingLayer>);
    check_router!(mock, Server::builder().layer(stack).add_service(echo));
}

#[tokio::test]
async fn server_stack_with_interceptor_and_limits() {
    let Servers { mock, layer, echo } = servers();
    let stack = ServiceBuilder::new()
        .layer(layer)
        .timeout(Duration::from_secs(9))
        .load_shed()
        .concurrency_limit(4)
        .layer(InterceptorLayer::new(Ok));
    check_router!(mock, Server::builder().timeout(Duration::from_secs(9)).layer(stack.into_inner()).add_service(echo));
}

#[tokio::test]
async fn an_intercepted_service_around_a_wrapped_one() {
    let Servers { mock, layer, echo } = servers();
    let service = tonic::service::interceptor::InterceptedService::new(layer.wrap(echo), Ok);
    check_router!(mock, Server::builder().add_service(service));
}

#[tokio::test]
async fn routes_in_process() {
    let Servers { mock, layer, echo } = servers();
    check_service(&mock, layer.wrap(Routes::new(echo).prepare())).await;
}

#[tokio::test]
async fn routes_of_an_axum_router() {
    let Servers { mock, layer, echo } = servers();
    let router = axum::Router::new().route("/health", axum::routing::get(async || "well"));
    let app = router.merge(Routes::new(echo).into_axum_router().layer(layer));
    let (listener, address) = listen().await;
    tokio::spawn(async { axum::serve(listener, app).await });
    let channel = Endpoint::from_shared(format!("http://{address}")).unwrap().connect_lazy();
    assert_eq!(EchoClient::new(channel).unary("hello").await.unwrap().into_inner(), "hello");
    mock.finished(2).await;
    mock.assert_tree(&format!("{NAME} (server)\n  work\n"));
}

#[tokio::test]
async fn boxed_servers() {
    let Servers { mock, layer, echo } = servers();
    let service: BoxCloneSyncService<Request<Body>, Response<Body>, Infallible> =
        BoxCloneSyncService::new(layer.wrap(echo));
    check_service(&mock, service).await;
}

#[tokio::test]
async fn steered_servers() {
    let Servers { mock, layer, echo } = servers();
    let plain = BoxCloneSyncService::new(Routes::default().prepare());
    let services = [BoxCloneSyncService::new(layer.wrap(Routes::new(echo).prepare())), plain];
    let by_path = |request: &Request<Body>, _: &[_]| usize::from(!request.uri().path().starts_with("/acme."));
    check_service(&mock, Steer::new(services, by_path)).await;
}

/// As the `h2c` example of tonic: one service for upgraded connections, which names its body.
#[tokio::test]
async fn a_service_on_connections_that_names_its_body() {
    #[derive(Clone)]
    struct H2c<S>(S);
    impl<S> Service<Request<Incoming>> for H2c<S>
    where
        S: Service<Request<Body>, Response = Response<Body>> + Clone + Send + 'static,
        S::Future: Send + 'static,
        S::Error: Into<BoxError> + Send + 'static,
    {
        type Response = Response<Body>;
        type Error = BoxError;
        type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, request: Request<Incoming>) -> Self::Future {
            let service = self.0.clone();
            Box::pin(async move { service.oneshot(request.map(Body::new)).await.map_err(Into::into) })
        }
    }
    let Servers { mock, layer, echo } = servers();
    let service = TowerToHyperService::new(H2c(layer.wrap(Routes::new(echo).prepare())));
    let (listener, address) = listen().await;
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        hyper::server::conn::http2::Builder::new(TokioExecutor::new())
            .serve_connection(TokioIo::new(stream), service)
            .await
    });
    let channel = Endpoint::from_shared(format!("http://{address}")).unwrap().connect_lazy();
    assert_eq!(EchoClient::new(channel).unary("hello").await.unwrap().into_inner(), "hello");
    mock.finished(2).await;
    mock.assert_tree(&format!("{NAME} (server)\n  work\n"));
}

/// A channel to a server in this process, which is not traced.
fn channel() -> (MockTracer, TracingClientLayer, Routes) {
    let mock = MockTracer::new();
    let layer = TracingClientLayer::with_tracer(mock.tracer().clone());
    (mock, layer, Routes::new(Echo::new(opentracing_core::Tracer::noop())).prepare())
}

async fn check_channel<S>(mock: &MockTracer, channel: S)
where
    S: Service<Request<Body>, Response = Response<Body>>,
    S::Error: Into<BoxError>,
{
    let mut client = EchoClient::with_origin(channel, "http://echo.example".parse().unwrap());
    assert_eq!(client.unary("hello").await.unwrap().into_inner(), "hello");
    mock.finished(1).await;
    mock.assert_tree(&format!("{NAME} (client)"));
}

/// As the `tower` example of tonic: a service of one's own that holds the channel.
#[derive(Clone)]
struct AuthService<S> {
    inner: S,
}

impl Service<Request<Body>> for AuthService<TracingChannel> {
    type Response = Response<Body>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        // The service that was polled ready is called, and the clone stays behind.
        let clone = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, clone);
        Box::pin(async move { Ok(inner.call(request).await?) })
    }
}

#[tokio::test]
async fn a_service_that_holds_a_channel() {
    let (mock, layer, _) = channel();
    let (listener, address) = listen().await;
    let server = Server::builder().add_service(Echo::new(opentracing_core::Tracer::noop()));
    tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
    let endpoint = Endpoint::from_shared(format!("http://{address}")).unwrap();
    let inner: TracingChannel = layer.peer(&endpoint).wrap(endpoint.connect_lazy());
    let stack = ServiceBuilder::new().layer_fn(|inner| AuthService { inner }).service(inner.clone());
    assert_eq!(EchoClient::new(stack).unary("hello").await.unwrap().into_inner(), "hello");
    mock.finished(1).await;
    mock.assert_tree(&format!("{NAME} (client)"));

    mock.reset();
    let request = Request::post(format!("http://{address}{UNARY}")).body(Body::empty()).unwrap();
    let response: Response<Body> = inner.clone().ready().await.unwrap().call(request).await.unwrap();
    drop(response);
    assert_eq!(mock.finished(1).await.len(), 1);
}

#[tokio::test]
async fn a_channel_with_interceptor() {
    let (mock, layer, routes) = channel();
    let mut client = EchoClient::with_interceptor(layer.wrap(routes), Ok::<_, Status>);
    assert_eq!(client.unary("hello").await.unwrap().into_inner(), "hello");
    mock.finished(1).await;
    mock.assert_tree(&format!("{NAME} (client)"));
}

#[tokio::test]
async fn a_stack_of_a_client() {
    let (mock, layer, routes) = channel();
    let stack = ServiceBuilder::new()
        .timeout(Duration::from_secs(9))
        .buffer(8)
        .concurrency_limit(4)
        .rate_limit(9, Duration::from_secs(1))
        .option_layer(Some(layer))
        .service(routes);
    check_channel(&mock, stack).await;
}

#[tokio::test]
async fn a_buffered_channel() {
    let (mock, layer, routes) = channel();
    check_channel(&mock, Buffer::new(ServiceExt::<Request<Body>>::boxed_clone(layer.wrap(routes)), 8)).await;
}

#[tokio::test]
async fn boxed_channels() {
    let (mock, layer, routes) = channel();
    let boxed: BoxCloneService<Request<Body>, Response<Body>, Infallible> = BoxCloneService::new(layer.wrap(routes));
    check_channel(&mock, boxed).await;
    fn of_a_network(
        channel: TracingChannel,
    ) -> BoxCloneService<Request<Body>, Response<Body>, tonic::transport::Error> {
        BoxCloneService::new(channel)
    }
    drop(of_a_network(layer.wrap(Endpoint::from_static("http://echo.example").connect_lazy())));
}

#[tokio::test]
async fn a_retried_channel() {
    #[derive(Clone)]
    struct Never;
    impl<E> Policy<Request<Body>, Response<Body>, E> for Never {
        type Future = Ready<()>;

        fn retry(&mut self, _: &mut Request<Body>, _: &mut Result<Response<Body>, E>) -> Option<Ready<()>> {
            None
        }

        fn clone_request(&mut self, _: &Request<Body>) -> Option<Request<Body>> {
            None
        }
    }
    let (mock, layer, routes) = channel();
    check_channel(&mock, ServiceBuilder::new().retry(Never).layer(layer).service(routes)).await;
}

#[tokio::test]
async fn a_channel_that_steers() {
    let (mock, layer, routes) = channel();
    let channels = [layer.wrap(routes.clone()), layer.wrap(routes)];
    check_channel(&mock, Steer::new(channels, |_: &Request<Body>, _: &[_]| 1)).await;
}

#[test]
fn traits_of_the_wrapped_service() {
    #[derive(Clone, Debug, Default)]
    struct Plain;
    impl Service<Request<Body>> for Plain {
        type Response = Response<Body>;
        type Error = Infallible;
        type Future = Ready<Result<Response<Body>, Infallible>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, _: Request<Body>) -> Self::Future {
            ready(Ok(Response::new(Body::empty())))
        }
    }
    fn has<T: Clone + Default + std::fmt::Debug + Send + Sync + Unpin + 'static>() {}
    has::<Tracing<Plain>>();
    has::<TracingChannel<Plain>>();
    fn is_sent<T: Send + 'static>(_: T) {}
    is_sent(
        TracingLayer::with_tracer(MockTracer::new().tracer().clone()).layer(Plain).call(Request::new(Body::empty())),
    );
    fn is_service<S: Service<Request<Body>, Response = Response<Body>>>() {}
    is_service::<TracingChannel<Channel>>();
    is_service::<Tracing<Routes>>();
    drop(poll_fn(|cx| Service::<Request<Body>>::poll_ready(&mut TracingChannel::new(Plain), cx)));
}
