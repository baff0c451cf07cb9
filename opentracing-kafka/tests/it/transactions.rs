//! Transactions.

use opentracing_core::mock::MockTracer;
use opentracing_core::{InSpan, SpanKind};
use opentracing_kafka::{TracingConsumer, TracingProducer};
use rdkafka::consumer::{Consumer, StreamConsumer};
use rdkafka::message::Message;
use rdkafka::producer::{BaseRecord, DefaultProducerContext, FutureProducer, FutureRecord, Producer, ThreadedProducer};
use rdkafka::{Offset, TopicPartitionList};

use crate::cluster::{Cluster, name, patience, soon, tracing};
use crate::support::{error, span, tag};

fn producer(cluster: &Cluster, mock: &MockTracer) -> TracingProducer<FutureProducer> {
    let mut config = cluster.config();
    config.set("transactional.id", name("transaction"));
    let producer: TracingProducer<FutureProducer> = tracing(mock).producer(&config).unwrap();
    producer.init_transactions(patience()).unwrap();
    producer
}

on_both_clusters! {
    async fn a_message_is_forwarded_with_its_offset_in_a_transaction(cluster: &Cluster) {
        let (mock, topic, next) = (MockTracer::new(), cluster.topic(1).await, cluster.topic(1).await);
        soon(cluster.producer(&mock).send(FutureRecord::<(), str>::to(&topic).payload("v"), patience())).await.unwrap();
        let consumer: TracingConsumer<StreamConsumer> = tracing(&mock).consumer(&cluster.consumer_config()).unwrap();
        consumer.subscribe(&[&*topic]).unwrap();
        let producer = producer(cluster, &mock);

        let message = soon(consumer.recv()).await.unwrap();
        let forward = async {
            producer.begin_transaction().map_err(|error| error.to_string())?;
            let record = FutureRecord::<(), [u8]>::to(&next).payload(message.payload().unwrap());
            soon(producer.send(record, patience())).await.map_err(|(error, _)| error.to_string())?;
            assert!(mock.finished_spans().iter().all(|span| !span.operation_name.ends_with(&*next)), "not yet committed");
            let mut offsets = TopicPartitionList::new();
            offsets.add_partition_offset(&topic, 0, Offset::Offset(message.offset() + 1)).unwrap();
            let group = consumer.group_metadata().unwrap();
            producer.send_offsets_to_transaction(&offsets, &group, patience()).map_err(|error| error.to_string())?;
            producer.commit_transaction(patience()).map_err(|error| error.to_string())
        };
        message.handle(forward).await.unwrap();
        // The mock cluster does not keep offsets of transactions.
        if cluster.mock.is_none() {
            let committed = consumer.committed(patience()).unwrap();
            assert_eq!(committed.find_partition(&topic, 0).unwrap().offset(), Offset::Offset(1));
        }
        drop(message);
        mock.assert_tree(&format!("
            send {topic} (producer)
              process {topic} (consumer)
                send {next} (producer)
                send offsets (client)
                commit transaction (client)
        "));
        let record = span(&mock, &format!("send {next}"));
        assert_eq!(tag(&record, "kafka.transaction.outcome").as_deref(), Some("committed"));
        assert_eq!(tag(&record, "messaging.kafka.offset").as_deref(), Some("0"));
        let commit = span(&mock, "commit transaction");
        assert_eq!((commit.kind, tag(&commit, "messaging.operation.type").as_deref()), (SpanKind::Client, Some("settle")));
        assert_eq!(tag(&commit, "messaging.batch.message_count").as_deref(), Some("1"));
        assert_eq!(tag(&span(&mock, "send offsets"), "kafka.transaction.offsets").as_deref(), Some("1"));
    }

    async fn a_delivered_record_tells_that_it_was_aborted(cluster: &Cluster) {
        let (mock, topic) = (MockTracer::new(), cluster.topic(1).await);
        let producer = producer(cluster, &mock);
        producer.begin_transaction().unwrap();
        soon(producer.send(FutureRecord::<(), str>::to(&topic).payload("v"), patience())).await.unwrap();
        producer.abort_transaction(patience()).unwrap();
        let record = span(&mock, "send");
        assert_eq!(tag(&record, "kafka.transaction.outcome").as_deref(), Some("aborted"));
        assert!(!record.is_failed, "it was delivered");
        assert_eq!(tag(&span(&mock, "abort transaction"), "kafka.transaction.outcome").as_deref(), Some("aborted"));
        // Outside of a transaction, nothing is kept.
        mock.reset();
        producer.begin_transaction().unwrap();
        soon(producer.send(FutureRecord::<(), str>::to(&topic).payload("v"), patience())).await.unwrap();
        assert!(mock.finished_spans().is_empty());
        drop(producer);
        assert_eq!(tag(&span(&mock, "send"), "kafka.transaction.outcome").as_deref(), Some("unresolved"));
    }

    async fn an_aborted_transaction_finishes_its_spans(cluster: &Cluster) {
        let (mock, topic) = (MockTracer::new(), cluster.topic(1).await);
        let mut config = cluster.config();
        config.set("transactional.id", name("transaction")).set("linger.ms", "30000");
        let producer: TracingProducer<ThreadedProducer<DefaultProducerContext>> = tracing(&mock).producer(&config).unwrap();
        producer.init_transactions(patience()).unwrap();
        producer.begin_transaction().unwrap();
        producer.send(BaseRecord::<(), str>::to(&topic).payload("v")).unwrap();
        producer.abort_transaction(patience()).unwrap();
        mock.finished(2).await;
        let purged = span(&mock, "send");
        assert_eq!(error(&purged).0, "purge_queue");
        assert_eq!(tag(&purged, "kafka.transaction.outcome").as_deref(), Some("aborted"));
        // The next transaction succeeds.
        mock.reset();
        producer.begin_transaction().unwrap();
        producer.send(BaseRecord::<(), str>::to(&topic).payload("v")).unwrap();
        producer.commit_transaction(patience()).unwrap();
        mock.finished(2).await;
        let sent = span(&mock, "send");
        assert!(!sent.is_failed);
        assert!(tag(&sent, "messaging.kafka.offset").is_some());
        assert_eq!(tag(&sent, "kafka.transaction.outcome").as_deref(), Some("committed"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_fails_has_a_failed_span() {
    let (cluster, mock) = (Cluster::mock(), MockTracer::new());
    let producer = producer(&cluster, &mock);
    // There is no transaction.
    let commit = async { producer.commit_transaction(patience()) };
    commit.in_span(mock.tracer().span("order").start()).await.unwrap_err();
    mock.assert_tree("order\n  commit transaction (client) !\n");
    assert_eq!(error(&span(&mock, "commit")).0, "state");
}
