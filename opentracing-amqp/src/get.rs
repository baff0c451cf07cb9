//! What `basic_get` gives.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use lapin::message::BasicGetMessage;
use lapin::types::MessageCount;

use crate::delivery::{Source, TracingDelivery};
use crate::open::OpenDeliveries;
use crate::settings::Settings;

/// A message that was asked for, as lapin's [`BasicGetMessage`], with the span of its handling.
#[derive(Debug)]
#[must_use = "a delivery that is dropped is not acknowledged"]
pub struct TracingGetMessage {
    /// The message.
    pub delivery: TracingDelivery,
    /// How many messages were left in the queue.
    pub message_count: MessageCount,
}

impl TracingGetMessage {
    pub(crate) fn new(
        settings: &Arc<Settings>,
        open: &OpenDeliveries,
        source: &Source,
        message: BasicGetMessage,
    ) -> Self {
        let BasicGetMessage { delivery, message_count } = message;
        TracingGetMessage { delivery: TracingDelivery::start(settings, open, source, delivery), message_count }
    }
}

impl Deref for TracingGetMessage {
    type Target = TracingDelivery;

    fn deref(&self) -> &TracingDelivery {
        &self.delivery
    }
}

impl DerefMut for TracingGetMessage {
    fn deref_mut(&mut self) -> &mut TracingDelivery {
        &mut self.delivery
    }
}
