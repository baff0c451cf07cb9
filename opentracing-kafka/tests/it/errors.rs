//! Errors of brokers, on the mock cluster.

use std::time::Duration;

use opentracing_core::mock::MockTracer;
use opentracing_kafka::{TracingConsumer, TracingProducer};
use rdkafka::consumer::{Consumer, StreamConsumer};
use rdkafka::error::KafkaError;
use rdkafka::producer::{FutureProducer, FutureRecord};
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};

use crate::cluster::{Cluster, from_beginning, patience, soon, tracing};
use crate::support::{error, span, tag};

#[tokio::test(flavor = "multi_thread")]
async fn retries_of_the_client_are_one_span() {
    let (cluster, mock) = (Cluster::mock(), MockTracer::new());
    let topic = cluster.topic(1).await;
    let mut config = cluster.config();
    config.set("retry.backoff.ms", "1").set("retry.backoff.max.ms", "2");
    let producer: TracingProducer<FutureProducer> = tracing(&mock).producer(&config).unwrap();
    cluster.mock.as_ref().unwrap().request_errors(
        RDKafkaApiKey::Produce,
        &[
            RDKafkaRespErr::RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT,
            RDKafkaRespErr::RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
            RDKafkaRespErr::RD_KAFKA_RESP_ERR__TRANSPORT,
        ],
    );
    let delivery = soon(producer.send(FutureRecord::<(), str>::to(&topic).payload("v"), patience())).await.unwrap();
    let span = span(&mock, "send");
    assert!(!span.is_failed);
    assert_eq!(tag(&span, "messaging.kafka.offset"), Some(delivery.offset.to_string()));
    // The record arrived once, with the context of that span.
    let receiver = MockTracer::new();
    let consumer = cluster.consumer(&receiver, &topic);
    drop(soon(consumer.recv()).await.unwrap());
    assert!(receiver.finished_spans()[0].references[0].context.same_span(&span.context));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_of_the_broker_fails_the_span() {
    let rows = [
        (RDKafkaRespErr::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, "topic_authorization_failed"),
        (RDKafkaRespErr::RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, "message_size_too_large"),
        (RDKafkaRespErr::RD_KAFKA_RESP_ERR_INVALID_RECORD, "invalid_record"),
    ];
    for (code, kind) in rows {
        let (cluster, mock) = (Cluster::mock(), MockTracer::new());
        let topic = cluster.topic(1).await;
        cluster.mock.as_ref().unwrap().request_errors(RDKafkaApiKey::Produce, &[code]);
        let producer = cluster.producer(&mock);
        let record = FutureRecord::<(), str>::to(&topic).payload("v");
        let (failure, _) = soon(producer.send(record, patience())).await.unwrap_err();
        let span = span(&mock, "send");
        assert_eq!((span.is_failed, error(&span)), (true, (kind.to_owned(), failure.to_string())));
        assert_eq!(tag(&span, "messaging.destination.partition.id").as_deref(), Some("0"));
        assert_eq!(tag(&span, "messaging.kafka.offset"), None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_without_authorization_fails_the_span() {
    let (cluster, mock) = (Cluster::mock(), MockTracer::new());
    let missing = RDKafkaRespErr::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED;
    cluster.mock.as_ref().unwrap().topic_error("orders", missing).unwrap();
    let producer: TracingProducer<FutureProducer> =
        tracing(&mock).producer(cluster.config().set("message.timeout.ms", "2000")).unwrap();
    let record = FutureRecord::<(), str>::to("orders").payload("v");
    soon(producer.send(record, patience())).await.unwrap_err();
    assert!(span(&mock, "send orders").is_failed);
}

#[tokio::test(flavor = "multi_thread")]
async fn records_wait_until_brokers_are_up_again() {
    let (cluster, mock) = (Cluster::mock(), MockTracer::new());
    let topic = cluster.topic(1).await;
    let mut config = cluster.config();
    config.set("reconnect.backoff.ms", "1").set("reconnect.backoff.max.ms", "10");
    let producer: TracingProducer<FutureProducer> = tracing(&mock).producer(&config).unwrap();
    let brokers = cluster.mock.as_ref().unwrap();
    brokers.broker_down(-1).unwrap();
    let delivery = producer.send_result(FutureRecord::<(), str>::to(&topic).payload("v")).unwrap();
    assert!(mock.finished_spans().is_empty());
    brokers.broker_up(-1).unwrap();
    soon(delivery).await.unwrap().unwrap();
    assert!(!span(&mock, "send").is_failed);
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_of_a_consumer_have_no_span() {
    let (cluster, mock) = (Cluster::mock(), MockTracer::new());
    let topic = cluster.topic(1).await;
    let mut config = cluster.consumer_config();
    config.set("enable.partition.eof", "true");
    let consumer: TracingConsumer<StreamConsumer> = tracing(&mock).consumer(&config).unwrap();
    consumer.assign(&from_beginning(&topic, 1)).unwrap();
    assert_eq!(soon(consumer.recv()).await.unwrap_err(), KafkaError::PartitionEOF(0));
    assert!(mock.finished_spans().is_empty());
    soon(cluster.producer(&mock).send(FutureRecord::<(), str>::to(&topic).payload("v"), patience())).await.unwrap();
    drop(soon(consumer.recv()).await.unwrap());
    assert_eq!(mock.finished_spans().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_receive_loses_no_message() {
    let (cluster, mock) = (Cluster::mock(), MockTracer::new());
    let topic = cluster.topic(1).await;
    let consumer = cluster.consumer(&mock, &topic);
    assert!(tokio::time::timeout(Duration::from_millis(1), consumer.recv()).await.is_err());
    assert!(mock.finished_spans().is_empty());
    soon(cluster.producer(&mock).send(FutureRecord::<(), str>::to(&topic).payload("v"), patience())).await.unwrap();
    drop(soon(consumer.recv()).await.unwrap());
    assert_eq!(mock.finished_spans().len(), 2);
}
