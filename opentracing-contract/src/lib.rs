//! A contract test suite for tracing adapters of HTTP. The adapters of this project run it, and so can yours.
//!
//! Each check runs with a server and a tracer of its own, on the loopback interface, over HTTP/1 and HTTP/2. The tracer comes from
//! [`mock`](opentracing_core::mock), so no check waits for time to pass. The runtime may have one thread or several. A check that fails
//! shows the expectation and the spans.
//!
//! # Servers
//!
//! An adapter serves a [`Site`], whose paths cover what tracers get wrong, and declares its [features](ServerAdapter::features). It need
//! not be built on `opentracing-tower`.
//!
//! ```
//! use axum::Router;
//! use axum::body::Body;
//! use axum::extract::Request;
//! use axum::routing::any;
//! use opentracing_contract::{ServerAdapter, ServerFeature, Site, check_server};
//! use tokio::net::TcpListener;
//!
//! struct Mine;
//!
//! impl ServerAdapter for Mine {
//!     fn features(&self) -> &[ServerFeature] {
//!         &[ServerFeature::Http1, ServerFeature::Routes]
//!     }
//!
//!     fn serve(
//!         &self,
//!         listener: TcpListener,
//!         site: Site,
//!     ) -> impl Future<Output = ()> + Send + 'static {
//!         let handler = {
//!             let site = site.clone();
//!             any(async move |request: Request| site.answer(request).await.map(Body::new))
//!         };
//!         let router = Site::PATHS
//!             .iter()
//!             .fold(Router::new(), |router, path| router.route(path, handler.clone()));
//!         let (prefix, path) = Site::NESTED;
//!         let router: Router = router.nest(prefix, Router::new().route(path, handler));
//!         // Add the adapter here: `router.layer(…)`, with `site.tracer()`.
//!         async move { drop(axum::serve(listener, router).await) }
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! # let runs = false;
//! # if runs {
//! check_server(Mine).await.assert_ok();
//! # }
//! # assert!(opentracing_contract::server_checks().count() > 50);
//! # }
//! ```
//!
//! # Clients
//!
//! An adapter turns its client into a [`Sender`]. Each check plays the server and writes the responses.
//!
//! ```
//! use opentracing_contract::{AnswerBody, ClientAdapter, ClientFeature, ClientSetup, Sender};
//!
//! struct Mine;
//!
//! impl ClientAdapter for Mine {
//!     fn features(&self) -> &[ClientFeature] {
//!         &[ClientFeature::StartsAtCall]
//!     }
//!
//!     fn client(&self, setup: &ClientSetup) -> Sender {
//!         let client = Client(setup.tracer().clone()); // Use the adapter here.
//!         Sender::new(move |outgoing| {
//!             let answer = client.send(outgoing.request);
//!             async move { Ok(answer.await?.map(AnswerBody::new)) }
//!         })
//!     }
//! }
//! # struct Client(opentracing_core::Tracer);
//! # impl Client {
//! #     fn send(
//! #         &self,
//! #         _: http::Request<bytes::Bytes>,
//! #     ) -> std::future::Ready<std::io::Result<http::Response<axum::body::Body>>> {
//! #         std::future::ready(Ok(http::Response::default()))
//! #     }
//! # }
//! ```
//!
//! [`check_client`] then runs the checks.
//!
//! # What is checked
//!
//! - The parent of a span: contexts of Instana, W3C and B3, baggage, sampling decisions, corrupt headers, public edges.
//! - The active span: in handlers, after an `await`, in bodies, with concurrent requests.
//! - The data of a span: name, route, URL without secrets, method, status, peer, protocol, failures, panics, also in `Service::call`; and
//!   what must not be recorded.
//! - The end of a span: the end of the body, which is easy to miss for `HEAD`, 204, 304 and streams with `content-length`; a client that
//!   disconnects; a reset HTTP/2 stream; the head of an upgrade; the time to the head, and a response of which only the head is wanted.
//!
//! The checks follow those of brave (`ITHttpServer`, `ITHttpClient`), and cover what other adapters get wrong.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod client;
mod server;
mod spans;
mod suite;

pub use crate::client::{
    Answer, AnswerBody, BoxError, ClientAdapter, ClientFeature, ClientSetup, ClientVariant, Outgoing, Sender,
    check_client, client_checks,
};
pub use crate::server::{
    BrokenBody, Protocol, ServerAdapter, ServerFeature, Site, SiteBody, Variant, check_server, server_checks,
};
pub use crate::suite::{FailedCheck, Report};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
