//! The template of a nested service, `/assets/{*rest}`.

use std::pin::pin;
use std::sync::LazyLock;
use std::task::{Context, Poll, Waker};

use axum::body::Body;
use axum::extract::{MatchedPath, OriginalUri};
use axum::routing::any;
use axum::{Extension, Router};
use http::{Request, request};
use tower_service::Service;

/// The template of a request that axum has routed to a service under [`Router::nest_service`], unless it has a [`MatchedPath`].
///
/// Outside of the service, axum keeps the prefix to itself. It shows it only to a router inside, whose `MatchedPath` begins with it. So a
/// router of ours is asked. Requests that no route matches cost the same, about a microsecond.
pub(crate) fn template(parts: &request::Parts) -> Option<String> {
    // No router of axum is outside.
    parts.extensions.get::<OriginalUri>()?;
    let mut request = Request::new(Body::empty());
    *request.extensions_mut() = parts.extensions.clone();
    let response = pin!(INSIDE.clone().call(request)).poll(&mut Context::from_waker(Waker::noop()));
    let Poll::Ready(Ok(response)) = response else { return None };
    let template = response.extensions().get::<MatchedPath>()?.as_str();
    (template != INSIDE_ROUTE).then(|| format!("{}/{{*rest}}", template.trim_end_matches('/')))
}

const INSIDE_ROUTE: &str = "/";

static INSIDE: LazyLock<Router> =
    LazyLock::new(|| Router::new().route(INSIDE_ROUTE, any(async |path: MatchedPath| Extension(path))));
