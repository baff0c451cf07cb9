//! Traces gRPC servers and clients of tonic 0.14.
//!
//! [`TracingLayer`] records a span for each call that a server handles. The span continues the caller's trace, is active in the handler
//! and in its response stream, and ends with the trailers, where the status is. [`TracingClientLayer`] does the same for each call that
//! a client makes, and sends the context along.
//!
//! ```no_run
//! use opentracing_tonic::{TracingChannel, TracingLayer};
//! use tonic::service::Routes;
//! use tonic::transport::Server;
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     // Register a tracer of `opentracing-reporter` here: `Tracer::set_global(tracer)`.
//!     let users = TracingChannel::connect_lazy("http://users.acme.example:50051")?; // for `UsersClient::new`
//!     let services = Routes::default(); // `.add_service(GreeterServer::new(greeter))`
//!     let server = Server::builder().layer(TracingLayer::new()).add_routes(services);
//!     server.serve("127.0.0.1:50051".parse()?).await?;
//!     Ok(())
//! }
//! ```
//!
//! # What a span records
//!
//! The operation name is the path without its first slash, `acme.Greeter/Greet`. A path that does not have the form of a call becomes
//! `_OTHER`, and on a server also a service or method that it does not have. The kind is `server` or `client`; the parent of a client's
//! span is the active span.
//!
//! | tag | value |
//! |---|---|
//! | `component` | `tonic`; see [`TracingLayer::component`] |
//! | `rpc.system.name` | `grpc` |
//! | `rpc.method` | as the name; `_OTHER` has the requested method, or the path, in `rpc.method_original` |
//! | `rpc.status_code` | the name of the status, `NOT_FOUND` |
//! | `error` | `true` on a server for `UNKNOWN`, `DEADLINE_EXCEEDED`, `UNIMPLEMENTED`, `INTERNAL`, `UNAVAILABLE`, `DATA_LOSS` and panics, on a client for every code but `OK`; see [`ErrorCodes`]. Calls that the program or the client [drops](#dropped-calls) are no errors |
//! | `grpc.outcome` | `cancelled` if the call was dropped before the response started, `aborted` if it was dropped within it |
//! | `grpc.error.reason`, `grpc.error.domain` | reason and domain of `google.rpc.ErrorInfo` in the details of the status, 63 and 253 bytes of them at most, and only if they are made of letters, digits and `_-./:`; never its metadata |
//! | `grpc.request.messages`, `grpc.response.messages` | the number of messages in each direction, counted by the heads of their frames |
//! | `grpc.timeout_ms` | the caller's time-out, from `grpc-timeout` |
//! | `grpc.deadline_exceeded` | `true` if the call was dropped at its time-out, or ended after it |
//! | `http.status_code` | the HTTP status, if it is not 200 |
//! | `peer.ipv4`, `peer.ipv6`, `peer.port` | of a server's span: the client that a [trusted proxy](TracingLayer::trusted_proxies) names, else the remote address, from tonic's `TcpConnectInfo`, a [`SocketAddr`](std::net::SocketAddr) in the extensions of the request, or axum's `ConnectInfo` (feature `axum`) |
//! | `peer.address` | the Unix socket, `unix:/run/users.sock`; `unix:(unnamed)` if the client of a server has not named its end |
//! | `network.peer.address`, `network.peer.port` | of a server's span: the remote address of the connection, if a trusted proxy names the client |
//! | `peer.hostname` or `peer.ipv4`, `peer.ipv6`, and `peer.port` | of a client's span: from [`TracingChannel::connect`] or [`TracingClientLayer::peer`], in a [balanced channel](TracingClientLayer::balance_list) the endpoint that got the call, else from the URI of the request |
//! | `peer.service` | of a client's span: from [`PeerServiceName`], [`TracingClientLayer::peer_service`] or [`TracingClientLayer::peer_services`], else the name of the host |
//! | `rpc.request.metadata.…`, `rpc.response.metadata.…` | the metadata that [`MetadataTags`] names, and no other |
//!
//! An error has a log `event=error` with the code in `error.kind` and the decoded text of `grpc-message` in `message`. A status that is
//! not an error but has a text has a log `event=status` or `event=cancelled`, a dropped call `event=cancelled` or `event=aborted`.
//!
//! # When a span ends
//!
//! | event | the span |
//! |---|---|
//! | the trailers arrive, or a response of nothing but headers | ends there, with that status |
//! | the response ends without a status | ends there, with the code that gRPC derives from the HTTP status |
//! | the stream is reset, the connection breaks, the service returns an error | ends there, with the code that tonic derives from the error |
//! | the call is dropped: the client disconnects, or the caller drops the future | ends there, `CANCELLED` |
//! | the client does not accept a message | ends there, `OUT_OF_RANGE` or `INTERNAL` |
//! | the call is dropped when its time-out, or the [server's](TracingLayer::server_timeout), has expired | ends there, `DEADLINE_EXCEEDED` |
//! | the handler or its stream panics | ends there, `UNKNOWN`, with `error` and a log `error.kind=panic` |
//!
//! The span of a stream that lasts for hours is reported at its end. Messages are counted and nothing else, however many there are.
//!
//! The time-outs of tonic itself are outside of all layers of a server and inside of those of a client, and tonic reports them as
//! `CANCELLED`. A server's span compares the clock with `grpc-timeout` when it is dropped; a client's span knows the error. The server's own
//! time-out, `Server::timeout`, looks like a client that disconnected, unless [`TracingLayer::server_timeout`] has the same duration.
//!
//! # Dropped calls
//!
//! What a program itself drops is no error: a stream of which it reads only the first messages, a watch that it leaves, the loser of a
//! hedge, a call in a `select!`. Who ended the call decides, and not the code: such a call is `CANCELLED` without the tag `error`, and
//! `grpc.outcome` says how far it came. A `CANCELLED` that the server sends is an error of the client.
//! [`TracingClientLayer::local_cancel_is_error`] makes dropped calls errors. On a server the same holds for calls that the client drops.
//!
//! A layer sees bytes. tonic's client drops a response that it does not accept, and the layer recognises two reasons: a message beyond
//! [`max_decoding_message_size`](TracingClientLayer::max_decoding_message_size) is `OUT_OF_RANGE`, and a first message that is not in Protocol
//! Buffers is `INTERNAL`. For other reasons, such as a text that is not UTF-8, the call looks like one that the program has dropped. A request
//! that cannot be sent, because a message is too large, has the status of its own stream and not that of the reset. If a client gives up while it still sends, the server
//! learns of it when the request ends, since only then the connection resets the stream.
//!
//! # Context in metadata
//!
//! Contexts are read and written in all formats of the tracer, as text. `grpc-trace-bin` is read if there is no other context, and written
//! if [`TracingClientLayer::grpc_trace_bin`] says so. What metadata cannot hold, such as a baggage item with an illegal name, is left out.
//! A context that cannot be read is counted, and the call begins a trace.
//!
//! # Tasks
//!
//! `tokio::spawn` starts a task outside of the active span, and the task's spans start new traces. Pass the span on by
//! [`in_active_span`](opentracing_core::InSpan::in_active_span). The module `task` of the core (feature `tokio`) does it for `spawn`,
//! `spawn_blocking` and `JoinSet`. The page `docs/jobs.md` of the repository shows channels, cron jobs and queues as well.
//!
//! A response stream is polled with the span active, so spans that start in it are children of the call. A task that feeds a stream needs
//! the span passed on. The span of the call still ends with the stream.
//!
//! ```
//! use opentracing_core::{InSpan, Tracer};
//! use tokio::sync::mpsc;
//! use tokio_stream::wrappers::ReceiverStream;
//! use tonic::{Request, Response, Status};
//!
//! type Replies = ReceiverStream<Result<String, Status>>;
//!
//! async fn countdown(tracer: Tracer, request: Request<u32>) -> Result<Response<Replies>, Status> {
//!     let (sender, replies) = mpsc::channel(8);
//!     let work = async move {
//!         for number in (0..request.into_inner()).rev() {
//!             let span = tracer.span("count").start();
//!             // An error says that the client has left.
//!             if sender.send(Ok(number.to_string())).in_span(span).await.is_err() {
//!                 return;
//!             }
//!         }
//!     };
//!     tokio::spawn(work.in_active_span());
//!     Ok(Response::new(ReceiverStream::new(replies)))
//! }
//! # let _ = countdown;
//! ```
//!
//! # gRPC-Web
//!
//! `application/grpc-web` and `application/grpc-web-text` are traced like other calls, outside and inside of the layers of tonic-web: the
//! status is read from the trailers in the body.
//!
//! # What is not traced
//!
//! Requests that are not gRPC pass through; `opentracing-tower` traces those. No metadata and no message becomes a tag unless
//! [`MetadataTags`] or a [`GrpcDecorator`] records it. The request stream of a client runs in a task of the connection, not in the span.
//! Messages have no spans or logs of their own. Tracing never fails, delays or changes a call, except for the metadata of the context.
//!
//! # Interceptors
//!
//! An interceptor sees the start of a call and not its end, so it cannot make a span. [`ContextInterceptor`] sends the active span along
//! from a client. [`extract`] reads the context in a handler, which can then start a span of its own.
//!
//! # Features
//!
//! | feature | adds |
//! |---|---|
//! | `axum` | the peer of a server in axum's router, from `ConnectInfo` |
//!
//! # Order of layers
//!
//! Put a server's layer outermost, as the first one given to `Server::builder()`. In an axum router, the layer of `opentracing-tower` may be
//! outside of this one: if both have the same tracer, a call has one server span, with the tags of both. To trace a single service, add it
//! as `TracingLayer::new().wrap(service)`.
//!
//! Put a client's layer inside of retries, so that each attempt is a span. Responses have `tonic::body::Body`, with and without tracing, so a
//! [`TracingChannel`] can be a field of a service of your own:
//!
//! ```
//! use std::task::{Context, Poll};
//!
//! use http::{Request, Response};
//! use opentracing_tonic::TracingChannel;
//! use tonic::body::Body;
//! use tower_service::Service;
//!
//! struct Authorized {
//!     inner: TracingChannel,
//! }
//!
//! impl Service<Request<Body>> for Authorized {
//!     type Response = Response<Body>;
//!     type Error = tonic::transport::Error;
//!     type Future = <TracingChannel as Service<Request<Body>>>::Future;
//!
//!     fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
//!         self.inner.poll_ready(cx)
//!     }
//!
//!     fn call(&mut self, mut request: Request<Body>) -> Self::Future {
//!         request.headers_mut().insert("x-tenant", http::HeaderValue::from_static("7"));
//!         self.inner.call(request)
//!     }
//! }
//! ```
#![cfg_attr(docsrs, feature(doc_cfg))]

mod body;
mod call;
mod carrier;
mod client;
mod codes;
mod deadline;
mod decorator;
mod error_info;
mod frames;
mod framing;
mod future;
mod layer;
mod metadata;
mod path;
mod protobuf;
mod refusal;
mod request_body;
mod server;
mod service;
mod settings;
mod status;

pub use opentracing_core::http_rules::{PeerServiceName, Untraced, WithoutPropagation};

pub use crate::body::ResponseBody;
pub use crate::carrier::extract;
pub use crate::client::{ContextInterceptor, EndpointExt, TracingChannel, TracingClientLayer};
pub use crate::codes::{ErrorCodes, code_name};
pub use crate::decorator::{Cause, Ending, GrpcDecorator};
pub use crate::future::ResponseFuture;
pub use crate::layer::TracingLayer;
pub use crate::metadata::MetadataTags;
pub use crate::service::Tracing;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
