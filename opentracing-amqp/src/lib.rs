//! OpenTracing for lapin, the client of RabbitMQ and other brokers that speak AMQP 0-9-1: a span of every message that is published, up to
//! the broker's confirm, and of every message that is delivered, up to its acknowledgement, in one trace.
//!
//! ```no_run
//! use futures_util::StreamExt;
//! use lapin::options::{BasicAckOptions, BasicConsumeOptions, BasicPublishOptions};
//! use lapin::types::FieldTable;
//! use lapin::{BasicProperties, ConnectionProperties};
//! use opentracing_amqp::TracingConnection;
//! use opentracing_core::Tracer;
//!
//! #[tokio::main(flavor = "current_thread")]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     // `opentracing-reporter` makes a tracer whose spans go somewhere.
//!     let (tracer, _drain) = Tracer::builder("shipping").build();
//!     Tracer::set_global(tracer)?;
//!     let connection = TracingConnection::connect("amqp://mq.example/%2f", ConnectionProperties::default()).await?;
//!     let channel = connection.create_channel().await?;
//!
//!     let (options, properties) = (BasicPublishOptions::default(), BasicProperties::default());
//!     channel.basic_publish("".into(), "parcels".into(), options, b"42", properties).await?.await?;
//!
//!     let (options, arguments) = (BasicConsumeOptions::default(), FieldTable::default());
//!     let mut consumer = channel.basic_consume("parcels".into(), "".into(), options, arguments).await?;
//!     while let Some(parcel) = consumer.next().await {
//!         let parcel = parcel?;
//!         let delivered = parcel.in_span(async {
//!             println!("{}", String::from_utf8_lossy(&parcel.data)); // spans that start here are its children
//!             parcel.ack(BasicAckOptions::default()).await
//!         });
//!         delivered.await?;
//!     }
//!     Ok(())
//! }
//! ```
//!
//! Only the connection is another one: [`TracingConnection`], [`TracingChannel`], [`TracingConsumer`] and [`TracingDelivery`] dereference
//! to lapin's types, and have the methods that are traced by the same names and with the same arguments. A connection or channel that
//! somebody else made is wrapped by `new` or `with_tracer`; [`ChannelExt`] traces single calls of a plain one.
//!
//! # What a message carries
//!
//! [`basic_publish`](TracingChannel::basic_publish) adds the context to the message's headers as long strings, in every format that the
//! tracer writes. Other headers and properties stay as they are, and trace headers of an earlier hop are replaced. They are read in any
//! letter case from long strings, arrays of bytes and short strings, so that clients in other languages are understood.
//!
//! A delivery refers to the span that published by [`FollowsFrom`](opentracing_core::ReferenceKind::FollowsFrom), or by
//! [`ChildOf`](TracingChannel::reference) on request; in either case it is a part of the same trace, below that span. Without a context it
//! begins a trace, whatever span is active where it is polled.
//!
//! # From when to when
//!
//! | span | starts | ends |
//! |---|---|---|
//! | `publish orders` | when `basic_publish` is polled first | with the confirm; where the channel has none, when the message is written |
//! | `process orders` | when the consumer gives the delivery, or `basic_get` does, or the delegate's task begins | with `ack`, `nack`, `reject` or the drop of the delivery |
//!
//! A publisher's span is named after the exchange, with the default exchange after the queue; a consumer's after the queue. A name that
//! the broker has made is `(temporary)`. `basic_get` on an empty queue makes no span.
//!
//! The span of a delivery is active in [`TracingDelivery::in_span`], [`process`], and [delegates](TracingConsumerDelegate): what is started
//! there is below it. An acknowledgement with `multiple` ends the spans of all that it settles, as far as their deliveries are still
//! there. [`TracingChannel::basic_ack`] and its kin end them by tag.
//!
//! # What a span says
//!
//! | tag | of | value |
//! |---|---|---|
//! | `component` | both | `lapin` |
//! | `message_bus.destination` | both | the exchange that is published to, or with the default one the queue; the queue that is consumed from |
//! | `messaging.rabbitmq.exchange` | both | the exchange, unless it is the default one |
//! | `messaging.rabbitmq.destination.routing_key` | both | the routing key |
//! | `messaging.message.id`, `messaging.message.conversation_id` | both | the properties `message-id` and `correlation-id` |
//! | `messaging.message.body.size` | both | in bytes |
//! | `messaging.header.…` | both | headers that were [asked for](TracingChannel::capture_header) |
//! | `peer.hostname`, `peer.ipv4`, `peer.ipv6`, `peer.port` | both | the broker's, where [known](TracingChannel::peer) |
//! | `peer.service` | published | [as you say](TracingChannel::peer_service), else `rabbitmq` |
//! | `rabbitmq.outcome` | published | `ack`, `nack`, `returned`, `unconfirmed` if nobody waited for the confirm, `cancelled` if nobody waited for the writing |
//! | | delivered | `ack`, `nack`, `reject`, `dropped`, `settled` by a clone of the acker, `stale` if the channel had ended or recovered |
//! | `rabbitmq.reply_code` | published | 312 of a message that came back, as there was no queue for it; 404 of an exchange that is not there, and so on |
//! | `rabbitmq.requeue` | delivered | of `nack` and `reject`, whether the message goes back into the queue |
//! | `rabbitmq.redelivered` | delivered | `true` if the broker may have delivered it before |
//! | `rabbitmq.death_count`, `rabbitmq.death_reason`, `rabbitmq.death_queue` | delivered | how often it was dead-lettered, why last, from which queue first |
//! | `rabbitmq.queue_time_ms` | delivered | since the property `timestamp`, which is in seconds, or the header `timestamp_in_ms` of the broker |
//! | `error` | both | `true` for `nack`, `reject`, `returned` and failures, with a log `event=error`, `error.kind` and `message` |
//!
//! Bodies are never looked at. [`SpanDecorator`] adds what is missing, and may see errors differently.
//!
//! # Lost connections
//!
//! Where lapin recovers, the same wrappers go on. What was delivered before can not be settled any more: `ack` gives `false`, as ever, the
//! span ends as `stale`, and the broker delivers the message again. A confirm that is lost with the connection is an error, as lapin tells it
//! once the connection is there again; what was being written just then may never be answered (seen with lapin 4.12), and a time limit
//! around the call ends its span.
//!
//! # What it does not
//!
//! - Declaring, binding and deleting queues and exchanges is not traced.
//! - Where a channel has no confirms, a mandatory message that comes back is told by `wait_for_confirms`, when its span has ended.
//! - An acknowledgement by a clone of the delivery's acker ends no span: the drop of the delivery does.
//! - `&*channel`, [`get_ref`](TracingChannel::get_ref) and [`into_inner`](TracingChannel::into_inner) are lapin's own, and not traced.
//!
//! There are no features. Runtime and TLS are features of lapin: this crate asks for none, so that yours decide.

mod channel;
mod connection;
mod consumer;
mod decorator;
mod delegate;
mod delivery;
mod error;
mod extension;
mod get;
mod headers;
mod name;
mod open;
mod publish;
mod settings;
mod settle;
mod size;

pub use crate::channel::TracingChannel;
pub use crate::connection::TracingConnection;
pub use crate::consumer::{TracingConsumer, process};
pub use crate::decorator::{Publication, PublishOutcome, Settlement, SpanDecorator};
pub use crate::delegate::{TracingConsumerDelegate, TracingDeliveryResult};
pub use crate::delivery::TracingDelivery;
pub use crate::extension::ChannelExt;
pub use crate::get::TracingGetMessage;
pub use crate::headers::{extract, inject};
pub use crate::publish::TracingPublisherConfirm;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
