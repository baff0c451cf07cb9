//! The channel to Instana.

use std::time::{Duration, SystemTime};

use crate::connection::{Answer, Channel, Endpoint, HttpChannel, RequestStats};
use crate::instana::lookup::AgentLookup;
use crate::transport::TransportCheck;

/// Through an agent, or straight to the serverless endpoint.
#[derive(Debug)]
pub(crate) enum InstanaChannel {
    Agent(AgentLookup),
    Serverless(HttpChannel),
}

impl Channel for InstanaChannel {
    fn start(&mut self, body: Vec<u8>, content_type: &'static str) {
        match self {
            InstanaChannel::Agent(lookup) => lookup.start(body, content_type),
            InstanaChannel::Serverless(remote) => {
                remote.endpoint = stamped(&remote.endpoint);
                remote.start(body, content_type);
            }
        }
    }

    fn answer(&mut self, wait: Duration) -> Option<Answer> {
        match self {
            InstanaChannel::Agent(lookup) => lookup.answer(wait),
            InstanaChannel::Serverless(remote) => remote.answer(wait),
        }
    }

    fn cancel(&mut self) {
        match self {
            InstanaChannel::Agent(lookup) => lookup.cancel(),
            InstanaChannel::Serverless(remote) => remote.cancel(),
        }
    }

    fn time_out(&mut self, timeout: Duration) -> Answer {
        match self {
            InstanaChannel::Agent(lookup) => lookup.time_out(timeout),
            InstanaChannel::Serverless(remote) => remote.time_out(timeout),
        }
    }

    fn check(&self, body: Vec<u8>, content_type: &'static str) -> TransportCheck {
        match self {
            InstanaChannel::Agent(lookup) => lookup.check(body, content_type),
            InstanaChannel::Serverless(remote) => remote.check_with(stamped(&remote.endpoint), body, content_type),
        }
    }

    fn request_stats(&self) -> RequestStats {
        match self {
            InstanaChannel::Agent(lookup) => lookup.request_stats(),
            InstanaChannel::Serverless(remote) => remote.request_stats(),
        }
    }
}

/// The endpoint with the time of the request.
fn stamped(endpoint: &Endpoint) -> Endpoint {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    // A number is always valid in a header.
    endpoint.clone().header("x-instana-time", &now.as_millis().to_string()).unwrap_or_else(|_| endpoint.clone())
}
