//! Spans of sent records.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use opentracing_core::mock::MockTracer;
use opentracing_core::{InSpan, SpanKind, Tracer};
use opentracing_kafka::TracingProducer;
use rdkafka::Statistics;
use rdkafka::client::{ClientContext, OAuthToken};
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::KafkaError;
use rdkafka::message::Message;
use rdkafka::producer::{
    BaseProducer, BaseRecord, DefaultProducerContext, DeliveryResult, FutureProducer, FutureRecord, Partitioner,
    Producer, ProducerContext, PurgeConfig, ThreadedProducer,
};

use crate::cluster::{Cluster, PATIENCE, patience, soon, tracing};
use crate::support::{error, span, tag};

on_both_clusters! {
    async fn future_producer_records_the_delivery(cluster: &Cluster) {
        let (mock, topic) = (MockTracer::new(), cluster.topic(3).await);
        let producer = cluster.producer(&mock);
        let send = async {
            let first = producer.send(FutureRecord::to(&topic).key("k").payload("12345").partition(2), patience());
            first.await.unwrap();
            producer.send(FutureRecord::to(&topic).key("k").payload("").partition(2), patience()).await.unwrap()
        };
        let delivery = soon(send.in_span(mock.tracer().span("order").start())).await;
        mock.assert_tree(&format!("
            order
              send {topic} (producer)
              send {topic} (producer)
        "));
        let mut spans = mock.finished_spans();
        spans.retain(|span| span.kind == SpanKind::Producer);
        let first = &spans[0];
        assert_eq!(tag(first, "component").as_deref(), Some("rdkafka"));
        assert_eq!(tag(first, "messaging.operation.name").as_deref(), Some("send"));
        assert_eq!(tag(first, "message_bus.destination").as_deref(), Some(&*topic));
        assert_eq!(tag(first, "messaging.destination.partition.id").as_deref(), Some("2"));
        assert_eq!(tag(first, "messaging.kafka.offset").as_deref(), Some("0"));
        assert_eq!(tag(first, "messaging.message.body.size").as_deref(), Some("5"));
        assert_eq!(tag(first, "peer.service").as_deref(), Some("kafka"));
        assert_eq!(tag(first, "peer.address").as_deref(), Some(&*cluster.brokers));
        // Keys are recorded on request only.
        for absent in [
            "messaging.kafka.message.key",
            "messaging.kafka.message.tombstone",
            "messaging.client.id",
            "kafka.outcome",
            "error",
        ] {
            assert_eq!(tag(first, absent), None, "{absent}");
        }
        assert_eq!((delivery.partition, delivery.offset), (2, 1));
        assert_eq!(tag(&spans[1], "messaging.kafka.offset").as_deref(), Some("1"));
        assert_eq!(tag(&spans[1], "messaging.message.body.size").as_deref(), Some("0"));
    }

    async fn base_producer_finishes_spans_when_polled(cluster: &Cluster) {
        let (mock, topic) = (MockTracer::new(), cluster.topic(1).await);
        let producer: TracingProducer<BaseProducer> = tracing(&mock).producer(&cluster.config()).unwrap();
        let parent = mock.tracer().span("order").start_active();
        producer.send(BaseRecord::to(&topic).key("k").payload("v")).unwrap();
        drop(parent);
        assert_eq!(mock.tree(), "order\n");
        producer.flush(patience()).unwrap();
        mock.assert_tree(&format!("
            order
              send {topic} (producer)
        "));
        assert_eq!(tag(&span(&mock, "send"), "messaging.kafka.offset").as_deref(), Some("0"));
        assert_eq!(producer.in_flight_count(), 0);
    }

    async fn threaded_producer_finishes_spans_by_itself(cluster: &Cluster) {
        let (mock, topic) = (MockTracer::new(), cluster.topic(1).await);
        let producer: TracingProducer<ThreadedProducer<DefaultProducerContext>> = tracing(&mock).producer(&cluster.config()).unwrap();
        producer.send(BaseRecord::<(), str>::to(&topic).payload("v")).unwrap();
        let spans = mock.finished(1).await;
        assert_eq!(*spans[0].operation_name, *format!("send {topic}"));
        assert_eq!(spans[0].kind, SpanKind::Producer);
        assert_eq!(tag(&spans[0], "messaging.kafka.offset").as_deref(), Some("0"));
    }

    async fn a_dropped_delivery_future_is_fire_and_forget(cluster: &Cluster) {
        let (mock, topic) = (MockTracer::new(), cluster.topic(1).await);
        let producer = cluster.producer(&mock);
        drop(producer.send_result(FutureRecord::<(), str>::to(&topic).payload("v")).unwrap());
        let spans = mock.finished(1).await;
        assert_eq!(tag(&spans[0], "kafka.outcome").as_deref(), Some("fire_and_forget"));
        assert_eq!(tag(&spans[0], "messaging.kafka.offset").as_deref(), Some("0"));
        assert!(!spans[0].is_failed);

        // Likewise if the brokers do not acknowledge records.
        mock.reset();
        let unacknowledged: TracingProducer<FutureProducer> =
            tracing(&mock).producer(cluster.config().set("acks", "0")).unwrap();
        soon(unacknowledged.send(FutureRecord::<(), str>::to(&topic).payload("v"), patience())).await.unwrap();
        let span = span(&mock, "send");
        assert_eq!(tag(&span, "kafka.outcome").as_deref(), Some("fire_and_forget"));
        assert_eq!(tag(&span, "messaging.kafka.offset"), None);
    }

    async fn an_awaited_delivery_future_is_not_fire_and_forget(cluster: &Cluster) {
        let (mock, topic) = (MockTracer::new(), cluster.topic(1).await);
        let producer = cluster.producer(&mock);
        let delivery = producer.send_result(FutureRecord::<(), str>::to(&topic).payload("v")).unwrap();
        assert_eq!(soon(delivery).await.unwrap().unwrap().offset, 0);
        assert_eq!(tag(&span(&mock, "send"), "kafka.outcome"), None);
    }

    async fn tombstones_are_recorded(cluster: &Cluster) {
        let (mock, topic) = (MockTracer::new(), cluster.topic(1).await);
        let producer = cluster.producer(&mock);
        soon(producer.send(FutureRecord::<str, ()>::to(&topic).key("gone"), patience())).await.unwrap();
        let span = span(&mock, "send");
        assert_eq!(tag(&span, "messaging.kafka.message.tombstone").as_deref(), Some("true"));
        assert_eq!(tag(&span, "messaging.message.body.size"), None);
    }
}

/// Counts the callbacks of a user's context.
#[derive(Default)]
struct Calls {
    stats: AtomicUsize,
    raw_stats: AtomicUsize,
    errors: AtomicUsize,
    logs: AtomicUsize,
    tokens: AtomicUsize,
    deliveries: Mutex<Vec<(u32, bool)>>,
    partitions: AtomicUsize,
}

struct Custom {
    calls: Arc<Calls>,
    tracer: Tracer,
    partitioner: Option<Second>,
}

/// Sends everything to the second partition.
#[derive(Clone)]
struct Second(Arc<Calls>);

impl Partitioner for Second {
    fn partition(&self, _: &str, _: Option<&[u8]>, _: i32, _: impl Fn(i32) -> bool) -> i32 {
        self.0.partitions.fetch_add(1, Ordering::Relaxed);
        1
    }
}

impl ClientContext for Custom {
    const ENABLE_REFRESH_OAUTH_TOKEN: bool = true;

    fn log(&self, _: RDKafkaLogLevel, _: &str, _: &str) {
        self.calls.logs.fetch_add(1, Ordering::Relaxed);
    }

    fn stats(&self, _: Statistics) {
        self.calls.stats.fetch_add(1, Ordering::Relaxed);
    }

    fn stats_raw(&self, _: &[u8]) {
        self.calls.raw_stats.fetch_add(1, Ordering::Relaxed);
        self.stats(Statistics::default());
    }

    fn error(&self, _: KafkaError, _: &str) {
        self.calls.errors.fetch_add(1, Ordering::Relaxed);
    }

    fn generate_oauth_token(&self, config: Option<&str>) -> Result<OAuthToken, Box<dyn std::error::Error>> {
        assert_eq!(config, Some("scope=shop"));
        self.calls.tokens.fetch_add(1, Ordering::Relaxed);
        Err("no token today".into())
    }
}

impl ProducerContext<Second> for Custom {
    type DeliveryOpaque = Box<u32>;

    fn delivery(&self, result: &DeliveryResult<'_>, opaque: Box<u32>) {
        self.calls.deliveries.lock().unwrap().push((*opaque, result.is_ok()));
        self.tracer.span("note").start().finish();
    }

    fn get_custom_partitioner(&self) -> Option<&Second> {
        self.partitioner.as_ref()
    }
}

fn custom(mock: &MockTracer) -> (Arc<Calls>, Custom) {
    let calls = Arc::new(Calls::default());
    let partitioner = Some(Second(calls.clone()));
    (calls.clone(), Custom { calls, tracer: mock.tracer().clone(), partitioner })
}

/// Polls until the condition holds.
fn poll_until(producer: &TracingProducer<BaseProducer<Custom, Second>>, condition: impl Fn() -> bool) {
    let begun = std::time::Instant::now();
    while !condition() {
        assert!(begun.elapsed() < PATIENCE, "the condition should hold by now");
        producer.poll(Duration::from_millis(10));
    }
}

#[tokio::test]
async fn callbacks_are_forwarded_to_the_context_of_the_user() {
    let (cluster, mock) = (Cluster::mock(), MockTracer::new());
    let topic = cluster.topic(2).await;
    let (calls, context) = custom(&mock);
    let mut config = cluster.config();
    config.set("statistics.interval.ms", "10").set("sticky.partitioning.linger.ms", "0");
    // rdkafka crashes if it sets a partitioner before any topic setting exists.
    config.set("message.timeout.ms", "30000");
    let producer: TracingProducer<BaseProducer<Custom, Second>> =
        tracing(&mock).producer_with_context(&config, context).unwrap();
    producer.send(BaseRecord::<(), str, _>::with_opaque_to(&topic, Box::new(7)).payload("v")).unwrap();
    poll_until(&producer, || !calls.deliveries.lock().unwrap().is_empty());
    assert_eq!(*calls.deliveries.lock().unwrap(), [(7, true)]);
    assert_eq!(calls.partitions.load(Ordering::Relaxed), 1);
    assert_eq!(tag(&span(&mock, "send"), "messaging.destination.partition.id").as_deref(), Some("1"));
    // The delivery callback runs in the span of its record.
    mock.assert_tree(&format!(
        "
        send {topic} (producer)
          note
    "
    ));
    poll_until(&producer, || calls.raw_stats.load(Ordering::Relaxed) > 0);
    assert!(calls.stats.load(Ordering::Relaxed) > 0);
    assert_eq!(producer.context().get_ref().calls.tokens.load(Ordering::Relaxed), 0);
    // All brokers are down.
    cluster.mock.as_ref().unwrap().broker_down(-1).unwrap();
    poll_until(&producer, || calls.errors.load(Ordering::Relaxed) > 0);
}

/// Calls the context directly, because a client that is built without OpenSSL does not ask for tokens.
#[test]
fn tokens_come_from_the_context_of_the_user() {
    fn ask<C: ClientContext>(context: &C) {
        assert!(C::ENABLE_REFRESH_OAUTH_TOKEN);
        let error = context.generate_oauth_token(Some("scope=shop")).err().unwrap();
        assert_eq!(error.to_string(), "no token today");
    }
    let mock = MockTracer::new();
    let (calls, context) = custom(&mock);
    let mut config = rdkafka::ClientConfig::new();
    config.set("message.timeout.ms", "30000");
    let base: TracingProducer<BaseProducer<Custom, Second>> =
        tracing(&mock).producer_with_context(&config, context).unwrap();
    ask(&**base.context());
    let (_, context) = custom(&mock);
    let future: TracingProducer<FutureProducer<Custom>> =
        tracing(&mock).producer_with_context(&config, context).unwrap();
    ask(&**future.context());
    assert_eq!(calls.tokens.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn callbacks_of_a_future_producer_are_forwarded() {
    let (cluster, mock) = (Cluster::mock(), MockTracer::new());
    let (calls, context) = custom(&mock);
    let producer: TracingProducer<FutureProducer<Custom>> =
        tracing(&mock).producer_with_context(cluster.config().set("statistics.interval.ms", "10"), context).unwrap();
    let begun = std::time::Instant::now();
    while calls.stats.load(Ordering::Relaxed) == 0 {
        assert!(begun.elapsed() < PATIENCE);
        producer.poll(Duration::from_millis(10));
    }
}

/// A producer whose records cannot be delivered.
fn stuck(mock: &MockTracer, settings: &[(&str, &str)]) -> TracingProducer<FutureProducer> {
    let mut config = rdkafka::ClientConfig::new();
    config.set("bootstrap.servers", "127.0.0.1:1");
    for (key, value) in settings {
        config.set(*key, *value);
    }
    tracing(mock).producer(&config).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn purged_records_finish_their_spans() {
    let mock = MockTracer::new();
    let producer = stuck(&mock, &[]);
    let delivery = producer.send_result(FutureRecord::<(), str>::to("orders").payload("v")).unwrap();
    assert!(mock.finished_spans().is_empty());
    producer.purge(PurgeConfig::default().queue().inflight());
    soon(delivery).await.unwrap().unwrap_err();
    let span = span(&mock, "send orders");
    assert!(span.is_failed);
    assert_eq!(error(&span).0, "purge_queue");
    assert_eq!(tag(&span, "messaging.kafka.offset"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn records_of_a_dropped_producer_finish_their_spans() {
    let mock = MockTracer::new();
    let producer = stuck(&mock, &[]);
    let delivery = producer.send_result(FutureRecord::<(), str>::to("orders").payload("v")).unwrap();
    drop(producer);
    soon(delivery).await.unwrap().unwrap_err();
    assert_eq!(error(&span(&mock, "send orders")).0, "purge_queue");
}

#[tokio::test(flavor = "multi_thread")]
async fn records_that_time_out_finish_their_spans() {
    let mock = MockTracer::new();
    let producer = stuck(&mock, &[("message.timeout.ms", "50")]);
    let (failure, record) =
        soon(producer.send(FutureRecord::to("orders").key("k").payload("v"), patience())).await.unwrap_err();
    assert!(failure.to_string().contains("timed out"), "{failure}");
    assert_eq!(record.payload(), Some(&b"v"[..]));
    let span = span(&mock, "send orders");
    let (kind, message) = error(&span);
    assert_eq!((kind.as_str(), span.is_failed), ("message_timed_out", true));
    assert!(message.contains("timed out"), "{message}");
    assert_eq!(tag(&span, "kafka.outcome"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_waits_for_room_in_the_queue() {
    let mock = MockTracer::new();
    let producer = stuck(&mock, &[("queue.buffering.max.messages", "1")]);
    let _first = producer.send_result(FutureRecord::<(), str>::to("orders").payload("1")).unwrap();
    let (failure, record) = producer.send_result(FutureRecord::to("orders").key("k").payload("2")).unwrap_err();
    assert!(failure.to_string().to_lowercase().contains("queue full"), "{failure}");
    assert_eq!((record.topic, record.key, record.payload), ("orders", Some("k"), Some("2")));
    let refused = span(&mock, "send orders");
    assert_eq!(error(&refused).0, "queue_full");
    // Likewise with a time-out of zero.
    let (_, message) = soon(producer.send(record, Duration::ZERO)).await.unwrap_err();
    assert_eq!(message.payload(), Some(&b"2"[..]));
    assert_eq!(mock.finished_spans().len(), 2);

    // The caller cancels.
    let sending = producer.send(FutureRecord::<(), str>::to("orders").payload("3"), patience());
    assert!(tokio::time::timeout(Duration::from_millis(1), sending).await.is_err());
    let spans = mock.finished_spans();
    let cancelled = spans.last().unwrap();
    assert_eq!(tag(cancelled, "kafka.outcome").as_deref(), Some("cancelled"));
    assert!(!cancelled.is_failed);

    // The queue gets room.
    let sending = producer.send(FutureRecord::<(), str>::to("orders").payload("4"), patience());
    let mut sending = std::pin::pin!(sending);
    assert!(tokio::time::timeout(Duration::from_millis(1), &mut sending).await.is_err());
    producer.purge(PurgeConfig::default().queue());
    producer.poll(Duration::ZERO);
    let queued = soon(async {
        loop {
            assert!(tokio::time::timeout(Duration::from_millis(20), &mut sending).await.is_err());
            if producer.in_flight_count() == 1 {
                break;
            }
        }
    });
    queued.await;
    producer.purge(PurgeConfig::default().queue());
    soon(sending).await.unwrap_err();
    let spans = mock.finished_spans();
    let waited = spans.last().unwrap();
    assert_eq!(waited.logs[0].field("event"), Some("queue_full".into()));
    assert_eq!(error(waited).0, "purge_queue");
}

#[test]
fn invalid_records_and_settings_are_errors() {
    let mock = MockTracer::new();
    let producer: TracingProducer<BaseProducer> = tracing(&mock).producer(&rdkafka::ClientConfig::new()).unwrap();
    let (_, record) = producer.send(BaseRecord::to("a\0b").key("k").payload("v")).unwrap_err();
    assert_eq!(record.payload, Some("v"));
    assert_eq!(error(&mock.finished_spans()[0]).0, "client");
    tracing(&mock).producer::<BaseProducer>(rdkafka::ClientConfig::new().set("no.such", "setting")).unwrap_err();
}

#[tokio::test]
async fn a_no_op_tracer_adds_no_headers() {
    let cluster = Cluster::mock();
    let topic = cluster.topic(1).await;
    let kafka = opentracing_kafka::KafkaTracing::with_tracer(Tracer::noop());
    let producer: TracingProducer<FutureProducer> = kafka.producer(&cluster.config()).unwrap();
    soon(producer.send(FutureRecord::<(), str>::to(&topic).payload("v"), patience())).await.unwrap();
    let consumer = cluster.consumer_with(kafka, &topic);
    let message = soon(consumer.recv()).await.unwrap();
    assert!(message.headers().is_none());
    assert!(message.context().is_none());
    // Likewise for a global tracer that is not registered.
    let global: TracingProducer<FutureProducer> = cluster.config().create().unwrap();
    soon(global.send(FutureRecord::<(), str>::to(&topic).payload("v"), patience())).await.unwrap();
}
