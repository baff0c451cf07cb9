//! Traced calls on lapin's own channel.

use lapin::options::{BasicConsumeOptions, BasicGetOptions, BasicPublishOptions};
use lapin::types::{FieldTable, ShortString};
use lapin::{BasicProperties, Channel, Result};
use opentracing_core::Tracer;

use crate::channel::channel::TracingChannel;
use crate::consumer::consumer::TracingConsumer;
use crate::delivery::get::TracingGetMessage;
use crate::publish::confirm::TracingPublisherConfirm;
use crate::publish::publish::publish;
use crate::settings::settings::Settings;

/// Traced calls on lapin's own [`Channel`], for example in a function that takes `&Channel`.
///
/// Settling with `multiple` finishes the spans of deliveries that came from the same call. A confirm that is dropped is left to lapin's
/// `wait_for_confirms`, and its span finishes with the outcome `unconfirmed`. [`traced`](Self::traced) has neither limit, nor has a function
/// that is generic over [`AmqpChannel`](crate::AmqpChannel). This trait cannot be implemented for other types.
///
/// ```
/// use lapin::options::BasicPublishOptions;
/// use lapin::{BasicProperties, Channel};
/// use opentracing_amqp::ChannelExt;
/// use opentracing_core::Tracer;
///
/// # async fn publish(tracer: &Tracer, channel: &Channel) -> lapin::Result<()> {
/// let (options, properties) = (BasicPublishOptions::default(), BasicProperties::default());
/// let (exchange, queue) = ("".into(), "orders".into());
/// let confirm = channel.basic_publish_traced(tracer, exchange, queue, options, b"42", properties);
/// confirm.await?.await?;
/// # Ok(())
/// # }
/// ```
pub trait ChannelExt: sealed::Sealed {
    /// Wraps a clone of the channel, for example to change settings.
    fn traced(&self, tracer: &Tracer) -> TracingChannel;

    /// Publishes a message like [`TracingChannel::basic_publish`].
    ///
    /// # Errors
    ///
    /// The errors of [`Channel::basic_publish`].
    fn basic_publish_traced(
        &self,
        tracer: &Tracer,
        exchange: ShortString,
        routing_key: ShortString,
        options: BasicPublishOptions,
        payload: &[u8],
        properties: BasicProperties,
    ) -> impl Future<Output = Result<TracingPublisherConfirm>> + Send;

    /// Starts a consumer like [`TracingChannel::basic_consume`].
    ///
    /// # Errors
    ///
    /// The errors of [`Channel::basic_consume`].
    fn basic_consume_traced(
        &self,
        tracer: &Tracer,
        queue: ShortString,
        consumer_tag: ShortString,
        options: BasicConsumeOptions,
        arguments: FieldTable,
    ) -> impl Future<Output = Result<TracingConsumer>> + Send;

    /// Gets a message like [`TracingChannel::basic_get`].
    ///
    /// # Errors
    ///
    /// The errors of [`Channel::basic_get`].
    fn basic_get_traced(
        &self,
        tracer: &Tracer,
        queue: ShortString,
        options: BasicGetOptions,
    ) -> impl Future<Output = Result<Option<TracingGetMessage>>> + Send;
}

impl ChannelExt for Channel {
    fn traced(&self, tracer: &Tracer) -> TracingChannel {
        TracingChannel::with_tracer(tracer.clone(), self.clone())
    }

    async fn basic_publish_traced(
        &self,
        tracer: &Tracer,
        exchange: ShortString,
        routing_key: ShortString,
        options: BasicPublishOptions,
        payload: &[u8],
        properties: BasicProperties,
    ) -> Result<TracingPublisherConfirm> {
        publish(Settings::new(tracer.clone()), (self, None), (exchange, routing_key), options, payload, properties)
            .await
    }

    async fn basic_consume_traced(
        &self,
        tracer: &Tracer,
        queue: ShortString,
        consumer_tag: ShortString,
        options: BasicConsumeOptions,
        arguments: FieldTable,
    ) -> Result<TracingConsumer> {
        self.traced(tracer).basic_consume(queue, consumer_tag, options, arguments).await
    }

    async fn basic_get_traced(
        &self,
        tracer: &Tracer,
        queue: ShortString,
        options: BasicGetOptions,
    ) -> Result<Option<TracingGetMessage>> {
        self.traced(tracer).basic_get(queue, options).await
    }
}

mod sealed {
    pub trait Sealed {}

    impl Sealed for lapin::Channel {}
}
