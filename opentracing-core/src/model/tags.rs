//! The standard tags as typed keys.
//!
//! The names are those of the OpenTracing semantic conventions, or those of OpenTelemetry where OpenTracing has none. Names that neither
//! has begin with their component, such as `kafka.` or `sqlx.`. Reporters translate the names for their backend.
//!
//! ```
//! use opentracing_core::tags::TagKey;
//! use opentracing_core::{Tracer, tags};
//!
//! const TENANT: TagKey<str> = TagKey::new("shop.tenant");
//!
//! let mut span = Tracer::noop().span("GET /cart").start();
//! span.set(tags::HTTP_STATUS_CODE, 200).set(TENANT, "acme");
//! ```

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use crate::model::tag_value::TagValue;
use crate::model::value::Text;

/// The name of a tag, with the type of its value.
pub struct TagKey<T: ?Sized> {
    name: &'static str,
    value: PhantomData<fn(&T)>,
}

impl<T: ?Sized> TagKey<T> {
    /// Creates the key of a tag with this name.
    pub const fn new(name: &'static str) -> Self {
        TagKey { name, value: PhantomData }
    }

    /// The name of the tag.
    pub const fn name(self) -> &'static str {
        self.name
    }
}

impl<T: ?Sized> Clone for TagKey<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: ?Sized> Copy for TagKey<T> {}

impl<T: ?Sized> fmt::Debug for TagKey<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TagKey").field(&self.name).finish()
    }
}

impl<T: ?Sized> From<TagKey<T>> for Text<'_> {
    #[inline]
    fn from(key: TagKey<T>) -> Self {
        Text::Static(key.name)
    }
}

/// A value that fits a standard tag of type `T`: `str`, `bool`, `i64` or `f64`. Implemented for the types below, and for `Option` of
/// them, where `None` writes nothing.
///
/// | tag | takes |
/// |---|---|
/// | `str` | `&str`, `String`, `Cow<str>`, `Box<str>`, `Arc<str>`, and references to them |
/// | `bool` | `bool` |
/// | `i64` | every integer of up to 64 bits |
/// | `f64` | `f32`, `f64`, and `Duration` in milliseconds |
pub trait TagValueOf<'v, T: ?Sized>: Into<TagValue<'v>> {}

impl<'v, T: ?Sized, V: TagValueOf<'v, T>> TagValueOf<'v, T> for Option<V> {}

macro_rules! fits {
    ($tag:ty: $($value:ty),+) => { $(impl<'v> TagValueOf<'v, $tag> for $value {})+ };
}
fits! { str: &'v str, &'v &str, &'v String, &'v Cow<'_, str>, &'v Box<str>, &'v Arc<str> }
fits! { str: String, Cow<'v, str>, Box<str>, Arc<str> }
fits! { bool: bool }
fits! { i64: i8, i16, i32, i64, isize, u8, u16, u32, u64, usize }
fits! { f64: f32, f64, Duration }

macro_rules! tags {
    ($($(#[$doc:meta])* $constant:ident: $type:ty = $name:literal;)+) => {
        $($(#[$doc])* pub const $constant: TagKey<$type> = TagKey::new($name);)+
    };
}

tags! {
    /// The library that is traced, such as `axum` or `reqwest`.
    COMPONENT: str = "component";
    /// The name of the database.
    DB_INSTANCE: str = "db.instance";
    /// The database statement. Adapters mask its literals by default.
    DB_STATEMENT: str = "db.statement";
    /// The type of the database: `sql` for SQL databases.
    DB_TYPE: str = "db.type";
    /// The user name of the database connection.
    DB_USER: str = "db.user";
    /// The database product by its OpenTelemetry name: `postgresql`, `mysql`, `sqlite`.
    DB_SYSTEM_NAME: str = "db.system.name";
    /// The number of statements in a batch. Absent for a single statement.
    DB_OPERATION_BATCH_SIZE: i64 = "db.operation.batch.size";
    /// The database operation, such as `SELECT`.
    DB_OPERATION_NAME: str = "db.operation.name";
    /// The table or collection.
    DB_COLLECTION_NAME: str = "db.collection.name";
    /// The operations and tables of a statement, in their order: `INSERT orders SELECT carts`.
    DB_QUERY_SUMMARY: str = "db.query.summary";
    /// The number of rows that the database returned.
    DB_RESPONSE_RETURNED_ROWS: i64 = "db.response.returned_rows";
    /// The status code of the database, for SQL the SQLSTATE.
    DB_RESPONSE_STATUS_CODE: str = "db.response.status_code";
    /// Whether the operation failed. Absent if it succeeded.
    ERROR: bool = "error";
    /// Whether a gRPC call finished or was cancelled after the deadline of its caller. Absent if it was in time.
    GRPC_DEADLINE_EXCEEDED: bool = "grpc.deadline_exceeded";
    /// Who defines `grpc.error.reason`: the domain of the service that failed.
    GRPC_ERROR_DOMAIN: str = "grpc.error.domain";
    /// Why a gRPC call failed, as a constant of the service's API: the reason in `google.rpc.ErrorInfo`, such as `QUOTA_EXCEEDED`.
    GRPC_ERROR_REASON: str = "grpc.error.reason";
    /// How an incomplete gRPC call ended: `cancelled` before the response started, `aborted` within it. On a client, the program dropped the
    /// call; on a server, the client did. Not an error by itself. Absent for complete calls.
    GRPC_OUTCOME: str = "grpc.outcome";
    /// The number of messages in the request of a gRPC call.
    GRPC_REQUEST_MESSAGES: i64 = "grpc.request.messages";
    /// The number of messages in the response of a gRPC call.
    GRPC_RESPONSE_MESSAGES: i64 = "grpc.response.messages";
    /// The time-out that the caller of a gRPC call set, in milliseconds.
    GRPC_TIMEOUT_MS: f64 = "grpc.timeout_ms";
    /// How an incomplete HTTP exchange ended: `cancelled` before the response started, `aborted` within its body. Usually the client
    /// disconnected. Not an error by itself. Absent for complete exchanges.
    HTTP_OUTCOME: str = "http.outcome";
    /// The protocol that the connection was upgraded to.
    HTTP_UPGRADE: str = "http.upgrade";
    /// The request method.
    HTTP_METHOD: str = "http.method";
    /// The size of the request body in bytes.
    HTTP_REQUEST_BODY_SIZE: i64 = "http.request.body.size";
    /// The original request method if `http.method` is `_OTHER`.
    HTTP_REQUEST_METHOD_ORIGINAL: str = "http.request.method_original";
    /// The number of earlier attempts to send the request. Absent for the first one.
    HTTP_REQUEST_RESEND_COUNT: i64 = "http.request.resend_count";
    /// The size of the response body in bytes. Counts only what was transferred.
    HTTP_RESPONSE_BODY_SIZE: i64 = "http.response.body.size";
    /// The template of the matched route, such as `/users/{id}`.
    HTTP_ROUTE: str = "http.route";
    /// The response status code.
    HTTP_STATUS_CODE: i64 = "http.status_code";
    /// The time from the start of the span to the head of the response, in milliseconds. Absent if the span ended with the head.
    HTTP_TIME_TO_HEAD_MS: f64 = "http.time_to_head_ms";
    /// The request URL. The draining thread redacts user name, password and secrets in it, also if it was set as plain text.
    HTTP_URL: str = "http.url";
    /// Whether a commit of Kafka offsets waited for the broker: `sync` or `async`.
    KAFKA_COMMIT_MODE: str = "kafka.commit.mode";
    /// How many messages a Kafka consumer is behind in the partition of a message, by the client's last statistics.
    KAFKA_CONSUMER_LAG: i64 = "kafka.consumer_lag";
    /// The outcome of a message to Kafka that was neither delivered nor failed while its span was open: `fire_and_forget` if the
    /// producer did not wait for the delivery, `cancelled` if it gave up before the message was queued. Not an error by itself.
    KAFKA_OUTCOME: str = "kafka.outcome";
    /// The time between the timestamp of a Kafka record and its receipt, in milliseconds. The clocks of two machines may differ.
    KAFKA_QUEUE_TIME_MS: i64 = "kafka.queue_time_ms";
    /// The `transactional.id` of a Kafka producer.
    KAFKA_TRANSACTIONAL_ID: str = "kafka.transactional_id";
    /// The number of partitions whose offsets were sent to a Kafka transaction.
    KAFKA_TRANSACTION_OFFSETS: i64 = "kafka.transaction.offsets";
    /// How the transaction of a Kafka record ended: `committed`, `aborted`, or `unresolved` if the producer was dropped before.
    KAFKA_TRANSACTION_OUTCOME: str = "kafka.transaction.outcome";
    /// The topic, queue or exchange of a message.
    MESSAGE_BUS_DESTINATION: str = "message_bus.destination";
    /// The number of the attempt to handle a message, from 1. Each attempt has a span, which refers to that of the attempt before.
    MESSAGING_ATTEMPT: i64 = "messaging.attempt";
    /// The number of messages in a batch.
    MESSAGING_BATCH_MESSAGE_COUNT: i64 = "messaging.batch.message_count";
    /// The client id that the broker knows.
    MESSAGING_CLIENT_ID: str = "messaging.client.id";
    /// The name of the consumer group.
    MESSAGING_CONSUMER_GROUP_NAME: str = "messaging.consumer.group.name";
    /// The id of the topic's partition.
    MESSAGING_DESTINATION_PARTITION_ID: str = "messaging.destination.partition.id";
    /// The key of a Kafka record, as text.
    MESSAGING_KAFKA_MESSAGE_KEY: str = "messaging.kafka.message.key";
    /// Whether a Kafka record has no value, which deletes its key in a compacted topic. Absent if it has one.
    MESSAGING_KAFKA_MESSAGE_TOMBSTONE: bool = "messaging.kafka.message.tombstone";
    /// The offset of a Kafka record in its partition.
    MESSAGING_KAFKA_OFFSET: i64 = "messaging.kafka.offset";
    /// The size of the message body in bytes.
    MESSAGING_MESSAGE_BODY_SIZE: i64 = "messaging.message.body.size";
    /// The correlation id, which connects related messages such as a request and its reply.
    MESSAGING_MESSAGE_CONVERSATION_ID: str = "messaging.message.conversation_id";
    /// The id of the message.
    MESSAGING_MESSAGE_ID: str = "messaging.message.id";
    /// The operation on the message: `send`, `poll` or `process`.
    MESSAGING_OPERATION_NAME: str = "messaging.operation.name";
    /// The type of the operation on the message in OpenTelemetry's terms: `send`, `receive`, `process` or `settle`.
    MESSAGING_OPERATION_TYPE: str = "messaging.operation.type";
    /// How the handling of a message ended, unless its handler was completed: `cancelled` if the handler was dropped, `panicked`, or
    /// `unhandled` if there was no handler. Not an error by itself.
    MESSAGING_OUTCOME: str = "messaging.outcome";
    /// What a policy did with a message after its handler, such as `committed`, `ack`, `retry_topic` or `dead_letter`.
    MESSAGING_SETTLEMENT: str = "messaging.settlement";
    /// Where a policy sent a message: the retry topic, or the dead-letter topic, queue or exchange.
    MESSAGING_SETTLEMENT_DESTINATION: str = "messaging.settlement.destination";
    /// The RabbitMQ exchange of a message. Absent for the default exchange.
    MESSAGING_RABBITMQ_EXCHANGE: str = "messaging.rabbitmq.exchange";
    /// The delivery tag of a RabbitMQ message, which the consumer settles it by. Counted from 1 on each channel.
    MESSAGING_RABBITMQ_DELIVERY_TAG: i64 = "messaging.rabbitmq.message.delivery_tag";
    /// The routing key of a RabbitMQ message.
    MESSAGING_RABBITMQ_ROUTING_KEY: str = "messaging.rabbitmq.destination.routing_key";
    /// The address at the other end of the connection, if it is a proxy that names the client. The client is then the peer.
    NETWORK_PEER_ADDRESS: str = "network.peer.address";
    /// The port at the other end of the connection, if it is not that of the peer.
    NETWORK_PEER_PORT: i64 = "network.peer.port";
    /// The version of the protocol, such as `1.1` or `2` for HTTP.
    NETWORK_PROTOCOL_VERSION: str = "network.protocol.version";
    /// The address of the peer in a form of the protocol's own.
    PEER_ADDRESS: str = "peer.address";
    /// The host name of the peer.
    PEER_HOSTNAME: str = "peer.hostname";
    /// The IPv4 address of the peer in dotted form.
    PEER_IPV4: str = "peer.ipv4";
    /// The IPv6 address of the peer.
    PEER_IPV6: str = "peer.ipv6";
    /// The port of the peer.
    PEER_PORT: i64 = "peer.port";
    /// The service name of the peer.
    PEER_SERVICE: str = "peer.service";
    /// How often a RabbitMQ message was dead-lettered before this delivery.
    RABBITMQ_DEATH_COUNT: i64 = "rabbitmq.death_count";
    /// Why a RabbitMQ message was first dead-lettered. The values are those of `rabbitmq.death_reason`.
    RABBITMQ_DEATH_FIRST_REASON: str = "rabbitmq.death_first_reason";
    /// The queue from which a RabbitMQ message was last dead-lettered.
    RABBITMQ_DEATH_LATEST_QUEUE: str = "rabbitmq.death_latest_queue";
    /// The queue from which a RabbitMQ message was first dead-lettered.
    RABBITMQ_DEATH_QUEUE: str = "rabbitmq.death_queue";
    /// Why a RabbitMQ message was last dead-lettered: `rejected`, `expired`, `maxlen` or `delivery_limit`.
    RABBITMQ_DEATH_REASON: str = "rabbitmq.death_reason";
    /// How often a quorum queue of RabbitMQ delivered the message before. Absent for the first delivery and for other queues.
    RABBITMQ_DELIVERY_COUNT: i64 = "rabbitmq.delivery_count";
    /// The outcome of a RabbitMQ message. A published one: `ack`, `nack`, `returned`, `committed`, `rolled_back`, `unconfirmed` or
    /// `cancelled`. A delivered one: `ack`, `nack`, `reject`, `dead_lettered`, `dropped`, `settled` or `stale`.
    RABBITMQ_OUTCOME: str = "rabbitmq.outcome";
    /// The time between the timestamp of a RabbitMQ message and its receipt, in milliseconds. Absent if it has no timestamp.
    RABBITMQ_QUEUE_TIME_MS: f64 = "rabbitmq.queue_time_ms";
    /// Whether RabbitMQ marked the message as redelivered: it may have been delivered before. Absent if not.
    RABBITMQ_REDELIVERED: bool = "rabbitmq.redelivered";
    /// The reply code with which RabbitMQ returned a message, or closed a channel or connection, such as 312 for an unroutable message.
    RABBITMQ_REPLY_CODE: i64 = "rabbitmq.reply_code";
    /// Whether a rejected message is requeued.
    RABBITMQ_REQUEUE: bool = "rabbitmq.requeue";
    /// The offset of a message in a stream of RabbitMQ.
    RABBITMQ_STREAM_OFFSET: i64 = "rabbitmq.stream_offset";
    /// The full name of the remote method, with package and service.
    RPC_METHOD: str = "rpc.method";
    /// The requested method if `rpc.method` is `_OTHER`.
    RPC_METHOD_ORIGINAL: str = "rpc.method_original";
    /// The name of the call's status.
    RPC_STATUS_CODE: str = "rpc.status_code";
    /// The RPC system, such as `grpc`.
    RPC_SYSTEM_NAME: str = "rpc.system.name";
    /// A sampling decision by the user: a number above zero keeps the trace, zero drops it.
    SAMPLING_PRIORITY: i64 = "sampling.priority";
    /// The rule of tail sampling that kept the trace, on the span without a parent in its process.
    SAMPLING_RULE: str = "sampling.rule";
    /// The number of traces that a kept trace stands for, by which a backend extrapolates. 1 or more.
    SAMPLING_WEIGHT: f64 = "sampling.weight";
    /// Whether a statement first reads the rest of an earlier one on its connection, which was dropped. Its duration includes that.
    SQLX_BEHIND_CANCELLED: bool = "sqlx.behind_cancelled";
    /// The number of bytes that a `COPY` sent or received.
    SQLX_COPIED_BYTES: i64 = "sqlx.copied_bytes";
    /// Whether a transaction was rolled back because it was dropped while open.
    SQLX_IMPLICIT_ROLLBACK: bool = "sqlx.implicit_rollback";
    /// How a dropped statement ended: `cancelled` before the first row, `aborted` before the last one, `unknown` for a commit. Of a commit
    /// that the database answered with a rollback: `rolled_back`. Not an error by itself. Absent for other statements.
    SQLX_OUTCOME: str = "sqlx.outcome";
    /// How long a statement waited for a connection from the pool, in milliseconds. Its span usually starts after the wait.
    SQLX_POOL_WAIT_MS: f64 = "sqlx.pool_wait_ms";
    /// The number of rows that a statement changed.
    SQLX_ROWS_AFFECTED: i64 = "sqlx.rows_affected";
    /// Whether `db.statement` holds only the start of a statement. Absent if it holds all of it.
    SQLX_STATEMENT_TRUNCATED: bool = "sqlx.statement_truncated";
    /// The kind of the span. See [`SpanKind`](crate::SpanKind).
    SPAN_KIND: str = "span.kind";
    /// Whether the span was still open when its tracer was closed. The report then shows what was known at that time.
    UNFINISHED: bool = "unfinished";
    /// The header `User-Agent` of a request, 256 bytes of it at most.
    USER_AGENT_ORIGINAL: str = "user_agent.original";
}
