//! The minimum time between two requests.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

/// When the next request may leave. It belongs to one transport, or is shared by all transports of this process that send to one server
/// which limits them together.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pace(Arc<NextRequest>);

/// `None` means at once.
type NextRequest = Mutex<Option<Instant>>;

/// The shared paces by server, for as long as a transport holds them.
static SHARED: Mutex<BTreeMap<Box<str>, Weak<NextRequest>>> = Mutex::new(BTreeMap::new());

impl Pace {
    /// The pace that all transports to `server` share.
    pub(crate) fn shared(server: &str) -> Self {
        let mut shared = lock(&SHARED);
        if let Some(next) = shared.get(server).and_then(Weak::upgrade) {
            return Pace(next);
        }
        let pace = Pace::default();
        shared.retain(|_, next| next.strong_count() > 0);
        shared.insert(server.into(), Arc::downgrade(&pace.0));
        pace
    }

    /// The permit to send a request, if one may leave now. The next one may leave after `interval`.
    pub(crate) fn try_acquire(&self, now: Instant, interval: Duration) -> Option<Permit> {
        if interval.is_zero() {
            return Some(Permit { until: None });
        }
        let mut next = lock(&self.0);
        if next.is_some_and(|next| now < next) {
            return None;
        }
        let until = Some(now + interval);
        *next = until;
        Some(Permit { until })
    }

    /// Returns a permit that was not used.
    pub(crate) fn release(&self, permit: Permit) {
        let mut next = lock(&self.0);
        if *next == permit.until {
            *next = None;
        }
    }
}

/// Permission to send one request.
#[derive(Debug)]
#[must_use = "a permit that is not used must be released"]
pub(crate) struct Permit {
    until: Option<Instant>,
}

/// No code panics while it holds one of these locks, so their content is consistent.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
