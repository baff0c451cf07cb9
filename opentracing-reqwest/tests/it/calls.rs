//! What the span of a call says, and how a request is made.

use std::time::Duration;

use opentracing_core::http_rules::PeerServices;
use opentracing_core::mock::MockTracer;
use opentracing_core::{SpanKind, Tracer};
use opentracing_reqwest::{RequestOptions, TracingClient, TracingClientBuilder};
use reqwest::header::HeaderMap;
use reqwest::{Method, Request, Version};

use crate::server::{OK, Server};
use crate::support::{builder, client, only_span, resolving, tag, tags};

#[tokio::test]
async fn tells_what_was_called() {
    let (mock, server) = (MockTracer::new(), Server::start(|_| OK).await);
    let url = server.url_of("catalog.example", "/books?q=rust");
    let port = server.address().port().to_string();
    client(&mock, &[("catalog.example", &server)]).get(&url).send().await.unwrap().bytes().await.unwrap();
    let span = only_span(&mock);
    assert_eq!((&*span.operation_name, span.kind, span.is_failed), ("GET", SpanKind::Client, false));
    let expected = [
        ("component", "reqwest"),
        ("http.method", "GET"),
        ("http.url", &*url),
        ("peer.service", "catalog.example"),
        ("peer.hostname", "catalog.example"),
        ("peer.port", &*port),
        ("http.status_code", "200"),
        ("network.protocol.version", "1.1"),
        ("peer.ipv4", "127.0.0.1"),
    ];
    let mut tags = tags(&span);
    assert_eq!(tags.pop().map(|(key, _)| key), Some("http.time_to_head_ms"));
    assert_eq!(tags, expected.map(|(key, value)| (key, value.to_owned())));
    assert!(span.logs.is_empty(), "{:?}", span.logs);
}

#[tokio::test]
async fn sends_with_every_verb() {
    let (mock, server) = (MockTracer::new(), Server::start(|_| OK).await);
    let (client, url) = (client(&mock, &[]), server.url("/"));
    for request in [client.get(&url), client.post(&url), client.put(&url), client.patch(&url), client.delete(&url)] {
        assert_eq!(request.send().await.unwrap().text().await.unwrap(), "ok");
    }
    client.request(Method::OPTIONS, &url).send().await.unwrap().text().await.unwrap();
    let request = Request::new(Method::from_bytes(b"PROPFIND").unwrap(), url.parse().unwrap());
    client.execute(request).await.unwrap().text().await.unwrap();
    let methods: Vec<_> = server.received().into_iter().map(|request| request.method).collect();
    assert_eq!(methods, ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"]);
    let spans = mock.finished_spans();
    let names: Vec<_> = spans.iter().map(|span| &*span.operation_name).collect();
    assert_eq!(names, ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "_OTHER"]);
    assert_eq!(tag(&spans[6], "http.request.method_original").as_deref(), Some("PROPFIND"));
}

#[tokio::test]
async fn builds_requests_as_reqwest_does() {
    let (mock, server) = (MockTracer::new(), Server::start(|_| OK).await);
    let mut headers = HeaderMap::new();
    headers.insert("x-two", "2".parse().unwrap());
    let request = client(&mock, &[])
        .post(server.url("/"))
        .header("x-one", "1")
        .headers(headers)
        .basic_auth("me", Some("pw"))
        .version(Version::HTTP_11)
        .timeout(Duration::from_secs(60))
        .body("hello")
        .map(|builder| builder.header("x-three", "3"));
    let copy = request.try_clone().unwrap();
    assert_eq!(copy.build().unwrap().timeout(), Some(&Duration::from_secs(60)));
    request.send().await.unwrap();
    let received = server.request();
    assert_eq!(["x-one", "x-two", "x-three"].map(|name| received.header(name)), [Some("1"), Some("2"), Some("3")]);
    assert_eq!(received.header("authorization"), Some("Basic bWU6cHc="));
    assert_eq!(received.body, b"hello");
}

#[cfg(all(feature = "json", feature = "query", feature = "form"))]
#[tokio::test]
async fn sends_queries_json_and_forms() {
    let (mock, server) = (MockTracer::new(), Server::start(|_| OK).await);
    let client = client(&mock, &[]);
    client.post(server.url("/json")).query(&[("page", "2")]).json(&["a"]).bearer_auth("me").send().await.unwrap();
    client.post(server.url("/form")).form(&[("name", "b")]).send().await.unwrap();
    let received = server.received();
    assert_eq!((&*received[0].path, &*received[0].body), ("/json?page=2", &b"[\"a\"]"[..]));
    assert_eq!(received[0].header("authorization"), Some("Bearer me"));
    assert_eq!((&*received[1].path, &*received[1].body), ("/form", &b"name=b"[..]));
}

#[tokio::test]
async fn makes_no_span_of_a_request_that_cannot_be_built() {
    let mock = MockTracer::new();
    let error = client(&mock, &[]).get("no url").send().await.unwrap_err();
    assert!(error.is_builder());
    assert!(mock.finished_spans().is_empty());
}

#[tokio::test]
async fn takes_user_and_secrets_out_of_the_url() {
    let (mock, server) = (MockTracer::new(), Server::start(|_| OK).await);
    let url = format!("http://me:pw@{}/books?q=rust&api_key=sesame#top", server.address());
    client(&mock, &[]).get(&url).send().await.unwrap();
    client(&mock, &[]).execute(Request::new(Method::GET, url.parse().unwrap())).await.unwrap();
    for span in mock.finished_spans() {
        let expected = format!("http://{}/books?q=rust&api_key=<redacted>", server.address());
        assert_eq!(tag(&span, "http.url"), Some(expected));
    }
    let received = server.received();
    assert_eq!(received[0].path, "/books?q=rust&api_key=sesame", "the request itself stays as it is");
    assert_eq!(received[0].header("authorization"), Some("Basic bWU6cHc="));
}

#[tokio::test]
async fn is_a_child_of_the_span_that_is_active_when_sending() {
    let (mock, server) = (MockTracer::new(), Server::start(|_| OK).await);
    let client = client(&mock, &[]);
    let sent = {
        let _scope = mock.tracer().span("checkout").start_active();
        client.get(server.url("/")).send()
    };
    sent.await.unwrap().text().await.unwrap();
    client.get(server.url("/")).operation_name("GET /{book}").send().await.unwrap().text().await.unwrap();
    mock.assert_tree(
        "
        checkout
          GET (client)
        GET /{book} (client)
        ",
    );
}

#[tokio::test]
async fn names_the_service_that_is_called() {
    let server = Server::start(|_| OK).await;
    let check =
        async |host: &str, settings: fn(TracingClientBuilder) -> TracingClientBuilder, given: Option<&'static str>| {
            let mock = MockTracer::new();
            let client = settings(builder(&mock, &[("books.example", &server)])).build().unwrap();
            let mut options = RequestOptions::new();
            if let Some(given) = given {
                options = options.peer_service(given);
            }
            client.get(server.url_of(host, "/")).options(options).send().await.unwrap().text().await.unwrap();
            let span = only_span(&mock);
            (tag(&span, "peer.service"), span.is_peer_service_derived)
        };
    fn plain(client: TracingClientBuilder) -> TracingClientBuilder {
        client
    }
    fn named(client: TracingClientBuilder) -> TracingClientBuilder {
        client.peer_service("catalog")
    }
    fn mapped(client: TracingClientBuilder) -> TracingClientBuilder {
        client.peer_services(PeerServices::new().with_host("*.example", "shelf").unwrap())
    }
    let derived = |name: &str| (Some(name.to_owned()), true);
    let given = |name: &str| (Some(name.to_owned()), false);
    assert_eq!(check("books.example", plain, None).await, derived("books.example"));
    assert_eq!(check("127.0.0.1", plain, None).await, (None, false));
    assert_eq!(check("localhost", plain, None).await, (None, false));
    assert_eq!(check("books.example", mapped, None).await, given("shelf"));
    assert_eq!(check("localhost", mapped, None).await, (None, false));
    assert_eq!(check("books.example", named, None).await, given("catalog"));
    assert_eq!(check("books.example", |client| named(mapped(client)), None).await, given("catalog"));
    assert_eq!(check("books.example", named, Some("request")).await, given("request"));
}

#[tokio::test]
async fn counts_what_was_sent_before() {
    let (mock, server) = (MockTracer::new(), Server::start(|_| OK).await);
    client(&mock, &[]).get(server.url("/")).resend_count(2).send().await.unwrap();
    assert_eq!(tag(&only_span(&mock), "http.request.resend_count").as_deref(), Some("2"));
}

#[tokio::test]
async fn serves_without_a_tracer() {
    let server = Server::start(|_| OK).await;
    let wrapped = TracingClient::with_tracer(Tracer::noop(), resolving(&[]).build().unwrap());
    let built = TracingClient::from_builder(resolving(&[])).tracer(Tracer::noop()).build().unwrap();
    for client in [wrapped, built] {
        let request = client.get(server.url("/")).header("traceparent", "mine");
        assert_eq!(request.send().await.unwrap().text().await.unwrap(), "ok");
    }
    for request in server.received() {
        assert_eq!(request.header("traceparent"), Some("mine"));
    }
}

#[tokio::test]
async fn keeps_concurrent_calls_apart() {
    let mock = MockTracer::new();
    let server = Server::start(|request| {
        let length = request.path.len();
        format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{}", request.path)
    })
    .await;
    let client = client(&mock, &[]);
    let calls: Vec<_> = (0..20)
        .map(|number| {
            let name = format!("parent {number}");
            let scope = mock.tracer().span(&name).start_active();
            let request = client.get(server.url(&format!("/{number}"))).send();
            drop(scope);
            tokio::spawn(async move { request.await.unwrap().text().await.unwrap() })
        })
        .collect();
    for (number, call) in calls.into_iter().enumerate() {
        assert_eq!(call.await.unwrap(), format!("/{number}"));
    }
    let spans = mock.finished_spans();
    assert_eq!(spans.len(), 40);
    for request in server.received() {
        let span_id = &request.header("traceparent").unwrap()[36..52];
        let call = spans.iter().find(|span| span.context.span_id().to_string() == span_id).unwrap();
        assert!(tag(call, "http.url").unwrap().ends_with(&request.path));
        let parent = spans.iter().find(|span| Some(span.context.span_id()) == call.parent_id).unwrap();
        assert_eq!(*parent.operation_name, format!("parent {}", &request.path[1..]));
    }
}
