//! OpenTracing for Kafka: producers, consumers and messages of rdkafka with a span for each record sent and each message handled.
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
//! # async fn charge(tracer: &Tracer, order: &[u8]) -> Result<(), Error> { Ok(()) }
//! #[tokio::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     // `opentracing-reporter` makes a tracer whose spans go somewhere.
//!     let (tracer, _drain) = Tracer::builder("shop").build();
//!     let kafka = KafkaTracing::with_tracer(tracer.clone());
//!     let mut config = ClientConfig::new();
//!     config.set("bootstrap.servers", "broker.example:9092").set("group.id", "payment");
//!
//!     let producer: TracingProducer<FutureProducer> = kafka.producer(&config)?;
//!     let send = producer.send(FutureRecord::to("orders").key("42").payload("2 books"), Timeout::Never);
//!     send.in_span(tracer.span("order").start()).await.map_err(|(error, _)| error)?;
//!
//!     let consumer: TracingConsumer<StreamConsumer> = kafka.consumer(&config)?;
//!     consumer.subscribe(&["orders"])?;
//!     process(consumer.stream(), async |order| {
//!         // Spans that start in here are children of `process orders`.
//!         charge(&tracer, order.payload().unwrap_or_default()).await
//!     })
//!     .await
//! }
//! ```
//!
//! Only how clients are made is another: [`KafkaTracing::producer`] and [`consumer`](KafkaTracing::consumer) in the place of
//! [`ClientConfig::create`](rdkafka::ClientConfig::create), and `_with_context` likewise. They have the methods of rdkafka's, and its
//! traits [`Producer`](rdkafka::producer::Producer), with transactions, and [`Consumer`](rdkafka::consumer::Consumer).
//!
//! | of rdkafka | traced |
//! |---|---|
//! | `FutureProducer`, `BaseProducer`, `ThreadedProducer` | [`TracingProducer`] of it |
//! | `StreamConsumer`, `BaseConsumer` | [`TracingConsumer`] of it |
//! | `StreamPartitionQueue`, `PartitionQueue` | [`TracingPartitionQueue`] of it |
//! | `BorrowedMessage`, `OwnedMessage` | [`TracingMessage`] of it, and [`TracingBatch`] for several |
//!
//! # When spans start and end
//!
//! `send orders` is a child of the span that is active when the record is sent, and lasts until its delivery is reported: retries of the
//! client are within it. So it does when nobody waits for that, when the record is purged, and when its producer is dropped.
//!
//! `process orders` starts when the message is received, and goes on with the trace of its sender. What handles the message runs in it by
//! [`process`], [`TracingMessage::process`], [`in_span`](TracingMessage::in_span) or [`in_scope`](TracingMessage::in_scope), and it ends with that; else it
//! ends when the message is dropped. A message without a context, or with one that cannot be read, begins a trace.
//!
//! # What a span says
//!
//! | tag | value |
//! |---|---|
//! | `component` | `rdkafka` |
//! | `message_bus.destination` | the topic; `batch` for a batch of several |
//! | `messaging.operation.name` | `send`, `process`, or [`poll`](PollSpan) |
//! | `messaging.destination.partition.id` | the partition, once it is known |
//! | `messaging.kafka.offset` | the offset, if the brokers tell it |
//! | `messaging.message.body.size` | the size of the value in bytes, of a batch that of all |
//! | `messaging.kafka.message.tombstone` | `true` of a record without a value |
//! | `messaging.kafka.message.key` | the key, [on request](RecordKey) |
//! | `messaging.client.id`, `messaging.consumer.group.name` | as the client is configured |
//! | `messaging.batch.message_count` | the number of messages of a batch |
//! | `kafka.queue_time_ms` | of a received message the time since its timestamp; absent where the clocks do not agree |
//! | `kafka.outcome` | `fire_and_forget` if nobody waited for the delivery, or the brokers do not acknowledge any; `cancelled` if the sender gave up before there was room |
//! | `peer.service` | of a sent record [as you say](KafkaTracing::peer_service), else `kafka` |
//! | `peer.address` | of a sent record `bootstrap.servers` |
//! | `error` | `true` if the record was not delivered, or the handler failed |
//!
//! A failure writes a log `event=error` with `message` and, of the client, `error.kind`: `message_timed_out`, `queue_full`,
//! `purge_queue`, and so on, after the names of librdkafka.
//!
//! # Headers
//!
//! The context of a record's span is written into its headers in every format of the tracer: Instana, W3C Trace Context, B3 and baggage by
//! default. Headers of these formats that were there before, copied from a received message for example, are replaced, and others stay. Of
//! a received message the last value of a header counts, in any letter case. A suppressed trace stays so.
//!
//! rdkafka panics where it reads a header whose name is not UTF-8, which anybody can send. Nothing here does, and [`header`] reads one by
//! name for you.
//!
//! # What is not traced
//!
//! Rebalances, commits and transactions have no spans, and neither has what is sent or received by the clients inside (`get_ref`).

mod base_consumer;
mod batch;
mod carrier;
mod consumer;
mod context;
mod decorator;
mod error;
mod future_producer;
mod handling;
mod kafka_tracing;
mod message;
mod name;
mod options;
mod partition_queue;
mod process;
mod producer;
mod raw;
mod receiving;
mod sending;
mod settings;
mod stream_consumer;

pub use self::base_consumer::Iter;
pub use self::batch::TracingBatch;
pub use self::consumer::TracingConsumer;
pub use self::context::{Sent, TracingContext, TracingFutureContext};
pub use self::decorator::{OutgoingRecord, SpanDecorator};
pub use self::future_producer::DeliveryFuture;
pub use self::kafka_tracing::KafkaTracing;
pub use self::message::{ReceivedMessage, TracingMessage, header};
pub use self::options::{PollSpan, ProducerReference, Propagation, RecordKey};
pub use self::partition_queue::TracingPartitionQueue;
pub use self::process::process;
pub use self::producer::{DefaultContext, TracingProducer, WrapProducer};
pub use self::stream_consumer::TracingMessageStream;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
