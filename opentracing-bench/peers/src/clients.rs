//! Adapters for clients. They return `None` for settings that they lack.

use std::future::{Ready, ready};
use std::time::Duration;

use fastrace::Span;
use fastrace::future::FutureExt;
use fastrace::prelude::SpanContext;
use http::StatusCode;
use opentracing_bench::http::{Call, ClientPeer, Pending, Seen};
use reqwest::{Request, Response};
use reqwest_middleware::ClientBuilder;
use reqwest_retry::RetryTransientMiddleware;
use reqwest_retry::policies::ExponentialBackoff;
use reqwest_tracing::{DisableOtelPropagation, OtelName, SpanBackendWithUrl, TracingMiddleware};
use tower::retry::{Policy, Retry};
use tower::{Layer, ServiceExt};
use tower_otel::trace::HttpLayer;
use tracing::Level;
use tracing::instrument::WithSubscriber;

use crate::fast::Fast;
use crate::otel::{newest, previous};

pub(crate) fn failed(error: impl std::fmt::Display) -> String {
    error.to_string()
}

pub(crate) struct ReqwestTracing {
    pub(crate) collected: previous::Collected,
    pub(crate) client: reqwest::Client,
}

impl ClientPeer for ReqwestTracing {
    fn send(&self, call: Call) -> Option<Pending> {
        if call.peer_service.is_some() || call.propagate_to.is_some() {
            return None;
        }
        let builder = ClientBuilder::new(self.client.clone());
        let builder = if call.retries {
            let bounds = (Duration::ZERO, Duration::ZERO);
            let at_once = ExponentialBackoff::builder().retry_bounds(bounds.0, bounds.1).build_with_max_retries(5);
            builder.with(RetryTransientMiddleware::new_with_policy(at_once))
        } else {
            builder
        };
        // Of its two kinds of spans, the one that has the URL.
        let client = builder.with(TracingMiddleware::<SpanBackendWithUrl>::new()).build();
        let mut request = client.get(&call.url);
        if let Some(name) = call.operation_name {
            request = request.with_extension(OtelName(name.into()));
        }
        if call.without_propagation {
            request = request.with_extension(DisableOtelPropagation);
        }
        if let Some(timeout) = call.timeout {
            request = request.timeout(timeout);
        }
        let dispatch = self.collected.dispatch.clone();
        Some(Box::pin(async move { request.send().await.map_err(failed) }.with_subscriber(dispatch)))
    }

    fn take(&self) -> Vec<Seen> {
        self.collected.take(|_| true)
    }
}

pub(crate) struct TowerOtel {
    pub(crate) collected: newest::Collected,
    pub(crate) client: reqwest::Client,
}

impl ClientPeer for TowerOtel {
    fn send(&self, call: Call) -> Option<Pending> {
        let cannot = call.operation_name.is_some() || call.peer_service.is_some() || call.without_propagation;
        if cannot || call.propagate_to.is_some() {
            return None;
        }
        // The adapter traces bodies with the client of hyper-util, but not with reqwest.
        let traced = HttpLayer::client(Level::INFO).layer(self.client.clone());
        let mut request = self.client.get(&call.url);
        if let Some(timeout) = call.timeout {
            request = request.timeout(timeout);
        }
        let request = request.build().ok()?;
        let dispatch = self.collected.dispatch.clone();
        Some(Box::pin(
            async move {
                if call.retries {
                    return Retry::new(WhenBusy, traced).oneshot(request).await.map_err(failed);
                }
                traced.oneshot(request).await.map_err(failed)
            }
            .with_subscriber(dispatch),
        ))
    }

    fn take(&self) -> Vec<Seen> {
        self.collected.take(|_| true)
    }
}

/// Retries after a 503.
#[derive(Clone)]
struct WhenBusy;

impl Policy<Request, Response, reqwest::Error> for WhenBusy {
    type Future = Ready<()>;

    fn retry(&mut self, _: &mut Request, result: &mut reqwest::Result<Response>) -> Option<Ready<()>> {
        let busy = result.as_ref().is_ok_and(|response| response.status() == StatusCode::SERVICE_UNAVAILABLE);
        busy.then(|| ready(()))
    }

    fn clone_request(&mut self, request: &Request) -> Option<Request> {
        request.try_clone()
    }
}

pub(crate) struct FastReqwest {
    pub(crate) fast: Fast,
    pub(crate) client: reqwest::Client,
}

impl ClientPeer for FastReqwest {
    fn send(&self, call: Call) -> Option<Pending> {
        let cannot = call.operation_name.is_some() || call.peer_service.is_some() || call.propagate_to.is_some();
        if cannot {
            return None;
        }
        let client = self.client.clone();
        let caller = Span::root(CALLER, SpanContext::random());
        let sent = async move {
            let mut request = client.get(&call.url);
            if !call.without_propagation {
                request = request.headers(fastrace_reqwest::traceparent_headers());
            }
            if let Some(timeout) = call.timeout {
                request = request.timeout(timeout);
            }
            let request: Request = request.build().map_err(failed)?;
            loop {
                let copy = request.try_clone().ok_or("the request cannot be cloned")?;
                let response = client.execute(copy).await.map_err(failed)?;
                if !call.retries || response.status() != StatusCode::SERVICE_UNAVAILABLE {
                    return Ok(response);
                }
            }
        };
        Some(Box::pin(sent.in_span(caller)))
    }

    /// Without the span of the caller, which is ours.
    fn take(&self) -> Vec<Seen> {
        self.fast.take(|name| name != CALLER)
    }
}

const CALLER: &str = "caller";
