//! The span ends with the body of the answer, once, and the answer stays what it was.

use std::task::{Context, Waker};
use std::time::Duration;

use futures_core::Stream;
use opentracing_core::mock::MockTracer;
use opentracing_core::{OwnedSpan, Value};
use reqwest::{Body, StatusCode, Version};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::server::{Answer, OK, Received, Server, status};
use crate::support::{Refusing, client, log, only_span, tag};

const CHUNKED: &str = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n2\r\ncd\r\n0\r\n\r\n";

#[tokio::test]
async fn finishes_at_the_end_of_the_body() {
    for answer in [OK, CHUNKED] {
        let (mock, server) = (MockTracer::new(), Server::start(move |_| answer).await);
        let mut response = client(&mock, &[]).get(server.url("/")).send().await.unwrap();
        assert!(mock.finished_spans().is_empty(), "the body is still to come");
        while response.chunk().await.unwrap().is_some() {}
        let span = only_span(&mock);
        assert_eq!((tag(&span, "http.outcome"), span.is_failed), (None, false));
        drop(response);
        assert_eq!(mock.finished_spans().len(), 1);
    }
}

#[tokio::test]
async fn finishes_with_the_last_byte_of_a_known_length() {
    let (mock, server) = (MockTracer::new(), Server::start(|_| OK).await);
    let mut response = client(&mock, &[]).get(server.url("/")).send().await.unwrap();
    assert_eq!(response.chunk().await.unwrap().as_deref(), Some(&b"ok"[..]));
    assert_eq!(tag(&only_span(&mock), "http.outcome"), None, "nobody asked for more, and there is no more");
}

#[tokio::test]
async fn finishes_however_the_body_is_read() {
    let check = async |read: &'static str| {
        let (mock, server) = (MockTracer::new(), Server::start(|_| CHUNKED).await);
        let response = client(&mock, &[]).get(server.url("/")).send().await.unwrap();
        let body = match read {
            "bytes" => String::from_utf8(response.bytes().await.unwrap().to_vec()).unwrap(),
            "text" => response.text().await.unwrap(),
            "stream" => {
                let mut stream = std::pin::pin!(response.bytes_stream());
                let mut body = String::new();
                while let Some(piece) = std::future::poll_fn(|cx| stream.as_mut().poll_next(cx)).await {
                    body.push_str(std::str::from_utf8(&piece.unwrap()).unwrap());
                }
                body
            }
            _ => {
                let target = Server::start(|_| OK).await;
                let untraced = reqwest::Client::builder().no_proxy().build().unwrap();
                untraced.post(target.url("/")).body(Body::from(response)).send().await.unwrap();
                String::from_utf8(target.request().body).unwrap()
            }
        };
        assert_eq!(body, "abcd", "{read}");
        assert_eq!(tag(&only_span(&mock), "http.outcome"), None, "{read}");
    };
    check("bytes").await;
    check("text").await;
    check("stream").await;
    check("piped into another request").await;
}

#[tokio::test]
async fn finishes_at_the_head_if_there_is_no_body() {
    let check = async |method: &'static str, answer: &'static str| {
        let (mock, server) = (MockTracer::new(), Server::start(move |_| answer).await);
        let request = client(&mock, &[]).request(method.parse().unwrap(), server.url("/"));
        let response = request.send().await.unwrap();
        assert_eq!(tag(&only_span(&mock), "http.outcome"), None, "{method} {answer:?}");
        drop(response);
        assert_eq!(mock.finished_spans().len(), 1);
    };
    check("HEAD", "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n").await;
    check("HEAD", "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 9\r\n\r\n").await;
    check("HEAD", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await;
    check("GET", "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    check("GET", "HTTP/1.1 204 No Content\r\n\r\n").await;
    check("GET", "HTTP/1.1 204 No Content\r\ncontent-encoding: gzip\r\n\r\n").await;
    check("GET", "HTTP/1.1 304 Not Modified\r\ncontent-length: 9\r\n\r\n").await;
}

#[tokio::test]
async fn an_unread_answer_ends_with_its_head() {
    let unwanted = "HTTP/1.1 404 Not Found\r\ncontent-length: 9\r\n\r\nnot found";
    for answer in [OK, CHUNKED, unwanted, "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n"] {
        let (mock, server) = (MockTracer::new(), Server::start(move |_| Answer::Part(answer.into())).await);
        let sent = client(&mock, &[]).get(server.url("/")).send();
        mock.clock().advance(MINUTE);
        let response = sent.await.unwrap();
        mock.clock().advance(MINUTE);
        drop(response.error_for_status());
        let span = only_span(&mock);
        assert_eq!((tag(&span, "http.outcome"), span.is_failed, span.logs.len()), (None, false, 0), "{answer}");
        assert_eq!(minutes(&span), 1);
        let Some(Value::F64(to_head)) = span.tag("http.time_to_head_ms") else { panic!("it is a number: {span:?}") };
        assert!((60_000.0..60_001.0).contains(&to_head), "{to_head}");
    }
}

#[tokio::test]
async fn an_answer_of_a_status_that_fails_is_silent_too() {
    let (mock, server) = (MockTracer::new(), Server::start(|_| status(503)).await);
    let response = client(&mock, &[]).get(server.url("/")).send().await.unwrap();
    mock.clock().advance(MINUTE);
    response.error_for_status().unwrap_err();
    let span = only_span(&mock);
    assert_eq!((tag(&span, "http.outcome"), span.is_failed, span.logs.len()), (None, true, 0));
    assert_eq!(minutes(&span), 0);
}

#[tokio::test]
async fn a_body_that_was_being_read_is_aborted_at_its_last_frame() {
    let (mock, server) = (MockTracer::new(), Server::start(|_| Answer::Part(PART.into())).await);
    let mut response = client(&mock, &[]).get(server.url("/")).send().await.unwrap();
    mock.clock().advance(MINUTE);
    assert_eq!(response.chunk().await.unwrap().as_deref(), Some(&b"ab"[..]));
    mock.clock().advance(MINUTE);
    assert!(mock.finished_spans().is_empty());
    drop(response);
    let span = only_span(&mock);
    assert_eq!((tag(&span, "http.outcome").as_deref(), span.is_failed), (Some("aborted"), false));
    assert_eq!(log(&span, "aborted")[0].0, "message");
    assert_eq!(tag(&span, "http.status_code").as_deref(), Some("200"));
    assert_eq!(minutes(&span), 1);
    assert_eq!(span.logs[0].unix_ns, span.end_unix_ns(), "no log is later than the end");
}

#[tokio::test]
async fn a_body_that_is_waited_for_lasts_until_it_is_dropped() {
    for read_first in [false, true] {
        let (mock, server) = (MockTracer::new(), Server::start(|_| Answer::Part(PART.into())).await);
        let mut response = client(&mock, &[]).get(server.url("/")).send().await.unwrap();
        if read_first {
            assert_eq!(response.chunk().await.unwrap().as_deref(), Some(&b"ab"[..]));
        } else {
            mock.clock().advance(MINUTE);
        }
        let mut rest = Box::pin(response.bytes());
        let mut cx = Context::from_waker(Waker::noop());
        assert!(rest.as_mut().poll(&mut cx).is_pending());
        mock.clock().advance(MINUTE);
        drop(rest);
        let span = only_span(&mock);
        assert_eq!(tag(&span, "http.outcome").as_deref(), Some("aborted"));
        assert_eq!(minutes(&span), if read_first { 1 } else { 2 });
    }
}

const PART: &str = "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nab";
const MINUTE: Duration = Duration::from_secs(60);

fn minutes(span: &OwnedSpan) -> u64 {
    span.duration().as_secs() / 60
}

#[tokio::test]
async fn fails_with_the_body() {
    let check = async |answer: &'static str| {
        let (mock, server) = (MockTracer::new(), Server::start(move |_| Answer::Last(answer.into())).await);
        let response = client(&mock, &[]).get(server.url("/")).send().await.unwrap();
        let error = response.bytes().await.unwrap_err();
        assert!(error.is_decode(), "reqwest calls it so: {error:?}");
        let span = only_span(&mock);
        assert_eq!((tag(&span, "http.outcome"), span.is_failed), (None, true));
        log(&span, "error")
    };
    let cut = check("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nab").await;
    assert_eq!(cut[0], ("error.kind".to_owned(), "body".to_owned()));
    assert!(cut[1].1.starts_with("request or response body error: "), "{cut:?}");
    let garbled = check("HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 4\r\n\r\nabcd").await;
    assert_eq!(garbled[0].1, "decode");
}

#[tokio::test]
async fn fails_when_the_time_is_over_within_the_body() {
    let answer = || Answer::Part("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nab".into());
    let (mock, server) = (MockTracer::new(), Server::start(move |_| answer()).await);
    let request = client(&mock, &[]).get(server.url("/")).timeout(std::time::Duration::from_secs(60));
    let response = request.send().await.unwrap();
    // From here on the clock runs ahead whenever nothing else is to be done.
    tokio::time::pause();
    let error = response.bytes().await.unwrap_err();
    assert!(error.is_timeout(), "{error:?}");
    let span = only_span(&mock);
    assert!(span.is_failed);
    assert_eq!(log(&span, "error")[0].1, "timeout");
}

#[tokio::test]
async fn leaves_the_answer_as_it_was() {
    let (mock, server) = (
        MockTracer::new(),
        Server::start(|request: &Received| match &*request.path {
            "/gzip" => {
                let mut answer = b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 22\r\n\r\n".to_vec();
                answer.extend([31, 139, 8, 0, 0, 0, 0, 0, 0, 3, 203, 207, 6, 0, 71, 221, 220, 121, 2, 0, 0, 0]);
                Answer::Bytes(answer)
            }
            _ => "HTTP/1.1 418 Short And Stout\r\nx-pot: tea\r\ncontent-length: 2\r\n\r\nok".into(),
        })
        .await,
    );
    let client = client(&mock, &[("pot.example", &server)]);
    let url = server.url_of("pot.example", "/brew?now=1");
    let mut response = client.get(&url).send().await.unwrap();
    assert_eq!(response.url().as_str(), url);
    assert_eq!((response.status(), response.version()), (StatusCode::IM_A_TEAPOT, Version::HTTP_11));
    assert_eq!(response.headers()["x-pot"], "tea");
    assert_eq!(response.content_length(), Some(2));
    assert_eq!(response.remote_addr(), Some(server.address()));
    response.extensions_mut().insert("mine");
    assert_eq!(response.extensions().get::<&str>(), Some(&"mine"));
    let error = response.error_for_status_ref().unwrap_err();
    assert!(error.to_string().contains("Short And Stout"), "{error}");
    assert_eq!(error.url().map(|url| url.as_str()), Some(&*url));
    assert!(response.error_for_status().is_err());
    assert_eq!(tag(&only_span(&mock), "http.outcome"), None, "nobody wanted the body");

    let response = client.get(server.url("/gzip")).send().await.unwrap();
    assert_eq!(response.content_length(), None, "it is not known before it is unpacked");
    assert_eq!(response.text().await.unwrap(), "ok");
}

#[tokio::test]
async fn hands_an_upgraded_connection_over() {
    let mock = MockTracer::new();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            request.push(stream.read_u8().await.unwrap());
        }
        let answer = b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n";
        stream.write_all(answer).await.unwrap();
        let byte = stream.read_u8().await.unwrap();
        stream.write_u8(byte).await.unwrap();
    });
    let request = client(&mock, &[]).get(url).header("connection", "upgrade").header("upgrade", "echo");
    let response = request.send().await.unwrap();
    let span = only_span(&mock);
    assert_eq!(tag(&span, "http.status_code").as_deref(), Some("101"));
    assert_eq!(tag(&span, "http.upgrade").as_deref(), Some("echo"));
    assert_eq!(tag(&span, "http.outcome"), None);
    let mut upgraded = response.upgrade().await.unwrap();
    upgraded.write_u8(7).await.unwrap();
    assert_eq!(upgraded.read_u8().await.unwrap(), 7);
    server.await.unwrap();
}

#[tokio::test]
async fn ends_where_there_is_no_answer() {
    let refusing = Refusing::new();
    let mock = MockTracer::new();
    client(&mock, &[]).get(refusing.url()).send().await.unwrap_err();
    assert!(only_span(&mock).is_failed);
}
