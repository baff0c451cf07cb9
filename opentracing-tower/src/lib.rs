//! Traces HTTP servers and clients that are made of tower services: axum, hyper, and whatever else has layers.
//!
//! [`TracingLayer`] gives each request that is served a span, which continues the caller's trace, is active in the handler and in
//! the body of its answer, and ends where the answer ends: at the end of the body, not at its head. [`TracingClientLayer`] does the
//! same for each request that is made, and sends the context along.
//!
//! ```
//! # #[cfg(feature = "axum")]
//! # mod example {
//! use axum::{Router, extract::Path, routing::get};
//! use opentracing_core::Tracer;
//! use opentracing_tower::TracingLayer;
//!
//! async fn user(Path(id): Path<u64>) -> String {
//!     Tracer::global().with_active(|span| {
//!         span.set_tag("user.id", id);
//!     });
//!     format!("user {id}")
//! }
//!
//! #[tokio::main(flavor = "current_thread")]
//! pub async fn main() -> std::io::Result<()> {
//!     // A tracer made with `opentracing-reporter` is registered here: `Tracer::set_global(tracer)`.
//!     let app = Router::new().route("/users/{id}", get(user)).layer(TracingLayer::new());
//!     let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
//! #   return Ok(drop((app, listener)));
//!     axum::serve(listener, app).await
//! }
//! # }
//! # #[cfg(feature = "axum")]
//! # example::main().unwrap();
//! ```
//!
//! # Spans of a server
//!
//! The name is method and route, `GET /users/{id}`; without a route it is the method alone, `GET`, so that names stay few. Methods that
//! no registry knows are `_OTHER`. The kind is `server`.
//!
//! | tag | value |
//! |---|---|
//! | `component` | `axum` if its router matched the request, else `http`; see [`TracingLayer::component`] |
//! | `http.method` | the method, or `_OTHER`; then `http.request.method_original` has what came |
//! | `http.url` | scheme, host, path and query; secrets in the query are `<redacted>`. The scheme is `http` unless the request names it |
//! | `http.route` | the template of the route |
//! | `http.status_code` | the answer's status |
//! | `http.request.body.size`, `http.response.body.size` | bytes, [if asked for](TracingLayer::body_sizes) |
//! | `error` | `true` for 5xx, errors and panics |
//! | `http.outcome` | `cancelled` if the client left before the answer, `aborted` if within it; absent otherwise |
//! | `http.upgrade` | the protocol that the connection was handed over to by a 101 |
//! | `peer.ipv4`, `peer.ipv6`, `peer.port` | the client that a [trusted proxy](TracingLayer::trusted_proxies) asks for, else the other side of the connection, if the request's extensions have it: as axum's `ConnectInfo<SocketAddr>`, or as a [`SocketAddr`](std::net::SocketAddr) that your own accept loop put there |
//!
//! # Spans of a client
//!
//! The name is the method, or what an [`OperationName`] among the request's extensions says. The kind is `client`; the parent is the
//! active span. `http.method`, `http.status_code`, `error` and `http.outcome` are as above, and:
//!
//! | tag | value |
//! |---|---|
//! | `component` | `http`; see [`TracingClientLayer::component`] |
//! | `http.url` | the URL without user name and password; secrets in the query are `<redacted>` |
//! | `peer.hostname` or `peer.ipv4`, `peer.ipv6` | the host of the URL |
//! | `peer.port` | the port of the URL, or the one that its scheme implies |
//! | `peer.service` | from [`PeerServiceName`], [`TracingClientLayer::peer_service`] or [`TracingClientLayer::peer_services`], else the name of the host |
//! | `http.request.resend_count` | how often the request was sent before; see [`CountResendsLayer`] |
//!
//! In the log of an error, `error.kind` is `timeout`, or `dns`, `connect`, `tls` or `proxy` where there was no connection, else
//! `service` or `body`. [`Untraced`] and [`WithoutPropagation`] let a request opt out.
//!
//! # When a span ends
//!
//! | what happens | the span |
//! |---|---|
//! | the body comes to its end | ends there |
//! | there is no body: `HEAD`, 204, 304, 101 | ends with the head of the answer or when its body is dropped unread |
//! | as many bytes as announced were read | ends when the body is dropped |
//! | the client leaves, HTTP/2 resets the stream, a time limit drops the request | ends there, `http.outcome` says so; no error |
//! | the service or the body returns an error | ends there, with `error` and a log `event=error`, `error.kind`, `message` |
//! | the handler or the body panics | ends there, with `error` and a log `error.kind=panic` |
//!
//! The span of an answer that streams for hours lasts for hours, and is reported at its end. [`TracingLayer::end_at_head`] ends it
//! with the head instead, [`TracingLayer::progress_logs`] tells how far it came meanwhile.
//!
//! # What is not traced
//!
//! No header, no cookie and no body becomes a tag unless [`HeaderTags`] or a [`SpanDecorator`] makes it one. `Forwarded` and
//! `X-Forwarded-…` are read from [trusted proxies](TracingLayer::trusted_proxies) only. What a client does after a layer, retries, redirects and connections of a pool, has no spans of
//! its own. A redirect to another host is recognised behind a [`CountResendsLayer`] only. A request is never failed, delayed or changed because of tracing, save for the headers of the context.
//!
//! # Order of layers
//!
//! A server's layer belongs to the outside: what throws an answer away, a compression that fails, a `304` made of a `200`, would
//! otherwise look like a client that left. In axum that means `Router::layer` as the last call. A layer around the router as a whole
//! is told the route by [`MatchedPathLayer`](https://docs.rs/opentracing-tower/latest/opentracing_tower/struct.MatchedPathLayer.html)
//! inside. A client's layer belongs to the inside of retries and of
//! redirects, where each attempt is a span, and a [`CountResendsLayer`] to the outside of them.
//!
//! # Features
//!
//! | feature | adds |
//! |---|---|
//! | `axum` | route templates, URLs before nested routers take their prefix away, peers from `ConnectInfo`, `MatchedPathLayer` |
//! | `hyper-util` | `request` and `get` of hyper-util's client; why it could not connect, also where its error is not boxed |
//!
//! Without `axum` a server span has no route; [`Stats::missing_route`](opentracing_core::Stats) counts those.

mod body;
mod client;
mod decorator;
mod exchange;
mod future;
mod hooks;
mod layer;
#[cfg(feature = "axum")]
mod matched_path;
mod name;
mod request_size;
mod route;
mod server;
mod service;
mod settings;
mod url;

pub use opentracing_core::http_rules::{
    ErrorText, HeaderTags, HttpFailure, OperationName, PeerServiceName, ResendCounter, Untraced, WithoutPropagation,
    is_event_stream,
};

pub use crate::body::ResponseBody;
pub use crate::client::{
    CountResends, CountResendsFuture, CountResendsLayer, TracingClientLayer, TracingClientService,
};
pub use crate::decorator::{HttpDecorator, StandardDecorator};
pub use crate::future::ResponseFuture;
pub use crate::layer::TracingLayer;
#[cfg(feature = "axum")]
pub use crate::matched_path::{MatchedPathLayer, MatchedPathService};
pub use crate::request_size::{CountedBody, RequestSizeLayer, RequestSizeService};
pub use crate::server::ServerTiming;
pub use crate::service::Tracing;

#[cfg(all(doctest, feature = "axum"))]
#[doc = include_str!("../README.md")]
struct Readme;
