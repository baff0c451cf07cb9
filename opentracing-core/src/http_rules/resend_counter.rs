//! Counting the attempts at one request.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::StatusCode;

use crate::http_rules::caller::{CallerContext, Origin};
use crate::model::context::ReferenceKind;
use crate::span::span::Span;
use crate::tracer::tracer::Tracer;

/// Counts how often a request is sent, by retries and redirects. Clones share the count. Each attempt is a span, and the second and later
/// ones have the tag `http.request.resend_count`.
///
/// After a redirect to another host than that of the first attempt, a request has no trace headers and no baggage, also after further
/// redirects. A retry to the first host has them again.
///
/// If no span is active, the second and later attempts have the parent of the first one. Without a parent they follow from the first one.
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
    origin: Option<Origin>,
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

    /// Keeps this thread's active span as the parent of all attempts, wherever they are sent. Does nothing if there was a call or an attempt
    /// before. For adapters.
    pub fn called(&self) {
        let mut attempts = self.attempts();
        if attempts.origin.is_none() {
            let caller = CallerContext::active();
            if caller.context().is_some() {
                attempts.origin = Some(Origin { caller, kind: ReferenceKind::ChildOf, is_given: true });
            }
        }
    }

    pub(super) fn origin(&self) -> Option<Origin> {
        self.attempts().origin.clone()
    }

    /// Keeps what later attempts refer to: the caller that was given, the active span, or the first attempt itself.
    pub(super) fn keep_origin(&self, tracer: &Tracer, given: Option<&CallerContext>, first: &Span) {
        let given = given.filter(|given| given.context().is_some());
        let active = || tracer.active_context().as_ref().map(CallerContext::of);
        let (kind, caller) = match given.cloned().or_else(active) {
            Some(caller) => (ReferenceKind::ChildOf, caller),
            None => (ReferenceKind::FollowsFrom, CallerContext::of(first)),
        };
        self.attempts().origin = Some(Origin { caller, kind, is_given: given.is_some() });
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
