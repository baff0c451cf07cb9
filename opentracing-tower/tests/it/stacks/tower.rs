//! Between the layers of tower.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use opentracing_tower::{BodyType, ResponseBody, Tracing, TracingLayer};
use tower::balance::p2c::Balance;
use tower::buffer::Buffer;
use tower::discover::ServiceList;
use tower::filter::FilterLayer;
use tower::limit::{ConcurrencyLimitLayer, GlobalConcurrencyLimitLayer, RateLimitLayer};
use tower::load::{CompleteOnResponse, PeakEwma, PendingRequests};
use tower::load_shed::LoadShedLayer;
use tower::make::Shared;
use tower::reconnect::Reconnect;
use tower::spawn_ready::SpawnReady;
use tower::steer::Steer;
use tower::timeout::TimeoutLayer;
use tower::util::{
    BoxCloneService, BoxCloneServiceLayer, BoxCloneSyncService, BoxCloneSyncServiceLayer, BoxLayer, BoxService, Either,
    UnsyncBoxService, future_service, option_layer,
};
use tower::{Layer, MakeService, ServiceBuilder, ServiceExt, layer::layer_fn, service_fn};
use tower_service::Service;

use super::{check, hello, request, traced};

/// A service with everything that a service can have.
#[derive(Clone, Copy, Debug, Default)]
struct Hello;

impl<B> Service<Request<B>> for Hello {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<B>) -> Self::Future {
        ready(Ok(Response::new(Full::from("hello"))))
    }
}

/// The body of axum, as the feature `axum` has it.
struct Whole;

impl BodyType<Body> for Whole {
    type Body = Body;

    fn from_traced(body: ResponseBody<Body>) -> Body {
        Body::new(body)
    }
}

type Answer = Response<ResponseBody<Full<Bytes>>>;

#[tokio::test]
async fn buffer() {
    let (mock, layer) = traced();
    check(&mock, "GET", ServiceBuilder::new().buffer::<Request<Body>>(8).layer(layer.clone()).service(Hello)).await;
    mock.reset();
    check(&mock, "GET", Buffer::new(layer.wrap(Hello), 8)).await;
}

#[tokio::test]
async fn limits_and_load_shedding() {
    let (mock, layer) = traced();
    let stack = ServiceBuilder::new()
        .layer(LoadShedLayer::new())
        .layer(ConcurrencyLimitLayer::new(4))
        .layer(GlobalConcurrencyLimitLayer::new(4))
        .layer(RateLimitLayer::new(9, Duration::from_secs(1)))
        .layer(TimeoutLayer::new(Duration::from_secs(9)))
        .layer(layer)
        .layer(TimeoutLayer::new(Duration::from_secs(9)))
        .layer(ConcurrencyLimitLayer::new(4))
        .service(Hello);
    check(&mock, "GET", stack).await;
}

#[tokio::test]
async fn filter() {
    let (mock, layer) = traced();
    let allow = |request: Request<Body>| if request.uri().path() == "/" { Err("no") } else { Ok(request) };
    check(&mock, "GET", FilterLayer::new(allow).layer(layer.wrap(Hello))).await;
    mock.reset();
    check(&mock, "GET", layer.wrap(FilterLayer::new(allow).layer(Hello))).await;
}

#[tokio::test]
async fn optional_layers() {
    let (mock, layer) = traced();
    let boxed = service_fn(|_: Request<Body>| ready(Ok::<_, Infallible>(Response::new(Body::empty()))));
    let either: Either<Tracing<_, Whole>, _> = option_layer(Some(layer.clone().body_type())).layer(boxed);
    check(&mock, "GET", either).await;
    mock.reset();
    let none = None::<TracingLayer<Whole>>;
    let stack = ServiceBuilder::new().option_layer(Some(layer.body_type::<Whole>())).option_layer(none).service(boxed);
    check(&mock, "GET", stack).await;
}

#[tokio::test]
async fn boxed_services() {
    let (mock, layer) = traced();
    check(&mock, "GET", BoxService::<Request<Body>, Answer, Infallible>::new(layer.wrap(Hello))).await;
    mock.reset();
    check(&mock, "GET", UnsyncBoxService::<Request<Body>, Answer, Infallible>::new(layer.wrap(Hello))).await;
    mock.reset();
    check(&mock, "GET", BoxCloneService::<Request<Body>, Answer, Infallible>::new(layer.wrap(Hello)).clone()).await;
    mock.reset();
    check(&mock, "GET", BoxCloneSyncService::<Request<Body>, Answer, Infallible>::new(layer.wrap(Hello)).clone()).await;
    mock.reset();
    check(&mock, "GET", ServiceExt::<Request<Body>>::boxed_clone(layer.wrap(Hello))).await;
}

#[tokio::test]
async fn boxed_layers() {
    let (mock, layer) = traced();
    let boxed: BoxLayer<Hello, Request<Body>, Answer, Infallible> = BoxLayer::new(layer.clone());
    check(&mock, "GET", boxed.layer(Hello)).await;
    mock.reset();
    let boxed: BoxCloneServiceLayer<Hello, Request<Body>, Answer, Infallible> =
        BoxCloneServiceLayer::new(layer.clone());
    check(&mock, "GET", boxed.layer(Hello)).await;
    mock.reset();
    let boxed: BoxCloneSyncServiceLayer<Hello, Request<Body>, Answer, Infallible> =
        BoxCloneSyncServiceLayer::new(layer);
    check(&mock, "GET", boxed.layer(Hello)).await;
}

#[tokio::test]
async fn steer() {
    let (mock, layer) = traced();
    let apps = [layer.wrap(Hello), layer.wrap(Hello)];
    check(&mock, "GET", Steer::new(apps, |request: &Request<Body>, _: &[_]| request.uri().path().len() % 2)).await;
}

#[tokio::test]
async fn balance() {
    let (mock, layer) = traced();
    let busy = |service| PendingRequests::new(service, CompleteOnResponse::default());
    let list = ServiceList::new::<Request<Body>>([busy(layer.wrap(Hello)), busy(layer.wrap(Hello))]);
    check(&mock, "GET", Balance::new(list)).await;
    mock.reset();
    let slow = |service| {
        let (rtt, decay) = (Duration::from_millis(30), Duration::from_secs(10));
        PeakEwma::new(service, rtt, decay.as_nanos() as f64, CompleteOnResponse::default())
    };
    check(&mock, "GET", Balance::new(ServiceList::new::<Request<Body>>([slow(layer.wrap(Hello))]))).await;
}

#[tokio::test]
async fn made_services() {
    let (mock, layer) = traced();
    let mut make = Shared::new(layer.wrap(Hello));
    let made = MakeService::<(), Request<Body>>::make_service(&mut make, ()).await.unwrap();
    check(&mock, "GET", made).await;
    mock.reset();
    let make = service_fn(move |_: ()| ready(Ok::<_, Infallible>(layer.wrap(Hello))));
    check(&mock, "GET", Reconnect::new(make, ())).await;
}

#[tokio::test]
async fn services_that_become_ready_later() {
    let (mock, layer) = traced();
    check(&mock, "GET", SpawnReady::new(layer.wrap(Hello))).await;
    mock.reset();
    check(
        &mock,
        "GET",
        future_service::<_, _, Request<Body>, _>(Box::pin(async move { Ok::<_, Infallible>(layer.wrap(Hello)) })),
    )
    .await;
}

#[tokio::test]
async fn combinators() {
    let (mock, layer) = traced();
    let stack = layer
        .wrap(Hello)
        .map_request(|request: Request<Body>| request.map(|_| ()))
        .map_response(|response| response.map(Body::new))
        .map_err(|never: Infallible| never.to_string())
        .and_then(|response| ready(Ok::<_, String>(response)))
        .map_result(|result: Result<_, String>| result)
        .map_future(Box::pin);
    check(&mock, "GET", stack).await;
}

#[tokio::test]
async fn a_layer_around_an_inner_service_of_its_own() {
    #[derive(Clone)]
    struct Outer<S>(S);
    impl<S, B> Service<Request<B>> for Outer<S>
    where
        S: Service<Request<B>> + Clone + Send + 'static,
        S::Future: Send + 'static,
        B: Send + 'static,
    {
        type Response = S::Response;
        type Error = S::Error;
        type Future = std::pin::Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

        fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
            self.0.poll_ready(cx)
        }

        fn call(&mut self, request: Request<B>) -> Self::Future {
            let clone = self.0.clone();
            let mut inner = std::mem::replace(&mut self.0, clone);
            Box::pin(async move { inner.call(request).await })
        }
    }
    let (mock, layer) = traced();
    check(
        &mock,
        "GET",
        ServiceBuilder::new().layer(layer_fn(Outer)).layer(layer).layer(layer_fn(Outer)).service(Hello),
    )
    .await;
}

/// Without a bound on the type of the bodies.
#[tokio::test]
async fn a_function_for_any_service() {
    async fn serve<S, B>(layer: TracingLayer, service: S) -> Result<Bytes, S::Error>
    where
        S: Service<Request<String>, Response = Response<B>>,
        S::Error: std::fmt::Display + std::fmt::Debug + 'static,
        B: http_body::Body<Data = Bytes, Error = Infallible>,
    {
        let response = layer.wrap(service).oneshot(request()).await?;
        let Ok(body) = http_body_util::BodyExt::collect(response.into_body()).await;
        Ok(body.to_bytes())
    }
    let (mock, layer) = traced();
    assert_eq!(serve(layer, Hello).await.unwrap(), "hello");
    super::check_spans(&mock, "GET").await;
}

#[test]
fn traits_of_the_wrapped_service() {
    fn has<T: Clone + Default + std::fmt::Debug + Send + Sync + Unpin + 'static>() {}
    has::<Tracing<Hello>>();
    has::<opentracing_tower::TracingClientService<Hello>>();
    has::<opentracing_tower::CountResends<Hello>>();
    has::<opentracing_tower::RequestSizeService<Hello>>();
    #[cfg(feature = "axum")]
    has::<opentracing_tower::MatchedPathService<Hello>>();

    fn is_shared<T: Send + Sync + 'static>(_: T) {}
    is_shared(traced().1.wrap(Hello).call(Request::new(())));
    is_shared(hello::<()>(Request::new(())));
    is_shared(ResponseBody::<Full<Bytes>>::default());
}
