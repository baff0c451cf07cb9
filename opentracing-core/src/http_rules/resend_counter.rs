//! Counting the attempts at one request.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::StatusCode;

/// Counts how often a request is sent, by retries and redirects. Clones share the count. Each attempt is a span, and the second and later
/// ones have the tag `http.request.resend_count`.
///
/// After a redirect to another host than that of the first attempt, a request has no trace headers and no baggage, also after further
/// redirects. A retry to the first host has them again.
///
/// ```
/// use opentracing_core::http_rules::ResendCounter;
///
/// let counter = ResendCounter::new();
/// assert_eq!(counter.begin("shop.example").resent, 0);
/// assert_eq!(counter.clone().begin("shop.example").resent, 1);
/// ```
#[derive(Clone, Default)]
pub struct ResendCounter(Arc<Mutex<Attempts>>);

#[derive(Debug, Default)]
struct Attempts {
    count: u32,
    /// The host of the first attempt.
    host: Option<Box<str>>,
    /// The next attempt follows a redirect.
    awaited: bool,
    left: bool,
}

/// One of the attempts at a request.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub struct ResendAttempt {
    /// The number of earlier attempts.
    pub resent: u32,
    /// Whether trace headers are sent along: not to another host after a redirect.
    pub propagates: bool,
}

impl ResendCounter {
    /// A counter for one request.
    pub fn new() -> Self {
        Self::default()
    }

    /// How often the request was sent so far.
    pub fn count(&self) -> u32 {
        self.attempts().count
    }

    /// Counts an attempt that goes to this host. For adapters.
    pub fn begin(&self, host: &str) -> ResendAttempt {
        let mut attempts = self.attempts();
        let resent = attempts.count;
        attempts.count = resent.saturating_add(1);
        let redirected = std::mem::take(&mut attempts.awaited);
        let is_first_host = attempts.host.get_or_insert_with(|| host.into()).eq_ignore_ascii_case(host);
        match (redirected, is_first_host) {
            (true, false) => attempts.left = true,
            (false, true) => attempts.left = false,
            // A redirect back to the first host, or a retry, which may go to another server of the same service.
            (true, true) | (false, false) => {}
        }
        ResendAttempt { resent, propagates: !attempts.left }
    }

    /// Records the status of an attempt. For adapters.
    pub fn answered(&self, status: StatusCode) {
        if status.is_redirection() && status != StatusCode::NOT_MODIFIED {
            self.attempts().awaited = true;
        }
    }

    /// Whether the last attempt was redirected. For adapters.
    pub fn awaits_redirect(&self) -> bool {
        self.attempts().awaited
    }

    fn attempts(&self) -> MutexGuard<'_, Attempts> {
        // No code that can panic runs under the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for ResendCounter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ResendCounter").field(&self.count()).finish()
    }
}
