//! Messages whose handler failed.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use opentracing_core::message_rules::Attempts;
use rdkafka::Message;

use crate::state::lock;

/// The most recent messages of a consumer whose handler failed. If one of them is received again, after a seek or a rebalance, its span
/// refers to the attempt before.
#[derive(Debug, Default)]
pub(crate) struct Failures {
    /// Whether a handler has ever failed, so that others do not take the lock.
    is_used: AtomicBool,
    list: Mutex<VecDeque<(Position, Attempts)>>,
}

/// Identifies a message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Position {
    pub(crate) topic: Box<str>,
    pub(crate) partition: i32,
    pub(crate) offset: i64,
}

impl Position {
    pub(crate) fn of(message: &impl Message) -> Self {
        Position { topic: message.topic().into(), partition: message.partition(), offset: message.offset() }
    }

    fn is_of(&self, message: &impl Message) -> bool {
        self.offset == message.offset() && self.partition == message.partition() && &*self.topic == message.topic()
    }
}

impl Failures {
    /// Older failures are forgotten.
    const MAX: usize = 256;

    #[cold]
    pub(crate) fn add(&self, position: Position, attempts: Attempts) {
        self.is_used.store(true, Ordering::Relaxed);
        let mut list = lock(&self.list);
        list.retain(|(other, _)| *other != position);
        if list.len() == Self::MAX {
            list.pop_front();
        }
        list.push_back((position, attempts));
    }

    /// The attempts to handle this message before.
    pub(crate) fn take(&self, message: &impl Message) -> Option<Attempts> {
        if !self.is_used.load(Ordering::Relaxed) {
            return None;
        }
        let mut list = lock(&self.list);
        let index = list.iter().position(|(position, _)| position.is_of(message))?;
        list.remove(index).map(|(_, attempts)| attempts)
    }
}
