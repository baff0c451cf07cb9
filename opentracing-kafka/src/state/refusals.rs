//! Topics whose records must have no headers.

use std::collections::HashSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::state::lock;

/// Topics for which a broker has refused a record with a context, in case that it does not accept headers.
#[derive(Debug, Default)]
pub(crate) struct Refusals {
    /// Whether there is any, so that a producer without refusals takes no lock.
    any: AtomicBool,
    topics: Mutex<HashSet<Box<str>>>,
}

impl Refusals {
    #[inline]
    pub(crate) fn has(&self, topic: &str) -> bool {
        self.any.load(Ordering::Relaxed) && lock(&self.topics).contains(topic)
    }

    /// Returns whether the topic is new.
    pub(crate) fn add(&self, topic: &str) -> bool {
        self.any.store(true, Ordering::Relaxed);
        lock(&self.topics).insert(topic.into())
    }
}
