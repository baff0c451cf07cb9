//! OpenTracing for reqwest: a span of every request, from sending it to the end of the answer's body, and its context in the headers.
//!
//! ```no_run
//! use opentracing_core::{InSpan, Tracer};
//! use opentracing_reqwest::TracingClient;
//!
//! #[tokio::main(flavor = "current_thread")]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     // `opentracing-reporter` makes a tracer whose spans go somewhere.
//!     let (tracer, _drain) = Tracer::builder("shop").build();
//!     let client = TracingClient::builder().tracer(tracer.clone()).build()?.peer_service("catalog");
//!
//!     let checkout = async {
//!         let call = client.get("http://catalog.example/books/42").operation_name("GET /books/{id}");
//!         let answer: reqwest::Response = call.send().await?;
//!         answer.text().await // The span of the call ends with the body.
//!     };
//!     println!("{}", checkout.in_span(tracer.span("checkout").start()).await?);
//!     Ok(())
//! }
//! ```
//!
//! A ready-made client is wrapped by [`TracingClient::with_tracer`], one request of any client is traced by
//! [`RequestBuilderExt::send_traced`], and for `reqwest-middleware` there is `TracingMiddleware`.
//!
//! # What a span says
//!
//! It is named after the method, or as the request says, and of kind `client`.
//!
//! | tag | value |
//! |---|---|
//! | `component` | `reqwest` |
//! | `http.method` | the method; `_OTHER` if it is none of the known ones, which is then in `http.request.method_original` |
//! | `http.url` | what was asked for, without user name and password, secrets in the query redacted |
//! | `http.status_code` | of the answer, after redirects |
//! | `error` | `true` for 5xx and where there is no answer or not all of it; for 4xx [on request](TracingClient::error_statuses) |
//! | `peer.hostname`, `peer.port` | of the URL |
//! | `peer.ipv4`, `peer.ipv6` | of the URL, or of the connection once there is an answer: behind a proxy, the proxy's |
//! | `peer.service` | [of the request](RequestOptions::peer_service), [of the client](TracingClient::peer_service), [of the host](TracingClient::peer_services), else the host's name |
//! | `http.request.resend_count` | redirects that were followed by a client of [`TracingClient::builder`], attempts before this one as far as `TracingMiddleware` saw them, and what [the request](RequestOptions::resend_counter) says |
//! | `http.outcome` | `cancelled` if nobody waited for the answer, `aborted` if its body was not read to the end |
//! | `http.upgrade` | the protocol that the connection was handed over to, with status 101 |
//!
//! A failure writes a log `event=error` with the causes in `message`, and in `error.kind` one of `timeout`, `dns`, `connect`, `tls`,
//! `proxy`, `redirect`, `builder`, `body`, `decode`, `status`, `request`, `middleware`. What is in `http.outcome` is a log `event` too. A redirect that a
//! client of [`TracingClient::builder`] follows is a log `event=redirect` with `http.status_code` and `http.url`. A
//! [`ReqwestDecorator`] writes what else you want.
//!
//! | what happens | when the span ends |
//! |---|---|
//! | the body is read to its end, or fails | then |
//! | the body has a known length | with its last byte |
//! | there is no body: `HEAD`, 101, 204, 304, length 0 | with the head of the answer |
//! | the answer, or its body, is dropped | then, `aborted` |
//! | the call is dropped before its answer | then, `cancelled` |
//! | there is no answer | with the error |
//!
//! # What it does not
//!
//! - reqwest's own retries happen within one call, and so do redirects: one span. There are no spans of connections.
//! - Only a client of [`TracingClient::builder`] keeps trace headers from other hosts after a redirect. A ready-made client, a single
//!   request and the middleware send them along.
//! - No header and no body becomes a tag.
//! - What the client inside ([`TracingClient::get_ref`]) sends is not traced.
//!
//! # Features
//!
//! | feature | adds |
//! |---|---|
//! | `middleware` | `TracingMiddleware` |
//! | `json`, `query`, `form`, `multipart` | the methods of those names on [`TracingRequestBuilder`] |
//!
//! None is on by default, and none of reqwest's is asked for beside those.

mod body;
mod builder;
mod call;
mod client;
mod decorator;
mod error;
mod extension;
mod future;
#[cfg(feature = "middleware")]
mod middleware;
mod options;
mod redirect;
mod request;
mod settings;

pub use opentracing_core::http_rules::{ErrorText, HeaderTags, HttpFailure, ResendCounter};

pub use crate::builder::TracingClientBuilder;
pub use crate::client::TracingClient;
pub use crate::decorator::ReqwestDecorator;
pub use crate::extension::RequestBuilderExt;
pub use crate::future::ResponseFuture;
#[cfg(feature = "middleware")]
pub use crate::middleware::TracingMiddleware;
pub use crate::options::RequestOptions;
pub use crate::redirect::Redirects;
pub use crate::request::TracingRequestBuilder;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
