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
//! clients have the methods of rdkafka's clients and implement its traits [`Producer`](rdkafka::producer::Producer), with transactions,
//! and [`Consumer`](rdkafka::consumer::Consumer).
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
//! # Tags
//!
//! | tag | value |
//! |---|---|
//! | `component` | `rdkafka`, or as [set](KafkaTracing::component) |
//! | `message_bus.destination` | the topic; `batch` for a batch of several topics |
//! | `messaging.operation.name` | `send`, `process` or [`poll`](PollSpan) |
//! | `messaging.destination.partition.id` | the partition, once it is known |
//! | `messaging.kafka.offset` | the offset, if the brokers return it |
//! | `messaging.message.body.size` | the size of the value in bytes; for a batch, of all values |
//! | `messaging.kafka.message.tombstone` | `true` for a record without a value |
//! | `messaging.kafka.message.key` | the key, on [request](RecordKey) |
//! | `messaging.header.…` | [captured](KafkaTracing::capture_header) headers |
//! | `messaging.client.id`, `messaging.consumer.group.name` | from the configuration of the client |
//! | `messaging.batch.message_count` | the number of messages of a batch |
//! | `kafka.queue_time_ms` | the time since the timestamp of a received message; absent if the timestamp is in the future |
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
//! [`without_propagation`](KafkaTracing::without_propagation) turns propagation off.
//!
//! rdkafka panics when it reads a header whose name is not UTF-8, and anyone who can write to the topic can send one. This crate reads
//! such messages without a panic. Use [`header`] to read a header by name.
//!
//! # What is not traced
//!
//! Rebalances, commits and transactions have no spans. A record that is delivered in a transaction finishes as delivered, even if the
//! transaction is aborted later. Records and messages that rdkafka's own clients (`get_ref`) send and receive have no spans.

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
mod tags;

pub use crate::consumer::base_consumer::TracingIter;
pub use crate::consumer::consumer::TracingConsumer;
pub use crate::consumer::partition_queue::TracingPartitionQueue;
pub use crate::consumer::stream_consumer::TracingMessageStream;
pub use crate::decorator::{KafkaDecorator, OutgoingRecord};
pub use crate::kafka_tracing::KafkaTracing;
pub use crate::message::batch::TracingBatch;
pub use crate::message::message::TracingMessage;
pub use crate::message::process::process;
pub use crate::message::received_message::{ReceivedMessage, header};
pub use crate::options::{PollSpan, RecordKey};
pub use crate::outcome::RecordOutcome;
pub use crate::producer::context::{TracingDeliveryOpaque, TracingFutureProducerContext, TracingProducerContext};
pub use crate::producer::delivery_future::TracingDeliveryFuture;
pub use crate::producer::producer::TracingProducer;
pub use crate::producer::wrap_producer::{DefaultContext, WrapProducer};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
