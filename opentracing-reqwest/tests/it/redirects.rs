//! Redirects: what a client that is built by us does, and what a ready-made one cannot.

use std::sync::Arc;
use std::time::Duration;

use opentracing_core::mock::MockTracer;
use opentracing_core::{ConstSampler, OwnedSpan};
use opentracing_reqwest::{Redirects, TracingClient};
use reqwest::header::{AUTHORIZATION, HeaderMap};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::server::{Answer, OK, Received, Server, redirect};
use crate::support::{Refusing, client, log, only_span, resolving, tag};

/// Redirects `/<status>` to another server.
async fn redirecting_to(target: String) -> Server {
    Server::start(move |request: &Received| match request.path[1..].parse() {
        Ok(status) => redirect(status, &target),
        Err(_) => OK.into(),
    })
    .await
}

#[track_caller]
fn check_redirects(span: &OwnedSpan, count: usize) {
    let expected = (count > 0).then(|| count.to_string());
    assert_eq!(tag(span, "http.request.resend_count"), expected);
    let logs = span.logs.iter().filter(|log| log.field("event") == Some("redirect".into())).count();
    assert_eq!(logs, count, "{:?}", span.logs);
}

#[tokio::test]
async fn keeps_trace_headers_within_the_first_host() {
    let mock = MockTracer::new();
    let server = redirecting_to("/end?token=sesame".to_owned()).await;
    let response = client(&mock, &[]).get(server.url("/302")).send().await.unwrap();
    assert_eq!(response.url().path(), "/end");
    response.text().await.unwrap();
    let received = server.received();
    assert_eq!(received.len(), 2);
    assert!(!received[1].trace_headers().is_empty());
    let span = only_span(&mock);
    check_redirects(&span, 1);
    let log = log(&span, "redirect");
    assert_eq!(log[0], ("http.status_code".to_owned(), "302".to_owned()));
    assert_eq!(log[1], ("http.url".to_owned(), server.url("/end?token=<redacted>")));
    assert_eq!(tag(&span, "http.url"), Some(server.url("/302")), "what was asked for");
    assert_eq!(tag(&span, "http.status_code").as_deref(), Some("200"));
}

#[tokio::test]
async fn keeps_trace_headers_from_another_host() {
    let check = async |mock: MockTracer| {
        let target = Server::start(|_| OK).await;
        let url = target.url_of("other.example", "/end");
        let server = redirecting_to(url.clone()).await;
        let client = client(&mock, &[("shop.example", &server), ("other.example", &target)]);
        let request = client.get(server.url_of("shop.example", "/302"));
        let request = request.header("accept", "text/plain").header("tracestate", "stale=1");
        let response = request.send().await.unwrap();
        assert_eq!(response.url().as_str(), url);
        assert_eq!(response.text().await.unwrap(), "ok");
        assert!(!server.request().trace_headers().is_empty());
        let received = target.request();
        assert!(received.trace_headers().is_empty(), "{received:?}");
        assert_eq!(received.header("accept"), Some("text/plain"));
        assert_eq!(received.header("host"), Some(&*format!("other.example:{}", target.address().port())));
    };
    let mock = MockTracer::new();
    check(MockTracer::with(|builder| builder.sampler(ConstSampler::off()))).await;
    check(mock).await;
}

#[tokio::test]
async fn is_one_span_wherever_it_goes() {
    let mock = MockTracer::new();
    let target = redirecting_to("/end".to_owned()).await;
    let server = redirecting_to(target.url_of("other.example", "/307")).await;
    let client = client(&mock, &[("shop.example", &server), ("other.example", &target)]);
    client.get(server.url_of("shop.example", "/302")).send().await.unwrap().text().await.unwrap();
    let span = only_span(&mock);
    check_redirects(&span, 2);
    assert_eq!(tag(&span, "peer.hostname").as_deref(), Some("shop.example"));
    assert_eq!(tag(&span, "peer.ipv4"), None, "the address is that of another host");
    assert!(target.received().iter().all(|request| request.trace_headers().is_empty()));
}

#[tokio::test]
async fn does_not_bring_trace_headers_back() {
    let server = Server::start(|request: &Received| {
        let port = request.header("host").unwrap().split_once(':').unwrap().1;
        match &*request.path {
            "/there" => redirect(302, &format!("http://other.example:{port}/back")),
            "/back" => redirect(302, &format!("http://shop.example:{port}/end")),
            _ => OK.into(),
        }
    })
    .await;
    let mock = MockTracer::new();
    let client = client(&mock, &[("shop.example", &server), ("other.example", &server)]);
    client.get(server.url_of("shop.example", "/there")).send().await.unwrap().text().await.unwrap();
    check_redirects(&only_span(&mock), 2);
    let traced: Vec<_> = server.received().iter().map(|request| !request.trace_headers().is_empty()).collect();
    assert_eq!(traced, [true, false, false]);
}

#[tokio::test]
async fn keeps_trace_headers_from_a_port_that_is_not_on_the_list() {
    let target = Server::start(|_| OK).await;
    let server = redirecting_to(target.url_of("shop.example", "/end")).await;
    let check = async |hosts: &str| {
        let mock = MockTracer::new();
        // Port 0 leaves the port to the URL.
        let resolving = resolving(&[]).resolve("shop.example", ([127, 0, 0, 1], 0).into());
        let client = TracingClient::from_builder(resolving);
        let client = client.tracer(mock.tracer().clone()).propagate_to(hosts.parse().unwrap()).build().unwrap();
        client.get(server.url_of("shop.example", "/302")).send().await.unwrap().text().await.unwrap();
        check_redirects(&only_span(&mock), 1);
        !target.received().pop().unwrap().trace_headers().is_empty()
    };
    assert!(check("shop.example").await, "another port is no other host");
    assert!(!check(&format!("shop.example:{}", server.address().port())).await);
}

#[tokio::test]
async fn changes_methods_as_reqwest_does() {
    let target = Server::start(|_| OK).await;
    let server = redirecting_to(target.url_of("other.example", "/end")).await;
    let within = redirecting_to("/end".to_owned()).await;
    let names = [("shop.example", &server), ("other.example", &target)];
    for status in [301, 302, 303, 307, 308] {
        for method in ["GET", "HEAD", "POST", "PUT", "DELETE"] {
            let mock = MockTracer::new();
            let client = client(&mock, &names);
            let send = async |url: String| {
                let request = client.request(method.parse().unwrap(), url);
                let request = request.header("content-type", "text/plain").body("hello");
                request.send().await.unwrap().text().await.unwrap();
            };
            send(server.url_of("shop.example", &format!("/{status}"))).await;
            send(within.url(&format!("/{status}"))).await;
            let (ours, theirs) = (target.received().pop().unwrap(), within.received().pop().unwrap());
            let what = |request: &Received| {
                let headers = ["content-type", "content-length", "transfer-encoding"];
                let headers = headers.map(|name| request.header(name).map(str::to_owned));
                (request.method.clone(), request.body.clone(), headers)
            };
            assert_eq!(what(&ours), what(&theirs), "{status} {method}");
        }
    }
}

#[tokio::test]
async fn answers_with_the_redirect_if_the_body_cannot_be_sent_again() {
    let target = Server::start(|_| OK).await;
    let server = redirecting_to(target.url_of("other.example", "/end")).await;
    let names = [("shop.example", &server), ("other.example", &target)];
    let check = async |status: u16| {
        let mock = MockTracer::new();
        let request = client(&mock, &names).post(server.url_of("shop.example", &format!("/{status}")));
        let response = request.body(reqwest::Body::wrap("stream".to_owned())).send().await.unwrap();
        let answered = response.status().as_u16();
        response.text().await.unwrap();
        check_redirects(&only_span(&mock), usize::from(answered == 200));
        answered
    };
    assert_eq!(check(307).await, 307);
    assert_eq!(check(308).await, 308);
    assert!(target.received().is_empty());
    assert_eq!(check(303).await, 200, "there is no body to be sent again");
    assert_eq!(target.request().method, "GET");
}

#[tokio::test]
async fn keeps_credentials_from_another_host() {
    let target = Server::start(|_| OK).await;
    let server = redirecting_to(target.url_of("other.example", "/end")).await;
    let names = [("shop.example", &server), ("other.example", &target)];
    let credentials = || HeaderMap::from_iter([(AUTHORIZATION, "Bearer sesame".parse().unwrap())]);
    let check = async |client: TracingClient| {
        let request = client.get(server.url_of("shop.example", "/302"));
        let request = request.header("cookie", "a=b").header("proxy-authorization", "c").header("x-own", "d");
        request.send().await.unwrap().text().await.unwrap();
        let (first, second) = (server.received().pop().unwrap(), target.received().pop().unwrap());
        assert_eq!(first.header("authorization"), Some("Bearer sesame"));
        for name in ["authorization", "cookie", "proxy-authorization"] {
            assert_eq!(second.header(name), None, "{name}");
        }
        assert_eq!(second.header("x-own"), Some("d"));
        second.trace_headers().is_empty()
    };
    let mock = MockTracer::new();
    let ours = TracingClient::from_builder(resolving(&names)).default_headers(credentials());
    assert!(check(ours.tracer(mock.tracer().clone()).build().unwrap()).await);
    // Not to send the credentials is worth more than not to send the context.
    let theirs = TracingClient::from_builder(resolving(&names).default_headers(credentials()));
    assert!(!check(theirs.tracer(mock.tracer().clone()).build().unwrap()).await);
}

#[tokio::test]
async fn lets_a_request_have_its_own_credentials() {
    let (mock, server) = (MockTracer::new(), Server::start(|_| OK).await);
    let headers = HeaderMap::from_iter([(AUTHORIZATION, "theirs".parse().unwrap())]);
    let client = TracingClient::from_builder(resolving(&[])).default_headers(headers);
    let client = client.tracer(mock.tracer().clone()).build().unwrap();
    client.get(server.url("/")).header("authorization", "own").send().await.unwrap();
    assert_eq!(server.request().headers_named("authorization"), ["own"]);
}

#[tokio::test]
async fn writes_the_referer_as_reqwest_does() {
    let target = Server::start(|_| OK).await;
    let server = redirecting_to(target.url_of("other.example", "/end")).await;
    let names = [("shop.example", &server), ("other.example", &target)];
    let check = async |builder: reqwest::ClientBuilder| {
        let mock = MockTracer::new();
        let client = TracingClient::from_builder(builder).tracer(mock.tracer().clone()).build().unwrap();
        let port = server.address().port();
        let url = format!("http://me:pw@shop.example:{port}/302");
        // Built by hand, since a builder takes user and password out of the URL.
        let request = reqwest::Request::new(reqwest::Method::GET, url.parse().unwrap());
        client.execute(request).await.unwrap().text().await.unwrap();
        target.received().pop().unwrap().header("referer").map(str::to_owned)
    };
    assert_eq!(check(resolving(&names)).await, Some(server.url_of("shop.example", "/302")));
    assert_eq!(check(resolving(&names).referer(false)).await, None);
}

/// Redirects to the other host until `/0`.
fn countdown(request: &Received, host: &str) -> Answer {
    match request.path[1..].parse::<usize>().unwrap() {
        0 => OK.into(),
        left => redirect(302, &format!("http://{host}/{}", left - 1)),
    }
}

#[tokio::test]
async fn limits_redirects_over_all_hosts() {
    let server = Server::start(|request: &Received| {
        // Within the host, then to the other, and so on.
        let number: usize = request.path[1..].parse().unwrap();
        let host = request.header("host").unwrap();
        let (name, port) = host.split_once(':').unwrap();
        let other = if name == "a.example" { "b.example" } else { "a.example" };
        let next = if number.is_multiple_of(3) { other } else { name };
        countdown(request, &format!("{next}:{port}"))
    })
    .await;
    let check = async |redirects: Option<Redirects>, path: &str| {
        let mock = MockTracer::new();
        let mut builder = TracingClient::from_builder(resolving(&[("a.example", &server), ("b.example", &server)]));
        if let Some(redirects) = redirects {
            builder = builder.redirects(redirects);
        }
        let client = builder.tracer(mock.tracer().clone()).build().unwrap();
        let outcome = client.get(server.url_of("a.example", path)).send().await;
        let status = match outcome {
            Ok(response) => {
                let status = response.status().as_u16();
                response.text().await.unwrap();
                Some(status)
            }
            Err(error) => {
                assert!(error.is_redirect(), "{error:?}");
                let span = only_span(&mock);
                assert!(span.is_failed);
                let log = log(&span, "error");
                assert_eq!(log[0].1, "redirect");
                assert_eq!(log[1].1, "error following redirect: too many redirects");
                None
            }
        };
        let count = tag(&only_span(&mock), "http.request.resend_count").map_or(0, |count| count.parse().unwrap());
        (status, count)
    };
    assert_eq!(check(None, "/10").await, (Some(200), 10));
    assert_eq!(check(None, "/11").await, (None, 10));
    assert_eq!(check(Some(Redirects::Limited(2)), "/2").await, (Some(200), 2));
    assert_eq!(check(Some(Redirects::Limited(2)), "/3").await, (None, 2));
    assert_eq!(check(Some(Redirects::Limited(0)), "/1").await, (None, 0));
    assert_eq!(check(Some(Redirects::None), "/1").await, (Some(302), 0));
}

#[tokio::test]
async fn limits_redirects_of_the_client_inside() {
    let server = Server::start(|request: &Received| countdown(request, request.header("host").unwrap())).await;
    let mock = MockTracer::new();
    let client = client(&mock, &[]);
    assert!(client.get_ref().get(server.url("/10")).send().await.is_ok());
    assert!(client.get_ref().get(server.url("/11")).send().await.unwrap_err().is_redirect());
    assert!(client.into_inner().get(server.url("/0")).send().await.is_ok());
    assert!(mock.finished_spans().is_empty());
}

#[tokio::test]
async fn limits_the_time_over_all_hosts() {
    let target = Server::start(|_| Answer::Part(Vec::new())).await;
    let (told, url) = (Arc::new(Notify::new()), target.url_of("other.example", "/end"));
    let answer = {
        let told = told.clone();
        move |_: &Received| {
            let answer = format!("HTTP/1.1 302 Found\r\nlocation: {url}\r\ncontent-length: 0\r\n\r\n");
            Answer::After(told.clone(), answer.into())
        }
    };
    let server = Server::start(answer).await;
    let mock = MockTracer::new();
    let names = [("shop.example", &server), ("other.example", &target)];
    let client = TracingClient::from_builder(resolving(&names)).timeout(Duration::from_secs(60));
    let client = client.tracer(mock.tracer().clone()).build().unwrap();
    let started = Instant::now();
    let call = tokio::spawn(client.get(server.url_of("shop.example", "/")).send());
    server.asked().await;
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(40)).await;
    told.notify_one();
    target.asked().await;
    // Nothing is to be done any more, so the clock goes on to the end of the time.
    assert!(call.await.unwrap().unwrap_err().is_timeout());
    assert!(started.elapsed() < Duration::from_secs(80), "the 40 seconds at the first host count: {started:?}");
    let span = only_span(&mock);
    assert_eq!(log(&span, "error")[0].1, "timeout");
    assert_eq!(tag(&span, "http.request.resend_count").as_deref(), Some("1"));
}

#[tokio::test]
async fn ends_once_if_it_is_dropped_at_another_host() {
    let target = Server::start(|_| Answer::Part(Vec::new())).await;
    let server = redirecting_to(target.url_of("other.example", "/end")).await;
    let mock = MockTracer::new();
    let client = client(&mock, &[("shop.example", &server), ("other.example", &target)]);
    let mut call = Box::pin(client.get(server.url_of("shop.example", "/302")).send());
    std::future::poll_fn(|cx| {
        assert!(call.as_mut().poll(cx).is_pending());
        cx.waker().wake_by_ref();
        if target.received().is_empty() { std::task::Poll::Pending } else { std::task::Poll::Ready(()) }
    })
    .await;
    drop(call);
    let span = only_span(&mock);
    assert_eq!(tag(&span, "http.outcome").as_deref(), Some("cancelled"));
    check_redirects(&span, 1);
}

#[tokio::test]
async fn fails_if_another_host_cannot_be_reached() {
    let refusing = Refusing::new();
    let server = redirecting_to(refusing.url()).await;
    let mock = MockTracer::new();
    let client = client(&mock, &[("shop.example", &server)]);
    client.get(server.url_of("shop.example", "/302")).send().await.unwrap_err();
    let span = only_span(&mock);
    assert_eq!(log(&span, "error")[0].1, "connect");
    assert_eq!(tag(&span, "http.status_code"), None);
}

#[tokio::test]
async fn keeps_concurrent_redirects_apart() {
    let target = Server::start(|_| OK).await;
    let server = redirecting_to(target.url_of("other.example", "/end")).await;
    let within = redirecting_to("/end".to_owned()).await;
    let mock = MockTracer::new();
    let names = [("shop.example", &server), ("other.example", &target), ("home.example", &within)];
    let client = client(&mock, &names);
    let calls: Vec<_> = (0..10)
        .flat_map(|_| [server.url_of("shop.example", "/302"), within.url_of("home.example", "/302")])
        .map(|url| tokio::spawn(client.get(url).send()))
        .collect();
    for call in calls {
        call.await.unwrap().unwrap().text().await.unwrap();
    }
    assert!(target.received().iter().all(|request| request.trace_headers().is_empty()));
    assert!(within.received().iter().all(|request| !request.trace_headers().is_empty()));
    mock.finished_spans().iter().for_each(|span| check_redirects(span, 1));
}

#[tokio::test]
async fn follows_with_the_headers_that_a_request_has_of_its_own() {
    let target = Server::start(|_| OK).await;
    let server = redirecting_to(target.url_of("other.example", "/end")).await;
    let mock = MockTracer::new();
    let client = client(&mock, &[("shop.example", &server), ("other.example", &target)]);
    let request = client.get(server.url_of("shop.example", "/302")).header("traceparent", "mine");
    request.without_propagation().send().await.unwrap().text().await.unwrap();
    assert_eq!(target.request().header("traceparent"), Some("mine"));
}

#[tokio::test]
async fn a_ready_made_client_sends_them_along() {
    let target = Server::start(|_| OK).await;
    let server = redirecting_to(target.url_of("other.example", "/end")).await;
    let mock = MockTracer::new();
    let ready_made = resolving(&[("shop.example", &server), ("other.example", &target)]).build().unwrap();
    let client = TracingClient::with_tracer(mock.tracer().clone(), ready_made);
    client.get(server.url_of("shop.example", "/302")).send().await.unwrap().text().await.unwrap();
    assert!(!target.request().trace_headers().is_empty());
    let span = only_span(&mock);
    check_redirects(&span, 0);
    assert_eq!(tag(&span, "peer.ipv4"), None, "the address is that of another host");
}
