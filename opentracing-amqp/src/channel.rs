//! The wrapped channel.

use std::ops::Deref;
use std::sync::Arc;

use lapin::options::{
    BasicAckOptions, BasicConsumeOptions, BasicGetOptions, BasicNackOptions, BasicPublishOptions, BasicRejectOptions,
};
use lapin::types::{DeliveryTag, FieldTable, ShortString};
use lapin::{BasicProperties, Channel, Result};
use opentracing_core::Tracer;

use crate::consumer::TracingConsumer;
use crate::decorator::Settlement;
use crate::delivery::Source;
use crate::get::TracingGetMessage;
use crate::open::OpenDeliveries;
use crate::publish::{TracingPublisherConfirm, publish};
use crate::settings::{Settings, setters};
use crate::settle;

/// A channel whose every message is a span: those that it publishes, children of the active one, and those that its consumers and
/// `basic_get` deliver.
///
/// Dereferences to lapin's [`Channel`], so that everything else works as it does there. Its own methods stand before those of lapin's,
/// with the same arguments. `&*channel` is lapin's channel, and not traced.
///
/// Cloning is cheap, and clones are the same channel.
#[derive(Clone, Debug)]
#[must_use]
pub struct TracingChannel {
    channel: Channel,
    open: OpenDeliveries,
    pub(crate) settings: Arc<Settings>,
}

impl TracingChannel {
    /// Wraps a channel, with the global tracer.
    pub fn new(channel: Channel) -> Self {
        Self::with_tracer(Tracer::global(), channel)
    }

    /// Wraps a channel. One channel should be wrapped once, and cloned: a delivery that is settled along with later ones is found by
    /// the wrapper that it came from.
    pub fn with_tracer(tracer: Tracer, channel: Channel) -> Self {
        Self::with_settings(channel, Settings::new(tracer))
    }

    pub(crate) fn with_settings(channel: Channel, settings: Arc<Settings>) -> Self {
        TracingChannel { channel, open: OpenDeliveries::default(), settings }
    }

    setters!();

    /// Publishes a message, with the context of its span among the headers. Other headers stay as they are; those that a message has
    /// from an earlier hop are replaced.
    ///
    /// # Errors
    ///
    /// Those of [`Channel::basic_publish`].
    pub async fn basic_publish(
        &self,
        exchange: ShortString,
        routing_key: ShortString,
        options: BasicPublishOptions,
        payload: &[u8],
        properties: BasicProperties,
    ) -> Result<TracingPublisherConfirm> {
        publish(self.settings.clone(), &self.channel, (exchange, routing_key), options, payload, properties).await
    }

    /// Starts a consumer.
    ///
    /// # Errors
    ///
    /// Those of [`Channel::basic_consume`].
    pub async fn basic_consume(
        &self,
        queue: ShortString,
        consumer_tag: ShortString,
        options: BasicConsumeOptions,
        arguments: FieldTable,
    ) -> Result<TracingConsumer> {
        let inner = self.channel.basic_consume(queue, consumer_tag, options, arguments).await?;
        Ok(TracingConsumer::new(inner, options.no_ack, self.open.clone(), self.settings.clone()))
    }

    /// Gets one message. Its span starts when it is here; an empty queue makes none.
    ///
    /// # Errors
    ///
    /// Those of [`Channel::basic_get`].
    pub async fn basic_get(&self, queue: ShortString, options: BasicGetOptions) -> Result<Option<TracingGetMessage>> {
        let source = Source::new(&queue, options.no_ack);
        let message = self.channel.basic_get(queue, options).await?;
        Ok(message.map(|message| TracingGetMessage::new(&self.settings, &self.open, &source, message)))
    }

    /// Acknowledges by tag, which ends the span of that delivery; with `multiple` also those of all before it.
    ///
    /// # Errors
    ///
    /// Those of [`Channel::basic_ack`].
    pub async fn basic_ack(&self, delivery_tag: DeliveryTag, options: BasicAckOptions) -> Result<()> {
        let life = self.open.life();
        self.channel.basic_ack(delivery_tag, options).await?;
        self.settle(self.open.take_up_to(delivery_tag, life, options.multiple), Settlement::Ack);
        Ok(())
    }

    /// Refuses by tag, as [`basic_ack`](Self::basic_ack) acknowledges.
    ///
    /// # Errors
    ///
    /// Those of [`Channel::basic_nack`].
    pub async fn basic_nack(&self, delivery_tag: DeliveryTag, options: BasicNackOptions) -> Result<()> {
        let life = self.open.life();
        self.channel.basic_nack(delivery_tag, options).await?;
        let spans = self.open.take_up_to(delivery_tag, life, options.multiple);
        self.settle(spans, Settlement::Nack { requeue: options.requeue });
        Ok(())
    }

    /// Refuses by tag, as [`basic_ack`](Self::basic_ack) acknowledges.
    ///
    /// # Errors
    ///
    /// Those of [`Channel::basic_reject`].
    pub async fn basic_reject(&self, delivery_tag: DeliveryTag, options: BasicRejectOptions) -> Result<()> {
        let life = self.open.life();
        self.channel.basic_reject(delivery_tag, options).await?;
        let spans = self.open.take_up_to(delivery_tag, life, false);
        self.settle(spans, Settlement::Reject { requeue: options.requeue });
        Ok(())
    }

    fn settle(&self, spans: Vec<opentracing_core::SpanRef>, settlement: Settlement<'_>) {
        spans.iter().for_each(|span| settle::finish(&self.settings, span, settlement));
    }

    /// The channel inside, which is not traced.
    pub fn get_ref(&self) -> &Channel {
        &self.channel
    }

    /// The channel inside, which is not traced.
    pub fn into_inner(self) -> Channel {
        self.channel
    }
}

impl Deref for TracingChannel {
    type Target = Channel;

    fn deref(&self) -> &Channel {
        &self.channel
    }
}
