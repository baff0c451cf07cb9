//! The settings of `KafkaTracing`.

use opentracing_core::mock::MockTracer;
use opentracing_core::{ConstSampler, InSpan, ReferenceKind, Rule, RuleSampler};
use opentracing_kafka::{KafkaTracing, PollSpan, RecordKey, TracingProducer};
use rdkafka::Message;
use rdkafka::message::Header;
use rdkafka::producer::{FutureProducer, FutureRecord};

use crate::cluster::{Cluster, patience, soon, tracing};
use crate::support::{headers, references, span, tag, text};

/// Sends a record with this key and receives it.
async fn round_trip(cluster: &Cluster, kafka: KafkaTracing, key: &[u8]) -> String {
    let topic = cluster.topic(1).await;
    let producer: TracingProducer<FutureProducer> = kafka.producer(&cluster.config()).unwrap();
    soon(producer.send(FutureRecord::to(&topic).key(key).payload("v"), patience())).await.unwrap();
    drop(soon(cluster.consumer_with(kafka, &topic).recv()).await.unwrap());
    topic
}

#[tokio::test(flavor = "multi_thread")]
async fn record_key_records_keys() {
    let cluster = Cluster::mock();
    for (key, recorded) in [(&b"order-7"[..], "order-7"), (b"\xff7", "\u{fffd}7"), (b"", "")] {
        let mock = MockTracer::new();
        round_trip(&cluster, tracing(&mock).record_key(RecordKey::Text), key).await;
        for name in ["send", "process"] {
            assert_eq!(tag(&span(&mock, name), "messaging.kafka.message.key").as_deref(), Some(recorded), "{name}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn peer_service_names_the_brokers() {
    let (cluster, mock) = (Cluster::mock(), MockTracer::new());
    round_trip(&cluster, tracing(&mock).peer_service("ledger"), b"k").await;
    assert_eq!(tag(&span(&mock, "send"), "peer.service").as_deref(), Some("ledger"));
    assert_eq!(tag(&span(&mock, "process"), "peer.service"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn producer_reference_makes_a_message_a_child() {
    let (cluster, mock) = (Cluster::mock(), MockTracer::new());
    round_trip(&cluster, tracing(&mock).producer_reference(ReferenceKind::ChildOf), b"k").await;
    assert_eq!(references(&span(&mock, "process")), [(ReferenceKind::ChildOf, 1)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn poll_span_records_waiting() {
    let (cluster, mock) = (Cluster::mock(), MockTracer::new());
    let topic = round_trip(&cluster, tracing(&mock).poll_span(PollSpan::On), b"k").await;
    // The wait is a trace of its own, which is no entry into the service.
    let tree = mock.tree();
    assert!(tree.contains(&format!("send {topic} (producer)\n  process {topic} (consumer)\n")), "{tree}");
    assert!(tree.lines().any(|line| line == format!("poll {topic}")), "{tree}");
    let (send, poll, process) = (span(&mock, "send"), span(&mock, "poll"), span(&mock, "process"));
    assert_eq!(references(&poll), [(ReferenceKind::FollowsFrom, 1)], "a link to the sender");
    assert_eq!(references(&process), references(&poll));
    assert_ne!(poll.context.trace_id(), send.context.trace_id());
    assert_eq!(process.context.trace_id(), send.context.trace_id());
    assert_eq!(tag(&poll, "messaging.operation.name").as_deref(), Some("poll"));
    assert_eq!(tag(&poll, "messaging.kafka.offset").as_deref(), Some("0"));
}

#[tokio::test(flavor = "multi_thread")]
async fn topics_can_be_left_without_contexts() {
    let cluster = Cluster::mock();
    let (closed, open, audit) = (cluster.topic(1).await, cluster.topic(1).await, "audit-1".to_owned());
    cluster.mock.as_ref().unwrap().create_topic(&audit, 1, 1).unwrap();
    // By code, in both directions, and by pattern, for the operator of the service.
    let mock = MockTracer::with(|builder| builder.without_message_context(["audit-*"]));
    let excluded = closed.clone();
    let kafka = tracing(&mock).without_propagation_for(move |topic| topic == excluded);
    let producer: TracingProducer<FutureProducer> = kafka.producer(&cluster.config()).unwrap();
    let other = MockTracer::new();
    for (topic, expected) in [(&closed, false), (&open, true), (&audit, false)] {
        soon(producer.send(FutureRecord::<(), str>::to(topic).payload("v"), patience())).await.unwrap();
        let elsewhere = cluster.producer(&other);
        soon(elsewhere.send(FutureRecord::<(), str>::to(topic).payload("v"), patience())).await.unwrap();
        let consumer = cluster.consumer_with(kafka.clone(), topic);
        let message = soon(consumer.recv()).await.unwrap();
        assert_eq!(text(&message, "traceparent").is_some(), expected, "{topic}");
        drop(message);
        mock.reset();
        drop(soon(consumer.recv()).await.unwrap());
        assert_eq!(references(&span(&mock, "process")).is_empty(), topic == &closed, "{topic}");
    }
}

/// Brokers before Kafka 0.11 answer with an unknown error.
#[tokio::test(flavor = "multi_thread")]
async fn headers_are_no_longer_written_to_a_topic_after_a_broker_refused_them() {
    let (cluster, mock) = (Cluster::mock(), MockTracer::new());
    let topic = cluster.topic(1).await;
    let producer = cluster.producer(&mock);
    let other = cluster.topic(1).await;
    let send = async |topic: &str| {
        let record = FutureRecord::<(), str>::to(topic).payload("v");
        soon(producer.send(record, patience())).await.map_err(|(error, _)| error)
    };
    let fail_with = |error| {
        cluster.mock.as_ref().unwrap().request_errors(rdkafka::types::RDKafkaApiKey::Produce, &[error]);
    };
    send(&topic).await.unwrap();
    // About that record alone.
    fail_with(rdkafka::types::RDKafkaRespErr::RD_KAFKA_RESP_ERR_INVALID_RECORD);
    send(&topic).await.unwrap_err();
    send(&topic).await.unwrap();
    fail_with(rdkafka::types::RDKafkaRespErr::RD_KAFKA_RESP_ERR_UNKNOWN);
    send(&topic).await.unwrap_err();
    send(&topic).await.unwrap();
    send(&other).await.unwrap();
    let consumer = cluster.consumer(&mock, &topic);
    for expected in [true, true, false] {
        let message = soon(consumer.recv()).await.unwrap();
        assert_eq!(text(&message, "traceparent").is_some(), expected);
    }
    let consumer = cluster.consumer(&mock, &other);
    let message = soon(consumer.recv()).await.unwrap();
    assert!(text(&message, "traceparent").is_some());
    assert_eq!(mock.tracer().stats().messages.headers_refused, 1);
    assert!(mock.tracer().report().to_string().contains("1 × headers refused by a broker"));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_propagation_neither_writes_nor_reads_contexts() {
    let (cluster, mock) = (Cluster::mock(), MockTracer::new());
    let topic = cluster.topic(1).await;
    let kafka = tracing(&mock).without_propagation();
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
async fn samplers_read_the_topic() {
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

#[tokio::test(flavor = "multi_thread")]
async fn component_names_the_library_of_both_spans() {
    let (cluster, mock) = (Cluster::mock(), MockTracer::new());
    round_trip(&cluster, tracing(&mock).component("kafka"), b"k").await;
    for name in ["send", "process"] {
        assert_eq!(tag(&span(&mock, name), "component").as_deref(), Some("kafka"), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn capture_header_records_headers_as_tags() {
    let (cluster, mock) = (Cluster::mock(), MockTracer::new());
    let topic = cluster.topic(1).await;
    let kafka = tracing(&mock).capture_header("X-Tenant").capture_header("blob").capture_header("null");
    let producer: TracingProducer<FutureProducer> = kafka.producer(&cluster.config()).unwrap();
    let headers = headers([("x-tenant", "blue"), ("X-TENANT", "green"), ("password", "hunter2")])
        .insert(Header { key: "blob", value: Some(b"\xff") })
        .insert(Header { key: "null", value: None::<&str> });
    let record = FutureRecord::<(), str>::to(&topic).payload("v").headers(headers);
    soon(producer.send(record, patience())).await.unwrap();
    drop(soon(cluster.consumer_with(kafka, &topic).recv()).await.unwrap());
    for name in ["send", "process"] {
        let span = span(&mock, name);
        assert_eq!(tag(&span, "messaging.header.x-tenant").as_deref(), Some("green"), "{name}");
        for absent in ["blob", "null", "password"] {
            assert_eq!(tag(&span, &format!("messaging.header.{absent}")), None, "{name}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn skip_records_neither_record_nor_handler() {
    let (cluster, mock) = (Cluster::mock(), MockTracer::new());
    let (skipped, recorded) = (cluster.topic(1).await, cluster.topic(1).await);
    let name = skipped.clone();
    let kafka = tracing(&mock).skip(move |topic| topic == name);
    let producer: TracingProducer<FutureProducer> = kafka.producer(&cluster.config()).unwrap();
    for topic in [&skipped, &recorded] {
        let send = producer.send(FutureRecord::<(), str>::to(topic).payload("v"), patience());
        soon(send.in_span(mock.tracer().span("order").start())).await.unwrap();
        let consumer = cluster.consumer_with(kafka.clone(), topic);
        let message = soon(consumer.recv()).await.unwrap();
        message.handle(async { mock.tracer().span("store").start().finish() }).await;
    }
    mock.assert_tree(&format!(
        "
        order
        order
          send {recorded} (producer)
            process {recorded} (consumer)
              store
    "
    ));
}
