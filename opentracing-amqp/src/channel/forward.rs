//! The methods of lapin's channel that are not traced.
//!
//! They are methods of the traced channel, too, so that a program which uses them does not get lapin's channel, whose messages are not
//! traced, by dereferencing.

use lapin::options::{
    AccessRequestOptions, BasicCancelOptions, BasicQosOptions, BasicRecoverAsyncOptions, BasicRecoverOptions,
    ChannelFlowOptions, ConfirmSelectOptions, ExchangeBindOptions, ExchangeDeclareOptions, ExchangeDeleteOptions,
    ExchangeUnbindOptions, QueueBindOptions, QueueDeclareOptions, QueueDeleteOptions, QueuePurgeOptions,
};
use lapin::types::{Boolean, ChannelId, FieldTable, MessageCount, ReplyCode, ShortString, ShortUInt};
use lapin::{ChannelStatus, Error, ExchangeKind, Queue, Result};

use crate::channel::channel::TracingChannel;

macro_rules! forward {
    ($($(#[$doc:meta])* $name:ident($($argument:ident: $type:ty),*) -> $output:ty;)+) => {
        impl TracingChannel {
            $(
                $(#[$doc])*
                #[doc = concat!("Forwards to [`Channel::", stringify!($name), "`](lapin::Channel::", stringify!($name), ").")]
                ///
                /// # Errors
                ///
                #[doc = concat!("The errors of [`Channel::", stringify!($name), "`](lapin::Channel::", stringify!($name), ").")]
                pub async fn $name(&self, $($argument: $type),*) -> Result<$output> {
                    self.get_inner().$name($($argument),*).await
                }
            )+
        }
    };
}

forward! {
    /// Waits until the channel has recovered from a lost connection.
    wait_for_recovery(error: Error) -> ();
    /// Closes the channel.
    close(reply_code: ReplyCode, reply_text: ShortString) -> ();
    /// Limits the deliveries that wait for settlement.
    basic_qos(prefetch_count: ShortUInt, options: BasicQosOptions) -> ();
    /// Cancels a consumer.
    basic_cancel(consumer_tag: ShortString, options: BasicCancelOptions) -> ();
    /// Asks the broker to redeliver unsettled messages.
    basic_recover(options: BasicRecoverOptions) -> ();
    /// Asks the broker to redeliver unsettled messages, without an answer.
    basic_recover_async(options: BasicRecoverAsyncOptions) -> ();
    /// Pauses or resumes deliveries.
    channel_flow(options: ChannelFlowOptions) -> Boolean;
    /// Requests access to a realm.
    access_request(realm: ShortString, options: AccessRequestOptions) -> ();
    /// Declares an exchange.
    exchange_declare(exchange: ShortString, kind: ExchangeKind, options: ExchangeDeclareOptions, arguments: FieldTable) -> ();
    /// Deletes an exchange.
    exchange_delete(exchange: ShortString, options: ExchangeDeleteOptions) -> ();
    /// Binds an exchange to another.
    exchange_bind(
        destination: ShortString,
        source: ShortString,
        routing_key: ShortString,
        options: ExchangeBindOptions,
        arguments: FieldTable
    ) -> ();
    /// Unbinds an exchange from another.
    exchange_unbind(
        destination: ShortString,
        source: ShortString,
        routing_key: ShortString,
        options: ExchangeUnbindOptions,
        arguments: FieldTable
    ) -> ();
    /// Declares a queue.
    queue_declare(queue: ShortString, options: QueueDeclareOptions, arguments: FieldTable) -> Queue;
    /// Binds a queue to an exchange.
    queue_bind(
        queue: ShortString,
        exchange: ShortString,
        routing_key: ShortString,
        options: QueueBindOptions,
        arguments: FieldTable
    ) -> ();
    /// Deletes the messages of a queue.
    queue_purge(queue: ShortString, options: QueuePurgeOptions) -> MessageCount;
    /// Deletes a queue.
    queue_delete(queue: ShortString, options: QueueDeleteOptions) -> MessageCount;
    /// Unbinds a queue from an exchange.
    queue_unbind(queue: ShortString, exchange: ShortString, routing_key: ShortString, arguments: FieldTable) -> ();
    /// Turns on publisher confirms.
    confirm_select(options: ConfirmSelectOptions) -> ();
}

impl TracingChannel {
    /// Returns the state of the channel. Forwards to [`Channel::status`](lapin::Channel::status).
    pub fn status(&self) -> &ChannelStatus {
        self.get_inner().status()
    }

    /// Returns the number of the channel. Forwards to [`Channel::id`](lapin::Channel::id).
    pub fn id(&self) -> ChannelId {
        self.get_inner().id()
    }
}
