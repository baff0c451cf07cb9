//! How a call can end.

use std::future::Future;
use std::task::{Context, Waker};
use std::time::Duration;

use opentracing_core::http_rules::ErrorStatuses;
use opentracing_core::mock::MockTracer;
use opentracing_core::{Secrets, Tracer};
use opentracing_reqwest::TracingClient;
use reqwest::Request;

use crate::server::{Answer, OK, Server, status};
use crate::support::{Refusing, builder, client, log, only_span, tag};

#[tokio::test]
async fn tells_failure_by_status() {
    let server = Server::start(|request| status(request.path[1..].parse().unwrap())).await;
    let check = async |code: u16, statuses: ErrorStatuses, failed: bool| {
        let mock = MockTracer::new();
        let client = builder(&mock, &[]).error_statuses(statuses).build().unwrap();
        let response = client.get(server.url(&format!("/{code}"))).send().await.unwrap();
        assert_eq!(response.text().await.unwrap(), "{}");
        let span = only_span(&mock);
        assert_eq!(tag(&span, "http.status_code"), Some(code.to_string()));
        assert_eq!(span.is_failed, failed, "{code}");
        assert_eq!(span.tag("error").is_some(), failed, "{code}");
        assert!(span.logs.is_empty(), "the status says it all");
    };
    check(200, ErrorStatuses::default(), false).await;
    check(404, ErrorStatuses::default(), false).await;
    check(404, ErrorStatuses::ClientAndServerErrors, true).await;
    check(500, ErrorStatuses::default(), true).await;
    check(599, ErrorStatuses::default(), true).await;
    check(503, ErrorStatuses::None, false).await;
}

#[tokio::test]
async fn fails_if_nobody_listens() {
    let refusing = Refusing::new();
    let mock = MockTracer::new();
    let error = client(&mock, &[]).get(refusing.url()).send().await.unwrap_err();
    assert!(error.is_connect());
    assert!(error.url().is_some(), "the error is the caller's as it was");
    let span = only_span(&mock);
    assert_eq!((tag(&span, "error").as_deref(), tag(&span, "http.status_code")), (Some("true"), None));
    let log = log(&span, "error");
    assert_eq!(log[0], ("error.kind".to_owned(), "connect".to_owned()));
    assert_eq!(log[1].0, "message");
    assert!(log[1].1.starts_with("error sending request: "), "{log:?}");
    assert!(log[1].1.contains("refused"), "the cause is what helps: {log:?}");
}

#[tokio::test]
async fn keeps_urls_out_of_messages() {
    let refusing = Refusing::new();
    // By these rules `page` is a secret, of which a message would know nothing.
    let mock = MockTracer::with(|builder| builder.secrets("equals:page".parse::<Secrets>().unwrap()));
    client(&mock, &[]).get(format!("{}&page=9", refusing.url())).send().await.unwrap_err();
    let span = only_span(&mock);
    assert!(!format!("{:?}", span.logs).contains("page"), "{:?}", span.logs);
    assert!(tag(&span, "http.url").unwrap().ends_with("token=sesame&page=<redacted>"));
}

#[tokio::test]
async fn fails_if_the_url_is_not_for_http() {
    let mock = MockTracer::new();
    let request = Request::new(reqwest::Method::GET, "ftp://shop.example/?key=sesame".parse().unwrap());
    client(&mock, &[]).execute(request).await.unwrap_err();
    let span = only_span(&mock);
    let log = log(&span, "error");
    assert_eq!(log[0].1, "builder");
    assert!(!log[1].1.contains("sesame"), "{log:?}");
}

#[tokio::test]
async fn fails_if_the_answer_is_not_http() {
    let (mock, server) = (MockTracer::new(), Server::start(|_| Answer::Last("220 ready\r\n".into())).await);
    client(&mock, &[]).get(server.url("/")).send().await.unwrap_err();
    assert_eq!(log(&only_span(&mock), "error")[0].1, "protocol");
}

#[tokio::test(start_paused = true)]
async fn fails_when_the_time_is_over() {
    let (mock, server) = (MockTracer::new(), Server::start(|_| Answer::Part(Vec::new())).await);
    let request = client(&mock, &[]).get(server.url("/")).timeout(Duration::from_secs(5));
    assert!(request.send().await.unwrap_err().is_timeout());
    let span = only_span(&mock);
    assert!(span.is_failed);
    let log = log(&span, "error");
    assert_eq!(log[0].1, "timeout");
    assert_eq!(log[1].1, "error sending request: operation timed out");
}

#[tokio::test]
async fn says_that_nobody_waited_for_the_answer() {
    let (mock, server) = (MockTracer::new(), Server::start(|_| OK).await);
    let mut call = Box::pin(client(&mock, &[]).get(server.url("/")).send());
    let mut cx = Context::from_waker(Waker::noop());
    assert!(call.as_mut().poll(&mut cx).is_pending());
    assert!(mock.finished_spans().is_empty());
    drop(call);
    let span = only_span(&mock);
    assert_eq!((tag(&span, "http.outcome").as_deref(), span.is_failed), (Some("cancelled"), false));
    assert_eq!(log(&span, "cancelled")[0].0, "message");
}

#[tokio::test]
async fn says_that_nobody_polled_the_call() {
    let (mock, server) = (MockTracer::new(), Server::start(|_| OK).await);
    drop(client(&mock, &[]).get(server.url("/")).send());
    assert_eq!(tag(&only_span(&mock), "http.outcome").as_deref(), Some("cancelled"));
    assert!(server.received().is_empty());
}

#[tokio::test]
async fn notes_a_panic_of_the_caller() {
    let (mock, server) = (MockTracer::new(), Server::start(|_| OK).await);
    let call = client(&mock, &[]).get(server.url("/")).send();
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let _call = call;
        std::panic::resume_unwind(Box::new("the caller's own affair"));
    }));
    assert!(caught.is_err());
    let span = only_span(&mock);
    assert!(span.is_failed);
    assert_eq!(log(&span, "error")[0].1, "panic");
    assert_eq!(tag(&span, "http.outcome"), None, "the panic says it all");
}

#[tokio::test]
async fn is_the_active_span_while_it_is_polled() {
    /// Starts a span whenever a name is looked up.
    struct Lookup(Tracer);

    impl reqwest::dns::Resolve for Lookup {
        fn resolve(&self, _: reqwest::dns::Name) -> reqwest::dns::Resolving {
            self.0.span("lookup").start().finish();
            let address: std::net::SocketAddr = ([127, 0, 0, 1], 0).into();
            Box::pin(std::future::ready(Ok(Box::new(std::iter::once(address)) as reqwest::dns::Addrs)))
        }
    }

    let (mock, server) = (MockTracer::new(), Server::start(|_| OK).await);
    let builder = reqwest::Client::builder().no_proxy().dns_resolver(Lookup(mock.tracer().clone()));
    let client = TracingClient::from_builder(builder).tracer(mock.tracer().clone());
    let client = client.build().unwrap();
    client.get(server.url_of("shop.example", "/")).send().await.unwrap().text().await.unwrap();
    mock.assert_tree("GET (client)\n  lookup");
}

#[tokio::test]
async fn leaves_no_span_active_behind() {
    let (mock, server) = (MockTracer::new(), Server::start(|_| OK).await);
    let mut call = Box::pin(client(&mock, &[]).get(server.url("/")).send());
    let response = std::future::poll_fn(|cx| {
        let polled = call.as_mut().poll(cx);
        assert!(mock.tracer().active_context().is_none());
        polled
    });
    response.await.unwrap();
    assert!(mock.tracer().active_context().is_none());
}
