//! Routes for a layer outside of the router.

use std::task::{Context, Poll};

use http::Request;
use tower_layer::Layer;
use tower_service::Service;

use crate::route;

/// Passes the template of the matched route to a [`TracingLayer`](crate::TracingLayer) outside of axum's router.
///
/// `Router::layer` runs after routing, so a [`TracingLayer`](crate::TracingLayer) there finds the template itself. A layer that wraps
/// the whole router, or a router with others as services (`nest_service`), cannot find it: add this layer inside. The span gets its name
/// with the response.
///
/// ```
/// use axum::{Router, routing::get};
/// use opentracing_tower::{MatchedPathLayer, TracingLayer};
///
/// let router: Router = Router::new()
///     .route("/users/{id}", get(|| async { "Ada" }))
///     .layer(MatchedPathLayer::new());
/// let service = TracingLayer::new().wrap(router);
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[must_use]
pub struct MatchedPathLayer(());

/// The service of a [`MatchedPathLayer`].
#[derive(Clone, Copy, Debug, Default)]
pub struct MatchedPathService<S> {
    inner: S,
}

impl MatchedPathLayer {
    /// Makes the layer. It has no settings.
    pub fn new() -> Self {
        Self::default()
    }
}

impl<S> Layer<S> for MatchedPathLayer {
    type Service = MatchedPathService<S>;

    fn layer(&self, inner: S) -> MatchedPathService<S> {
        MatchedPathService { inner }
    }
}

impl<S, B> Service<Request<B>> for MatchedPathService<S>
where
    S: Service<Request<B>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> S::Future {
        route::pass_on(request.extensions());
        self.inner.call(request)
    }
}
