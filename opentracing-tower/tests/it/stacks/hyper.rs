//! On connections of hyper, and with bodies of other crates.

use std::convert::Infallible;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::combinators::{BoxBody, UnsyncBoxBody};
use http_body_util::{BodyExt, Either, Empty, Full, Limited};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use opentracing_core::mock::MockTracer;
use opentracing_tower::{BodyType, ResponseBody, Tracing};
use tokio::net::TcpListener;
use tower::{ServiceExt, service_fn};
use tower_service::Service;

use super::{check_any, check_spans, hello, traced};

/// Serves one connection by the service, and sends one request over it.
async fn check_connection<S, B>(mock: &MockTracer, service: S)
where
    S: Service<Request<Incoming>, Response = Response<B>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: std::error::Error + Send + Sync,
    B: http_body::Body<Data: Send, Error: std::error::Error + Send + Sync> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let server = auto::Builder::new(TokioExecutor::new());
        server.serve_connection_with_upgrades(TokioIo::new(stream), TowerToHyperService::new(service)).await
    });
    let client = Client::builder(TokioExecutor::new()).build_http::<Empty<Bytes>>();
    let response = client.get(format!("http://{address}/users/7").parse().unwrap()).await.unwrap();
    assert_eq!(response.into_body().collect().await.unwrap().to_bytes().slice(..), "hello");
    check_spans(mock, "GET").await;
}

#[tokio::test]
async fn a_connection() {
    let (mock, layer) = traced();
    check_connection(&mock, layer.wrap(service_fn(hello))).await;
}

#[tokio::test]
async fn a_connection_with_boxed_bodies() {
    async fn boxed(_: Request<Incoming>) -> Result<Response<BoxBody<Bytes, Infallible>>, Infallible> {
        Ok(Response::new(Full::from("hello").boxed()))
    }
    let (mock, layer) = traced();
    check_connection(&mock, layer.wrap(service_fn(boxed))).await;
}

#[tokio::test]
async fn a_connection_whose_stack_names_its_body() {
    struct Boxed;
    impl<B> BodyType<B> for Boxed
    where
        B: http_body::Body<Data = Bytes, Error = Infallible> + Send + 'static,
    {
        type Body = UnsyncBoxBody<Bytes, Infallible>;

        fn from_traced(body: ResponseBody<B>) -> Self::Body {
            body.boxed_unsync()
        }
    }
    type App =
        tower::util::BoxCloneSyncService<Request<Incoming>, Response<UnsyncBoxBody<Bytes, Infallible>>, Infallible>;
    let (mock, layer) = traced();
    let app: App = App::new(layer.body_type::<Boxed>().wrap(service_fn(hello)));
    check_connection(&mock, app).await;
}

#[tokio::test]
async fn requests_with_bodies_of_other_crates() {
    let (mock, layer) = traced();
    check_any::<(), _, _>(&mock, "GET", layer.wrap(service_fn(hello))).await;
    mock.reset();
    check_any::<Full<Bytes>, _, _>(&mock, "GET", layer.wrap(service_fn(hello))).await;
    mock.reset();
    let limited = layer
        .wrap(service_fn(hello))
        .map_request(|request: Request<Full<Bytes>>| request.map(|body| Limited::new(body, 9)));
    check_any::<Full<Bytes>, _, _>(&mock, "GET", limited).await;
}

#[tokio::test]
async fn responses_of_two_kinds() {
    async fn either(_: Request<()>) -> Result<Response<Either<Full<Bytes>, Empty<Bytes>>>, Infallible> {
        Ok(Response::new(Either::Left(Full::from("hello"))))
    }
    let (mock, layer) = traced();
    check_any::<(), _, _>(&mock, "GET", layer.wrap(service_fn(either))).await;
}

/// A field of a service's own, with its type written out.
#[tokio::test]
async fn a_service_that_is_a_field() {
    type Handler = fn(Request<Incoming>) -> std::future::Ready<Result<Response<Full<Bytes>>, Infallible>>;
    #[derive(Clone)]
    struct App {
        inner: Tracing<tower::util::ServiceFn<Handler>>,
    }
    impl Service<Request<Incoming>> for App {
        type Response = Response<ResponseBody<Full<Bytes>>>;
        type Error = Infallible;
        type Future = opentracing_tower::ResponseFuture<std::future::Ready<Result<Response<Full<Bytes>>, Infallible>>>;

        fn poll_ready(&mut self, cx: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), Infallible>> {
            self.inner.poll_ready(cx)
        }

        fn call(&mut self, request: Request<Incoming>) -> Self::Future {
            self.inner.call(request)
        }
    }
    let (mock, layer) = traced();
    let handler: Handler = |_| std::future::ready(Ok(Response::new(Full::from("hello"))));
    check_connection(&mock, App { inner: layer.wrap(service_fn(handler)) }).await;
}
