//! Policies that settle messages.

use opentracing_core::mock::MockTracer;
use opentracing_kafka::{SettlePolicy, Settlement, TracingConsumer, header};
use rdkafka::consumer::{CommitMode, Consumer, StreamConsumer};
use rdkafka::message::{Header, Message, OwnedHeaders};
use rdkafka::producer::FutureRecord;
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};

use crate::cluster::{Cluster, from_beginning, patience, soon, tracing};
use crate::support::{error, span, tag};

async fn send(cluster: &Cluster, mock: &MockTracer, topic: &str) {
    let headers = OwnedHeaders::new().insert(Header { key: "tenant", value: Some("blue") });
    let record = FutureRecord::to(topic).key("k").payload("order").headers(headers);
    soon(cluster.producer(mock).send(record, patience())).await.unwrap();
}

fn consumer(cluster: &Cluster, mock: &MockTracer, topic: &str) -> TracingConsumer<StreamConsumer> {
    let mut config = cluster.consumer_config();
    config.set("enable.auto.offset.store", "false");
    let consumer: TracingConsumer<StreamConsumer> = tracing(mock).consumer(&config).unwrap();
    consumer.assign(&from_beginning(topic, 1)).unwrap();
    consumer
}

fn committed(consumer: &TracingConsumer<StreamConsumer>, topic: &str) -> Option<i64> {
    let committed = consumer.committed(patience()).unwrap();
    committed.find_partition(topic, 0).unwrap().offset().to_raw().filter(|offset| *offset >= 0)
}

on_both_clusters! {
    async fn a_success_is_committed_or_stored(cluster: &Cluster) {
        let (mock, topic) = (MockTracer::new(), cluster.topic(1).await);
        send(cluster, &mock, &topic).await;
        send(cluster, &mock, &topic).await;
        let consumer = consumer(cluster, &mock, &topic);
        mock.reset();
        let message = soon(consumer.recv()).await.unwrap();
        let mut calls = 0;
        let handler = async || {
            calls += 1;
            mock.tracer().span("store").start().finish();
            if calls < 3 { Err("busy") } else { Ok(()) }
        };
        let policy = SettlePolicy::commit(CommitMode::Sync).attempts(3);
        let settled = soon(consumer.handle_and_settle(&message, &policy, handler)).await.unwrap();
        assert_eq!(settled, Settlement::Settled);
        assert_eq!(calls, 3);
        assert_eq!(committed(&consumer, &topic), Some(1));
        drop(message);
        let failed = format!("process {topic} (consumer) !\n  store\n");
        let tree = format!("{failed}{failed}process {topic} (consumer)\n  store\n");
        assert_eq!(mock.tree(), tree);
        let spans = mock.finished_spans();
        let last = spans.iter().find(|span| tag(span, "messaging.settlement").is_some()).unwrap();
        assert_eq!(tag(last, "messaging.settlement").as_deref(), Some("committed"));
        assert_eq!(tag(last, "messaging.attempt").as_deref(), Some("3"));

        mock.reset();
        let message = soon(consumer.recv()).await.unwrap();
        let policy = SettlePolicy::store_offset();
        let settled = consumer.handle_and_settle(&message, &policy, async || Ok::<_, &str>(())).await.unwrap();
        assert_eq!(settled, Settlement::Settled);
        assert_eq!(tag(&span(&mock, "process"), "messaging.settlement").as_deref(), Some("stored"));
        consumer.commit_consumer_state(CommitMode::Sync).unwrap();
        assert_eq!(committed(&consumer, &topic), Some(2));
    }

    async fn a_failure_goes_to_the_retry_topic_and_then_to_the_dead_letters(cluster: &Cluster) {
        let (mock, topic) = (MockTracer::new(), cluster.topic(1).await);
        let (retry, dead) = (cluster.topic(1).await, cluster.topic(1).await);
        send(cluster, &mock, &topic).await;
        let producer = cluster.producer(&mock);
        let policy = SettlePolicy::commit(CommitMode::Sync)
            .attempts(2)
            .retry_topic(&producer, &retry, 4)
            .dead_letter_topic(&producer, &dead);
        let handler = async || Err::<(), _>("database is down");
        let first = consumer(cluster, &mock, &topic);
        let message = soon(first.recv()).await.unwrap();
        let settled = soon(first.handle_and_settle(&message, &policy, handler)).await.unwrap();
        assert_eq!(settled, Settlement::RetryTopic { topic: retry.clone(), error: "database is down" });
        assert_eq!(committed(&first, &topic), Some(1), "the message was moved on");
        drop(message);

        let again = consumer(cluster, &mock, &retry);
        let message = soon(again.recv()).await.unwrap();
        for (name, value) in [("x-attempts", "2"), ("x-original-topic", &*topic), ("x-original-offset", "0"), ("tenant", "blue")] {
            assert_eq!(header(&message, name), Some(value.as_bytes()), "{name}");
        }
        assert_eq!((message.key(), message.payload()), (Some(&b"k"[..]), Some(&b"order"[..])));
        let settled = soon(again.handle_and_settle(&message, &policy, handler)).await.unwrap();
        assert_eq!(settled, Settlement::DeadLetter { topic: dead.clone(), error: "database is down" });
        drop(message);

        let buried = soon(consumer(cluster, &mock, &dead).recv()).await.unwrap().detach();
        assert_eq!(header(&buried, "x-attempts"), Some(&b"4"[..]));
        assert_eq!(header(&buried, "x-original-topic"), Some(topic.as_bytes()), "where it was received first");
        drop(buried);
        mock.assert_tree(&format!("
            send {topic} (producer)
              process {topic} (consumer) !
              process {topic} (consumer) !
                send {retry} (producer)
                  process {retry} (consumer) !
                  process {retry} (consumer) !
                    send {dead} (producer)
                      process {dead} (consumer)
        "));
        let spans = mock.finished_spans();
        let settled: Vec<_> = spans.iter().filter(|span| tag(span, "messaging.settlement").is_some()).collect();
        let rows = [("retry_topic", &retry, "2"), ("dead_letter", &dead, "4")];
        assert_eq!(settled.len(), rows.len());
        for (span, (settlement, destination, attempt)) in settled.into_iter().zip(rows) {
            assert_eq!(tag(span, "messaging.settlement").as_deref(), Some(settlement));
            assert_eq!(tag(span, "messaging.settlement.destination").as_deref(), Some(&**destination));
            assert_eq!(tag(span, "messaging.attempt").as_deref(), Some(attempt));
            assert_eq!(error(span).1, "database is down");
        }
    }

    async fn a_failure_without_a_topic_is_left(cluster: &Cluster) {
        let (mock, topic) = (MockTracer::new(), cluster.topic(1).await);
        send(cluster, &mock, &topic).await;
        let consumer = consumer(cluster, &mock, &topic);
        let message = soon(consumer.recv()).await.unwrap();
        let policy = SettlePolicy::commit(CommitMode::Sync).attempts(0);
        let left = consumer.handle_and_settle(&message, &policy, async || Err::<(), _>("full")).await.unwrap();
        assert_eq!(left, Settlement::Left { error: "full" });
        assert_eq!(committed(&consumer, &topic), None);
        assert_eq!(tag(&span(&mock, "process"), "messaging.settlement").as_deref(), Some("left"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_fails_is_in_the_span() {
    let (cluster, mock) = (Cluster::mock(), MockTracer::new());
    let topic = cluster.topic(1).await;
    send(&cluster, &mock, &topic).await;
    let consumer = consumer(&cluster, &mock, &topic);
    let message = soon(consumer.recv()).await.unwrap();
    let refused = RDKafkaRespErr::RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID;
    cluster.mock.as_ref().unwrap().request_errors(RDKafkaApiKey::OffsetCommit, &[refused; 5]);
    mock.reset();
    let policy = SettlePolicy::commit(CommitMode::Sync);
    consumer.handle_and_settle(&message, &policy, async || Ok::<_, &str>(())).await.unwrap_err();
    let process = span(&mock, "process");
    assert_eq!(error(&process).0, "unknown_member_id");
    assert_eq!(tag(&process, "messaging.settlement"), None);
    // The commit has a span of its own as well.
    mock.assert_tree(&format!("process {topic} (consumer) !\n  commit {topic} (client) !\n"));
}

/// The copy is not delivered, so the message has not gone anywhere.
#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_that_cannot_be_sent_is_no_settlement() {
    let (cluster, mock) = (Cluster::mock(), MockTracer::new());
    let topic = cluster.topic(1).await;
    send(&cluster, &mock, &topic).await;
    let consumer = consumer(&cluster, &mock, &topic);
    let message = soon(consumer.recv()).await.unwrap();
    mock.reset();
    let producer = cluster.producer(&mock);
    let refused = RDKafkaRespErr::RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE;
    cluster.mock.as_ref().unwrap().request_errors(RDKafkaApiKey::Produce, &[refused]);
    let policy = SettlePolicy::commit(CommitMode::Sync).dead_letter_topic(&producer, "dead");
    consumer.handle_and_settle(&message, &policy, async || Err::<(), _>("database is down")).await.unwrap_err();
    let process = span(&mock, "process");
    assert_eq!(tag(&process, "messaging.settlement"), None);
    assert_eq!(tag(&process, "messaging.settlement.destination"), None);
    let kinds: Vec<_> =
        process.logs.iter().filter_map(|log| log.field("error.kind").map(|kind| kind.to_string())).collect();
    assert_eq!(kinds, ["handler", "message_size_too_large"]);
    assert_eq!(mock.tracer().stats().messages.cancelled, 0);
}
