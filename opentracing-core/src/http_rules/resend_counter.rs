//! What the attempts at one request have in common.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::StatusCode;

/// Counts how often a request is sent, by whatever retries it or follows redirects: clones count together. Each attempt is a span, and
/// those behind the first have the tag `http.request.resend_count`.
///
/// Once a request was redirected to another host than that of the first attempt, it has no trace headers and no baggage, wherever it is
/// redirected to from there. A retry from the first host on has them again.
#[derive(Clone, Default)]
pub struct ResendCounter(Arc<Mutex<Attempts>>);

#[derive(Debug, Default)]
struct Attempts {
    count: u32,
    /// Of the first attempt.
    host: Option<Box<str>>,
    /// The next attempt follows a redirect.
    awaited: bool,
    left: bool,
}

/// One of the attempts at a request.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub struct ResendAttempt {
    /// How many there were before.
    pub resent: u32,
    /// Whether trace headers may go along: not to another host after a redirect.
    pub propagates: bool,
}

impl ResendCounter {
    /// A counter for one request.
    pub fn new() -> Self {
        Self::default()
    }

    /// How often the request has been sent until now.
    pub fn count(&self) -> u32 {
        self.attempts().count
    }

    /// Counts an attempt at the request, which goes to that host. For those who write an adapter.
    pub fn begin(&self, host: &str) -> ResendAttempt {
        let mut attempts = self.attempts();
        let resent = attempts.count;
        attempts.count = resent.saturating_add(1);
        let redirected = std::mem::take(&mut attempts.awaited);
        let is_first_host = attempts.host.get_or_insert_with(|| host.into()).eq_ignore_ascii_case(host);
        match (redirected, is_first_host) {
            (true, false) => attempts.left = true,
            (false, true) => attempts.left = false,
            // Back from elsewhere; or a retry, which may go to another server of the same service.
            (true, true) | (false, false) => {}
        }
        ResendAttempt { resent, propagates: !attempts.left }
    }

    /// Takes notice of an attempt's answer. For those who write an adapter.
    pub fn answered(&self, status: StatusCode) {
        if status.is_redirection() && status != StatusCode::NOT_MODIFIED {
            self.attempts().awaited = true;
        }
    }

    /// Whether the last attempt was redirected. For those who write an adapter.
    pub fn awaits_redirect(&self) -> bool {
        self.attempts().awaited
    }

    fn attempts(&self) -> MutexGuard<'_, Attempts> {
        // Nothing that can panic runs while it is locked.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for ResendCounter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ResendCounter").field(&self.count()).finish()
    }
}
