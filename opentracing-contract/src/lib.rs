//! What a tracing adapter of HTTP must do, as checks that any such adapter can be run through: those of this suite are, and so can
//! yours.
//!
//! Each check runs on a server and a tracer of its own, on the loopback interface, over HTTP/1 and HTTP/2. The tracer is
//! [`mock`](opentracing_core::mock)'s, so nothing waits for time to pass. The runtime may have one thread or several. A check that fails
//! says what should have been, and shows the spans.
//!
//! # A server
//!
//! An adapter serves a [`Site`], whose paths answer in every way that a tracer may get wrong, and says what it
//! [has](ServerAdapter::features). It need not be made of `opentracing-tower`.
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
//!     fn serve(&self, listener: TcpListener, site: Site) -> impl Future<Output = ()> + Send + 'static {
//!         let handler = {
//!             let site = site.clone();
//!             any(async move |request: Request| site.answer(request).await.map(Body::new))
//!         };
//!         let router = Site::PATHS.iter().fold(Router::new(), |router, path| router.route(path, handler.clone()));
//!         let (prefix, path) = Site::NESTED;
//!         let router: Router = router.nest(prefix, Router::new().route(path, handler));
//!         // Here the adapter comes in: `router.layer(…)`, with `site.tracer()`.
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
//! # A client
//!
//! An adapter makes a [`Sender`] of a client that calls a server, which each check answers for by hand.
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
//!         let client = Client(setup.tracer().clone()); // Here the adapter comes in.
//!         Sender::new(move |outgoing| {
//!             let answer = client.send(outgoing.request);
//!             async move { Ok(answer.await?.map(AnswerBody::new)) }
//!         })
//!     }
//! }
//! # struct Client(opentracing_core::Tracer);
//! # impl Client {
//! #     fn send(&self, _: http::Request<bytes::Bytes>) -> std::future::Ready<std::io::Result<http::Response<axum::body::Body>>> {
//! #         std::future::ready(Ok(http::Response::default()))
//! #     }
//! # }
//! ```
//!
//! [`check_client`] then does for clients what [`check_server`] does for servers.
//!
//! # What is checked
//!
//! - Whose child a span is: contexts of Instana, W3C and B3, baggage, decisions of others, corrupt headers, public edges.
//! - What is active: in handlers, behind an `await`, in bodies, with many requests beside each other.
//! - What a span says: name, route, URL without secrets, method, status, peer, failures, panics; and what it must not say.
//! - When it ends: at the end of the body, which of `HEAD`, 204, 304, a stream with `content-length` is not where it looks; where the
//!   client leaves; where an HTTP/2 stream is reset; at the head of an upgrade.
//!
//! The measure is what brave asks of its adapters (`ITHttpServer`, `ITHttpClient`), and what the peers of this suite get wrong.

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
pub use crate::suite::{Failure, Report};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
