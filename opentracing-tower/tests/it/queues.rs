//! Requests that are sent elsewhere than where they are made stay in the trace of their caller.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http::{Request, Response, StatusCode};
use opentracing_core::InSpan;
use opentracing_core::mock::MockTracer;
use opentracing_tower::{CallerContext, CountResendsLayer, ResendCounter, TracingClientLayer};
use tower::retry::Policy;
use tower::{Service, ServiceBuilder, ServiceExt};

type Answer = Response<String>;

/// Stands for a client. The first requests are answered with 503.
fn busy(times: usize) -> impl Service<Request<()>, Response = Answer, Error = Infallible, Future: Send> + Clone + Send {
    let asked = Arc::new(AtomicUsize::new(0));
    tower::service_fn(move |_| {
        let mut response = Response::new("done".to_owned());
        if asked.fetch_add(1, Ordering::Relaxed) < times {
            *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
        }
        ready(Ok(response))
    })
}

#[derive(Clone)]
struct WhenBusy;

impl<B, E> Policy<Request<()>, Response<B>, E> for WhenBusy {
    type Future = Ready<()>;

    fn retry(&mut self, _: &mut Request<()>, result: &mut Result<Response<B>, E>) -> Option<Ready<()>> {
        let is_busy = result.as_ref().is_ok_and(|answer| answer.status() == StatusCode::SERVICE_UNAVAILABLE);
        is_busy.then(|| ready(()))
    }

    fn clone_request(&mut self, request: &Request<()>) -> Option<Request<()>> {
        Some(request.clone())
    }
}

fn get() -> Request<()> {
    Request::get("http://shop.example/").body(()).unwrap()
}

fn layer(mock: &MockTracer) -> TracingClientLayer {
    TracingClientLayer::with_tracer(mock.tracer().clone())
}

#[tokio::test]
async fn a_buffer_keeps_the_caller() {
    let mock = MockTracer::new();
    let client = ServiceBuilder::new().layer(CountResendsLayer::new()).buffer(8).layer(layer(&mock)).service(busy(0));
    client.oneshot(get()).in_span(mock.tracer().span("checkout").start()).await.unwrap();
    mock.finished(2).await;
    mock.assert_tree("checkout\n  GET (client)\n");
}

#[tokio::test]
async fn a_buffer_between_retries_and_the_client_keeps_the_caller() {
    let mock = MockTracer::new();
    let client = ServiceBuilder::new()
        .layer(CountResendsLayer::new())
        .retry(WhenBusy)
        .buffer(8)
        .layer(layer(&mock))
        .service(busy(2));
    client.oneshot(get()).in_span(mock.tracer().span("checkout").start()).await.unwrap();
    mock.finished(4).await;
    mock.assert_tree("checkout\n  GET (client) !\n  GET (client) !\n  GET (client)\n");
}

#[tokio::test]
async fn a_request_may_say_where_it_was_made() {
    let mock = MockTracer::new();
    let (queue, mut waiting) = tokio::sync::mpsc::unbounded_channel::<Request<()>>();
    let tracer = mock.tracer().clone();
    let mut client = layer(&mock).wrap(busy(0));
    let worker = async move {
        while let Some(request) = waiting.recv().await {
            client.ready().await.unwrap().call(request).await.unwrap();
        }
    };
    let mut caller = tracer.span("checkout").start();
    caller.in_scope(|| {
        let mut request = get();
        request.extensions_mut().insert(CallerContext::active());
        queue.send(request).unwrap();
    });
    let mut request = get();
    request.extensions_mut().insert(CallerContext::of(&caller));
    queue.send(request).unwrap();
    queue.send(get()).unwrap();
    drop((caller, queue));
    worker.in_span(tracer.span("worker").start()).await;
    mock.finished(5).await;
    mock.assert_tree("checkout\n  GET (client)\n  GET (client)\nworker\n  GET (client)\n");
}

#[tokio::test]
async fn a_span_between_the_caller_and_the_client_is_the_parent() {
    let mock = MockTracer::new();
    let (tracer, inner) = (mock.tracer().clone(), layer(&mock).wrap(busy(0)));
    let between = tower::service_fn(move |request: Request<()>| {
        inner.clone().oneshot(request).in_span(tracer.span("look up").start())
    });
    let client = ServiceBuilder::new().layer(CountResendsLayer::new()).service(between);
    client.oneshot(get()).in_span(mock.tracer().span("checkout").start()).await.unwrap();
    mock.finished(3).await;
    mock.assert_tree("checkout\n  look up\n    GET (client)\n");
}

#[tokio::test]
async fn the_active_span_of_another_tracer_is_no_caller() {
    let (mock, other) = (MockTracer::new(), MockTracer::new());
    let client = ServiceBuilder::new().layer(CountResendsLayer::new()).layer(layer(&mock)).service(busy(0));
    client.oneshot(get()).in_span(other.tracer().span("checkout").start()).await.unwrap();
    mock.finished(1).await;
    mock.assert_tree("GET (client)\n");
}

#[tokio::test]
async fn attempts_without_a_caller_are_one_trace() {
    let mock = MockTracer::new();
    let client =
        ServiceBuilder::new().layer(CountResendsLayer::new()).retry(WhenBusy).layer(layer(&mock)).service(busy(2));
    client.clone().oneshot(get()).await.unwrap();
    client.oneshot(get()).await.unwrap();
    mock.finished(4).await;
    mock.assert_tree("GET (client) !\n  GET (client) !\n  GET (client)\nGET (client)\n");
    let spans = mock.finished_spans();
    assert_eq!(spans[2].references[0].kind, opentracing_core::ReferenceKind::FollowsFrom);
}

#[tokio::test]
async fn attempts_of_a_loop_are_one_trace_unless_they_have_callers() {
    let (mock, counter) = (MockTracer::new(), ResendCounter::new());
    let client = layer(&mock).wrap(busy(0));
    let mut request = get();
    request.extensions_mut().insert(counter);
    client.clone().oneshot(request.clone()).in_span(mock.tracer().span("first").start()).await.unwrap();
    client.clone().oneshot(request.clone()).await.unwrap();
    client.oneshot(request).in_span(mock.tracer().span("third").start()).await.unwrap();
    mock.finished(5).await;
    mock.assert_tree("first\n  GET (client)\n  GET (client)\nthird\n  GET (client)\n");
}
