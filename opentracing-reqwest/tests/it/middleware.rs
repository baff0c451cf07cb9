//! A client with middleware.

use std::pin::Pin;
use std::sync::Arc;

use http::Extensions;
use opentracing_core::Tracer;
use opentracing_core::mock::MockTracer;
use opentracing_reqwest::{CallerContext, MiddlewareRequestExt, RequestOptions, TracingMiddleware};
use reqwest::{Request, Response};
use reqwest_middleware::{ClientBuilder, ClientWithMiddleware, Error, Middleware, Next, Result};

use crate::server::{Answer, OK, Server, status};
use crate::support::{Refusing, log, only_span, resolving, tag};

fn client(mock: &MockTracer) -> ClientWithMiddleware {
    let middleware = TracingMiddleware::with_tracer(mock.tracer().clone());
    ClientBuilder::new(resolving(&[]).build().unwrap()).with(middleware).build()
}

#[tokio::test]
async fn traces_every_request() {
    let (mock, server) = (MockTracer::new(), Server::start(|_| OK).await);
    let response = client(&mock).get(server.url("/")).send().await.unwrap();
    assert!(mock.finished_spans().is_empty(), "the body is still to come");
    assert_eq!(response.text().await.unwrap(), "ok");
    let span = only_span(&mock);
    assert_eq!(&*span.operation_name, "GET");
    assert_eq!(tag(&span, "http.status_code").as_deref(), Some("200"));
    assert_eq!(tag(&span, "http.request.resend_count"), None);
    assert!(server.request().header("traceparent").is_some());
}

#[tokio::test]
async fn takes_settings_and_options() {
    let (mock, server) = (MockTracer::new(), Server::start(|_| OK).await);
    let middleware = TracingMiddleware::with_tracer(mock.tracer().clone());
    let middleware = middleware.peer_service("catalog").propagate_to("".parse().unwrap());
    let client = ClientBuilder::new(resolving(&[]).build().unwrap()).with(middleware).build();
    let request = client.get(server.url("/42")).with_extension(RequestOptions::new().operation_name("GET /{id}"));
    request.send().await.unwrap().text().await.unwrap();
    let span = only_span(&mock);
    assert_eq!((&*span.operation_name, tag(&span, "peer.service").as_deref()), ("GET /{id}", Some("catalog")));
    assert!(server.request().trace_headers().is_empty());
}

#[tokio::test]
async fn a_request_has_short_names_for_its_settings() {
    let (mock, server) = (MockTracer::new(), Server::start(|_| OK).await);
    let request = client(&mock).get(server.url("/42")).operation_name("GET /{id}").peer_service("catalog");
    request.without_propagation().send().await.unwrap().text().await.unwrap();
    let span = only_span(&mock);
    assert_eq!((&*span.operation_name, tag(&span, "peer.service").as_deref()), ("GET /{id}", Some("catalog")));
    assert!(server.request().trace_headers().is_empty());
    client(&mock).get(server.url("/")).untraced().send().await.unwrap();
    assert_eq!(mock.finished_spans().len(), 1);
}

/// Sends a request again until it is answered well.
struct Retry;

#[async_trait::async_trait]
impl Middleware for Retry {
    async fn handle(&self, request: Request, extensions: &mut Extensions, next: Next<'_>) -> Result<Response> {
        loop {
            let attempt = request.try_clone().unwrap();
            match next.clone().run(attempt, extensions).await {
                Ok(response) if response.status().is_server_error() => drop(response.bytes().await),
                outcome => return outcome,
            }
        }
    }
}

#[tokio::test]
async fn makes_a_span_of_every_attempt() {
    let mock = MockTracer::new();
    let left = std::sync::atomic::AtomicUsize::new(2);
    let server = Server::start(move |_| match left.load(std::sync::atomic::Ordering::Relaxed) {
        0 => Answer::from(OK),
        more => {
            left.store(more - 1, std::sync::atomic::Ordering::Relaxed);
            status(503)
        }
    })
    .await;
    let middleware = TracingMiddleware::with_tracer(mock.tracer().clone());
    let client = ClientBuilder::new(resolving(&[]).build().unwrap()).with(Retry).with(middleware).build();
    client.get(server.url("/")).send().await.unwrap().text().await.unwrap();
    mock.assert_tree("GET (client) !\n  GET (client) !\n  GET (client)\n");
    let spans = mock.finished_spans();
    let count = |index: usize| tag(&spans[index], "http.request.resend_count");
    assert_eq!((count(0), count(1).as_deref(), count(2).as_deref()), (None, Some("1"), Some("2")));
    assert_eq!(spans.iter().map(|span| span.is_failed).collect::<Vec<_>>(), [true, true, false]);
    let sent: Vec<_> =
        server.received().iter().map(|request| request.header("x-b3-spanid").unwrap().to_owned()).collect();
    assert_eq!(sent, spans.iter().map(|span| span.context.span_id().to_string()).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_request_may_say_where_it_was_made() {
    let (mock, server) = (MockTracer::new(), Server::start(|_| OK).await);
    let mut caller = mock.tracer().span("checkout").start();
    let request = client(&mock).get(server.url("/")).with_extension(CallerContext::of(&caller));
    let other = caller.in_scope(|| {
        client(&mock).get(server.url("/")).with_extension(RequestOptions::new().caller(CallerContext::active()))
    });
    caller.finish();
    for request in [request, other] {
        drop(tokio::spawn(request.send()).await.unwrap().unwrap());
    }
    mock.assert_tree("checkout\n  GET (client)\n  GET (client)\n");
}

/// Runs behind ours.
struct Behind {
    tracer: Tracer,
    fails: bool,
}

#[async_trait::async_trait]
impl Middleware for Behind {
    async fn handle(&self, request: Request, extensions: &mut Extensions, next: Next<'_>) -> Result<Response> {
        self.tracer.span("behind").start().finish();
        if self.fails {
            return Err(Error::middleware(std::io::Error::other("no http://me:pw@shop.example/ today")));
        }
        next.run(request, extensions).await
    }
}

#[tokio::test]
async fn is_active_for_what_comes_after_it() {
    for fails in [false, true] {
        let (mock, server) = (MockTracer::new(), Server::start(|_| OK).await);
        let middleware = TracingMiddleware::with_tracer(mock.tracer().clone());
        let behind = Arc::new(Behind { tracer: mock.tracer().clone(), fails });
        let client = resolving(&[]).build().unwrap();
        let client = ClientBuilder::new(client).with(middleware).with_arc(behind).build();
        match client.get(server.url("/")).send().await {
            Ok(response) => assert_eq!(response.text().await.unwrap(), "ok"),
            Err(error) => {
                assert!(fails && error.is_middleware());
                let log = log(&mock.span("GET"), "error");
                assert_eq!(log[0].1, "middleware");
                assert_eq!(log[1].1, "no http://shop.example/ today");
            }
        }
        mock.assert_tree(if fails { "GET (client) !\n  behind" } else { "GET (client)\n  behind" });
    }
}

#[tokio::test]
async fn fails_with_the_call() {
    let refusing = Refusing::new();
    let mock = MockTracer::new();
    client(&mock).get(refusing.url()).send().await.unwrap_err();
    let span = only_span(&mock);
    assert!(span.is_failed);
    let log = log(&span, "error");
    assert_eq!(log[0].1, "connect");
    assert!(!log[1].1.contains("sesame"), "{log:?}");
}

#[tokio::test]
async fn says_that_nobody_waited_for_the_answer() {
    let (mock, server) = (MockTracer::new(), Server::start(|_| Answer::Part(Vec::new())).await);
    let client = client(&mock);
    let mut call = Box::pin(client.get(server.url("/")).send());
    std::future::poll_fn(|cx| {
        assert!(call.as_mut().poll(cx).is_pending());
        cx.waker().wake_by_ref();
        if server.received().is_empty() { std::task::Poll::Pending } else { std::task::Poll::Ready(()) }
    })
    .await;
    drop(call);
    let span = only_span(&mock);
    assert_eq!((tag(&span, "http.outcome").as_deref(), span.is_failed), (Some("cancelled"), false));
}

/// Panics before there is a future.
struct PanicsInCall;

impl Middleware for PanicsInCall {
    fn handle<'life0, 'life1, 'life2, 'async_trait>(
        &'life0 self,
        _: Request,
        _: &'life1 mut Extensions,
        _: Next<'life2>,
    ) -> Pin<Box<dyn Future<Output = Result<Response>> + Send + 'async_trait>>
    where
        'life0: 'async_trait,
        'life1: 'async_trait,
        'life2: 'async_trait,
        Self: 'async_trait,
    {
        panic!("the middleware panics in its call")
    }
}

#[tokio::test]
async fn a_panic_in_the_call_of_the_next_middleware_fails() {
    let (mock, server) = (MockTracer::new(), Server::start(|_| OK).await);
    let middleware = TracingMiddleware::with_tracer(mock.tracer().clone());
    let client = ClientBuilder::new(resolving(&[]).build().unwrap()).with(middleware).with(PanicsInCall).build();
    let sent = tokio::spawn(client.get(server.url("/")).send()).await;
    assert!(sent.unwrap_err().is_panic());
    let span = only_span(&mock);
    assert!(span.is_failed);
    assert_eq!(tag(&span, "http.outcome"), None);
    assert_eq!(span.logs.len(), 1);
    assert_eq!(span.logs[0].field("error.kind"), Some("panic".into()));
}
