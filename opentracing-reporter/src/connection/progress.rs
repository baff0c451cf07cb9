//! How far a request has come, for the error after a time-out.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use super::endpoint::Endpoint;
use super::{BoxError, NoConnection};

/// A step of a request.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    LookUp,
    Connect,
    Tunnel,
    Handshake,
    Exchange,
}

/// The last step, shared by the thread of the connection and the one that waits for the answer.
#[derive(Clone, Debug)]
pub(super) struct Progress(Arc<AtomicU8>);

const STEPS: [Step; 5] = [Step::LookUp, Step::Connect, Step::Tunnel, Step::Handshake, Step::Exchange];

impl Progress {
    /// The state of a request on an open connection.
    pub(super) fn new() -> Self {
        Progress(Arc::new(AtomicU8::new(Step::Exchange as u8)))
    }

    pub(super) fn reach(&self, step: Step) {
        self.0.store(step as u8, Ordering::Relaxed);
    }

    /// The error if the time is over now.
    pub(super) fn timed_out(&self, endpoint: &Endpoint, timeout: Duration) -> BoxError {
        let step = STEPS.get(usize::from(self.0.load(Ordering::Relaxed))).copied().unwrap_or(Step::Exchange);
        let what: &dyn fmt::Display = match step {
            Step::LookUp => &format_args!("the look-up of the name is not done within {timeout:?}"),
            Step::Connect => &format_args!("no address accepts a connection within {timeout:?}"),
            Step::Tunnel => &format_args!("the proxy has not opened a tunnel within {timeout:?}"),
            Step::Handshake => &format_args!("the TLS handshake is not done within {timeout:?}"),
            Step::Exchange => return format!("no answer from {endpoint} within {timeout:?}").into(),
        };
        NoConnection::to(endpoint, what).into()
    }
}
