//! The standard tags, typed.
//!
//! The names are those of the OpenTracing semantic conventions, or of OpenTelemetry's where OpenTracing has none. Reporters translate them for
//! their backend.
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

use std::fmt;
use std::marker::PhantomData;

use crate::model::tag_value::TagValue;
use crate::model::value::Text;

/// The name of a tag together with the type of its value.
pub struct TagKey<T: ?Sized> {
    name: &'static str,
    value: PhantomData<fn(&T)>,
}

impl<T: ?Sized> TagKey<T> {
    /// Makes the key of a tag with that name.
    pub const fn new(name: &'static str) -> Self {
        TagKey { name, value: PhantomData }
    }

    /// The name.
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

/// The type of a standard tag's value: `str`, `bool`, `i64` or `f64`.
pub trait TagType {
    /// The type that [`Span::set`](crate::Span::set) takes for it.
    type Value<'a>: Into<TagValue<'a>>;
}

impl TagType for str {
    type Value<'a> = &'a str;
}

impl TagType for bool {
    type Value<'a> = bool;
}

impl TagType for i64 {
    type Value<'a> = i64;
}

impl TagType for f64 {
    type Value<'a> = f64;
}

macro_rules! tags {
    ($($(#[$doc:meta])* $constant:ident: $type:ty = $name:literal;)+) => {
        $($(#[$doc])* pub const $constant: TagKey<$type> = TagKey::new($name);)+
    };
}

tags! {
    /// The library that made the span: `axum`, `reqwest`.
    COMPONENT: str = "component";
    /// The database's name.
    DB_INSTANCE: str = "db.instance";
    /// The statement, with its literals masked.
    DB_STATEMENT: str = "db.statement";
    /// The category of database: `sql` for any that speaks SQL.
    DB_TYPE: str = "db.type";
    /// Who uses the database.
    DB_USER: str = "db.user";
    /// The database's product, as OpenTelemetry names it: `postgresql`, `mysql`, `sqlite`.
    DB_SYSTEM_NAME: str = "db.system.name";
    /// How many statements were executed at once, where there were several.
    DB_OPERATION_BATCH_SIZE: i64 = "db.operation.batch.size";
    /// The database's operation: `SELECT`.
    DB_OPERATION_NAME: str = "db.operation.name";
    /// The table or collection.
    DB_COLLECTION_NAME: str = "db.collection.name";
    /// The number of rows that came back.
    DB_RESPONSE_RETURNED_ROWS: i64 = "db.response.returned_rows";
    /// The database's status, for SQL the SQLSTATE.
    DB_RESPONSE_STATUS_CODE: str = "db.response.status_code";
    /// Whether the operation failed. Absence means that it did not.
    ERROR: bool = "error";
    /// Whether a gRPC call went on, or was given up, beyond the time that its caller gave it. Absence means that it did not.
    GRPC_DEADLINE_EXCEEDED: bool = "grpc.deadline_exceeded";
    /// The number of messages in the request of a gRPC call.
    GRPC_REQUEST_MESSAGES: i64 = "grpc.request.messages";
    /// The number of messages in the answer of a gRPC call.
    GRPC_RESPONSE_MESSAGES: i64 = "grpc.response.messages";
    /// The time that the caller of a gRPC call gave it, in milliseconds.
    GRPC_TIMEOUT_MS: f64 = "grpc.timeout_ms";
    /// How an exchange ended that did not come to its end: `cancelled` before the answer had begun, `aborted` within its body. As a
    /// rule the client left. Not an error by itself.
    HTTP_OUTCOME: str = "http.outcome";
    /// The protocol that the connection was handed over to.
    HTTP_UPGRADE: str = "http.upgrade";
    /// The request's method.
    HTTP_METHOD: str = "http.method";
    /// The size of the request's body in bytes.
    HTTP_REQUEST_BODY_SIZE: i64 = "http.request.body.size";
    /// The request's method as it came, where `http.method` is `_OTHER`.
    HTTP_REQUEST_METHOD_ORIGINAL: str = "http.request.method_original";
    /// How often the request was sent before.
    HTTP_REQUEST_RESEND_COUNT: i64 = "http.request.resend_count";
    /// The size of the answer's body in bytes, as far as it was sent.
    HTTP_RESPONSE_BODY_SIZE: i64 = "http.response.body.size";
    /// The template of the route that was matched.
    HTTP_ROUTE: str = "http.route";
    /// The response's status.
    HTTP_STATUS_CODE: i64 = "http.status_code";
    /// The request's URL. Text is treated as a URL, too: user name, password and secrets are taken out where spans are drained.
    HTTP_URL: str = "http.url";
    /// What became of a message that was sent to Kafka, where it is more than that it was delivered or failed: `fire_and_forget` if
    /// nobody waited for it to be delivered, `cancelled` if it was given up before it was queued. Not an error by itself.
    KAFKA_OUTCOME: str = "kafka.outcome";
    /// The time between a record's timestamp and its receipt, in milliseconds. Clocks of two machines differ.
    KAFKA_QUEUE_TIME_MS: i64 = "kafka.queue_time_ms";
    /// The topic, queue or exchange.
    MESSAGE_BUS_DESTINATION: str = "message_bus.destination";
    /// The number of messages that are handled at once.
    MESSAGING_BATCH_MESSAGE_COUNT: i64 = "messaging.batch.message_count";
    /// What the client calls itself towards the broker.
    MESSAGING_CLIENT_ID: str = "messaging.client.id";
    /// The consumer group.
    MESSAGING_CONSUMER_GROUP_NAME: str = "messaging.consumer.group.name";
    /// The partition of the topic.
    MESSAGING_DESTINATION_PARTITION_ID: str = "messaging.destination.partition.id";
    /// The record's key, as text.
    MESSAGING_KAFKA_MESSAGE_KEY: str = "messaging.kafka.message.key";
    /// Whether the record has no value, which deletes its key where the topic is compacted. Absence means that it has one.
    MESSAGING_KAFKA_MESSAGE_TOMBSTONE: bool = "messaging.kafka.message.tombstone";
    /// The record's offset in its partition.
    MESSAGING_KAFKA_OFFSET: i64 = "messaging.kafka.offset";
    /// The size of the message's body in bytes.
    MESSAGING_MESSAGE_BODY_SIZE: i64 = "messaging.message.body.size";
    /// What ties a message to others, such as an answer to its question: the correlation id.
    MESSAGING_MESSAGE_CONVERSATION_ID: str = "messaging.message.conversation_id";
    /// The message's id.
    MESSAGING_MESSAGE_ID: str = "messaging.message.id";
    /// What is done with the message: `send`, `poll`, `process`.
    MESSAGING_OPERATION_NAME: str = "messaging.operation.name";
    /// The exchange of RabbitMQ that a message went through. Absent for the default one.
    MESSAGING_RABBITMQ_EXCHANGE: str = "messaging.rabbitmq.exchange";
    /// The routing key of a message of RabbitMQ.
    MESSAGING_RABBITMQ_ROUTING_KEY: str = "messaging.rabbitmq.destination.routing_key";
    /// The other side's address in a form of its own.
    PEER_ADDRESS: str = "peer.address";
    /// The other side's host name.
    PEER_HOSTNAME: str = "peer.hostname";
    /// The other side's IPv4 address, dotted.
    PEER_IPV4: str = "peer.ipv4";
    /// The other side's IPv6 address.
    PEER_IPV6: str = "peer.ipv6";
    /// The other side's port.
    PEER_PORT: i64 = "peer.port";
    /// The other side's service name.
    PEER_SERVICE: str = "peer.service";
    /// How often a message of RabbitMQ was dead-lettered before it came here.
    RABBITMQ_DEATH_COUNT: i64 = "rabbitmq.death_count";
    /// The queue that a message of RabbitMQ was dead-lettered from first.
    RABBITMQ_DEATH_QUEUE: str = "rabbitmq.death_queue";
    /// Why a message of RabbitMQ was dead-lettered last: `rejected`, `expired`, `maxlen`, `delivery_limit`.
    RABBITMQ_DEATH_REASON: str = "rabbitmq.death_reason";
    /// What became of a message of RabbitMQ. Of one that was published: `ack`, `nack`, `returned`, `unconfirmed`, `cancelled`. Of one
    /// that was delivered: `ack`, `nack`, `reject`, `dropped`, `settled`, `stale`.
    RABBITMQ_OUTCOME: str = "rabbitmq.outcome";
    /// How long a message of RabbitMQ was under way, in milliseconds, as far as it says when it was sent.
    RABBITMQ_QUEUE_TIME_MS: f64 = "rabbitmq.queue_time_ms";
    /// Whether RabbitMQ may have delivered the message before. Absence means that it has not.
    RABBITMQ_REDELIVERED: bool = "rabbitmq.redelivered";
    /// The code with which RabbitMQ returned a message, or closed a channel or connection: 312 for a message without a queue.
    RABBITMQ_REPLY_CODE: i64 = "rabbitmq.reply_code";
    /// Whether a message that was refused goes back into its queue.
    RABBITMQ_REQUEUE: bool = "rabbitmq.requeue";
    /// The method that is called remotely, with package and service.
    RPC_METHOD: str = "rpc.method";
    /// What was asked for, where `rpc.method` is `_OTHER`.
    RPC_METHOD_ORIGINAL: str = "rpc.method_original";
    /// The call's status, by name.
    RPC_STATUS_CODE: str = "rpc.status_code";
    /// What kind of remote calls these are: `grpc`.
    RPC_SYSTEM_NAME: str = "rpc.system.name";
    /// Above zero asks for the trace to be kept, zero to drop it.
    SAMPLING_PRIORITY: i64 = "sampling.priority";
    /// Whether a transaction was rolled back because nobody ended it.
    SQLX_IMPLICIT_ROLLBACK: bool = "sqlx.implicit_rollback";
    /// How a statement ended that did not come to its end: `cancelled` before the first row, `aborted` before the last one. Not an
    /// error by itself.
    SQLX_OUTCOME: str = "sqlx.outcome";
    /// How long a statement waited for a connection of the pool, in milliseconds.
    SQLX_POOL_WAIT_MS: f64 = "sqlx.pool_wait_ms";
    /// The number of rows that a statement has changed.
    SQLX_ROWS_AFFECTED: i64 = "sqlx.rows_affected";
    /// The span's role; see [`SpanKind`](crate::SpanKind).
    SPAN_KIND: str = "span.kind";
    /// The span had not finished when its tracer was closed; what is reported is what was known of it by then.
    UNFINISHED: bool = "unfinished";
}
