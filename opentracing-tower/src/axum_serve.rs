//! A traced router in the places where axum takes a router.

use std::convert::Infallible;
use std::error::Error;
use std::fmt;
use std::future::{Ready, ready};
use std::task::{Context, Poll};

use axum::body::Body;
use axum::extract::Request;
use axum::extract::connect_info::IntoMakeServiceWithConnectInfo;
use axum::routing::{IntoMakeService, MethodRouter};
use axum::serve::{IncomingStream, Listener};
use axum::{Router, ServiceExt};
use bytes::Bytes;
use tower_service::Service;

use crate::body::ResponseBody;
use crate::body_type::BodyType;
use crate::service::Tracing;

/// Boxes a body that has a span. A body of axum without a span stays as it is.
impl<B> BodyType<B> for Body
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn Error + Send + Sync>> + fmt::Display + fmt::Debug,
{
    type Body = Body;

    fn from_traced(body: ResponseBody<B>) -> Body {
        match body.into_untraced() {
            Ok(body) => Body::new(body),
            Err(traced) => Body::new(traced),
        }
    }
}

impl<S, T> Tracing<S, T> {
    /// Makes a service for `axum::serve`, as the method of axum's `ServiceExt` does. Its responses have `axum::body::Body`, which
    /// `axum::serve` demands.
    #[cfg_attr(docsrs, doc(cfg(feature = "axum")))]
    pub fn into_make_service(self) -> IntoMakeService<Tracing<S, Body>>
    where
        Tracing<S, Body>: Service<Request>,
    {
        ServiceExt::<Request>::into_make_service(self.body_type())
    }

    /// Makes a service for `axum::serve` that inserts axum's `ConnectInfo`, from which a span has the address of its peer.
    ///
    /// ```
    /// use std::net::SocketAddr;
    ///
    /// use axum::Router;
    /// use opentracing_tower::TracingLayer;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    /// let app = TracingLayer::new().wrap(Router::new());
    /// let server = axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>());
    /// # Ok(drop(server))
    /// # }
    /// ```
    #[cfg_attr(docsrs, doc(cfg(feature = "axum")))]
    pub fn into_make_service_with_connect_info<C>(self) -> IntoMakeServiceWithConnectInfo<Tracing<S, Body>, C>
    where
        Tracing<S, Body>: Service<Request>,
    {
        ServiceExt::<Request>::into_make_service_with_connect_info(self.body_type())
    }
}

/// For `axum::serve(listener, TracingLayer::new().wrap(router))`.
impl<T, L: Listener> Service<IncomingStream<'_, L>> for Tracing<Router, T> {
    type Response = Tracing<Router, Body>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: IncomingStream<'_, L>) -> Self::Future {
        ready(Ok(self.clone().body_type()))
    }
}

/// For `axum::serve(listener, TracingLayer::new().wrap(get(handler)))`.
impl<T, L: Listener> Service<IncomingStream<'_, L>> for Tracing<MethodRouter, T> {
    type Response = Tracing<MethodRouter, Body>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: IncomingStream<'_, L>) -> Self::Future {
        ready(Ok(self.clone().body_type()))
    }
}
