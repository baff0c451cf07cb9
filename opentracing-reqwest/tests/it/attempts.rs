//! A request that is sent several times, and one that is not traced.

use opentracing_core::http_rules::{CallerContext, ResendCounter};
use opentracing_core::mock::MockTracer;
use opentracing_core::{InSpan, OwnedSpan};
use opentracing_reqwest::{Redirects, TracingClient};

use crate::server::{Answer, OK, Received, Server, redirect, status};
use crate::support::{client, resolving, tag};

fn resend_counts(spans: &[OwnedSpan]) -> Vec<Option<String>> {
    spans.iter().map(|span| tag(span, "http.request.resend_count")).collect()
}

fn numbered<const N: usize>(counts: [u32; N]) -> Vec<Option<String>> {
    counts.into_iter().map(|count| (count > 0).then(|| count.to_string())).collect()
}

/// Refuses so many requests, and answers those after them.
async fn busy(times: usize) -> Server {
    let left = std::sync::Mutex::new(times);
    Server::start(move |_| {
        let mut left = left.lock().unwrap();
        match left.checked_sub(1) {
            None => Answer::from(OK),
            Some(less) => {
                *left = less;
                status(503)
            }
        }
    })
    .await
}

#[tokio::test]
async fn are_counted_in_a_loop_by_hand() {
    let (mock, server) = (MockTracer::new(), busy(2).await);
    let (client, attempts) = (client(&mock, &[]), ResendCounter::new());
    loop {
        let response = client.get(server.url("/")).resend_counter(&attempts).send().await.unwrap();
        let status = response.status();
        response.bytes().await.unwrap();
        if status.is_success() {
            break;
        }
    }
    assert_eq!(attempts.count(), 3);
    assert_eq!(resend_counts(&mock.finished_spans()), numbered([0, 1, 2]));
}

#[tokio::test]
async fn are_counted_with_the_redirects_among_them() {
    let mock = MockTracer::new();
    let server = Server::start(|request: &Received| match &*request.path {
        "/" => redirect(302, "/end"),
        _ => OK.into(),
    })
    .await;
    let (client, attempts) = (client(&mock, &[]), ResendCounter::new());
    for _ in 0..2 {
        client.get(server.url("/")).resend_counter(&attempts).send().await.unwrap().bytes().await.unwrap();
    }
    assert_eq!(attempts.count(), 4);
    assert_eq!(resend_counts(&mock.finished_spans()), numbered([1, 3]), "each ends one redirect further");
}

#[tokio::test]
async fn followed_by_hand_to_another_host_have_no_trace_headers() {
    let mock = MockTracer::new();
    let other = Server::start(|_| OK).await;
    let target = other.url_of("other.example", "/");
    let first = {
        let target = target.clone();
        Server::start(move |_| redirect(302, &target)).await
    };
    let names = [("shop.example", &first), ("other.example", &other)];
    let client = TracingClient::from_builder(resolving(&names)).tracer(mock.tracer().clone());
    let client = client.redirects(Redirects::None).build().unwrap();
    let attempts = ResendCounter::new();
    for url in [first.url_of("shop.example", "/"), target] {
        client.get(url).resend_counter(&attempts).send().await.unwrap();
    }
    assert!(!first.request().trace_headers().is_empty());
    assert_eq!(other.request().trace_headers(), Vec::<&str>::new());
    assert_eq!(resend_counts(&mock.finished_spans()), numbered([0, 1]));
}

#[tokio::test]
async fn may_be_without_a_span() {
    let (mock, server) = (MockTracer::new(), Server::start(|_| OK).await);
    let request = client(&mock, &[]).get(server.url("/")).header("traceparent", "mine").untraced();
    let caller = mock.tracer().span("caller").start();
    assert_eq!(request.send().in_span(caller).await.unwrap().text().await.unwrap(), "ok");
    mock.assert_tree("caller");
    assert_eq!(server.request().trace_headers(), ["traceparent"]);
    assert_eq!(server.request().header("traceparent"), Some("mine"));
}

#[cfg(feature = "middleware")]
#[tokio::test]
async fn are_counted_behind_reqwest_retry() {
    use std::time::Duration;

    use opentracing_reqwest::TracingMiddleware;
    use reqwest_middleware::ClientBuilder;
    use reqwest_retry::RetryTransientMiddleware;
    use reqwest_retry::policies::ExponentialBackoff;

    let (mock, server) = (MockTracer::new(), busy(2).await);
    let at_once = ExponentialBackoff::builder().retry_bounds(Duration::ZERO, Duration::ZERO).build_with_max_retries(5);
    let client = ClientBuilder::new(resolving(&[]).build().unwrap())
        .with(RetryTransientMiddleware::new_with_policy(at_once))
        .with(TracingMiddleware::with_tracer(mock.tracer().clone()))
        .build();
    for _ in 0..2 {
        client.get(server.url("/")).send().await.unwrap().bytes().await.unwrap();
    }
    let spans = mock.finished_spans();
    assert_eq!(resend_counts(&spans), numbered([0, 1, 2, 0]), "a new request begins anew");
    assert_eq!(spans.iter().map(|span| span.is_failed).collect::<Vec<_>>(), [true, true, false, false]);
}

#[tokio::test]
async fn attempts_without_an_active_span_are_one_trace() {
    let (mock, server, counter) = (MockTracer::new(), Server::start(|_| status(503)).await, ResendCounter::new());
    let request = client(&mock, &[]).get(server.url("/")).resend_counter(&counter);
    for _ in 0..3 {
        drop(request.try_clone().unwrap().send().await.unwrap());
    }
    mock.assert_tree("GET (client) !\n  GET (client) !\n  GET (client) !\n");
}

#[tokio::test]
async fn a_request_of_a_queue_may_say_where_it_was_made() {
    let (mock, server) = (MockTracer::new(), Server::start(|_| OK).await);
    let client = client(&mock, &[]);
    let mut caller = mock.tracer().span("checkout").start();
    let queued = caller.in_scope(|| client.get(server.url("/")).caller(CallerContext::active()));
    let of_caller = client.get(server.url("/")).caller(CallerContext::of(&caller));
    caller.finish();
    drop(tokio::spawn(queued.send()).await.unwrap().unwrap());
    drop(of_caller.send().await.unwrap());
    mock.assert_tree("checkout\n  GET (client)\n  GET (client)\n");
}
