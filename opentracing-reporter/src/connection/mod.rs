//! The way of whole requests to the other side, and of answers back.

mod client;
#[cfg(feature = "tls")]
mod connector;
mod endpoint;
#[cfg(feature = "remote-sampling")]
mod fetch;
#[cfg(feature = "otlp")]
mod grpc;
mod http;
mod invalid_endpoint;
mod remote;
#[cfg(feature = "tls")]
mod tls;

use std::error::Error;
use std::time::{Duration, SystemTime};

pub use self::endpoint::Endpoint;
#[cfg(feature = "remote-sampling")]
pub(crate) use self::fetch::{Fetch, until_stopped};
pub use self::invalid_endpoint::InvalidEndpoint;
pub(crate) use self::remote::Remote;
#[cfg(feature = "tls")]
pub use self::tls::Tls;

/// Carries one request at a time. No call blocks for longer than it is told to.
pub(crate) trait Channel: Send + 'static {
    /// Begins with a request. Called only while none is under way.
    fn start(&mut self, body: Vec<u8>, content_type: &'static str);

    /// The answer to the request that is under way, if it comes within that time; zero only looks.
    fn answer(&mut self, wait: Duration) -> Option<Answer>;

    /// Gives up the request that is under way: its answer is not wanted any more.
    fn cancel(&mut self);

    /// Figures of the request that was answered or given up last. None by default.
    fn figures(&self) -> Figures {
        Figures::default()
    }
}

/// What one request took.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Figures {
    /// Of the body as it left.
    pub(crate) bytes: usize,
    /// Until the answer was complete.
    pub(crate) took: Duration,
}

/// What became of one request.
#[derive(Debug)]
pub(crate) enum Answer {
    /// It arrived. What the other side says to it.
    Accepted(Vec<u8>),
    /// It is larger than the other side takes.
    TooLarge,
    /// It may work another time, not before that delay if there is one.
    Retry { after: Option<Delay>, error: BoxError },
    /// It will never work.
    Refused(BoxError),
}

pub(crate) type BoxError = Box<dyn Error + Send + Sync>;

/// How long the other side wants to be left alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Delay {
    For(Duration),
    Until(SystemTime),
}

impl Answer {
    /// Nothing that the other side said: the way there failed.
    pub(crate) fn retry(error: impl Into<BoxError>) -> Self {
        Answer::Retry { after: None, error: error.into() }
    }
}
