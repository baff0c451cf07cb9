//! OpenTracing for Kafka with [rdkafka]. Records a span for each record that is sent, until its delivery, and for each message that is
//! handled, in one trace.
//!
//! ```no_run
//! use opentracing_core::{InSpan, Tracer};
//! use opentracing_kafka::{KafkaTracing, TracingConsumer, TracingProducer, process};
//! use rdkafka::consumer::{Consumer, StreamConsumer};
//! use rdkafka::producer::{FutureProducer, FutureRecord};
//! use rdkafka::util::Timeout;
//! use rdkafka::{ClientConfig, Message};
//!
//! # type Error = Box<dyn std::error::Error>;
//! # async fn charge(_tracer: &Tracer, _order: &[u8]) -> Result<(), Error> { Ok(()) }
//! #[tokio::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     // Use `opentracing-reporter` to build a tracer that sends its spans.
//!     let (tracer, _drain) = Tracer::builder("shop").build();
//!     let kafka = KafkaTracing::with_tracer(tracer.clone());
//!     let mut config = ClientConfig::new();
//!     config.set("bootstrap.servers", "broker.example:9092").set("group.id", "payment");
//!
//!     let producer: TracingProducer<FutureProducer> = kafka.producer(&config)?;
//!     let record = FutureRecord::to("orders").key("42").payload("2 books");
//!     let send = producer.send(record, Timeout::Never).in_span(tracer.span("order").start());
//!     send.await.map_err(|(error, _)| error)?;
//!
//!     let consumer: TracingConsumer<StreamConsumer> = kafka.consumer(&config)?;
//!     consumer.subscribe(&["orders"])?;
//!     process(consumer.stream(), async |order| {
//!         // Spans that start here are children of `process orders`.
//!         charge(&tracer, order.payload().unwrap_or_default()).await
//!     })
//!     .await
//! }
//! ```
//!
//! Only the construction of clients changes: use [`KafkaTracing::producer`] and [`consumer`](KafkaTracing::consumer) instead of
//! [`ClientConfig::create`](rdkafka::ClientConfig::create), and their `_with_context` variants instead of `create_with_context`. Traced
//! clients have all 85 methods of rdkafka's clients and messages, and implement its traits [`Producer`](rdkafka::producer::Producer), with
//! transactions, [`Consumer`](rdkafka::consumer::Consumer) and [`Message`](rdkafka::Message). Functions that are generic over [`SendFuture`],
//! [`SendBase`] or [`Receive`] take traced and untraced clients.
//!
//! | rdkafka | traced |
//! |---|---|
//! | `FutureProducer`, `BaseProducer`, `ThreadedProducer` | [`TracingProducer<P>`](TracingProducer) |
//! | `StreamConsumer`, `BaseConsumer` | [`TracingConsumer<H>`](TracingConsumer) |
//! | `StreamPartitionQueue`, `PartitionQueue` | [`TracingPartitionQueue<Q>`](TracingPartitionQueue) |
//! | `BorrowedMessage`, `OwnedMessage` | [`TracingMessage<M>`](TracingMessage), and [`TracingBatch<M>`](TracingBatch) for several |
//!
//! # Spans
//!
//! | span | starts | finishes |
//! |---|---|---|
//! | `send orders` | when the record is sent, as a child of the active span | with the delivery report; retries of the client are part of it |
//! | `process orders` | when the message is received | with its handler; without a handler when the message is dropped |
//!
//! The `send` span also waits for the delivery report if nobody else does. It finishes with an error if the record is purged or the
//! producer is dropped. [`skip`](KafkaTracing::skip) leaves out topics.
//!
//! The `process` span belongs to the trace of the sender and refers to the sender's span by
//! [`FollowsFrom`](opentracing_core::ReferenceKind::FollowsFrom), or by another kind on [request](KafkaTracing::producer_reference). A
//! message without a context, or with a corrupt one, starts a new trace. The span is active in [`process`], [`TracingMessage::handle`] and
//! [`handle_blocking`](TracingMessage::handle_blocking): spans that start there are its children.
//!
//! ## Attempts
//!
//! [`handle`](TracingMessage::handle) may be called any number of times. Each attempt has a `process` span with its number, and refers to
//! the same sender and to the attempt before. A consumer remembers the last 256 messages whose handler failed: if one of them is received
//! again, after a seek or a rebalance, its attempts go on. [`handle_and_settle`](TracingConsumer::handle_and_settle) attempts and settles by
//! a [`SettlePolicy`]: it stores or commits the offset, or sends the message to a retry topic or a dead-letter topic, with the trace.
//!
//! ## Loops without `handle`
//!
//! A program that only changes how its clients are created has loops like this one. Its records are below their message as well:
//!
//! ```no_run
//! # use opentracing_kafka::{TracingConsumer, TracingProducer};
//! # use rdkafka::{Message, consumer::StreamConsumer, producer::{FutureProducer, FutureRecord}, util::Timeout};
//! # type Error = Box<dyn std::error::Error>;
//! # async fn copy(consumer: TracingConsumer<StreamConsumer>, producer: TracingProducer<FutureProducer>) -> Result<(), Error> {
//! loop {
//!     let order = consumer.recv().await?;
//!     let record = FutureRecord::<str, [u8]>::to("invoices").payload(order.payload().unwrap_or_default());
//!     producer.send(record, Timeout::Never).await.map_err(|(error, _)| error)?; // a child of `process orders`
//! }
//! # }
//! ```
//!
//! The message that a task or thread has received last is its *current message* until it is dropped: the parent of every span that starts
//! there without an active span and without a reference. The rules keep work out of the wrong trace:
//!
//! - It belongs to the Tokio task that received it, on whichever thread the task is polled. Other tasks do not see it, nor do spawned ones.
//!   Outside of Tokio, `recv` and streams have no current message; a [`BaseConsumer`](rdkafka::consumer::BaseConsumer) has one per thread.
//! - While several messages of one task are alive, or the task waits for the next one, there is none. So
//!   `for_each_concurrent` and messages that are collected have none.
//! - A message that is handled by `handle` or is part of a batch is none.
//!
//! A task that polls other work beside its handler, by `join!` or `select!`, cannot be told apart. Use `handle` there, or
//! [`without_current_message`](KafkaTracing::without_current_message).
//!
//! If neither a handler ran nor a span started below the message, its span has the tag `messaging.outcome=unhandled`, and
//! [`Tracer::report`](opentracing_core::Tracer::report) tells how many there were: `1,204 messages received, 1,190 never handled in their
//! span`. Work that is spawned as a task is the usual reason: move the message into the task and call `handle` there.
//!
//! ```no_run
//! # use opentracing_kafka::TracingConsumer;
//! # use rdkafka::{consumer::StreamConsumer, error::KafkaResult};
//! # async fn charge() {}
//! # async fn consume(consumer: TracingConsumer<StreamConsumer>) -> KafkaResult<()> {
//! let order = consumer.recv().await?.detach();
//! tokio::spawn(async move { order.handle(charge()).await });
//! # Ok(())
//! # }
//! ```
//!
//! ## Transactions, commits, rebalances
//!
//! A record that is sent in a transaction keeps its span open until the transaction ends, which marks it as committed or aborted; the span
//! still ends with the time of the delivery. `commit transaction`, `abort transaction` and `send offsets` are spans too. A commit of offsets
//! that fails is a span `commit topic`, each one on [request](KafkaTracing::commit_span). A [`TracingConsumerContext`] or
//! [`ConsumerEvents`] in your own context adds commits in the background, rebalances, and the lag of partitions. Errors of `recv` and `poll`
//! are counted, and logged in the active span.
//!
//! # Tags
//!
//! | tag | value |
//! |---|---|
//! | `component` | `rdkafka`, or as [set](KafkaTracing::component) |
//! | `message_bus.destination` | the topic; `batch` for a batch of several topics |
//! | `messaging.operation.name` | `send`, `process`, `commit`, [`poll`](PollSpan) or the operation on a transaction |
//! | `messaging.operation.type` | `settle` for commits and transactions; OTLP derives it for the others |
//! | `messaging.attempt` | the number of the attempt to handle a message, from 1 |
//! | `messaging.outcome` | `cancelled` if the handler was dropped, `panicked`, or `unhandled`; absent if it returned |
//! | `messaging.settlement`, `.destination` | what a [`SettlePolicy`] did: `stored`, `committed`, `retry_topic`, `dead_letter` or `left`; and the topic |
//! | `messaging.destination.partition.id` | the partition, once it is known |
//! | `messaging.kafka.offset` | the offset, if the brokers return it |
//! | `messaging.message.body.size` | the size of the value in bytes; for a batch, of all values |
//! | `messaging.kafka.message.tombstone` | `true` for a record without a value |
//! | `messaging.kafka.message.key` | the key, on [request](RecordKey) |
//! | `messaging.header.…` | [captured](KafkaTracing::capture_header) headers |
//! | `messaging.client.id`, `messaging.consumer.group.name` | from the configuration of the client |
//! | `messaging.batch.message_count` | the number of messages of a batch |
//! | `kafka.queue_time_ms` | the time since the timestamp of a received message; absent if the timestamp is in the future |
//! | `kafka.consumer_lag` | how many messages the consumer is behind, by the last [statistics](ConsumerEvents::statistics) |
//! | `kafka.transaction.outcome` | `committed`, `aborted`, or `unresolved` if the producer was dropped before |
//! | `kafka.commit.mode` | on [`commit` spans](CommitSpan): `sync` or `async` |
//! | `kafka.transactional_id`, `kafka.transaction.offsets` | on spans of transactions: the id of the producer, and the number of offsets sent |
//! | `kafka.outcome` | `fire_and_forget` if nobody waited for the delivery, or the brokers do not acknowledge records; `cancelled` if the call was dropped while the producer's queue was full |
//! | `peer.service` | on `send`: `kafka`, or as [set](KafkaTracing::peer_service) |
//! | `peer.address` | on `send`: `bootstrap.servers` |
//! | `error` | `true` if the record was not delivered, or the handler returned an error |
//!
//! An error also has a log `event=error` with `message` and, for errors of the client, `error.kind`: librdkafka's error name in snake case,
//! such as `message_timed_out`, `queue_full` or `purge_queue`. A [`KafkaDecorator`] adds tags, or defines errors differently.
//!
//! # Propagation
//!
//! The context of a `send` span is written to the headers of the record in every format of the tracer: Instana, W3C Trace Context, B3 and
//! Baggage by default. Trace headers that were copied from another message are replaced; other headers stay as they are. When reading,
//! names match in any letter case, and the last value of a header counts. A trace that is not sampled stays so in the consumer.
//!
//! Headers are left out if the record would exceed `message.max.bytes`, so that what is delivered untraced is delivered traced: baggage
//! first, then `tracestate`, B3, Instana's headers, and `traceparent` last. Such records are counted, and logged in their span.
//!
//! [`without_propagation`](KafkaTracing::without_propagation) turns propagation off, and
//! [`without_propagation_for`](KafkaTracing::without_propagation_for) does so for some topics. The operator of a service turns it off by
//! [`TracerBuilder::without_message_context`](opentracing_core::TracerBuilder::without_message_context) and chooses formats for messages
//! alone by [`message_composite`](opentracing_core::TracerBuilder::message_composite); `opentracing-reporter` reads both from the environment.
//! A producer stops writing contexts to a topic after a broker has refused a record of it in a way in which old brokers refuse headers.
//!
//! rdkafka panics when it reads a header whose name is not UTF-8, and anyone who can write to the topic can send one. This crate reads
//! such messages without a panic. Use [`header`] to read a header by name.
//!
//! # What is not traced
//!
//! Records and messages that rdkafka's own clients (`get_ref`) send and receive have no spans. [`KafkaTracing::wrap_consumer`] and
//! [`wrap_producer`](KafkaTracing::wrap_producer) trace clients that somebody else has created, and [`inject`] and [`extract`] move contexts
//! by hand. The span of a `BaseProducer`'s record ends when the program polls the producer, since only then librdkafka reports.

mod consumer;
mod decorator;
mod from_config;
mod headers;
mod kafka_tracing;
mod message;
mod options;
mod outcome;
mod producer;
mod settings;
mod settle;
mod state;
mod tags;

pub use crate::consumer::base_consumer::TracingIter;
pub use crate::consumer::consumer::TracingConsumer;
pub use crate::consumer::events::{ConsumerEvents, TracingConsumerContext};
pub use crate::consumer::partition_queue::TracingPartitionQueue;
pub use crate::consumer::receive::Receive;
pub use crate::consumer::stream_consumer::TracingMessageStream;
pub use crate::decorator::{KafkaDecorator, OutgoingRecord};
pub use crate::headers::context::{extract, inject};
pub use crate::kafka_tracing::KafkaTracing;
pub use crate::message::batch::TracingBatch;
pub use crate::message::message::TracingMessage;
pub use crate::message::process::{process, process_mut};
pub use crate::message::received_message::{ReceivedMessage, header};
pub use crate::options::{CommitSpan, PollSpan, RecordKey};
pub use crate::outcome::{RecordOutcome, Settlement};
pub use crate::producer::context::{TracingDeliveryOpaque, TracingFutureProducerContext, TracingProducerContext};
pub use crate::producer::delivery_future::TracingDeliveryFuture;
pub use crate::producer::foreign_producer::{ForeignDeliveryFuture, ForeignProducer};
pub use crate::producer::producer::TracingProducer;
pub use crate::producer::send::{SendBase, SendFuture};
pub use crate::producer::wrap_producer::{DefaultContext, WrapProducer};
pub use crate::settle::policy::SettlePolicy;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
