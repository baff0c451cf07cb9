//! A connection to the broker with its own tracer, and assertions on spans.

use std::env;
use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::StreamExt;
use lapin::options::{BasicConsumeOptions, BasicPublishOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable, ShortString};
use lapin::{BasicProperties, Confirmation, ConnectionProperties};
use opentracing_amqp::{TracingChannel, TracingConnection, TracingConsumer, TracingDelivery};
use opentracing_core::OwnedSpan;
use opentracing_core::mock::MockTracer;

/// Reads an environment variable. If it is unset, the test is skipped: returns `None` and prints a line.
pub(crate) fn given(variable: &str) -> Option<String> {
    let value = env::var(variable).ok().filter(|value| !value.is_empty());
    if value.is_none() {
        assert!(env::var_os("CI").is_none_or(|ci| ci.is_empty()), "{variable} is not set");
        // The test runner does not capture this stream.
        let _ = writeln!(
            std::io::stderr(),
            "skipped, {variable} is not set: {}",
            std::thread::current().name().unwrap_or("?")
        );
    }
    value
}

pub(crate) struct Broker {
    pub(crate) mock: MockTracer,
    pub(crate) connection: TracingConnection,
    pub(crate) channel: TracingChannel,
}

impl Broker {
    pub(crate) async fn open() -> Option<Self> {
        Self::with(MockTracer::new(), |connection| connection).await
    }

    /// Returns `None`, which skips the test, without a broker.
    pub(crate) async fn with(
        mock: MockTracer,
        settings: impl FnOnce(TracingConnection) -> TracingConnection,
    ) -> Option<Self> {
        let url = given("AMQP_URL")?;
        let connect =
            TracingConnection::connect_with_tracer(mock.tracer().clone(), &url, ConnectionProperties::default());
        let connection = settings(connect.await.unwrap());
        let channel = connection.create_channel().await.unwrap();
        Some(Broker { mock, connection, channel })
    }

    /// Declares a queue that is exclusive to this connection and deleted with it.
    pub(crate) async fn queue(&self) -> ShortString {
        self.queue_with(&[]).await
    }

    pub(crate) async fn queue_with(&self, arguments: &[(&str, AMQPValue)]) -> ShortString {
        let name = unique_name();
        let options = QueueDeclareOptions { exclusive: true, ..QueueDeclareOptions::default() };
        self.channel.queue_declare(name.clone(), options, table(arguments)).await.unwrap();
        name
    }

    /// Publishes a message and waits for its confirm.
    pub(crate) async fn publish(&self, queue: &ShortString, body: &[u8]) -> Confirmation {
        self.publish_with(queue, body, BasicProperties::default()).await
    }

    pub(crate) async fn publish_with(
        &self,
        queue: &ShortString,
        body: &[u8],
        properties: BasicProperties,
    ) -> Confirmation {
        let options = BasicPublishOptions::default();
        let confirm = self.channel.basic_publish("".into(), queue.clone(), options, body, properties).await;
        confirm.unwrap().await.unwrap()
    }

    /// Publishes without a span and without trace headers.
    pub(crate) async fn publish_plain(&self, queue: &ShortString, body: &[u8], properties: BasicProperties) {
        let (channel, options) = (self.channel.get_ref(), BasicPublishOptions::default());
        let confirm = channel.basic_publish("".into(), queue.clone(), options, body, properties).await;
        confirm.unwrap().await.unwrap();
    }

    pub(crate) async fn consume(&self, queue: &ShortString) -> TracingConsumer {
        self.consume_with(queue, BasicConsumeOptions::default()).await
    }

    pub(crate) async fn consume_with(&self, queue: &ShortString, options: BasicConsumeOptions) -> TracingConsumer {
        self.channel.basic_consume(queue.clone(), "".into(), options, FieldTable::default()).await.unwrap()
    }

    /// The spans whose operation starts with the verb, in the order of their start.
    pub(crate) fn spans(&self, verb: &str) -> Vec<OwnedSpan> {
        let mut spans = self.mock.finished_spans();
        spans.retain(|span| span.operation_name.starts_with(&format!("{verb} ")));
        spans.sort_by_key(|span| span.start_unix_ns);
        spans
    }

    /// The only span whose operation starts with the verb.
    #[track_caller]
    pub(crate) fn span(&self, verb: &str) -> OwnedSpan {
        let mut spans = self.spans(verb);
        assert_eq!(spans.len(), 1, "{spans:?}");
        spans.remove(0)
    }
}

/// Waits for the next delivery of a consumer.
pub(crate) async fn next(consumer: &mut TracingConsumer) -> TracingDelivery {
    consumer.next().await.expect("a delivery").unwrap()
}

/// A name that is unique across tests and runs.
pub(crate) fn unique_name() -> ShortString {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    format!("test-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed)).as_str().into()
}

pub(crate) fn table(entries: &[(&str, AMQPValue)]) -> FieldTable {
    let mut table = FieldTable::default();
    for (name, value) in entries {
        table.insert((*name).into(), value.clone());
    }
    table
}

pub(crate) fn long(text: &str) -> AMQPValue {
    AMQPValue::LongString(text.into())
}

/// Properties with these headers.
pub(crate) fn with_headers(entries: &[(&str, AMQPValue)]) -> BasicProperties {
    BasicProperties::default().with_headers(table(entries))
}

/// The tag as text; empty if it is absent.
pub(crate) fn tag(span: &OwnedSpan, key: &str) -> String {
    span.tag(key).map(|value| value.to_string()).unwrap_or_default()
}

/// Compares tags; an empty text means that the tag is absent.
#[track_caller]
pub(crate) fn check_tags(span: &OwnedSpan, expected: &[(&str, &str)]) {
    for (key, value) in expected {
        assert_eq!(tag(span, key), *value, "{key} of {span:?}");
    }
}

/// Checks the outcome, whether the span failed, and the kind of the logged error.
#[track_caller]
pub(crate) fn check_outcome(span: &OwnedSpan, outcome: &str, error_kind: Option<&str>) {
    assert_eq!(tag(span, "rabbitmq.outcome"), outcome, "{span:?}");
    assert_eq!(span.is_failed, error_kind.is_some(), "{span:?}");
    let is_error = |log: &&opentracing_core::OwnedLog| log.field("event") == Some("error".into());
    let logged = span.logs.iter().find(is_error).and_then(|log| log.field("error.kind"));
    assert_eq!(logged.map(|kind| kind.to_string()).as_deref(), error_kind, "{span:?}");
}
