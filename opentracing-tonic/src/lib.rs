//! Traces gRPC servers and clients made with tonic 0.14.
//!
//! [`TracingLayer`] gives each call that is served a span, which continues the caller's trace, is active in the handler and in
//! what it streams, and ends where the call ends: at the trailers, where the status is. [`TracingClientLayer`] does the same for each
//! call that is made, and sends the context along.
//!
//! ```no_run
//! use opentracing_tonic::{TracingChannel, TracingClientLayer, TracingLayer};
//! use tonic::service::Routes;
//! use tonic::transport::{Endpoint, Server};
//!
//! /// Generated clients take it in the place of a `Channel`: `GreeterClient<TracingChannel>`.
//! fn channel() -> TracingChannel {
//!     let endpoint = Endpoint::from_static("http://users.acme.example:50051");
//!     TracingClientLayer::new().peer(&endpoint).wrap(endpoint.connect_lazy())
//! }
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     // A tracer made with `opentracing-reporter` is registered here: `Tracer::set_global(tracer)`.
//!     let services = Routes::default(); // `.add_service(GreeterServer::new(greeter))`
//!     Server::builder().layer(TracingLayer::new()).add_routes(services).serve("127.0.0.1:50051".parse()?).await?;
//!     Ok(())
//! }
//! ```
//!
//! # What a span says
//!
//! The name is the path without its first slash, `acme.Greeter/Greet`; a path that calls nothing is `_OTHER`. The kind is `server` or
//! `client`; the parent of a client's span is the active one.
//!
//! | tag | value |
//! |---|---|
//! | `component` | `tonic`; see [`TracingLayer::component`] |
//! | `rpc.system.name` | `grpc` |
//! | `rpc.method` | as the name; of a path that calls nothing `_OTHER`, and `rpc.method_original` has what came |
//! | `rpc.status_code` | the status by name, `NOT_FOUND` |
//! | `error` | `true` on a server for `UNKNOWN`, `DEADLINE_EXCEEDED`, `UNIMPLEMENTED`, `INTERNAL`, `UNAVAILABLE`, `DATA_LOSS` and panics, on a client for every code but `OK`; see [`ErrorCodes`] |
//! | `grpc.request.messages`, `grpc.response.messages` | how many messages there were either way, by the heads of their frames |
//! | `grpc.timeout_ms` | the time that the caller gave, from `grpc-timeout` |
//! | `grpc.deadline_exceeded` | `true` if the call was given up for its time-out, or ended beyond it |
//! | `http.status_code` | of an answer whose HTTP status is not 200 |
//! | `peer.ipv4`, `peer.ipv6`, `peer.port` | of a server: the other side of the connection, as tonic's `TcpConnectInfo` has it, or a [`SocketAddr`](std::net::SocketAddr) among the request's extensions |
//! | `peer.hostname` or `peer.ipv4`, `peer.ipv6`, and `peer.port` | of a client: what [`TracingClientLayer::peer`] was given, else what the request's URI names |
//! | `peer.service` | of a client: from [`PeerServiceName`], [`TracingClientLayer::peer_service`] or [`TracingClientLayer::peer_services`], else the name of the host |
//! | `rpc.request.metadata.…`, `rpc.response.metadata.…` | the metadata that [`MetadataTags`] names, and no other |
//!
//! An error has a log `event=error` with the code in `error.kind` and the text of `grpc-message`, decoded, in `message`. A status that is
//! no error and has a text has a log `event=status`, or `event=cancelled`.
//!
//! # When a span ends
//!
//! | what happens | the span |
//! |---|---|
//! | the trailers come, or an answer of nothing but a status | ends there, with that status |
//! | the answer ends without a status | ends there, with the code that gRPC makes of the HTTP status |
//! | the stream is reset, the connection breaks, the service returns an error | ends there, with the code that tonic makes of the error |
//! | the call is dropped: the client left, or nobody wants the answer any more | ends there, `CANCELLED` |
//! | the call is dropped when its time is over | ends there, `DEADLINE_EXCEEDED` |
//! | the handler or its stream panics | ends there, `UNKNOWN`, with `error` and a log `error.kind=panic` |
//!
//! The span of a stream that lasts for hours is reported at its end. However many messages there are, they are counted and nothing
//! else.
//!
//! tonic's own time-outs lie outside of any layer of a server and inside of those of a client, and tonic calls them `CANCELLED`. A server's
//! span compares the clock with `grpc-timeout` when it is dropped; a client's knows the error. A time-out that the server has by itself,
//! `Server::timeout`, looks like a client that left.
//!
//! A layer sees bytes: a client that gives up because it cannot read a message has dropped its call. A client that gives up while it
//! still sends is noticed by the server when that ends, too, for only then its connection resets the stream.
//!
//! # Context in metadata
//!
//! Read and written in all formats of the tracer, as text. `grpc-trace-bin` is read where there is nothing else, and written where
//! [`TracingClientLayer::grpc_trace_bin`] says so. What no metadata can hold, a baggage item of a strange name, is left out; metadata that
//! cannot be read begin a trace and are counted.
//!
//! # gRPC-Web
//!
//! `application/grpc-web` and `application/grpc-web-text` are calls as others are, outside of the layers of tonic-web and inside: the
//! status is found in the body where it has its trailers.
//!
//! # What is not traced
//!
//! Requests that are not gRPC go through untouched; `opentracing-tower` traces those. No metadata and no message becomes a tag unless
//! [`MetadataTags`] or a [`GrpcDecorator`] makes it one. What a client's stream of requests does while it is sent runs in a task of the
//! connection, not in the span; messages have no spans or logs of their own. A call is never failed, delayed or changed because
//! of tracing, save for the metadata of the context.
//!
//! # Interceptors
//!
//! An interceptor sees a call begin and not end, so it cannot make its span. For clients there is [`ContextInterceptor`], which sends the
//! active span along; for handlers there is [`extract`], with which they start a span of their own.
//!
//! # Order of layers
//!
//! A server's layer belongs to the outside, the first that is given to `Server::builder()`. A client's layer belongs to the inside of
//! retries, where each attempt is a span.

mod body;
mod call;
mod carrier;
mod client;
mod codes;
mod deadline;
mod decorator;
mod frames;
mod framing;
mod future;
mod layer;
mod metadata;
mod path;
mod request_body;
mod server;
mod service;
mod settings;
mod status;

pub use opentracing_core::http_rules::{PeerServiceName, Untraced, WithoutPropagation};

pub use crate::body::ResponseBody;
pub use crate::carrier::extract;
pub use crate::client::{ContextInterceptor, TracingChannel, TracingClientLayer};
pub use crate::codes::{ErrorCodes, code_name};
pub use crate::decorator::{Cause, Ending, GrpcDecorator};
pub use crate::future::ResponseFuture;
pub use crate::layer::TracingLayer;
pub use crate::metadata::MetadataTags;
pub use crate::service::Tracing;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
