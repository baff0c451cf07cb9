//! HTTP/2, where frames and resets say what is the end.

use std::convert::Infallible;
use std::io;
use std::sync::Mutex;

use http_body_util::BodyExt;
use http_body_util::channel::{Channel, Sender};
use http_body_util::combinators::BoxBody;
use hyper::body::{Bytes, Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use opentracing_core::mock::MockTracer;
use opentracing_reqwest::TracingClient;
use reqwest::header::HeaderMap;
use tokio::net::TcpListener;

use crate::support::{log, only_span, tag};

type Body = BoxBody<Bytes, io::Error>;

/// Serves one connection, and gives the URL of its server.
async fn serve(answer: impl Fn(&http::Request<Incoming>) -> http::Response<Body> + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let service = service_fn(move |request| std::future::ready(Ok::<_, Infallible>(answer(&request))));
        hyper::server::conn::http2::Builder::new(TokioExecutor::new())
            .serve_connection(TokioIo::new(stream), service)
            .await
    });
    url
}

fn client(mock: &MockTracer) -> TracingClient {
    let builder = reqwest::Client::builder().no_proxy().http2_prior_knowledge();
    TracingClient::from_builder(builder).tracer(mock.tracer().clone()).build().unwrap()
}

fn full(text: &'static str) -> Body {
    http_body_util::Full::from(text).map_err(|never| match never {}).boxed()
}

#[tokio::test]
async fn finishes_with_the_last_frame() {
    let url = serve(|_| http::Response::new(full("ok"))).await;
    let mock = MockTracer::new();
    let mut response = client(&mock).get(&url).send().await.unwrap();
    assert_eq!((response.version(), response.content_length()), (reqwest::Version::HTTP_2, Some(2)));
    assert_eq!(response.chunk().await.unwrap().as_deref(), Some(&b"ok"[..]));
    let span = only_span(&mock);
    assert_eq!((tag(&span, "http.outcome"), tag(&span, "http.status_code").as_deref()), (None, Some("200")));
}

#[tokio::test]
async fn finishes_at_the_head_of_an_answer_to_head() {
    let url = serve(|_| http::Response::builder().header("content-length", "9").body(full("")).unwrap()).await;
    let mock = MockTracer::new();
    drop(client(&mock).head(&url).send().await.unwrap());
    assert_eq!(tag(&only_span(&mock), "http.outcome"), None);
}

#[tokio::test]
async fn finishes_behind_the_trailers() {
    let url = serve(|_| {
        let (mut sender, body) = Channel::<Bytes, io::Error>::new(2);
        sender.try_send(Frame::data("ab".into())).unwrap();
        sender.try_send(Frame::trailers(HeaderMap::new())).unwrap();
        http::Response::new(body.boxed())
    })
    .await;
    let mock = MockTracer::new();
    assert_eq!(client(&mock).get(&url).send().await.unwrap().text().await.unwrap(), "ab");
    let span = only_span(&mock);
    assert_eq!((tag(&span, "http.outcome"), span.is_failed), (None, false));
}

/// Serves a body that comes as the sender says.
async fn serve_piecemeal() -> (Sender<Bytes, io::Error>, String) {
    let (sender, body) = Channel::new(2);
    let body = Mutex::new(Some(body));
    let url = serve(move |_| http::Response::new(body.lock().unwrap().take().unwrap().boxed())).await;
    (sender, url)
}

#[tokio::test]
async fn fails_with_a_reset() {
    let (mock, (mut sender, url)) = (MockTracer::new(), serve_piecemeal().await);
    let mut response = client(&mock).get(&url).send().await.unwrap();
    sender.send_data("ab".into()).await.unwrap();
    assert_eq!(response.chunk().await.unwrap().as_deref(), Some(&b"ab"[..]));
    sender.abort(io::Error::other("no more"));
    response.chunk().await.unwrap_err();
    let span = only_span(&mock);
    assert_eq!((tag(&span, "http.outcome"), span.is_failed), (None, true));
    assert_eq!(log(&span, "error")[0].1, "body");
}

#[tokio::test]
async fn says_that_a_body_was_not_read_to_its_end() {
    let (mock, (mut sender, url)) = (MockTracer::new(), serve_piecemeal().await);
    let mut response = client(&mock).get(&url).send().await.unwrap();
    sender.send_data("ab".into()).await.unwrap();
    assert_eq!(response.chunk().await.unwrap().as_deref(), Some(&b"ab"[..]));
    drop(response);
    assert_eq!(tag(&only_span(&mock), "http.outcome").as_deref(), Some("aborted"));
}
