//! The channel to the agent.

use std::sync::Arc;
use std::time::Duration;

use http::header::{HeaderName, HeaderValue};

use super::rates::AgentRates;
use crate::connection::{Answer, Channel, Endpoint, HttpChannel, RequestStats};
use crate::transport::TransportCheck;
use crate::wire::msgpack;

/// Adds the headers that depend on the request, and reads the sampling rates from the answer.
#[derive(Debug)]
pub(super) struct DatadogChannel {
    http: HttpChannel,
    pub(super) rates: Arc<AgentRates>,
    /// The number of dropped traces in the headers of the request in flight.
    reporting: u64,
}

const TRACE_COUNT: HeaderName = HeaderName::from_static("x-datadog-trace-count");
/// The agent adds the tags of the container to the spans.
const CONTAINER: HeaderName = HeaderName::from_static("datadog-container-id");
const DROPPED_TRACES: HeaderName = HeaderName::from_static("datadog-client-dropped-p0-traces");

/// The headers that are the same for all requests.
const HEADERS: [(&str, &str); 5] = [
    ("datadog-meta-lang", "rust"),
    // The oldest supported one, since a crate does not know its compiler.
    ("datadog-meta-lang-version", env!("CARGO_PKG_RUST_VERSION")),
    ("datadog-meta-tracer-version", env!("CARGO_PKG_VERSION")),
    ("datadog-client-computed-top-level", "yes"),
    // An overloaded agent otherwise answers 200 and drops the spans.
    ("datadog-send-real-http-status", "true"),
];

impl DatadogChannel {
    pub(super) fn new(endpoint: Endpoint, rates: Arc<AgentRates>) -> Self {
        let mut endpoint = endpoint.or_path("/v0.4/traces");
        for (name, value) in HEADERS {
            // The user's headers replace ours.
            endpoint.headers.entry(name).or_insert(HeaderValue::from_static(value));
        }
        DatadogChannel { http: HttpChannel::put(endpoint), rates, reporting: 0 }
    }
}

impl Channel for DatadogChannel {
    fn start(&mut self, body: Vec<u8>, content_type: &'static str) {
        let traces = msgpack::array_length(&body).unwrap_or(0);
        self.reporting = self.rates.dropped();
        let headers = &mut self.http.endpoint.headers;
        headers.insert(TRACE_COUNT, traces.into());
        headers.insert(DROPPED_TRACES, self.reporting.into());
        // An id that is not valid in a header names no container.
        if let Some(Ok(id)) = self.rates.container().map(HeaderValue::try_from) {
            headers.insert(CONTAINER, id);
        }
        self.http.start(body, content_type);
    }

    fn answer(&mut self, wait: Duration) -> Option<Answer> {
        let answer = self.http.answer(wait)?;
        if let Answer::Accepted(body) = &answer {
            self.rates.reported(self.reporting);
            self.rates.update(body);
        }
        Some(answer)
    }

    fn cancel(&mut self) {
        self.http.cancel();
    }

    fn check(&self, body: Vec<u8>, content_type: &'static str) -> TransportCheck {
        let mut endpoint = self.http.endpoint.clone();
        endpoint.headers.insert(TRACE_COUNT, 0.into());
        self.http.check_with(endpoint, body, content_type)
    }

    fn time_out(&mut self, timeout: Duration) -> Answer {
        self.http.time_out(timeout)
    }

    fn request_stats(&self) -> RequestStats {
        self.http.request_stats()
    }
}
