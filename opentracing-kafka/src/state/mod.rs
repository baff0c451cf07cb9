//! What a client remembers: failed messages, the open transaction, the lag of its partitions, topics without headers.

pub(crate) mod failures;
pub(crate) mod lags;
pub(crate) mod refusals;
pub(crate) mod transaction;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks a mutex, ignoring poison: what it guards is consistent after each statement.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
