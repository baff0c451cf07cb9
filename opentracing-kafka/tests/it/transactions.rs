//! Transactions.

use opentracing_core::mock::MockTracer;
use opentracing_kafka::{TracingConsumer, TracingProducer};
use rdkafka::consumer::{Consumer, StreamConsumer};
use rdkafka::message::Message;
use rdkafka::producer::{BaseRecord, DefaultProducerContext, FutureProducer, FutureRecord, Producer, ThreadedProducer};
use rdkafka::{Offset, TopicPartitionList};

use crate::cluster::{Cluster, name, patience, soon, tracing};
use crate::support::{error, tag};

on_both_clusters! {
    async fn a_message_is_forwarded_with_its_offset_in_a_transaction(cluster: &Cluster) {
        let (mock, topic, next) = (MockTracer::new(), cluster.topic(1).await, cluster.topic(1).await);
        soon(cluster.producer(&mock).send(FutureRecord::<(), str>::to(&topic).payload("v"), patience())).await.unwrap();
        let consumer: TracingConsumer<StreamConsumer> = tracing(&mock).consumer(&cluster.consumer_config()).unwrap();
        consumer.subscribe(&[&*topic]).unwrap();
        let mut config = cluster.config();
        config.set("transactional.id", name("transaction"));
        let producer: TracingProducer<FutureProducer> = tracing(&mock).producer(&config).unwrap();
        producer.init_transactions(patience()).unwrap();

        let message = soon(consumer.recv()).await.unwrap();
        producer.begin_transaction().unwrap();
        let record = FutureRecord::<(), [u8]>::to(&next).payload(message.payload().unwrap());
        let delivery = message.handle_blocking(|| producer.send_result(record).map_err(|(error, _)| error)).unwrap();
        let mut offsets = TopicPartitionList::new();
        offsets.add_partition_offset(&topic, 0, Offset::Offset(message.offset() + 1)).unwrap();
        producer.send_offsets_to_transaction(&offsets, &consumer.group_metadata().unwrap(), patience()).unwrap();
        producer.commit_transaction(patience()).unwrap();
        soon(delivery).await.unwrap().unwrap();
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
        "));
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
        let spans = mock.finished(1).await;
        assert_eq!((spans.len(), error(&spans[0]).0.as_str()), (1, "purge_queue"));
        // The next transaction succeeds.
        producer.begin_transaction().unwrap();
        producer.send(BaseRecord::<(), str>::to(&topic).payload("v")).unwrap();
        producer.commit_transaction(patience()).unwrap();
        let spans = mock.finished(2).await;
        assert_eq!((spans.len(), spans[1].is_failed), (2, false));
        assert!(tag(&spans[1], "messaging.kafka.offset").is_some());
    }
}
