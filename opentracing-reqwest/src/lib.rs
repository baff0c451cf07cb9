//! OpenTracing for reqwest: a span for every request, from sending it to the end of the response body, with its context in the headers.
//!
//! ```no_run
//! use opentracing_core::{InSpan, Tracer};
//! use opentracing_reqwest::TracingClient;
//!
//! #[tokio::main(flavor = "current_thread")]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     // `opentracing-reporter` makes a tracer whose spans are sent to a backend.
//!     let (tracer, _drain) = Tracer::builder("shop").build();
//!     let client = TracingClient::builder()
//!         .tracer(tracer.clone())
//!         .peer_service("catalog")
//!         .build()?;
//!
//!     let checkout = async {
//!         let book = client.get("http://catalog.example/books/42").operation_name("GET /books/{id}");
//!         let response: reqwest::Response = book.send().await?;
//!         response.text().await // The span of the call ends with the body.
//!     };
//!     println!("{}", checkout.in_span(tracer.span("checkout").start()).await?);
//!     Ok(())
//! }
//! ```
//!
//! [`TracingClient::from_client`] wraps a ready-made client, [`RequestBuilderExt::send_traced`] traces one request of any client,
//! `TracingMiddleware` is for `reqwest-middleware`, and `TracingClientBuilder::build_blocking` for programs without an async runtime.
//!
//! # What a span records
//!
//! The operation name is the method, or the name that the request sets. The kind is `client`.
//!
//! | tag | value |
//! |---|---|
//! | `component` | `reqwest`; see [`TracingClientBuilder::component`] |
//! | `http.method` | the method, or `_OTHER` with the method in `http.request.method_original` |
//! | `http.url` | the requested URL without user name and password; secrets in the query are `<redacted>` |
//! | `http.status_code` | the status of the response, after redirects |
//! | `error` | `true` for 5xx, and if there is no response or not all of it; for 4xx [on request](TracingClientBuilder::error_statuses) |
//! | `peer.hostname`, `peer.port` | from the URL |
//! | `peer.ipv4`, `peer.ipv6` | from the URL, or the remote address of the connection once there is a response: behind a proxy, the proxy's |
//! | `network.peer.port` | the port of the connection, if it is not that of the URL, as behind a proxy |
//! | `network.protocol.version` | the version of HTTP of the response |
//! | `peer.service` | [of the request](RequestOptions::peer_service), [of the client](TracingClientBuilder::peer_service), [by host](TracingClientBuilder::peer_services), else the name of the host |
//! | `http.request.resend_count` | redirects that a client of [`TracingClient::builder`] followed, plus earlier attempts that `TracingMiddleware` saw or [the request](RequestOptions::resend_counter) counts |
//! | `http.request.body.size`, `http.response.body.size` | bytes, [on request](TracingClientBuilder::body_sizes) |
//! | `http.time_to_head_ms` | the time to the head of the response, unless the span ends there |
//! | `http.outcome` | `cancelled` if the call was dropped before the response, `aborted` if reading the body was given up |
//! | `http.upgrade` | the protocol of an upgraded connection (status 101) |
//!
//! A failure has a log `event=error` with the causes in `message`. `error.kind` says where the call failed:
//!
//! | `error.kind` | there is |
//! |---|---|
//! | `dns`, `connect`, `tls`, `proxy` | no connection |
//! | `reset`, `goaway`, `closed`, `refused_stream` | no response: the server reset the connection or stream, sent `GOAWAY`, closed the connection, or refused the stream |
//! | `protocol` | no response in HTTP |
//! | `upload` | no response, since the body of the request failed |
//! | `redirect` | a redirect that the policy refuses |
//! | `body`, `decode` | no complete body: the connection broke, or decompression failed |
//! | `timeout` | no complete response in time |
//! | `builder`, `status`, `request`, `middleware` | another failure |
//!
//! An outcome has a log with the same `event`. A redirect
//! that a client of [`TracingClient::builder`] follows has a log `event=redirect` with `http.status_code` and `http.url`. A
//! [`ReqwestDecorator`] records what else you need.
//!
//! | event | the span |
//! |---|---|
//! | the body is read to its end, or fails | ends there |
//! | the body has a known length | ends with its last byte |
//! | there is no body: `HEAD`, 101, 204, 304, length 0 | ends with the head of the response |
//! | the response is dropped unread, as after a look at the status | ended with the head; nothing is said of it |
//! | the body is dropped after a part of it was read | ended with that part, `aborted` |
//! | the body is dropped while its reader waits for more | ends there, `aborted` |
//! | the call is dropped before the response | ends there, `cancelled` |
//! | there is no response | ends with the error |
//!
//! # What is not traced
//!
//! - reqwest's own retries and redirects happen within one call and share its span. Connections have no spans.
//! - Only a client of [`TracingClient::builder`] does not send trace headers to other hosts after a redirect. A ready-made client, a
//!   single request and the middleware send them along, and so does a builder whose redirect policy is
//!   [a closure](TracingClientBuilder::redirects).
//! - No header becomes a tag unless [`HeaderTags`] or a [`ReqwestDecorator`] records it, and no body.
//! - Requests of the wrapped client itself ([`TracingClient::get_ref`]) are not traced.
//!
//! # Tasks
//!
//! `tokio::spawn` starts a task outside of the active span, and the task's spans start new traces. Pass the span on by
//! `tokio::spawn(future.in_active_span())`, with [`InSpan`](opentracing_core::InSpan). The module `task` of the core (feature `tokio`) does
//! it for `spawn`, `spawn_blocking` and `JoinSet`. The page `docs/jobs.md` of the repository shows channels, cron jobs and queues as well.
//!
//! # Features
//!
//! | feature | adds |
//! |---|---|
//! | `blocking` | `BlockingTracingClient`, for programs without an async runtime |
//! | `middleware` | `TracingMiddleware` |
//! | `json`, `query`, `form`, `multipart` | the methods with these names on [`TracingRequestBuilder`] |
//!
//! No feature is on by default, and this crate enables no others of reqwest.
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "blocking")]
mod blocking;
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
mod redirect_policy;
mod request;
mod settings;
mod tracing_request;

pub use opentracing_core::http_rules::{CallerContext, ErrorText, HeaderTags, HttpFailure, ResendCounter};

#[cfg(feature = "blocking")]
pub use crate::blocking::{Blocking, BlockingTracingClient};
pub use crate::builder::TracingClientBuilder;
pub use crate::client::TracingClient;
pub use crate::decorator::ReqwestDecorator;
pub use crate::extension::RequestBuilderExt;
pub use crate::future::ResponseFuture;
#[cfg(feature = "middleware")]
pub use crate::middleware::{MiddlewareRequestExt, TracingMiddleware};
pub use crate::options::RequestOptions;
pub use crate::redirect_policy::{RedirectAction, RedirectAttempt, RedirectPolicy, Redirects};
pub use crate::request::{Async, TracingRequestBuilder};
pub use crate::tracing_request::{RequestExt, TracingRequest};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
