//! What lapin's types and the traced ones have in common.

use futures_core::Stream;
use lapin::message::Delivery;
use lapin::options::{
    BasicAckOptions, BasicConsumeOptions, BasicGetOptions, BasicNackOptions, BasicPublishOptions, BasicRejectOptions,
};
use lapin::types::{FieldTable, ShortString};
use lapin::{BasicProperties, Channel, Confirmation, Consumer, PublisherConfirm, Result};

use crate::channel::channel::TracingChannel;
use crate::consumer::consumer::TracingConsumer;
use crate::delivery::delivery::TracingDelivery;
use crate::publish::confirm::TracingPublisherConfirm;

/// A channel: lapin's [`Channel`], whose messages are not traced, or a [`TracingChannel`].
///
/// A function with a parameter `&lapin::Channel` accepts a `&TracingChannel` too, because that dereferences to lapin's channel, but then
/// traces nothing. Make it generic instead: the calls stay the same, and a traced channel stays traced. This trait cannot be implemented
/// for other types.
///
/// ```
/// use lapin::options::BasicPublishOptions;
/// use lapin::{BasicProperties, Confirmation};
/// use opentracing_amqp::AmqpChannel;
///
/// async fn publish(channel: &impl AmqpChannel, payload: &[u8]) -> lapin::Result<Confirmation> {
///     let (options, properties) = (BasicPublishOptions::default(), BasicProperties::default());
///     channel.basic_publish("".into(), "hello".into(), options, payload, properties).await?.await
/// }
/// # fn both(plain: &lapin::Channel, traced: &opentracing_amqp::TracingChannel) {
/// #     drop((publish(plain, b""), publish(traced, b"")));
/// # }
/// ```
pub trait AmqpChannel: Clone + Send + Sync + sealed::Sealed {
    /// The future of the broker's confirm.
    type Confirm: Future<Output = Result<Confirmation>> + Send + Sync + Unpin;
    /// The stream of deliveries.
    type Consumer: Stream<Item = Result<Self::Delivery>> + Send + Sync + Unpin;
    /// A delivery.
    type Delivery: AmqpDelivery;

    /// Publishes a message, as [`Channel::basic_publish`] does.
    ///
    /// # Errors
    ///
    /// The errors of [`Channel::basic_publish`].
    fn basic_publish(
        &self,
        exchange: ShortString,
        routing_key: ShortString,
        options: BasicPublishOptions,
        payload: &[u8],
        properties: BasicProperties,
    ) -> impl Future<Output = Result<Self::Confirm>> + Send;

    /// Starts a consumer, as [`Channel::basic_consume`] does.
    ///
    /// # Errors
    ///
    /// The errors of [`Channel::basic_consume`].
    fn basic_consume(
        &self,
        queue: ShortString,
        consumer_tag: ShortString,
        options: BasicConsumeOptions,
        arguments: FieldTable,
    ) -> impl Future<Output = Result<Self::Consumer>> + Send;

    /// Gets one message, as [`Channel::basic_get`] does.
    ///
    /// # Errors
    ///
    /// The errors of [`Channel::basic_get`].
    fn basic_get(
        &self,
        queue: ShortString,
        options: BasicGetOptions,
    ) -> impl Future<Output = Result<Option<Self::Delivery>>> + Send;

    /// Returns lapin's channel, for calls that are not traced anyway, such as `queue_declare`.
    fn amqp_channel(&self) -> &Channel;
}

/// A delivery: lapin's [`Delivery`], or a [`TracingDelivery`].
///
/// A function with a parameter `&lapin::message::Delivery` accepts a `&TracingDelivery` too, but how it settles the delivery is not recorded.
/// Make it generic instead. This trait cannot be implemented for other types.
///
/// ```
/// use lapin::options::BasicAckOptions;
/// use opentracing_amqp::AmqpDelivery;
///
/// async fn handle(delivery: &impl AmqpDelivery) -> lapin::Result<()> {
///     println!("{} bytes", delivery.amqp_delivery().data.len());
///     delivery.ack(BasicAckOptions::default()).await.map(drop)
/// }
/// # fn both(plain: &lapin::message::Delivery, traced: &opentracing_amqp::TracingDelivery) {
/// #     drop((handle(plain), handle(traced)));
/// # }
/// ```
pub trait AmqpDelivery: Send + Sync + sealed::Sealed {
    /// Acknowledges the delivery, as [`Acker::ack`](lapin::Acker::ack) does.
    ///
    /// # Errors
    ///
    /// The errors of [`Acker::ack`](lapin::Acker::ack).
    fn ack(&self, options: BasicAckOptions) -> impl Future<Output = Result<bool>> + Send;

    /// Negatively acknowledges the delivery, as [`Acker::nack`](lapin::Acker::nack) does.
    ///
    /// # Errors
    ///
    /// The errors of [`Acker::nack`](lapin::Acker::nack).
    fn nack(&self, options: BasicNackOptions) -> impl Future<Output = Result<bool>> + Send;

    /// Rejects the delivery, as [`Acker::reject`](lapin::Acker::reject) does.
    ///
    /// # Errors
    ///
    /// The errors of [`Acker::reject`](lapin::Acker::reject).
    fn reject(&self, options: BasicRejectOptions) -> impl Future<Output = Result<bool>> + Send;

    /// Returns lapin's delivery, with its fields.
    fn amqp_delivery(&self) -> &Delivery;
}

macro_rules! channel {
    ($channel:ty, $confirm:ty, $consumer:ty, $delivery:ty, $inner:ident) => {
        impl sealed::Sealed for $channel {}

        impl AmqpChannel for $channel {
            type Confirm = $confirm;
            type Consumer = $consumer;
            type Delivery = $delivery;

            async fn basic_publish(
                &self,
                exchange: ShortString,
                routing_key: ShortString,
                options: BasicPublishOptions,
                payload: &[u8],
                properties: BasicProperties,
            ) -> Result<Self::Confirm> {
                <$channel>::basic_publish(self, exchange, routing_key, options, payload, properties).await
            }

            async fn basic_consume(
                &self,
                queue: ShortString,
                consumer_tag: ShortString,
                options: BasicConsumeOptions,
                arguments: FieldTable,
            ) -> Result<Self::Consumer> {
                <$channel>::basic_consume(self, queue, consumer_tag, options, arguments).await
            }

            async fn basic_get(&self, queue: ShortString, options: BasicGetOptions) -> Result<Option<Self::Delivery>> {
                Ok(<$channel>::basic_get(self, queue, options).await?.map(|message| message.delivery))
            }

            fn amqp_channel(&self) -> &Channel {
                self.$inner()
            }
        }
    };
}

channel!(Channel, PublisherConfirm, Consumer, Delivery, get_inner);
channel!(TracingChannel, TracingPublisherConfirm, TracingConsumer, TracingDelivery, get_inner);

macro_rules! delivery {
    ($delivery:ty, $settler:ty, $inner:ident) => {
        impl sealed::Sealed for $delivery {}

        impl AmqpDelivery for $delivery {
            async fn ack(&self, options: BasicAckOptions) -> Result<bool> {
                <$settler>::ack(self, options).await
            }

            async fn nack(&self, options: BasicNackOptions) -> Result<bool> {
                <$settler>::nack(self, options).await
            }

            async fn reject(&self, options: BasicRejectOptions) -> Result<bool> {
                <$settler>::reject(self, options).await
            }

            fn amqp_delivery(&self) -> &Delivery {
                self.$inner()
            }
        }
    };
}

delivery!(Delivery, lapin::Acker, get_inner);
delivery!(TracingDelivery, TracingDelivery, get_ref);

/// Lets the macros treat lapin's types as the traced ones.
trait Itself {
    fn get_inner(&self) -> &Self {
        self
    }
}

impl Itself for Channel {}
impl Itself for Delivery {}

mod sealed {
    pub trait Sealed {}
}
