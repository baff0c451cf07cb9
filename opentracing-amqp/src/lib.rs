//! OpenTracing for [lapin], the AMQP 0-9-1 client for RabbitMQ. Records a span for each published message, until the broker's confirm,
//! and for each delivery, until it is acknowledged, in one trace.
//!
//! ```no_run
//! use futures_util::StreamExt;
//! use lapin::options::{BasicAckOptions, BasicConsumeOptions, BasicPublishOptions};
//! use lapin::types::FieldTable;
//! use lapin::{BasicProperties, ConnectionProperties};
//! use opentracing_amqp::TracingConnection;
//! use opentracing_core::Tracer;
//!
//! # async fn pack(_order: &[u8]) -> std::io::Result<()> { Ok(()) }
//! #[tokio::main(flavor = "current_thread")]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     // Use `opentracing-reporter` to build a tracer that sends its spans.
//!     let (tracer, _drain) = Tracer::builder("shipping").build();
//!     Tracer::set_global(tracer)?;
//!     let options = ConnectionProperties::default();
//!     let connection = TracingConnection::connect("amqp://mq.example/%2f", options).await?;
//!     let channel = connection.create_channel().await?;
//!
//!     let (options, properties) = (BasicPublishOptions::default(), BasicProperties::default());
//!     let confirm = channel.basic_publish("".into(), "orders".into(), options, b"42", properties);
//!     confirm.await?.await?;
//!
//!     let (options, arguments) = (BasicConsumeOptions::default(), FieldTable::default());
//!     let consumer = channel.basic_consume("orders".into(), "".into(), options, arguments);
//!     let mut orders = consumer.await?;
//!     while let Some(order) = orders.next().await {
//!         let order = order?;
//!         // Spans that start in `pack` are children of `process orders`.
//!         order.handle(pack(&order.data)).await?;
//!         order.ack(BasicAckOptions::default()).await?;
//!     }
//!     Ok(())
//! }
//! ```
//!
//! Only the construction of the connection changes. [`TracingConnection`], [`TracingChannel`], [`TracingConsumer`] and
//! [`TracingDelivery`] dereference to lapin's types; the traced methods have the same names and arguments. Wrap existing connections and
//! channels with `new` or `with_tracer`, or use [`ChannelExt`] to trace single calls on lapin's own channel.
//!
//! # Propagation
//!
//! [`basic_publish`](TracingChannel::basic_publish) writes the context to the headers of the message, as long strings, in every format
//! that the tracer writes. Trace headers that were copied from another message are replaced; other headers and properties stay as they
//! are. Trace headers are read in any letter case, from long strings, byte arrays and short strings.
//!
//! What does not fit into the negotiated frame size is left out: baggage first, then `tracestate`, further formats, those of Instana, and
//! `traceparent` last. The span has a log `context_shortened` or `context_left_out`, the first one of a tracer is a warning in `log`, and
//! [`MessageStats`](opentracing_core::MessageStats) counts them.
//!
//! The span of a delivery refers to the span that published the message by
//! [`FollowsFrom`](opentracing_core::ReferenceKind::FollowsFrom), or by another kind on [request](TracingChannel::producer_reference). It
//! belongs to the trace of the publisher. A delivery without a context starts a new trace, even if a span is active where the delivery is
//! polled. A redelivered or dead-lettered message also refers to the attempt before, if this process made it.
//!
//! [`without_propagation`](TracingChannel::without_propagation) turns propagation off, and
//! [`without_propagation_for`](TracingChannel::without_propagation_for) for some queues, exchanges or routing keys. The operator of a
//! service sets patterns of such names, and the formats of messages, by
//! [`TracerBuilder::without_message_context`](opentracing_core::TracerBuilder::without_message_context) and
//! [`message_composite`](opentracing_core::TracerBuilder::message_composite).
//!
//! # Spans
//!
//! | span | starts | finishes |
//! |---|---|---|
//! | `publish orders` | when `basic_publish` is first polled | with the broker's confirm; if the channel is not in confirm mode, when the message is written |
//! | `commit`, `rollback` | when `tx_commit` or `tx_rollback` is first polled | with the broker's answer |
//! | `process orders` | when the stream or `basic_get` yields the delivery, or when the delegate's task starts | with `ack`, `nack` or `reject`, or when the delivery is dropped, but not before its handler is done |
//!
//! A `publish` span is named after the exchange, or after the queue if the exchange is the default one. A `process` span is named after
//! the queue. Names that the broker generated are replaced by `(temporary)`. `basic_get` on an empty queue records no span.
//! [`skip`](TracingChannel::skip) leaves out destinations.
//!
//! The span of a delivery is active in [`TracingDelivery::handle`], [`handle_and_settle`](TracingDelivery::handle_and_settle), [`process`]
//! and [delegates](TracingConsumer::set_delegate): spans that start there are its children. Each further attempt to handle a delivery has a
//! span of its own. [`TracingConsumer::batch`] makes one span for several deliveries. Settling with `multiple` finishes the spans of all
//! deliveries that it settles, if they have not been dropped. [`TracingChannel::basic_ack`], `basic_nack` and `basic_reject` finish spans
//! by delivery tag.
//!
//! A program that handles its deliveries in a loop, as lapin's examples do, needs no handler: what a task of Tokio does between the
//! receipt of a delivery and its drop is below the span of the delivery, unless the task has several deliveries or waits for one, in which
//! case its current one is unknown. Work in other tasks is not covered. Messages that were not handled in their span have the tag
//! `messaging.outcome=unhandled`, the first one is a warning in `log`, and [`Tracer::report`](opentracing_core::Tracer::report) counts
//! them.
//!
//! # Tags
//!
//! | tag | on | value |
//! |---|---|---|
//! | `component` | both | `lapin`, or as [set](TracingChannel::component) |
//! | `message_bus.destination` | both | the exchange of a published message, or the queue if the exchange is the default one; the queue of a delivery |
//! | `messaging.rabbitmq.exchange` | both | the exchange, unless it is the default one |
//! | `messaging.rabbitmq.destination.routing_key` | both | the routing key |
//! | `messaging.message.id`, `messaging.message.conversation_id` | both | the properties `message-id` and `correlation-id` |
//! | `messaging.message.body.size` | both | the size of the body in bytes |
//! | `messaging.operation.name`, `messaging.operation.type` | both | `publish` and `send`; `process`; `commit`, `rollback` and `settle` |
//! | `messaging.batch.message_count` | `process`, `commit`, `rollback` | the number of messages of a batch or a transaction |
//! | `messaging.attempt` | `process` | the number of the attempt to handle the message, from 1, by the count of this process or of the broker |
//! | `messaging.outcome` | `process` | `cancelled`: the handler was dropped; `panicked`; `unhandled`: there was no handler, and no span below this one |
//! | `messaging.settlement`, `messaging.settlement.destination` | `process` | what a [`SettlePolicy`] did: `ack`, `requeue`, `reject` or `dead_letter`, and where |
//! | `messaging.rabbitmq.message.delivery_tag` | `process` | the delivery tag |
//! | `messaging.header.…` | both | [captured](TracingChannel::capture_header) headers |
//! | `peer.hostname`, `peer.ipv4`, `peer.ipv6`, `peer.port` | both | the broker, if [known](TracingChannel::peer) |
//! | `peer.service` | `publish` | `rabbitmq`, or as [set](TracingChannel::peer_service) |
//! | `rabbitmq.outcome` | `publish` | `ack`; `nack`; `returned`; `committed` and `rolled_back`, in a transaction; `unconfirmed`: the confirm and the channel, or the call of `tx_commit`, were dropped before the broker answered; `cancelled`: the call was dropped before the message was written |
//! | | `process` | `ack`; `nack`; `reject`; `dead_lettered`, by a policy; `dropped`; `settled`: by lapin's own type or a clone of the acker; `stale`: the channel was closed or recovered |
//! | `rabbitmq.reply_code` | `publish` | the code of a returned message (312) or of an error of the broker, such as 404 |
//! | `rabbitmq.requeue` | `process` | whether `nack` or `reject` puts the message back into the queue |
//! | `rabbitmq.redelivered` | `process` | `true` if the broker may have delivered the message before |
//! | `rabbitmq.death_count` | `process` | how often the message was dead-lettered |
//! | `rabbitmq.death_reason`, `rabbitmq.death_latest_queue` | `process` | the latest reason and queue |
//! | `rabbitmq.death_first_reason`, `rabbitmq.death_queue` | `process` | the first reason and queue |
//! | `rabbitmq.delivery_count` | `process` | how often a quorum queue delivered the message before |
//! | `rabbitmq.stream_offset` | `process` | the offset in a stream |
//! | `rabbitmq.queue_time_ms` | `process` | the time since the property `timestamp`, which is in seconds, or since the broker's header `timestamp_in_ms` |
//! | `error` | both | `true` for errors of the handler, `nack`, `reject`, `returned` and errors of lapin, with a log `event=error`, `error.kind` and `message` |
//!
//! Message bodies are never recorded. An [`AmqpDecorator`] adds tags, or defines errors differently.
//!
//! # Lost connections
//!
//! When lapin recovers a connection, the same wrappers continue to work. Deliveries from before the recovery can no longer be settled:
//! `ack` returns `false`, as without tracing, the span finishes with the outcome `stale`, and the broker redelivers the message. A confirm
//! that is lost with the connection resolves to an error after the recovery. A publish that is being written when the connection is lost
//! may never resolve (observed with lapin 4.12); a time-out around the call finishes its span.
//!
//! # What is not traced
//!
//! - Declaring, binding and deleting queues and exchanges.
//! - Acknowledgements in a transaction that is rolled back.
//! - Mandatory messages that are returned on a channel that is not in confirm mode. `wait_for_confirms` returns them after the span has
//!   finished.
//! - Settling with lapin's acker or a clone of it. The span finishes when the delivery is dropped.
//! - Work for a delivery in a task that does not run in its span. The message counts as unhandled.
//! - lapin's own types, which the wrappers dereference to: a function that takes `&Channel` accepts `&TracingChannel` and traces
//!   nothing. [`MessageStats::bypassed`](opentracing_core::MessageStats) counts how often. Make it generic over [`AmqpChannel`] or
//!   [`AmqpDelivery`], which lapin's types and the traced ones implement.
//!
//! This crate has no features. It enables no runtime and no TLS feature of lapin; choose them in your own dependency on lapin.

mod channel;
mod connection;
mod consumer;
mod decorator;
mod delivery;
mod headers;
mod outcome;
mod publish;
mod settings;
mod settle;
mod tags;

pub use crate::channel::any_channel::{AmqpChannel, AmqpDelivery};
pub use crate::channel::channel::TracingChannel;
pub use crate::channel::extension::ChannelExt;
pub use crate::connection::builder::{DefaultTracingConnectionBuilder, TracingConnectionBuilder};
pub use crate::connection::connection::TracingConnection;
pub use crate::consumer::consumer::TracingConsumer;
pub use crate::consumer::delegate::{
    AnyDelegate, PlainDelegate, TracingConsumerDelegate, TracingDelegate, TracingDeliveryResult,
};
pub use crate::consumer::process::process;
pub use crate::decorator::{AmqpDecorator, OutgoingMessage};
pub use crate::delivery::batch::TracingBatch;
pub use crate::delivery::delivery::TracingDelivery;
pub use crate::delivery::get::TracingGetMessage;
pub use crate::headers::{extract, inject};
pub use crate::outcome::{DeliveryOutcome, PublishOutcome, Settlement};
pub use crate::publish::confirm::TracingPublisherConfirm;
pub use crate::settle::policy::SettlePolicy;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
