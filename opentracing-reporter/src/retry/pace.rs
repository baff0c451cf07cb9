//! How soon one request follows another.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

/// When the next request may leave: of one transport, or of all transports of this process that report to one server and are counted
/// there together.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pace(Arc<Next>);

/// `None` is at once.
type Next = Mutex<Option<Instant>>;

/// Those that are shared, by server, for as long as a transport has them.
static SHARED: Mutex<BTreeMap<Box<str>, Weak<Next>>> = Mutex::new(BTreeMap::new());

impl Pace {
    /// The pace of all transports to that server.
    pub(crate) fn of(server: &str) -> Self {
        let mut shared = lock(&SHARED);
        if let Some(next) = shared.get(server).and_then(Weak::upgrade) {
            return Pace(next);
        }
        let pace = Pace::default();
        shared.retain(|_, next| next.strong_count() > 0);
        shared.insert(server.into(), Arc::downgrade(&pace.0));
        pace
    }

    /// The turn to send a request, if it may leave now: then none may before the interval is over.
    pub(crate) fn turn(&self, now: Instant, interval: Duration) -> Option<Turn> {
        if interval.is_zero() {
            return Some(Turn { until: None });
        }
        let mut next = lock(&self.0);
        if next.is_some_and(|next| now < next) {
            return None;
        }
        let until = Some(now + interval);
        *next = until;
        Some(Turn { until })
    }

    /// The turn was not needed.
    pub(crate) fn give_back(&self, turn: Turn) {
        let mut next = lock(&self.0);
        if *next == turn.until {
            *next = None;
        }
    }
}

/// Leave to send a request.
#[derive(Debug)]
#[must_use = "a turn that is not used goes back"]
pub(crate) struct Turn {
    until: Option<Instant>,
}

/// What is behind these locks is whole whenever one is released.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
