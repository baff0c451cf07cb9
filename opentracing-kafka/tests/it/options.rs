//! What may be chosen.

use opentracing_core::mock::MockTracer;
use opentracing_core::{ConstSampler, ReferenceKind, Rule, RuleSampler};
use opentracing_kafka::{KafkaTracing, PollSpan, ProducerReference, Propagation, RecordKey, TracingProducer};
use rdkafka::Message;
use rdkafka::producer::{FutureProducer, FutureRecord};

use crate::cluster::{Cluster, patience, soon, tracing};
use crate::support::{headers, references, span, tag, text};

/// Sends a record with that key and receives it, with these settings.
async fn round_trip(cluster: &Cluster, kafka: KafkaTracing, key: &[u8]) -> String {
    let topic = cluster.topic(1).await;
    let producer: TracingProducer<FutureProducer> = kafka.producer(&cluster.config()).unwrap();
    soon(producer.send(FutureRecord::to(&topic).key(key).payload("v"), patience())).await.unwrap();
    drop(soon(cluster.consumer_with(kafka, &topic).recv()).await.unwrap());
    topic
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_told_on_request() {
    let cluster = Cluster::mock();
    for (key, told) in [(&b"order-7"[..], "order-7"), (b"\xff7", "\u{fffd}7"), (b"", "")] {
        let mock = MockTracer::new();
        round_trip(&cluster, tracing(&mock).record_key(RecordKey::Text), key).await;
        for name in ["send", "process"] {
            assert_eq!(tag(&span(&mock, name), "messaging.kafka.message.key").as_deref(), Some(told), "{name}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_is_named() {
    let (cluster, mock) = (Cluster::mock(), MockTracer::new());
    round_trip(&cluster, tracing(&mock).peer_service("ledger"), b"k").await;
    assert_eq!(tag(&span(&mock, "send"), "peer.service").as_deref(), Some("ledger"));
    assert_eq!(tag(&span(&mock, "process"), "peer.service"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_may_be_a_child() {
    let (cluster, mock) = (Cluster::mock(), MockTracer::new());
    round_trip(&cluster, tracing(&mock).producer_reference(ProducerReference::ChildOf), b"k").await;
    assert_eq!(references(&span(&mock, "process")), [(ReferenceKind::ChildOf, 1)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_has_a_span_on_request() {
    let (cluster, mock) = (Cluster::mock(), MockTracer::new());
    let topic = round_trip(&cluster, tracing(&mock).poll_span(PollSpan::On), b"k").await;
    mock.assert_tree(&format!(
        "
        send {topic} (producer)
          poll {topic} (consumer)
            process {topic} (consumer)
    "
    ));
    let (poll, process) = (span(&mock, "poll"), span(&mock, "process"));
    assert_eq!(references(&poll), [(ReferenceKind::FollowsFrom, 1)]);
    assert_eq!(references(&process)[0].0, ReferenceKind::ChildOf);
    assert_eq!(tag(&poll, "messaging.operation.name").as_deref(), Some("poll"));
    assert_eq!(tag(&poll, "messaging.kafka.offset").as_deref(), Some("0"));
}

#[tokio::test(flavor = "multi_thread")]
async fn contexts_do_not_travel_where_they_must_not() {
    let (cluster, mock) = (Cluster::mock(), MockTracer::new());
    let topic = cluster.topic(1).await;
    let kafka = tracing(&mock).propagation(Propagation::Off);
    let producer: TracingProducer<FutureProducer> = kafka.producer(&cluster.config()).unwrap();
    let forwarded = headers([("traceparent", "kept as it is")]);
    let record = FutureRecord::<(), str>::to(&topic).payload("v").headers(forwarded);
    soon(producer.send(record, patience())).await.unwrap();
    soon(cluster.producer(&mock).send(FutureRecord::<(), str>::to(&topic).payload("v"), patience())).await.unwrap();
    mock.reset();
    let consumer = cluster.consumer_with(kafka, &topic);
    let message = soon(consumer.recv()).await.unwrap();
    assert_eq!(text(&message, "traceparent").as_deref(), Some("kept as it is"));
    assert_eq!(message.headers().map(rdkafka::message::Headers::count), Some(1));
    drop(message);
    let message = soon(consumer.recv()).await.unwrap();
    assert!(text(&message, "traceparent").is_some());
    drop(message);
    assert!(mock.finished_spans().iter().all(|span| span.references.is_empty()));
    assert_eq!(mock.tracer().stats().extract_corrupted, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sampler_goes_by_the_topic() {
    let cluster = Cluster::mock();
    let (kept, dropped) = (cluster.topic(1).await, cluster.topic(1).await);
    let rule = Rule::new().tag_value("message_bus.destination", &dropped);
    let sampler = RuleSampler::new(ConstSampler::on()).rule(rule, ConstSampler::off());
    let mock = MockTracer::with(|builder| builder.sampler(sampler));
    let producer = cluster.producer(&mock);
    for topic in [&kept, &dropped] {
        soon(producer.send(FutureRecord::<(), str>::to(topic).payload("v"), patience())).await.unwrap();
    }
    mock.assert_tree(&format!("send {kept} (producer)"));
}
