//! What receivers count.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// What other processes sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReceiverStats {
    /// Requests with spans that were read.
    pub requests: u64,
    /// Spans of such requests that could not be read.
    pub rejected: u64,
    /// What was wrong with such a request, the last time.
    pub last_message: Option<String>,
}

/// Counts for [`ReceiverStats`].
#[derive(Debug, Default)]
pub(crate) struct Counters {
    requests: AtomicU64,
    rejected: AtomicU64,
    message: Mutex<Option<String>>,
}

impl Counters {
    /// Counts a request that was read. The first message goes to `log`, and so does each other one that differs from the last.
    pub(crate) fn count(&self, rejected: usize, message: Option<&str>) {
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.rejected.fetch_add(rejected as u64, Ordering::Relaxed);
        if let Some(message) = message {
            let mut last = self.message.lock().unwrap_or_else(PoisonError::into_inner);
            if last.as_deref() != Some(message) {
                log::warn!("a request with spans: {message}");
                *last = Some(message.to_owned());
            }
        }
    }

    pub(crate) fn stats(&self) -> ReceiverStats {
        ReceiverStats {
            requests: self.requests.load(Ordering::Relaxed),
            rejected: self.rejected.load(Ordering::Relaxed),
            last_message: self.message.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        }
    }
}
