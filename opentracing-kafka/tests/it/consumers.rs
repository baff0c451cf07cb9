//! Spans of received messages, for every method that receives one.

use std::time::{SystemTime, UNIX_EPOCH};

use futures_util::StreamExt;
use opentracing_core::mock::MockTracer;
use opentracing_core::{ReferenceKind, SpanKind};
use opentracing_kafka::{TracingConsumer, TracingMessage};
use rdkafka::Message;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer, StreamConsumer};
use rdkafka::message::BorrowedMessage;
use rdkafka::producer::FutureRecord;

use crate::cluster::{Cluster, from_beginning, patience, soon, tracing};
use crate::support::{references, span, tag};

async fn send(cluster: &Cluster, mock: &MockTracer, topic: &str, payload: &str) {
    let record = FutureRecord::to(topic).key("k").payload(payload);
    soon(cluster.producer(mock).send(record, patience())).await.unwrap();
}

/// Checks that sender and receiver are in one trace.
#[track_caller]
fn check(mock: &MockTracer, topic: &str, message: TracingMessage<BorrowedMessage<'_>>) {
    assert_eq!(message.payload(), Some(&b"paid"[..]));
    drop(message);
    mock.assert_tree(&format!(
        "
        send {topic} (producer)
          process {topic} (consumer)
    "
    ));
}

on_both_clusters! {
    async fn a_stream_consumer_continues_the_trace(cluster: &Cluster) {
        let (mock, topic) = (MockTracer::new(), cluster.topic(1).await);
        send(cluster, &mock, &topic, "paid").await;
        let mut config = cluster.consumer_config();
        config.set("client.id", "till-1").set("group.id", "tills");
        let consumer: TracingConsumer<StreamConsumer> = tracing(&mock).consumer(&config).unwrap();
        consumer.assign(&from_beginning(&topic, 1)).unwrap();
        let message = soon(consumer.recv()).await.unwrap();
        check(&mock, &topic, message);
        let span = span(&mock, "process");
        assert_eq!(span.kind, SpanKind::Consumer);
        assert_eq!(references(&span), [(ReferenceKind::FollowsFrom, 1)]);
        assert_eq!(tag(&span, "component").as_deref(), Some("rdkafka"));
        assert_eq!(tag(&span, "messaging.operation.name").as_deref(), Some("process"));
        assert_eq!(tag(&span, "message_bus.destination").as_deref(), Some(&*topic));
        assert_eq!(tag(&span, "messaging.destination.partition.id").as_deref(), Some("0"));
        assert_eq!(tag(&span, "messaging.kafka.offset").as_deref(), Some("0"));
        assert_eq!(tag(&span, "messaging.message.body.size").as_deref(), Some("4"));
        assert_eq!(tag(&span, "messaging.consumer.group.name").as_deref(), Some("tills"));
        assert_eq!(tag(&span, "messaging.client.id").as_deref(), Some("till-1"));
        assert!(tag(&span, "kafka.queue_time_ms").unwrap().parse::<u64>().unwrap() < 600_000);
        assert_eq!(tag(&span, "messaging.kafka.message.key"), None);
        assert_eq!(tag(&span, "peer.service"), None);
    }

    async fn a_stream_continues_the_trace(cluster: &Cluster) {
        let (mock, topic) = (MockTracer::new(), cluster.topic(1).await);
        send(cluster, &mock, &topic, "paid").await;
        let consumer = cluster.consumer(&mock, &topic);
        let message = soon(consumer.stream().next()).await.unwrap().unwrap();
        check(&mock, &topic, message);
    }

    async fn a_base_consumer_continues_the_trace(cluster: &Cluster) {
        let (mock, topic) = (MockTracer::new(), cluster.topic(1).await);
        send(cluster, &mock, &topic, "paid").await;
        let consumer: TracingConsumer<BaseConsumer> = tracing(&mock).consumer(&cluster.consumer_config()).unwrap();
        consumer.assign(&from_beginning(&topic, 1)).unwrap();
        let message = consumer.poll(patience()).unwrap().unwrap();
        consumer.commit_message(&message, CommitMode::Sync).unwrap();
        let committed = consumer.committed(patience()).unwrap();
        assert_eq!(committed.find_partition(&topic, 0).unwrap().offset().to_raw(), Some(1));
        check(&mock, &topic, message);
        assert!(consumer.poll(std::time::Duration::ZERO).is_none());
    }

    async fn an_iterator_continues_the_trace(cluster: &Cluster) {
        let (mock, topic) = (MockTracer::new(), cluster.topic(1).await);
        send(cluster, &mock, &topic, "paid").await;
        let consumer: TracingConsumer<BaseConsumer> = tracing(&mock).consumer(&cluster.consumer_config()).unwrap();
        consumer.assign(&from_beginning(&topic, 1)).unwrap();
        let message = consumer.into_iter().next().unwrap().unwrap();
        check(&mock, &topic, message);
    }

    async fn a_partition_of_a_stream_consumer_continues_the_trace(cluster: &Cluster) {
        let (mock, topic) = (MockTracer::new(), cluster.topic(1).await);
        send(cluster, &mock, &topic, "paid").await;
        let consumer = cluster.consumer(&mock, &topic);
        let queue = consumer.split_partition_queue(&topic, 0).unwrap();
        // Handles events and receives no message.
        let events = async {
            let message = consumer.recv().await;
            panic!("the message was not received from the partition: {message:?}");
        };
        let message = tokio::select! {
            message = soon(queue.recv()) => message.unwrap(),
            () = events => unreachable!(),
        };
        check(&mock, &topic, message);
        assert!(consumer.split_partition_queue("no\0topic", 0).is_none());
    }

    async fn a_stream_of_a_partition_continues_the_trace(cluster: &Cluster) {
        let (mock, topic) = (MockTracer::new(), cluster.topic(1).await);
        send(cluster, &mock, &topic, "paid").await;
        let consumer = cluster.consumer(&mock, &topic);
        let queue = consumer.split_partition_queue(&topic, 0).unwrap();
        let events = async {
            let message = consumer.recv().await;
            panic!("the message was not received from the partition: {message:?}");
        };
        let mut stream = queue.stream();
        let message = tokio::select! {
            message = soon(stream.next()) => message.unwrap().unwrap(),
            () = events => unreachable!(),
        };
        check(&mock, &topic, message);
    }

    async fn a_partition_of_a_base_consumer_continues_the_trace(cluster: &Cluster) {
        let (mock, topic) = (MockTracer::new(), cluster.topic(1).await);
        send(cluster, &mock, &topic, "paid").await;
        let consumer: TracingConsumer<BaseConsumer> = tracing(&mock).consumer(&cluster.consumer_config()).unwrap();
        consumer.assign(&from_beginning(&topic, 1)).unwrap();
        let queue = consumer.split_partition_queue(&topic, 0).unwrap();
        let begun = std::time::Instant::now();
        let message = loop {
            assert!(consumer.poll(std::time::Duration::ZERO).is_none());
            if let Some(message) = queue.poll(std::time::Duration::from_millis(20)) {
                break message.unwrap();
            }
            assert!(begun.elapsed() < crate::cluster::PATIENCE);
        };
        check(&mock, &topic, message);
    }

    async fn a_group_member_continues_the_trace(cluster: &Cluster) {
        let (mock, topic) = (MockTracer::new(), cluster.topic(1).await);
        send(cluster, &mock, &topic, "paid").await;
        let consumer: TracingConsumer<StreamConsumer> = tracing(&mock).consumer(&cluster.consumer_config()).unwrap();
        consumer.subscribe(&[&*topic]).unwrap();
        let message = soon(consumer.recv()).await.unwrap();
        consumer.commit_message(&message, CommitMode::Sync).unwrap();
        assert_eq!(consumer.assignment().unwrap().count(), 1);
        check(&mock, &topic, message);
    }

    async fn the_active_span_is_not_the_parent(cluster: &Cluster) {
        let (mock, topic) = (MockTracer::new(), cluster.topic(1).await);
        let quiet = opentracing_kafka::KafkaTracing::with_tracer(opentracing_core::Tracer::noop());
        let producer: opentracing_kafka::TracingProducer<rdkafka::producer::FutureProducer> =
            quiet.producer(&cluster.config()).unwrap();
        soon(producer.send(FutureRecord::<(), str>::to(&topic).payload("v"), patience())).await.unwrap();
        let consumer: TracingConsumer<BaseConsumer> = tracing(&mock).consumer(&cluster.consumer_config()).unwrap();
        consumer.assign(&from_beginning(&topic, 1)).unwrap();
        let scope = mock.tracer().span("main").start_active();
        drop(consumer.poll(patience()).unwrap().unwrap());
        drop(scope);
        mock.assert_tree(&format!("
            main
            process {topic} (consumer)
        "));
    }

    async fn a_timestamp_in_the_future_has_no_queue_time(cluster: &Cluster) {
        let (mock, topic) = (MockTracer::new(), cluster.topic(1).await);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as i64;
        let producer = cluster.producer(&mock);
        for timestamp in [now + 600_000, now - 60_000] {
            let record = FutureRecord::<(), str>::to(&topic).payload("v").timestamp(timestamp);
            soon(producer.send(record, patience())).await.unwrap();
        }
        let consumer = cluster.consumer(&mock, &topic);
        mock.reset();
        drop(soon(consumer.recv()).await.unwrap());
        assert_eq!(tag(&span(&mock, "process"), "kafka.queue_time_ms"), None);
        mock.reset();
        drop(soon(consumer.recv()).await.unwrap());
        let waited: u64 = tag(&span(&mock, "process"), "kafka.queue_time_ms").unwrap().parse().unwrap();
        assert!(waited >= 60_000, "{waited}");
    }
}
