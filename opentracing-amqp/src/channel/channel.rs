//! The traced channel.

use std::ops::Deref;
use std::sync::Arc;

use lapin::message::BasicReturnMessage;
use lapin::options::{
    BasicAckOptions, BasicConsumeOptions, BasicGetOptions, BasicNackOptions, BasicPublishOptions, BasicRejectOptions,
};
use lapin::types::{DeliveryTag, FieldTable, ShortString};
use lapin::{BasicProperties, Channel, Result};
use opentracing_core::Tracer;

use crate::consumer::consumer::TracingConsumer;
use crate::delivery::get::TracingGetMessage;
use crate::delivery::open_deliveries::OpenDeliveries;
use crate::delivery::source::Source;
use crate::outcome::{DeliveryOutcome, PublishOutcome};
use crate::publish::confirm::TracingPublisherConfirm;
use crate::publish::publish::{Published, publish};
use crate::publish::transaction::TransactionCall;
use crate::settings::settings::{Settings, setters};

/// A channel that records a span for each message that it publishes or delivers.
///
/// The span of a published message is a child of the active span. The span of a delivery continues the trace of its publisher.
///
/// ```
/// use lapin::BasicProperties;
/// use lapin::options::BasicPublishOptions;
/// use opentracing_amqp::TracingChannel;
///
/// # async fn publish(channel: lapin::Channel) -> lapin::Result<()> {
/// let channel = TracingChannel::new(channel).peer("mq.example", 5672);
/// let (options, properties) = (BasicPublishOptions::default(), BasicProperties::default());
/// let confirm = channel.basic_publish("".into(), "parcels".into(), options, b"42", properties).await?;
/// confirm.await?;
/// # Ok(())
/// # }
/// ```
///
/// Clones are cheap and refer to the same channel.
///
/// # What is not traced
///
/// All methods of lapin's [`Channel`] are methods of this type too; those that neither publish, deliver nor settle are forwarded. The channel
/// also dereferences to lapin's: a function that takes `&Channel` accepts `&TracingChannel`, but what it publishes and consumes has no
/// spans and no trace headers. Make the function generic over [`AmqpChannel`](crate::AmqpChannel), or use
/// [`ChannelExt`](crate::ChannelExt) in it.
#[derive(Clone, Debug)]
#[must_use]
pub struct TracingChannel {
    channel: Channel,
    open: OpenDeliveries,
    published: Arc<Published>,
    pub(crate) settings: Arc<Settings>,
}

impl TracingChannel {
    /// Wraps a channel, with the global tracer. See [`with_tracer`](Self::with_tracer).
    pub fn new(channel: Channel) -> Self {
        Self::with_tracer(Tracer::global(), channel)
    }

    /// Wraps a channel. Wrap each channel only once and clone the wrapper: `multiple` ends the spans of deliveries that came from the
    /// same wrapper or its clones.
    pub fn with_tracer(tracer: Tracer, channel: Channel) -> Self {
        Self::with_settings(channel, Settings::new(tracer))
    }

    pub(crate) fn with_settings(channel: Channel, settings: Arc<Settings>) -> Self {
        TracingChannel { channel, open: OpenDeliveries::default(), published: Arc::default(), settings }
    }

    setters!();

    /// Publishes a message and writes the context of its span to the headers. Trace headers that were copied from another message are
    /// replaced; other headers stay as they are.
    ///
    /// # Errors
    ///
    /// The errors of [`Channel::basic_publish`].
    pub async fn basic_publish(
        &self,
        exchange: ShortString,
        routing_key: ShortString,
        options: BasicPublishOptions,
        payload: &[u8],
        properties: BasicProperties,
    ) -> Result<TracingPublisherConfirm> {
        let target = (&self.channel, Some(&*self.published));
        publish(self.settings.clone(), target, (exchange, routing_key), options, payload, properties).await
    }

    /// Starts a consumer whose deliveries are traced.
    ///
    /// # Errors
    ///
    /// The errors of [`Channel::basic_consume`].
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

    /// Gets one message. Its span starts when the message has arrived. An empty queue records no span.
    ///
    /// # Errors
    ///
    /// The errors of [`Channel::basic_get`].
    pub async fn basic_get(&self, queue: ShortString, options: BasicGetOptions) -> Result<Option<TracingGetMessage>> {
        let source = Arc::new(Source::new(&queue, options.no_ack));
        if let Some(receiver) = self.settings.receiver() {
            receiver.wait();
        }
        let message = self.channel.basic_get(queue, options).await?;
        Ok(message.map(|message| TracingGetMessage::new(&self.settings, &self.open, &source, message)))
    }

    /// Acknowledges a delivery by its tag and finishes its span. With `multiple`, also finishes the spans of all earlier deliveries.
    ///
    /// # Errors
    ///
    /// The errors of [`Channel::basic_ack`].
    pub async fn basic_ack(&self, delivery_tag: DeliveryTag, options: BasicAckOptions) -> Result<()> {
        let session = self.open.session();
        self.channel.basic_ack(delivery_tag, options).await?;
        let spans = self.open.take_up_to(delivery_tag, session, options.multiple);
        spans.iter().for_each(|spans| spans.settle(DeliveryOutcome::Ack));
        Ok(())
    }

    /// Negatively acknowledges a delivery by its tag and finishes its span as failed. With `multiple`, also finishes the spans of all
    /// earlier deliveries.
    ///
    /// # Errors
    ///
    /// The errors of [`Channel::basic_nack`].
    pub async fn basic_nack(&self, delivery_tag: DeliveryTag, options: BasicNackOptions) -> Result<()> {
        let session = self.open.session();
        self.channel.basic_nack(delivery_tag, options).await?;
        let spans = self.open.take_up_to(delivery_tag, session, options.multiple);
        spans.iter().for_each(|spans| spans.settle(DeliveryOutcome::Nack { requeue: options.requeue }));
        Ok(())
    }

    /// Rejects a delivery by its tag and finishes its span as failed.
    ///
    /// # Errors
    ///
    /// The errors of [`Channel::basic_reject`].
    pub async fn basic_reject(&self, delivery_tag: DeliveryTag, options: BasicRejectOptions) -> Result<()> {
        let session = self.open.session();
        self.channel.basic_reject(delivery_tag, options).await?;
        let spans = self.open.take_up_to(delivery_tag, session, false);
        spans.iter().for_each(|spans| spans.settle(DeliveryOutcome::Reject { requeue: options.requeue }));
        Ok(())
    }

    /// Waits until the broker has answered all published messages, and returns those that it returned because no queue was bound for them.
    /// The spans of messages whose confirms were dropped have finished then, at the time of the answer.
    ///
    /// # Errors
    ///
    /// The errors of [`Channel::wait_for_confirms`].
    pub async fn wait_for_confirms(&self) -> Result<Vec<BasicReturnMessage>> {
        let result = self.channel.wait_for_confirms().await;
        let returned = self.published.unconfirmed.take_returned();
        result.map(|mut messages| {
            messages.extend(returned);
            messages
        })
    }

    /// Makes the channel transactional. From now on, the outcome of a published message is that of its transaction.
    ///
    /// # Errors
    ///
    /// The errors of [`Channel::tx_select`].
    pub async fn tx_select(&self) -> Result<()> {
        self.channel.tx_select().await?;
        self.published.transaction.select();
        Ok(())
    }

    /// Commits the transaction, in a span `commit`, and records the outcome `committed` in the spans of its messages.
    ///
    /// # Errors
    ///
    /// The errors of [`Channel::tx_commit`].
    pub async fn tx_commit(&self) -> Result<()> {
        let call = TransactionCall::start(&self.settings, "commit", &self.published.transaction);
        let result = self.channel.tx_commit().await;
        call.finish(result.as_ref().map_or_else(PublishOutcome::Failed, |()| PublishOutcome::Committed));
        result
    }

    /// Rolls the transaction back, in a span `rollback`, and records the outcome `rolled_back` in the spans of its messages.
    ///
    /// # Errors
    ///
    /// The errors of [`Channel::tx_rollback`].
    pub async fn tx_rollback(&self) -> Result<()> {
        let call = TransactionCall::start(&self.settings, "rollback", &self.published.transaction);
        let result = self.channel.tx_rollback().await;
        call.finish(result.as_ref().map_or_else(PublishOutcome::Failed, |()| PublishOutcome::RolledBack));
        result
    }

    /// lapin's channel, for this crate, which knows what it does with it.
    pub(crate) fn get_inner(&self) -> &Channel {
        &self.channel
    }

    /// Returns lapin's channel. Its methods are not traced.
    pub fn get_ref(&self) -> &Channel {
        self.settings.count_bypass();
        &self.channel
    }

    /// Unwraps lapin's channel. Its methods are not traced.
    pub fn into_inner(self) -> Channel {
        self.channel
    }
}

impl Deref for TracingChannel {
    type Target = Channel;

    fn deref(&self) -> &Channel {
        self.settings.count_bypass();
        &self.channel
    }
}
