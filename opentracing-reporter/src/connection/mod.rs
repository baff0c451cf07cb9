//! Connections to a server: the endpoint with its credentials and TLS, HTTP and gRPC requests, and what their answers mean.

mod check;
mod client;
#[cfg(feature = "tls")]
mod connector;
mod dial;
mod endpoint;
#[cfg(feature = "remote-sampling")]
mod fetch;
#[cfg(feature = "grpc")]
mod grpc;
mod hint;
mod http_answer;
mod http_channel;
mod invalid_endpoint;
#[cfg(feature = "tls")]
mod own_root;
mod progress;
mod protocol;
mod redirect;
mod route;
mod size_refusal;
#[cfg(feature = "tls")]
mod tls;
mod tunnel;
mod worker;

use std::error::Error;
use std::fmt;
use std::time::{Duration, SystemTime};

pub use self::endpoint::Endpoint;
#[cfg(feature = "remote-sampling")]
pub(crate) use self::fetch::{Fetcher, until_stopped};
pub(crate) use self::http_channel::HttpChannel;
pub use self::invalid_endpoint::InvalidEndpoint;
#[cfg(feature = "tls")]
pub use self::tls::Tls;

use crate::transport::TransportCheck;

/// Carries one request at a time to a server. No call blocks for longer than its caller allows.
pub(crate) trait Channel: Send + 'static {
    /// Starts a request. Called only while none is in flight.
    fn start(&mut self, body: Vec<u8>, content_type: &'static str);

    /// The answer to the request in flight, if it arrives within `wait`. Zero only checks.
    fn answer(&mut self, wait: Duration) -> Option<Answer>;

    /// Cancels the request in flight. Its answer is ignored.
    fn cancel(&mut self);

    /// Cancels the request in flight, since there is no answer within `timeout`, and returns the error.
    fn time_out(&mut self, timeout: Duration) -> Answer {
        self.cancel();
        Answer::retry(format!("no answer within {timeout:?}"))
    }

    /// Prepares a check that sends this body. Says by default that there is none. A channel around another one passes it on.
    fn check(&self, body: Vec<u8>, content_type: &'static str) -> TransportCheck {
        let _ = (body, content_type);
        TransportCheck::unavailable("this connection has no check")
    }

    /// Size and latency of the last request that was answered or cancelled. Zero by default.
    fn request_stats(&self) -> RequestStats {
        RequestStats::default()
    }
}

/// Size and latency of one request.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct RequestStats {
    /// The size of the body as it was sent.
    pub(crate) bytes: usize,
    /// The time until the answer was complete.
    pub(crate) latency: Duration,
}

/// What a server's answer means for the request.
#[derive(Debug)]
pub(crate) enum Answer {
    /// The server accepted it. Contains the body of the response.
    Accepted(Vec<u8>),
    /// It is larger than the server accepts.
    TooLarge,
    /// It failed for now, and may be retried after the delay that the server asks for, if any.
    Retry { after: Option<RetryAfter>, error: BoxError },
    /// It will never succeed.
    Refused(BoxError),
}

pub(crate) type BoxError = Box<dyn Error + Send + Sync>;

/// No connection could be opened, so the failure says nothing about the request.
#[derive(Debug)]
pub(crate) struct NoConnection(pub(crate) String);

impl NoConnection {
    pub(crate) fn to(endpoint: &Endpoint, error: &dyn fmt::Display) -> Self {
        NoConnection(format!("no connection to {endpoint}: {error}"))
    }
}

impl fmt::Display for NoConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for NoConnection {}

/// The delay that a server asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RetryAfter {
    Delay(Duration),
    Date(SystemTime),
}

impl Answer {
    /// The request did not reach the server, or its answer did not arrive.
    pub(crate) fn retry(error: impl Into<BoxError>) -> Self {
        Answer::Retry { after: None, error: error.into() }
    }
}
