//! Handling a delivery and settling it by a policy.

use std::fmt::Display;

use lapin::options::{BasicAckOptions, BasicNackOptions, BasicPublishOptions, BasicRejectOptions};
use lapin::types::{AMQPValue, ShortString};
use lapin::{BasicProperties, Confirmation};
use opentracing_core::{InSpan, Value, tags};

use crate::channel::channel::TracingChannel;
use crate::delivery::delivery::TracingDelivery;
use crate::delivery::earlier::ATTEMPTS;
use crate::outcome::Settlement;
use crate::tags::destination::Destination;

/// What happens to a delivery after its handler: how often it is attempted, and what follows a success and the last failure.
///
/// By default, a delivery is attempted once. After a success it is acknowledged. After a failure it is rejected without being
/// requeued: the broker sends it to the dead-letter exchange of its queue, or discards it.
///
/// ```
/// use opentracing_amqp::{SettlePolicy, TracingChannel, TracingDelivery};
///
/// # async fn pack(_order: &[u8]) -> std::io::Result<()> { Ok(()) }
/// # async fn consume(order: TracingDelivery, channel: &TracingChannel) -> lapin::Result<()> {
/// let policy = SettlePolicy::new().attempts(3).dead_letter(channel, "".into(), "orders.failed".into());
/// order.handle_and_settle(&policy, async || pack(&order.data).await).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct SettlePolicy {
    attempts: u32,
    on_failure: OnFailure,
}

#[derive(Clone, Debug)]
enum OnFailure {
    Requeue,
    Reject,
    DeadLetter { channel: Box<TracingChannel>, exchange: ShortString, routing_key: ShortString },
}

impl SettlePolicy {
    /// Creates the default policy.
    pub const fn new() -> Self {
        SettlePolicy { attempts: 1, on_failure: OnFailure::Reject }
    }

    /// Sets how often a handler that fails is called before the delivery is settled as failed. Once by default; zero means once. There is no
    /// pause between attempts.
    pub const fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts;
        self
    }

    /// Puts the message back into its queue after the last failure.
    pub fn requeue(mut self) -> Self {
        self.on_failure = OnFailure::Requeue;
        self
    }

    /// Publishes the message to this exchange and routing key after the last failure, and acknowledges the delivery. The default exchange, with
    /// an empty name, routes it to the queue that the routing key names.
    ///
    /// The message keeps its body, properties and headers, gets the number of attempts in the header `x-attempts`, and carries the trace on:
    /// its consumer refers to a span `publish` below that of the failed attempt. It is
    /// published as mandatory. If the broker rejects or returns it, the delivery is requeued instead, so that no message is lost; that is
    /// noticed only if the channel is in confirm mode.
    pub fn dead_letter(mut self, channel: &TracingChannel, exchange: ShortString, routing_key: ShortString) -> Self {
        self.on_failure = OnFailure::DeadLetter { channel: Box::new(channel.clone()), exchange, routing_key };
        self
    }
}

impl Default for SettlePolicy {
    fn default() -> Self {
        SettlePolicy::new()
    }
}

impl TracingDelivery {
    /// Runs a handler in the span of the delivery, as [`handle`](Self::handle) does, and settles the delivery by a policy.
    ///
    /// The span of the last attempt records the error, the number of the attempt, what was done (`messaging.settlement`: `ack`, `requeue`,
    /// `reject` or `dead_letter`), and where the message went (`messaging.settlement.destination`).
    ///
    /// # Errors
    ///
    /// The errors of lapin when it settles the delivery or publishes the message. The error of the handler is recorded and returned in the
    /// settlement.
    pub async fn handle_and_settle<E: Display>(
        &self,
        policy: &SettlePolicy,
        mut handler: impl AsyncFnMut() -> Result<(), E>,
    ) -> lapin::Result<Settlement<E>> {
        let mut attempt = 1;
        let output = loop {
            let run = self.begin();
            let (span, handler) = (run.span.clone(), &mut handler);
            let handling = span.in_scope(move || handler());
            let output = run.future(handling).await;
            if output.is_ok() || attempt >= policy.attempts {
                break output;
            }
            attempt += 1;
        };
        match (output, &policy.on_failure) {
            (Ok(()), _) => {
                self.note("ack", None);
                let is_settled = self.ack(BasicAckOptions::default()).await?;
                Ok(if is_settled { Settlement::Settled } else { Settlement::Unsettled { error: None } })
            }
            (Err(error), OnFailure::Requeue) => self.requeue(error).await,
            (Err(error), OnFailure::Reject) => {
                self.note("reject", None);
                let is_settled = self.reject(BasicRejectOptions { requeue: false }).await?;
                Ok(if is_settled {
                    Settlement::Rejected { error }
                } else {
                    Settlement::Unsettled { error: Some(error) }
                })
            }
            (Err(error), OnFailure::DeadLetter { channel, exchange, routing_key }) => {
                self.dead_letter(channel, exchange, routing_key, error).await
            }
        }
    }

    async fn requeue<E>(&self, error: E) -> lapin::Result<Settlement<E>> {
        self.note("requeue", None);
        let is_settled = self.nack(BasicNackOptions { requeue: true, multiple: false }).await?;
        Ok(if is_settled { Settlement::Requeued { error } } else { Settlement::Unsettled { error: Some(error) } })
    }

    async fn dead_letter<E>(
        &self,
        channel: &TracingChannel,
        exchange: &ShortString,
        routing_key: &ShortString,
        error: E,
    ) -> lapin::Result<Settlement<E>> {
        let target = if exchange.as_str().is_empty() { routing_key } else { exchange };
        let destination = Destination::new("publish", target.as_str());
        let publish = async {
            let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
            let (exchange, routing_key) = (exchange.clone(), routing_key.clone());
            channel.basic_publish(exchange, routing_key, options, &self.data, self.with_attempts()).await?.await
        };
        match publish.in_span_ref(&self.spans.span()).await {
            Ok(Confirmation::Ack(None) | Confirmation::NotRequested) => {
                self.note("dead_letter", Some(&destination));
                if !self.ack_dead_lettered().await? {
                    return Ok(Settlement::Unsettled { error: Some(error) });
                }
                let (exchange, routing_key) = (exchange.as_str().to_owned(), routing_key.as_str().to_owned());
                Ok(Settlement::DeadLetter { exchange, routing_key, error })
            }
            Ok(_) => self.requeue(error).await,
            Err(failure) => {
                self.requeue(error).await?;
                Err(failure)
            }
        }
    }

    /// The properties of the message, with the number of attempts in its headers.
    fn with_attempts(&self) -> BasicProperties {
        let mut headers = self.properties.headers().clone().unwrap_or_default();
        headers.insert(ATTEMPTS.into(), AMQPValue::LongUInt(self.spans.attempts()));
        self.properties.clone().with_headers(headers)
    }

    /// Records what the policy does, before it is done: settling finishes the span.
    fn note(&self, settlement: &'static str, destination: Option<&Destination>) {
        let span = self.spans.span();
        span.set_tag(tags::MESSAGING_SETTLEMENT, Value::Static(settlement));
        if let Some(destination) = destination {
            span.set_tag(tags::MESSAGING_SETTLEMENT_DESTINATION, Value::Str(destination.name()));
        }
    }
}
