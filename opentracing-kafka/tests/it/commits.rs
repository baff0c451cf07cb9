//! Commits of offsets, rebalances and other events of consumers.

use std::collections::HashMap;

use opentracing_core::SpanKind;
use opentracing_core::mock::MockTracer;
use opentracing_kafka::{CommitSpan, KafkaTracing, TracingConsumer, TracingConsumerContext};
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer, StreamConsumer};
use rdkafka::message::Message;
use rdkafka::producer::FutureRecord;
use rdkafka::statistics::{Partition, Statistics, Topic};
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};

use crate::cluster::{Cluster, from_beginning, patience, soon, tracing};
use crate::support::{error, span, tag};

const REFUSED: RDKafkaRespErr = RDKafkaRespErr::RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID;

async fn received(
    cluster: &Cluster,
    kafka: KafkaTracing,
    mock: &MockTracer,
) -> (String, TracingConsumer<BaseConsumer>) {
    let topic = cluster.topic(1).await;
    let record = FutureRecord::<(), str>::to(&topic).payload("v");
    soon(cluster.producer(mock).send(record, patience())).await.unwrap();
    let consumer: TracingConsumer<BaseConsumer> = kafka.consumer(&cluster.consumer_config()).unwrap();
    consumer.assign(&from_beginning(&topic, 1)).unwrap();
    (topic, consumer)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_commit_has_a_span() {
    let (cluster, mock) = (Cluster::mock(), MockTracer::new());
    let (topic, consumer) = received(&cluster, tracing(&mock).peer_service("ledger"), &mock).await;
    let message = consumer.poll(patience()).unwrap().unwrap();
    cluster.mock.as_ref().unwrap().request_errors(RDKafkaApiKey::OffsetCommit, &[REFUSED; 5]);
    consumer.commit_message(&message, CommitMode::Sync).unwrap_err();
    drop(message);
    mock.assert_tree(&format!(
        "
        send {topic} (producer)
          process {topic} (consumer)
            commit {topic} (client) !
    "
    ));
    let commit = span(&mock, "commit");
    assert_eq!(error(&commit).0, "unknown_member_id");
    assert_eq!(commit.kind, SpanKind::Client);
    for (key, value) in [
        ("messaging.operation.name", "commit"),
        ("messaging.operation.type", "settle"),
        ("message_bus.destination", &*topic),
        ("peer.service", "ledger"),
        ("component", "rdkafka"),
    ] {
        assert_eq!(tag(&commit, key).as_deref(), Some(value), "{key}");
    }
    assert!(tag(&commit, "messaging.consumer.group.name").is_some());
    assert_eq!(mock.tracer().stats().messages.settle_failed, 1);
    // A commit that succeeds has none by default.
    mock.reset();
    cluster.mock.as_ref().unwrap().clear_request_errors(RDKafkaApiKey::OffsetCommit);
    consumer.commit_consumer_state(CommitMode::Sync).unwrap();
    assert!(mock.finished_spans().is_empty(), "{}", mock.tree());
}

#[tokio::test(flavor = "multi_thread")]
async fn commit_span_records_all_or_none() {
    let cluster = Cluster::mock();
    for (setting, spans) in [(CommitSpan::On, 2), (CommitSpan::Off, 0), (CommitSpan::Failed, 1)] {
        let mock = MockTracer::new();
        let (_, consumer) = received(&cluster, tracing(&mock).commit_span(setting), &mock).await;
        let message = consumer.poll(patience()).unwrap().unwrap();
        message.handle_blocking(|| ());
        mock.reset();
        consumer.commit_message(&message, CommitMode::Sync).unwrap();
        cluster.mock.as_ref().unwrap().request_errors(RDKafkaApiKey::OffsetCommit, &[REFUSED; 5]);
        consumer.commit_message(&message, CommitMode::Sync).unwrap_err();
        cluster.mock.as_ref().unwrap().clear_request_errors(RDKafkaApiKey::OffsetCommit);
        assert_eq!(mock.finished_spans().len(), spans, "{setting:?}");
        assert_eq!(mock.tracer().stats().messages.settle_failed, 1, "{setting:?}");
    }
    assert_eq!(CommitSpan::default(), CommitSpan::Failed);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_offset_that_cannot_be_stored_is_logged_and_counted() {
    let (cluster, mock) = (Cluster::mock(), MockTracer::new());
    let (topic, consumer) = received(&cluster, tracing(&mock), &mock).await;
    let scope = mock.tracer().span("loop").start_active();
    // Offsets are stored by rdkafka itself unless that is turned off, and the partition is not assigned.
    consumer.unassign().unwrap();
    consumer.store_offset(&topic, 0, 7).unwrap_err();
    drop(scope);
    let events: Vec<_> =
        span(&mock, "loop").logs.iter().filter_map(|log| log.field("event")).map(|event| event.to_string()).collect();
    assert_eq!(events, ["store_offset_failed"]);
    assert_eq!(mock.tracer().stats().messages.settle_failed, 1);
}

on_both_clusters! {
    async fn a_context_tells_of_rebalances_and_lag(cluster: &Cluster) {
        let (mock, topic) = (MockTracer::new(), cluster.topic(1).await);
        let producer = cluster.producer(&mock);
        for _ in 0..3 {
            soon(producer.send(FutureRecord::<(), str>::to(&topic).payload("v"), patience())).await.unwrap();
        }
        let kafka = tracing(&mock);
        let mut config = cluster.consumer_config();
        config.set("statistics.interval.ms", "100");
        let context = TracingConsumerContext::new(kafka.consumer_events(&config));
        let consumer: TracingConsumer<StreamConsumer<TracingConsumerContext>> =
            kafka.consumer_with_context(&config, context).unwrap();
        consumer.subscribe(&[&*topic]).unwrap();
        let first = soon(consumer.recv()).await.unwrap();
        assert_eq!(mock.tracer().stats().messages.rebalanced, 1);
        drop(first);
        // The lag is in the statistics once an offset is committed.
        consumer.commit_consumer_state(CommitMode::Sync).unwrap();
        let begun = std::time::Instant::now();
        let lag = loop {
            assert!(begun.elapsed() < crate::cluster::PATIENCE);
            soon(producer.send(FutureRecord::<(), str>::to(&topic).payload("v"), patience())).await.unwrap();
            mock.reset();
            drop(soon(consumer.recv()).await.unwrap());
            if let Some(lag) = tag(&span(&mock, "process"), "kafka.consumer_lag") {
                break lag;
            }
        };
        assert!(lag.parse::<u64>().is_ok(), "{lag}");
    }
}

/// The statistics of a consumer that knows the lag of one partition only.
fn statistics(topic: &str, partition: i32, consumer_lag: i64) -> Statistics {
    let lag = |number, consumer_lag| (number, Partition { partition: number, consumer_lag, ..Partition::default() });
    let partitions = HashMap::from([lag(1 - partition, -1), lag(partition, consumer_lag)]);
    let topics = HashMap::from([(topic.to_owned(), Topic { partitions, ..Topic::default() })]);
    Statistics { topics, ..Statistics::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_group_has_its_own_lag() {
    let (cluster, mock) = (Cluster::mock(), MockTracer::new());
    let topic = cluster.topic(2).await;
    let producer = cluster.producer(&mock);
    for partition in 0..2 {
        let record = FutureRecord::<(), str>::to(&topic).payload("v").partition(partition);
        soon(producer.send(record, patience())).await.unwrap();
    }
    let kafka = tracing(&mock);
    let (payment, shipping) = (cluster.consumer_config(), cluster.consumer_config());
    // Two consumers of the first group share the partitions.
    for (config, partition, lag) in [(&payment, 0, 3), (&shipping, 0, 7), (&payment, 1, 5)] {
        kafka.consumer_events(config).statistics(&statistics(&topic, partition, lag));
    }
    for (config, expected) in [(&payment, [Some("3"), Some("5")]), (&shipping, [Some("7"), None])] {
        let consumer: TracingConsumer<BaseConsumer> = kafka.consumer(config).unwrap();
        consumer.assign(&from_beginning(&topic, 2)).unwrap();
        for _ in 0..2 {
            mock.reset();
            let message = consumer.poll(patience()).unwrap().unwrap();
            let partition = usize::try_from(message.partition()).unwrap();
            drop(message);
            assert_eq!(tag(&span(&mock, "process"), "kafka.consumer_lag").as_deref(), expected[partition]);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_of_a_consumer_are_counted_and_logged() {
    let (cluster, mock) = (Cluster::mock(), MockTracer::new());
    let mut config = cluster.consumer_config();
    config.set("enable.partition.eof", "true");
    let consumer: TracingConsumer<BaseConsumer> = tracing(&mock).consumer(&config).unwrap();
    let topic = cluster.topic(1).await;
    consumer.assign(&from_beginning(&topic, 1)).unwrap();
    consumer.poll(patience()).unwrap().unwrap_err();
    assert_eq!(mock.tracer().stats().messages.receive_failed, 0, "the end of a partition is no error");
    // Nobody listens there.
    let mut config = cluster.consumer_config();
    config.set("bootstrap.servers", "127.0.0.1:1");
    let consumer: TracingConsumer<BaseConsumer> = tracing(&mock).consumer(&config).unwrap();
    consumer.assign(&from_beginning(&topic, 1)).unwrap();
    let scope = mock.tracer().span("loop").start_active();
    let begun = std::time::Instant::now();
    while mock.tracer().stats().messages.receive_failed == 0 {
        assert!(begun.elapsed() < crate::cluster::PATIENCE);
        let _ = consumer.poll(std::time::Duration::from_millis(100));
    }
    drop(scope);
    assert!(span(&mock, "loop").logs.iter().any(|log| log.field("event") == Some("receive_failed".into())));
    assert!(mock.tracer().report().to_string().contains("receiving failed"));
}
