//! The adapters of this suite.

use std::error::Error;
use std::time::{Duration, SystemTime};

use axum::Router;
use opentracing_core::http_rules::{HostAllowList, ResendCounter};
use opentracing_core::mock::MockTracer;
use opentracing_core::{Clock, OwnedSpan};
use opentracing_reqwest::{RequestOptions, TracingClient, TracingMiddleware};
use opentracing_tower::TracingLayer;
use reqwest_middleware::{ClientBuilder, ClientWithMiddleware};
use reqwest_retry::RetryTransientMiddleware;
use reqwest_retry::policies::ExponentialBackoff;

use crate::http::{Call, ClientPeer, Pending, Seen, ServerPeer};

/// `TracingLayer` of `opentracing-tower` as the outermost layer of axum.
#[derive(Debug)]
pub struct OurServer {
    mock: MockTracer,
}

impl OurServer {
    /// Creates the adapter with its own tracer.
    pub fn new() -> Self {
        OurServer { mock: tracer() }
    }
}

impl Default for OurServer {
    fn default() -> Self {
        Self::new()
    }
}

impl ServerPeer for OurServer {
    fn wrap(&self, router: Router) -> Router {
        router.layer(TracingLayer::with_tracer(self.mock.tracer().clone()))
    }

    fn take(&self) -> Vec<Seen> {
        take(&self.mock)
    }
}

/// `TracingClient` of `opentracing-reqwest`, from its builder.
#[derive(Debug)]
pub struct OurClient {
    mock: MockTracer,
    client: TracingClient,
}

impl OurClient {
    /// Builds the client.
    ///
    /// # Errors
    ///
    /// Those of reqwest.
    pub fn new() -> Result<Self, Box<dyn Error>> {
        let mock = tracer();
        let client = build(&mock, HostAllowList::all())?;
        Ok(OurClient { mock, client })
    }
}

fn build(mock: &MockTracer, hosts: HostAllowList) -> reqwest::Result<TracingClient> {
    let direct = reqwest::Client::builder().no_proxy();
    TracingClient::from_builder(direct).tracer(mock.tracer().clone()).propagate_to(hosts).build()
}

impl ClientPeer for OurClient {
    fn send(&self, call: Call) -> Option<Pending> {
        let client = match &call.propagate_to {
            Some(hosts) => build(&self.mock, hosts.clone()).ok()?,
            None => self.client.clone(),
        };
        let options = options(&call);
        Some(Box::pin(async move {
            let attempts = ResendCounter::new();
            loop {
                let request = client.get(&call.url).options(options.clone()).resend_counter(&attempts);
                let request = match call.timeout {
                    Some(timeout) => request.timeout(timeout),
                    None => request,
                };
                let response = request.send().await.map_err(|error| error.to_string())?;
                if !call.retries || response.status() != 503 {
                    return Ok(response);
                }
                let _ = response.bytes().await;
            }
        }))
    }

    fn take(&self) -> Vec<Seen> {
        take(&self.mock)
    }
}

/// `TracingMiddleware` of `opentracing-reqwest`, inside reqwest-retry.
#[derive(Debug)]
pub struct OurMiddleware {
    mock: MockTracer,
    client: reqwest::Client,
}

impl OurMiddleware {
    /// Builds the client.
    ///
    /// # Errors
    ///
    /// Those of reqwest.
    pub fn new() -> Result<Self, Box<dyn Error>> {
        Ok(OurMiddleware { mock: tracer(), client: reqwest::Client::builder().no_proxy().build()? })
    }

    fn client(&self, call: &Call) -> ClientWithMiddleware {
        let middleware = TracingMiddleware::with_tracer(self.mock.tracer().clone());
        let middleware = match &call.propagate_to {
            Some(hosts) => middleware.propagate_to(hosts.clone()),
            None => middleware,
        };
        let builder = ClientBuilder::new(self.client.clone());
        if call.retries {
            let zero = Duration::ZERO;
            let at_once = ExponentialBackoff::builder().retry_bounds(zero, zero).build_with_max_retries(5);
            builder.with(RetryTransientMiddleware::new_with_policy(at_once)).with(middleware).build()
        } else {
            builder.with(middleware).build()
        }
    }
}

impl ClientPeer for OurMiddleware {
    fn send(&self, call: Call) -> Option<Pending> {
        let request = self.client(&call).get(&call.url).with_extension(options(&call));
        let request = match call.timeout {
            Some(timeout) => request.timeout(timeout),
            None => request,
        };
        Some(Box::pin(async move { request.send().await.map_err(|error| error.to_string()) }))
    }

    fn take(&self) -> Vec<Seen> {
        take(&self.mock)
    }
}

/// A mock tracer with real time.
fn tracer() -> MockTracer {
    #[derive(Debug)]
    struct WallClock;

    impl Clock for WallClock {
        fn unix_ns(&self) -> u64 {
            let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
            u64::try_from(now.as_nanos()).unwrap_or(u64::MAX)
        }
    }

    MockTracer::with(|builder| builder.clock(WallClock))
}

fn options(call: &Call) -> RequestOptions {
    let mut options = RequestOptions::new();
    if let Some(name) = call.operation_name {
        options = options.operation_name(name);
    }
    if let Some(name) = call.peer_service {
        options = options.peer_service(name);
    }
    if call.without_propagation { options.without_propagation() } else { options }
}

fn take(mock: &MockTracer) -> Vec<Seen> {
    let spans = mock.finished_spans();
    if !spans.is_empty() {
        mock.reset();
    }
    spans.iter().map(seen).collect()
}

fn seen(span: &OwnedSpan) -> Seen {
    let tags = span.tags.iter().map(|(key, value)| format!("{key}={} ", value.as_value()));
    let fields = span.logs.iter().flat_map(|log| &log.fields);
    let logs = fields.map(|(key, value)| format!("{key}={} ", value.as_value()));
    Seen {
        name: span.operation_name.to_string(),
        duration: span.duration(),
        is_failed: span.is_failed,
        trace_id: u128::from_be_bytes(span.context.trace_id().to_bytes()),
        text: tags.chain(logs).collect(),
    }
}
