//! Servers.

use std::convert::Infallible;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

use http::uri::Scheme;
use http::{Request, Response, StatusCode, request, response};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use opentracing_contract::{Report, ServerAdapter, ServerFeature, Site, SiteBody, Variant, check_server};
use opentracing_core::Span;
use opentracing_tower::{HttpDecorator, TracingLayer};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tower::ServiceBuilder;
use tower::util::Either;
use tower_http::cors::CorsLayer;
use tower_layer::{Identity, Stack as Stacked};
use tower_service::Service;

/// The layer as the site asks for it.
fn layer(site: &Site) -> TracingLayer {
    let layer = TracingLayer::with_tracer(site.tracer().clone());
    match site.variant() {
        Variant::Skips => layer.skip(|request| request.uri.path() == "/skipped"),
        Variant::PublicEdge => layer.public_edge(),
        Variant::TrustsProxies => layer.trusted_proxies("loopback".parse().unwrap()),
        Variant::Https => layer.scheme(Scheme::HTTPS),
        Variant::Decorated => layer.decorator(Decorated),
        _ => layer,
    }
}

type MayAnswer = Stacked<Either<CorsLayer, Identity>, Identity>;

/// The layer, and around it one that answers `OPTIONS` requests if the site asks for it.
fn layers(site: &Site) -> ServiceBuilder<Stacked<TracingLayer, MayAnswer>> {
    let cors = (site.variant() == Variant::AnswersOutside).then(CorsLayer::permissive);
    ServiceBuilder::new().option_layer(cors).layer(layer(site))
}

struct Decorated;

impl HttpDecorator for Decorated {
    fn on_request(&self, span: &mut Span, request: &request::Parts) {
        span.set_operation_name("decorated").set_tag("decorated.path", request.uri.path());
    }

    fn on_response(&self, span: &mut Span, response: &response::Parts) {
        span.set_tag("decorated.status", i64::from(response.status.as_u16()));
    }
}

/// The handler of all requests, with or without something that catches its panics. It panics in the call itself if the site does.
fn answer<B>(site: &Site, request: Request<B>) -> impl Future<Output = Result<Response<SiteBody>, Infallible>> + use<B>
where
    B: http_body::Body,
{
    let catches = site.variant() == Variant::CatchesPanics;
    let answer = site.answer(request);
    async move {
        let mut answer = pin!(answer);
        Ok(poll_fn(|cx| {
            if !catches {
                return answer.as_mut().poll(cx);
            }
            match catch_unwind(AssertUnwindSafe(|| answer.as_mut().poll(cx))) {
                Ok(polled) => polled,
                Err(_) => {
                    let mut response = Response::new(SiteBody::default());
                    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
                    Poll::Ready(response)
                }
            }
        })
        .await)
    }
}

/// What each adapter has but the router.
const FEATURES: &[ServerFeature] = &[
    ServerFeature::Http1,
    ServerFeature::Http2,
    ServerFeature::PeerAddress,
    ServerFeature::Skips,
    ServerFeature::PublicEdge,
    ServerFeature::Decorated,
    ServerFeature::CatchesPanics,
    ServerFeature::TrustsProxies,
    ServerFeature::Https,
    ServerFeature::AnswersOutside,
    ServerFeature::Upgrades,
    ServerFeature::ServerTiming,
];

/// Serves each connection by a service of its own, which knows who is on the other side.
async fn accept<S, B>(listener: TcpListener, service: impl Fn(SocketAddr) -> S)
where
    S: Service<Request<Incoming>, Response = Response<B>> + Clone + Send + 'static,
    S::Future: Send + 'static,
    S::Error: Into<Box<dyn std::error::Error + Send + Sync>> + 'static,
    B: http_body::Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let mut connections = JoinSet::new();
    while let Ok((stream, address)) = listener.accept().await {
        let service = TowerToHyperService::new(service(address));
        connections.spawn(async move {
            let server = auto::Builder::new(TokioExecutor::new());
            drop(server.serve_connection_with_upgrades(TokioIo::new(stream), service).await);
        });
    }
}

/// Puts the address of the other side where the layer looks for it.
#[derive(Clone)]
struct WithPeer<S>(S, SocketAddr);

impl<S, B> Service<Request<B>> for WithPeer<S>
where
    S: Service<Request<B>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut std::task::Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> S::Future {
        request.extensions_mut().insert(self.1);
        self.0.call(request)
    }
}

/// A service of hyper, wrapped.
struct Hyper;

impl ServerAdapter for Hyper {
    fn features(&self) -> &[ServerFeature] {
        FEATURES
    }

    fn serve(&self, listener: TcpListener, site: Site) -> impl Future<Output = ()> + Send + 'static {
        let layers = layers(&site);
        accept(listener, move |peer| {
            let site = site.clone();
            let handler = tower::service_fn(move |request: Request<Incoming>| answer(&site, request));
            WithPeer(layers.service(handler), peer)
        })
    }
}

/// A stack of layers, some outside of ours and some inside, whose errors are boxed.
struct Stack;

impl ServerAdapter for Stack {
    fn features(&self) -> &[ServerFeature] {
        FEATURES
    }

    fn serve(&self, listener: TcpListener, site: Site) -> impl Future<Output = ()> + Send + 'static {
        let layers = layers(&site);
        accept(listener, move |peer| {
            let site = site.clone();
            let stack = ServiceBuilder::new()
                .boxed_clone()
                .concurrency_limit(100)
                .layer(layers.clone())
                .map_err(tower::BoxError::from)
                .concurrency_limit(100)
                .service_fn(move |request: Request<Incoming>| answer(&site, request));
            WithPeer(stack, peer)
        })
    }
}

/// A service of hyper, wrapped twice for every request.
struct Doubled;

impl ServerAdapter for Doubled {
    fn features(&self) -> &[ServerFeature] {
        &[
            ServerFeature::Http1,
            ServerFeature::Http2,
            ServerFeature::PeerAddress,
            ServerFeature::Skips,
            ServerFeature::PublicEdge,
            ServerFeature::Decorated,
            ServerFeature::CatchesPanics,
            ServerFeature::TrustsProxies,
            ServerFeature::Https,
            ServerFeature::Upgrades,
            ServerFeature::ServerTiming,
            ServerFeature::Layered,
        ]
    }

    fn serve(&self, listener: TcpListener, site: Site) -> impl Future<Output = ()> + Send + 'static {
        let layer = layer(&site);
        accept(listener, move |peer| {
            let site = site.clone();
            let handler = tower::service_fn(move |request: Request<Incoming>| answer(&site, request));
            WithPeer(layer.wrap(layer.wrap(handler)), peer)
        })
    }
}

#[cfg(feature = "axum")]
mod axum_routers {
    use axum::Router;
    use axum::body::Body;
    use axum::extract::Request;
    use axum::routing::any;
    use opentracing_tower::MatchedPathLayer;
    use tower_http::catch_panic::CatchPanicLayer;

    use super::*;

    fn router(site: &Site) -> Router {
        let handler = {
            let site = site.clone();
            any(async move |request: Request| site.answer(request).await.map(Body::new))
        };
        let router = Site::PATHS.iter().fold(Router::new(), |router, path| router.route(path, handler.clone()));
        let (prefix, path) = Site::NESTED;
        let router = router.nest(prefix, Router::new().route(path, handler));
        match site.variant() {
            Variant::CatchesPanics => router.layer(CatchPanicLayer::new()),
            _ => router,
        }
    }

    /// The layer once more, if the site asks for it.
    fn again(site: &Site, router: Router) -> Router {
        if site.variant() == Variant::Layered { router.layer(layer(site)) } else { router }
    }

    async fn serve(listener: TcpListener, router: Router) {
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        drop(axum::serve(listener, service).await);
    }

    /// The layer on the router.
    struct Inside;

    impl ServerAdapter for Inside {
        fn features(&self) -> &[ServerFeature] {
            ServerFeature::ALL
        }

        fn serve(&self, listener: TcpListener, site: Site) -> impl Future<Output = ()> + Send + 'static {
            let router = router(&site).layer(layers(&site));
            serve(listener, again(&site, router))
        }
    }

    /// The layer around the router, which is told the route.
    struct Outside;

    impl ServerAdapter for Outside {
        fn features(&self) -> &[ServerFeature] {
            ServerFeature::ALL
        }

        fn serve(&self, listener: TcpListener, site: Site) -> impl Future<Output = ()> + Send + 'static {
            let inner = router(&site).layer(MatchedPathLayer::new());
            let router = Router::new().fallback_service(layers(&site).service(inner));
            serve(listener, again(&site, router))
        }
    }

    #[tokio::test]
    async fn axum_with_the_layer_inside_holds_the_contract() {
        holds(check_server(Inside).await);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn axum_on_several_threads_holds_the_contract() {
        holds(check_server(Inside).await);
    }

    #[tokio::test]
    async fn axum_with_the_layer_outside_holds_the_contract() {
        holds(check_server(Outside).await);
    }
}

#[track_caller]
fn holds(report: Report) {
    report.assert_ok();
    let is_covered = |name: &str| ["route", "however_many_layers"].iter().any(|known| name.contains(known));
    let skipped: Vec<_> = report.skipped.iter().filter(|name| !is_covered(name)).collect();
    assert!(skipped.is_empty(), "{skipped:?}");
}

#[tokio::test]
async fn hyper_holds_the_contract() {
    holds(check_server(Hyper).await);
}

#[tokio::test]
async fn two_layers_hold_the_contract() {
    check_server(Doubled).await.assert_ok();
}

#[tokio::test]
async fn a_stack_of_layers_holds_the_contract() {
    holds(check_server(Stack).await);
}
