//! The message that `basic_get` returns.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use lapin::message::BasicGetMessage;
use lapin::types::MessageCount;

use crate::delivery::delivery::TracingDelivery;
use crate::delivery::open_deliveries::OpenDeliveries;
use crate::delivery::source::Source;
use crate::settings::settings::Settings;

/// The message that [`TracingChannel::basic_get`](crate::TracingChannel::basic_get) returns, like lapin's [`BasicGetMessage`].
///
/// Dereferences to its [`TracingDelivery`].
///
/// ```
/// use lapin::options::{BasicAckOptions, BasicGetOptions};
/// use opentracing_amqp::TracingChannel;
///
/// # async fn pack(_order: &[u8]) {}
/// # async fn get(channel: &TracingChannel) -> lapin::Result<()> {
/// if let Some(order) = channel.basic_get("orders".into(), BasicGetOptions::default()).await? {
///     order.handle(pack(&order.data)).await;
///     order.ack(BasicAckOptions::default()).await?;
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "a delivery that is dropped is not acknowledged"]
#[non_exhaustive]
pub struct TracingGetMessage {
    /// The message.
    pub delivery: TracingDelivery,
    /// The number of messages that are left in the queue.
    pub message_count: MessageCount,
}

impl TracingGetMessage {
    pub(crate) fn new(
        settings: &Arc<Settings>,
        open: &OpenDeliveries,
        source: &Arc<Source>,
        message: BasicGetMessage,
    ) -> Self {
        let BasicGetMessage { delivery, message_count } = message;
        let delivery = TracingDelivery::start(settings, open, source, delivery, settings.receiver());
        TracingGetMessage { delivery, message_count }
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
