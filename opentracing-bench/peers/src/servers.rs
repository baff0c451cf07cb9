//! Adapters for servers.

use axum::Router;
use axum_tracing_opentelemetry::middleware::OtelAxumLayer;
use fastrace_axum::FastraceLayer;
use opentracing_bench::http::{Seen, ServerPeer};
use tower_http::on_early_drop::{EarlyDropsAsFailures, OnEarlyDropLayer};
use tower_http::trace::{DefaultOnFailure, TraceLayer};
use tower_otel::trace::HttpLayer;
use tracing::Level;

use crate::fast::Fast;
use crate::otel::newest::Collected;

/// An adapter whose spans go to OpenTelemetry.
pub(crate) struct Otel {
    pub(crate) collected: Collected,
    pub(crate) wrap: fn(Router) -> Router,
}

impl ServerPeer for Otel {
    fn wrap(&self, router: Router) -> Router {
        (self.wrap)(router)
    }

    fn take(&self) -> Vec<Seen> {
        self.collected.take(|_| true)
    }
}

pub(crate) fn tower_http(router: Router) -> Router {
    // Its spans have the level DEBUG by default, which the subscriber accepts.
    router.layer(TraceLayer::new_for_http())
}

pub(crate) fn tower_http_with_early_drops(router: Router) -> Router {
    let dropped = OnEarlyDropLayer::new(EarlyDropsAsFailures::new(DefaultOnFailure::default()));
    router.layer(dropped).layer(TraceLayer::new_for_http())
}

pub(crate) fn axum_tracing_opentelemetry(router: Router) -> Router {
    router.layer(OtelAxumLayer::default())
}

pub(crate) fn opentelemetry_instrumentation_tower(router: Router) -> Router {
    router.layer(opentelemetry_instrumentation_tower::http::server::Layer::new())
}

pub(crate) fn tower_otel(router: Router) -> Router {
    router.layer(HttpLayer::server(Level::INFO).trace_body())
}

pub(crate) struct FastAxum(pub(crate) Fast);

impl ServerPeer for FastAxum {
    fn wrap(&self, router: Router) -> Router {
        router.layer(FastraceLayer::default())
    }

    fn take(&self) -> Vec<Seen> {
        self.0.take(|_| true)
    }
}
