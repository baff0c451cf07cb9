//! Tracing some calls of a channel that is not wrapped.

use lapin::options::{BasicConsumeOptions, BasicGetOptions, BasicPublishOptions};
use lapin::types::{FieldTable, ShortString};
use lapin::{BasicProperties, Channel, Result};
use opentracing_core::Tracer;

use crate::channel::TracingChannel;
use crate::consumer::TracingConsumer;
use crate::get::TracingGetMessage;
use crate::publish::{TracingPublisherConfirm, publish};
use crate::settings::Settings;

/// Traces single calls of a channel of lapin's own: one that a library holds, for example.
///
/// A delivery that is settled along with a later one by `multiple` is found if both came from the same call.
///
/// ```
/// use lapin::options::BasicPublishOptions;
/// use lapin::{BasicProperties, Channel};
/// use opentracing_amqp::ChannelExt;
/// use opentracing_core::Tracer;
///
/// # async fn tell(tracer: &Tracer, channel: &Channel) -> lapin::Result<()> {
/// let (options, properties) = (BasicPublishOptions::default(), BasicProperties::default());
/// channel.basic_publish_traced(tracer, "".into(), "orders".into(), options, b"42", properties).await?.await?;
/// # Ok(())
/// # }
/// ```
pub trait ChannelExt {
    /// Wraps a clone of the channel, to set what its spans tell.
    fn traced(&self, tracer: &Tracer) -> TracingChannel;

    /// As [`TracingChannel::basic_publish`].
    ///
    /// # Errors
    ///
    /// Those of [`Channel::basic_publish`].
    fn basic_publish_traced(
        &self,
        tracer: &Tracer,
        exchange: ShortString,
        routing_key: ShortString,
        options: BasicPublishOptions,
        payload: &[u8],
        properties: BasicProperties,
    ) -> impl Future<Output = Result<TracingPublisherConfirm>> + Send;

    /// As [`TracingChannel::basic_consume`].
    ///
    /// # Errors
    ///
    /// Those of [`Channel::basic_consume`].
    fn basic_consume_traced(
        &self,
        tracer: &Tracer,
        queue: ShortString,
        consumer_tag: ShortString,
        options: BasicConsumeOptions,
        arguments: FieldTable,
    ) -> impl Future<Output = Result<TracingConsumer>> + Send;

    /// As [`TracingChannel::basic_get`].
    ///
    /// # Errors
    ///
    /// Those of [`Channel::basic_get`].
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
        publish(Settings::new(tracer.clone()), self, (exchange, routing_key), options, payload, properties).await
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
