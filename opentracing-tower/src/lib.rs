//! Traces HTTP servers and clients that are tower services: axum, hyper, and any other stack with layers.
//!
//! [`TracingLayer`] records a span for each request that a server handles. The span continues the caller's trace, is active in the
//! handler and in the response body, and ends with the body, not with its head. [`TracingClientLayer`] does the same for each request
//! that a client sends, and sends the context along.
//!
//! ```
//! # #[cfg(feature = "axum")]
//! # mod example {
//! use std::net::SocketAddr;
//!
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
//!     // Register a tracer of `opentracing-reporter` here: `Tracer::set_global(tracer)`.
//!     let app = Router::new().route("/users/{id}", get(user)).layer(TracingLayer::new());
//!     let app = app.into_make_service_with_connect_info::<SocketAddr>();
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
//! The operation name is method and route, `GET /users/{id}`. Without a route it is the method alone, `GET`, so that there are few names.
//! Unknown methods become `_OTHER`. The kind is `server`.
//!
//! | tag | value |
//! |---|---|
//! | `component` | `axum` if its router matched the request, else `http`; see [`TracingLayer::component`] |
//! | `http.method` | the method, or `_OTHER` with the method in `http.request.method_original` |
//! | `http.url` | scheme, host, path and query; secrets in the query are `<redacted>`. The scheme is `http` unless the request names it; see [`TracingLayer::scheme`] |
//! | `http.route` | the template of the route; of a service nested at `/assets`, it is `/assets/{*rest}` |
//! | `http.status_code` | the status of the response |
//! | `http.request.body.size`, `http.response.body.size` | bytes, [on request](TracingLayer::body_sizes) |
//! | `error` | `true` for 5xx, errors and panics |
//! | `http.time_to_head_ms` | the time to the head of the response, unless the span ends there |
//! | `http.outcome` | `cancelled` if the client disconnected before the response, `aborted` if within it; otherwise absent |
//! | `http.upgrade` | the protocol of an upgraded connection (status 101), or of extended `CONNECT`; `connect` for a tunnel |
//! | `peer.ipv4`, `peer.ipv6`, `peer.port` | the client that a [trusted proxy](TracingLayer::trusted_proxies) names, else the remote address of the connection |
//! | `network.peer.address`, `network.peer.port` | the remote address of the connection, if a trusted proxy names the client |
//! | `network.protocol.version` | the version of HTTP: `1.1`, `2` |
//! | `user_agent.original` | the header `User-Agent`, 256 bytes of it at most |
//!
//! A layer finds the remote address only in the extensions of the request: as axum's `ConnectInfo<SocketAddr>`, which
//! `into_make_service_with_connect_info` inserts, as a [`SocketAddr`](std::net::SocketAddr) that your accept loop inserts, or where
//! [`TracingLayer::peer_from`] finds it.
//!
//! # Spans of a client
//!
//! The operation name is the method, or an [`OperationName`] from the extensions of the request. The kind is `client`, and the parent is
//! the active span. `http.method`, `http.status_code`, `http.time_to_head_ms`, `error`, `http.outcome` and `http.upgrade` are as above, and:
//!
//! | tag | value |
//! |---|---|
//! | `component` | `http`; see [`TracingClientLayer::component`] |
//! | `http.url` | the URL without user name and password; secrets in the query are `<redacted>` |
//! | `peer.hostname` or `peer.ipv4`, `peer.ipv6` | the host of the URL |
//! | `peer.port` | the port of the URL, or the default port of its scheme |
//! | `peer.service` | from [`PeerServiceName`], [`TracingClientLayer::peer_service`] or [`TracingClientLayer::peer_services`], else the name of the host |
//! | `http.request.resend_count` | how often the request was sent before; see [`CountResendsLayer`] |
//! | `network.protocol.version` | the version of HTTP of the response |
//!
//! In the log of an error, `error.kind` is `timeout`; `dns`, `connect`, `tls` or `proxy` if there was no connection; `reset`, `goaway`,
//! `closed` or `refused_stream` if it ended without a response; `protocol` if the response was not HTTP; `upload` if the body of the request
//! failed; else `service` or `body`. [`TracingRequestExt`] sets the name and the peer of one request. [`Untraced`] and [`WithoutPropagation`] exclude a request from tracing or from propagation.
//!
//! # When a span ends
//!
//! | event | the span |
//! |---|---|
//! | the body ends | ends there |
//! | there is no body: `HEAD`, 204, 304, 101 | ends with the head of the response, or when its body is dropped unread |
//! | all announced bytes were read | ends when the body is dropped |
//! | the client disconnects, HTTP/2 resets the stream, a time-out drops the request | ends there with `http.outcome`; this is not an error |
//! | a client drops the response unread, as after a look at the status | ended with the head; nothing is said of it |
//! | a client drops the body after a part of it was read | ended with that part, with `http.outcome` |
//! | the service or the body returns an error | ends there, with `error` and a log `event=error`, `error.kind`, `message` |
//! | the handler or the body panics | ends there, with `error` and a log `error.kind=panic` |
//! | a layer inside catches the panic | ends with the response that the layer makes, a 500 |
//!
//! [`opentracing_core::panic_hook`] adds the panic's message and place to the log, also where a layer catches the panic.
//!
//! The span of a request ends before the first message of a WebSocket, and before a tunnel carries bytes.
//! [`ConnectionTrace`](opentracing_core::ConnectionTrace) starts spans for these in the trace of the request.
//!
//! The span of a response that streams for hours is reported after hours. [`TracingLayer::end_at_head`] ends it with the head instead,
//! and [`TracingLayer::progress_logs`] records how far it has come.
//!
//! # What is not traced
//!
//! No header, cookie or body becomes a tag unless [`HeaderTags`] or an [`HttpDecorator`] records it. `Forwarded` and `X-Forwarded-*`
//! headers are read only from [trusted proxies](TracingLayer::trusted_proxies). What a client does below the layer, such as retries,
//! redirects and pooled connections, has no spans of its own. Redirects to another host are recognized only behind a
//! [`CountResendsLayer`]. Tracing never fails, delays or changes a request, except for the headers of the context.
//!
//! # Order of layers
//!
//! Put a server's layer outermost. A layer outside of it that drops a response, such as a compression that fails or a `304` made of a
//! `200`, would look like a client that disconnected. In axum, outermost is the last call of `Router::layer`. A layer around a whole router
//! learns the route from a [`MatchedPathLayer`](https://docs.rs/opentracing-tower/latest/opentracing_tower/struct.MatchedPathLayer.html)
//! inside.
//!
//! [`TracingLayer::wrap`] puts a layer around a whole router. `axum::serve` takes a wrapped router as well as a layered one:
//!
//! ```no_run
//! # #[cfg(feature = "axum")]
//! # async fn serve(listener: tokio::net::TcpListener) -> std::io::Result<()> {
//! use std::net::SocketAddr;
//!
//! use axum::{Router, routing::get};
//! use opentracing_tower::{MatchedPathLayer, TracingLayer};
//!
//! let router = Router::new().route("/", get(|| async { "hello" })).layer(MatchedPathLayer::new());
//! let app = TracingLayer::new().wrap(router);
//! // Or `axum::serve(listener, app)`, without the addresses of peers.
//! axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>()).await
//! # }
//! ```
//!
//! Bodies of responses are wrapped, so their type changes. For stacks that demand the type of an untraced service, such as `option_layer` or
//! a boxed service, see [`TracingLayer::body_type`].
//!
//! If a request passes two layers with the same tracer, on a nested router and on the outer one for example, the outer one makes the span, and
//! [`Tracer::report`](opentracing_core::Tracer::report) says that a layer was applied twice.
//!
//! Put a client's layer inside of retries and redirects, so that each attempt is a span, and a [`CountResendsLayer`] outside of them.
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
//! | `axum` | route templates, URLs with the prefix of nested routers, peers from `ConnectInfo`, `MatchedPathLayer`, `axum_body` |
//! | `http2` | the protocol of extended `CONNECT` in `http.upgrade`; without it, only WebSocket is known by its headers |
//! | `hyper-util` | `request` and `get` of hyper-util's client; why there was no response, also for errors that are not boxed |
//!
//! Without `axum` the spans of a server have no route; [`Stats::missing_route`](opentracing_core::Stats) counts them.
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "axum")]
mod axum_serve;
mod body;
mod body_type;
mod client;
mod decorator;
mod exchange;
mod future;
mod hooks;
mod layer;
#[cfg(feature = "axum")]
mod matched_path;
mod name;
#[cfg(feature = "axum")]
mod nested_route;
mod request_size;
mod route;
mod server;
mod service;
mod settings;
mod upgrade;
mod url;

pub use opentracing_core::http_rules::{
    CallerContext, ErrorText, HeaderTags, HttpFailure, OperationName, PeerServiceName, ResendCounter, Untraced,
    WithoutPropagation, is_event_stream,
};

pub use crate::body::ResponseBody;
pub use crate::body_type::{BodyType, WrappedBody};
pub use crate::client::{
    CountResends, CountResendsFuture, CountResendsLayer, TracingClientLayer, TracingClientService, TracingRequestExt,
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
