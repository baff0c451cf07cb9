//! Running the attempts of a policy.

use std::fmt::Display;

use opentracing_core::{InSpan, Span, Value, tags};
use rdkafka::consumer::{Consumer, ConsumerContext};
use rdkafka::error::KafkaResult;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use crate::consumer::consumer::TracingConsumer;
use crate::headers::origin;
use crate::message::attempt::Attempt;
use crate::message::message::TracingMessage;
use crate::message::received_message::ReceivedMessage;
use crate::outcome::Settlement;
use crate::settle::forward::Destination;
use crate::settle::policy::{SettlePolicy, Success};
use crate::tags::error;

impl<H> TracingConsumer<H> {
    /// Runs a handler in the span of a message, as often as the policy says, and settles the message.
    ///
    /// Each attempt has a span, with the number of the attempt and the error. The span of the last one also says how the message was
    /// settled, by the tags `messaging.settlement` and `messaging.settlement.destination`, and is the parent of the record that goes to a
    /// retry topic or a dead-letter topic. That record has the key, value and headers of the message, and in addition the headers
    /// `x-attempts`, `x-original-topic`, `x-original-partition` and `x-original-offset`. The message counts as settled once it is delivered.
    ///
    /// ```
    /// use opentracing_kafka::{SettlePolicy, Settlement, TracingConsumer};
    /// use rdkafka::Message;
    /// use rdkafka::consumer::{CommitMode, StreamConsumer};
    /// use rdkafka::error::KafkaResult;
    ///
    /// # async fn pay(_order: &[u8]) -> std::io::Result<()> { Ok(()) }
    /// async fn consume(consumer: &TracingConsumer<StreamConsumer>) -> KafkaResult<()> {
    ///     let policy = SettlePolicy::commit(CommitMode::Async).attempts(3);
    ///     loop {
    ///         let order = consumer.recv().await?;
    ///         let handler = async || pay(order.payload().unwrap_or_default()).await;
    ///         if let Settlement::Left { error } = consumer.handle_and_settle(&order, &policy, handler).await? {
    ///             // The next message would be committed without this one.
    ///             println!("stopping at offset {}: {error}", order.offset());
    ///             return Ok(());
    ///         }
    ///     }
    /// }
    /// # drop(consume);
    /// ```
    ///
    /// # Errors
    ///
    /// If the offset cannot be stored or committed, or the record for another topic is not delivered. The message is then not settled. The
    /// error is recorded in the span of the last attempt.
    pub async fn handle_and_settle<C, M, E>(
        &self,
        message: &TracingMessage<M>,
        policy: &SettlePolicy,
        mut handler: impl AsyncFnMut() -> Result<(), E>,
    ) -> KafkaResult<Settlement<E>>
    where
        H: Consumer<C>,
        C: ConsumerContext,
        M: ReceivedMessage,
        E: Display,
    {
        for number in 1.. {
            let (mut attempt, mut span) = Attempt::begin(message.tracking(), message.get_ref());
            let future = {
                let _scope = span.activate_borrowed();
                handler()
            };
            let (output, mut span) = attempt.run(span, future).await;
            let settled = match output {
                Ok(()) => self.settle(message, policy, &mut span).map(|()| Settlement::Settled),
                Err(_) if number < policy.attempts => continue,
                Err(error) => self.give_up(message, policy, &mut attempt, &mut span, error).await,
            };
            if let Err(failure) = &settled {
                error::record(&mut span, failure);
            }
            return settled;
        }
        unreachable!("the attempts end")
    }

    /// Moves a message on whose last attempt failed.
    async fn give_up<C, M, E>(
        &self,
        message: &TracingMessage<M>,
        policy: &SettlePolicy,
        attempt: &mut Attempt,
        span: &mut Span,
        error: E,
    ) -> KafkaResult<Settlement<E>>
    where
        H: Consumer<C>,
        C: ConsumerContext,
        M: ReceivedMessage,
    {
        let retry = policy.retry.as_ref().filter(|(_, up_to)| attempt.number() < *up_to).map(|(topic, _)| topic);
        let (settlement, destination) = match (retry, &policy.dead_letter) {
            (Some(retry), _) => ("retry_topic", retry),
            (None, Some(dead_letter)) => ("dead_letter", dead_letter),
            (None, None) => {
                span.set_tag(tags::MESSAGING_SETTLEMENT, Value::Static("left"));
                return Ok(Settlement::Left { error });
            }
        };
        let Destination { topic, .. } = destination;
        let headers = origin::add(message, message.raw_headers(), attempt.number());
        let sending = destination.send(message.get_ref().key(), message.get_ref().payload(), headers);
        // Not as a handler, whose failure and cancellation would count.
        sending.in_span_ref(&span.share()).await?;
        span.set_tag(tags::MESSAGING_SETTLEMENT, Value::Static(settlement))
            .set(tags::MESSAGING_SETTLEMENT_DESTINATION, &**topic);
        attempt.forget();
        self.advance(message, policy)?;
        let topic = topic.to_string();
        Ok(match retry {
            Some(_) => Settlement::RetryTopic { topic, error },
            None => Settlement::DeadLetter { topic, error },
        })
    }

    /// Settles a message whose handler succeeded.
    fn settle<C, M>(&self, message: &TracingMessage<M>, policy: &SettlePolicy, span: &mut Span) -> KafkaResult<()>
    where
        H: Consumer<C>,
        C: ConsumerContext,
        M: ReceivedMessage,
    {
        let result = span.in_scope(|| self.advance(message, policy));
        if result.is_ok() {
            let settlement = match policy.success {
                Success::Store => "stored",
                Success::Commit(_) => "committed",
            };
            span.set_tag(tags::MESSAGING_SETTLEMENT, Value::Static(settlement));
        }
        result
    }

    /// Stores or commits the offset.
    fn advance<C, M>(&self, message: &TracingMessage<M>, policy: &SettlePolicy) -> KafkaResult<()>
    where
        H: Consumer<C>,
        C: ConsumerContext,
        M: ReceivedMessage,
    {
        let message = message.get_ref();
        match policy.success {
            Success::Store => self.store_offset(message.topic(), message.partition(), message.offset()),
            Success::Commit(mode) => {
                let mut offsets = TopicPartitionList::with_capacity(1);
                offsets.add_partition_offset(
                    message.topic(),
                    message.partition(),
                    Offset::Offset(message.offset() + 1),
                )?;
                self.commit(&offsets, mode)
            }
        }
    }
}
