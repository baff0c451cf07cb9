//! rdkafka's own examples, of which only the construction of clients is changed.

use std::time::Duration;

use futures_util::{TryStreamExt, future};
use opentracing_core::mock::MockTracer;
use opentracing_core::{SpanKind, Tracer};
use opentracing_kafka::{TracingConsumer, TracingProducer};
use rdkafka::Message;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer, StreamConsumer};
use rdkafka::message::OwnedMessage;
use rdkafka::producer::{BaseProducer, BaseRecord, FutureProducer, FutureRecord, Producer};

use crate::cluster::{Cluster, from_beginning, patience, soon, tracing};
use crate::support::tag;

async fn send(cluster: &Cluster, mock: &MockTracer, topic: &str, payloads: &[&str]) {
    let producer = cluster.producer(mock);
    for payload in payloads {
        soon(producer.send(FutureRecord::<str, str>::to(topic).key("k").payload(payload), patience())).await.unwrap();
    }
}

/// The numbers of messages that were received, and never handled in their span.
fn counts(mock: &MockTracer) -> (u64, u64) {
    let messages = mock.tracer().stats().messages;
    (messages.received, messages.unhandled)
}

/// `examples/at_least_once.rs`, until that many messages were copied.
async fn at_least_once(
    consumer: &TracingConsumer<StreamConsumer>,
    producer: &TracingProducer<FutureProducer>,
    output_topics: &[&str],
    messages: usize,
) {
    for _ in 0..messages {
        match consumer.recv().await {
            Err(e) => panic!("Kafka error: {e}"),
            Ok(m) => {
                future::try_join_all(output_topics.iter().map(|output_topic| {
                    let mut record = FutureRecord::to(output_topic);
                    if let Some(p) = m.payload() {
                        record = record.payload(p);
                    }
                    if let Some(k) = m.key() {
                        record = record.key(k);
                    }
                    producer.send(record, Duration::from_secs(20))
                }))
                .await
                .expect("Message delivery failed for some topic");
                consumer.store_offset_from_message(&m).unwrap();
            }
        }
    }
}

on_both_clusters! {
    async fn a_loop_that_receives_and_sends_is_one_trace(cluster: &Cluster) {
        let (mock, topic) = (MockTracer::new(), cluster.topic(1).await);
        let (one, other) = (cluster.topic(1).await, cluster.topic(1).await);
        send(cluster, &mock, &topic, &["1", "2"]).await;
        let mut config = cluster.consumer_config();
        config.set("enable.auto.offset.store", "false");
        let new = || -> TracingConsumer<StreamConsumer> {
            let consumer: TracingConsumer<StreamConsumer> = tracing(&mock).consumer(&config).unwrap();
            consumer.assign(&from_beginning(&topic, 1)).unwrap();
            consumer
        };
        let producer = cluster.producer(&mock);
        let tree = |messages: usize| format!(
            "send {topic} (producer)\n  process {topic} (consumer)\n    send {one} (producer)\n    send {other} (producer)\n"
        ).repeat(messages);
        // In the main future of the runtime.
        soon(at_least_once(&new(), &producer, &[&one, &other], 2)).await;
        assert_eq!(mock.tree(), tree(2));
        assert_eq!(counts(&mock), (2, 0));
        // In a task, which may be polled by several threads.
        mock.reset();
        send(cluster, &mock, &topic, &["3"]).await;
        let (consumer, outputs) = (new(), [one.clone(), other.clone()]);
        consumer.assign(&from_beginning(&topic, 1)).unwrap();
        let task = tokio::spawn(async move {
            at_least_once(&consumer, &producer, &outputs.each_ref().map(|topic| &**topic), 3).await;
        });
        soon(task).await.unwrap();
        assert!(mock.tree().starts_with(&tree(1)), "{}", mock.tree());
        // The records of the other two messages were reset.
        let process = format!("process {topic} (consumer)\n  send {one} (producer)\n  send {other} (producer)\n");
        assert!(mock.tree().ends_with(&process.repeat(2)), "{}", mock.tree());
        assert_eq!(counts(&mock), (5, 0));
    }

    async fn a_loop_over_a_base_consumer_is_one_trace(cluster: &Cluster) {
        let (mock, topic, output) = (MockTracer::new(), cluster.topic(1).await, cluster.topic(1).await);
        send(cluster, &mock, &topic, &["1", "2"]).await;
        let consumer: TracingConsumer<BaseConsumer> = tracing(&mock).consumer(&cluster.consumer_config()).unwrap();
        consumer.assign(&from_beginning(&topic, 1)).unwrap();
        let producer: TracingProducer<BaseProducer> = tracing(&mock).producer(&cluster.config()).unwrap();
        let copy = {
            let (tracer, output) = (mock.tracer().clone(), output.clone());
            move || {
                for message in (&consumer).into_iter().take(2) {
                    let message = message.unwrap();
                    tracer.span("look up").start().finish();
                    let payload = message.payload().unwrap();
                    producer.send(BaseRecord::<(), [u8]>::to(&output).payload(payload)).unwrap();
                }
                // After the loop there is no message.
                tracer.span("after").start().finish();
                producer.flush(patience()).unwrap();
            }
        };
        std::thread::spawn(copy).join().unwrap();
        let of_message = format!(
            "send {topic} (producer)\n  process {topic} (consumer)\n    look up\n    send {output} (producer)\n"
        );
        assert_eq!(mock.tree(), format!("{}after\n", of_message.repeat(2)));
        assert_eq!(counts(&mock), (2, 0));
    }

    async fn messages_that_nothing_is_done_for_are_counted(cluster: &Cluster) {
        let (mock, topic) = (MockTracer::new(), cluster.topic(1).await);
        send(cluster, &mock, &topic, &["1", "2"]).await;
        let consumer = cluster.consumer(&mock, &topic);
        // `examples/simple_consumer.rs`.
        for _ in 0..2 {
            match soon(consumer.recv()).await {
                Err(e) => panic!("Kafka error: {e}"),
                Ok(m) => {
                    assert!(m.payload_view::<str>().is_some_and(|payload| payload.is_ok()));
                    consumer.commit_message(&m, CommitMode::Sync).unwrap();
                }
            }
        }
        assert_eq!(counts(&mock), (2, 2));
        let report = mock.tracer().report().to_string();
        assert!(report.contains("2 messages received, 2 never handled in their span\n"), "{report}");
    }
}

async fn record_borrowed_message_receipt(msg: &rdkafka::message::BorrowedMessage<'_>) {
    assert!(msg.offset() >= 0);
}

async fn record_owned_message_receipt(_msg: &OwnedMessage) {}

/// `examples/asynchronous_processing.rs`: the work is done by tasks, to which no message leads. It is counted.
#[tokio::test(flavor = "multi_thread")]
async fn work_that_is_spawned_is_counted_as_unhandled() {
    let (cluster, mock) = (Cluster::mock(), MockTracer::new());
    let (topic, output) = (cluster.topic(1).await, cluster.topic(1).await);
    send(&cluster, &mock, &topic, &["1", "2"]).await;
    mock.reset();
    let consumer = cluster.consumer(&mock, &topic);
    let producer = cluster.producer(&mock);
    let (done, mut all_done) = tokio::sync::mpsc::channel::<()>(8);
    let stream_processor = futures_util::StreamExt::take(consumer.stream(), 2).try_for_each(|borrowed_message| {
        let (producer, output, done) = (producer.clone(), output.clone(), done.clone());
        async move {
            record_borrowed_message_receipt(&borrowed_message).await;
            let owned_message = borrowed_message.detach();
            record_owned_message_receipt(&owned_message).await;
            tokio::spawn(async move {
                let computed = tokio::task::spawn_blocking(move || format!("{:?}", owned_message.payload()));
                let computed = computed.await.expect("failed to wait for expensive computation");
                let record = FutureRecord::to(&output).key("some key").payload(&computed);
                producer.send(record, Duration::from_secs(0)).await.unwrap();
                drop(done);
            });
            Ok(())
        }
    });
    soon(stream_processor).await.expect("stream processing failed");
    drop(done);
    assert!(soon(all_done.recv()).await.is_none());
    assert_eq!(counts(&mock), (2, 2));
    // No record is below a wrong message.
    for span in mock.finished_spans().iter().filter(|span| span.kind == SpanKind::Producer) {
        assert_eq!(span.parent_id, None);
    }
}

/// Where messages are handled at the same time by one task, no work is ascribed to a wrong one.
#[tokio::test(flavor = "multi_thread")]
async fn concurrent_handlers_are_told_apart_or_left_alone() {
    let (cluster, mock) = (Cluster::mock(), MockTracer::new());
    let topic = cluster.topic(1).await;
    let numbers: Vec<_> = (0..20).map(|number| number.to_string()).collect();
    send(&cluster, &mock, &topic, &numbers.iter().map(|number| &**number).collect::<Vec<_>>()).await;
    mock.reset();
    let consumer = cluster.consumer(&mock, &topic);
    let tracer = mock.tracer().clone();
    let work = async |tracer: &Tracer, number: String| {
        for _ in 0..3 {
            tokio::task::yield_now().await;
            tracer.span("work").tag("number", number.as_str()).start().finish();
        }
    };
    let handle_all = futures_util::StreamExt::take(consumer.stream(), 20).try_for_each_concurrent(4, |message| {
        let tracer = tracer.clone();
        async move {
            let number = String::from_utf8(message.payload().unwrap().to_vec()).unwrap();
            message.span().set_tag("number", number.as_str());
            work(&tracer, number).await;
            drop(message);
            Ok(())
        }
    });
    soon(handle_all).await.unwrap();
    let spans = mock.finished_spans();
    for span in spans.iter().filter(|span| &*span.operation_name == "work") {
        let parent = spans.iter().find(|parent| Some(parent.context.span_id()) == span.parent_id);
        assert!(parent.is_none_or(|parent| tag(parent, "number") == tag(span, "number")), "{}", mock.tree());
    }
    let (received, unhandled) = counts(&mock);
    assert_eq!(received, 20);
    assert!(unhandled > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_current_message_can_be_turned_off() {
    let (cluster, mock) = (Cluster::mock(), MockTracer::new());
    let topic = cluster.topic(1).await;
    send(&cluster, &mock, &topic, &["1"]).await;
    let consumer = cluster.consumer_with(tracing(&mock).without_current_message(), &topic);
    let message = soon(consumer.recv()).await.unwrap();
    mock.tracer().span("work").start().finish();
    drop(message);
    mock.assert_tree(&format!("send {topic} (producer)\n  process {topic} (consumer)\nwork"));
    assert_eq!(counts(&mock), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_active_span_and_a_handler_take_precedence() {
    let (cluster, mock) = (Cluster::mock(), MockTracer::new());
    let topic = cluster.topic(1).await;
    send(&cluster, &mock, &topic, &["1", "2"]).await;
    mock.reset();
    let consumer = cluster.consumer(&mock, &topic);
    let message = soon(consumer.recv()).await.unwrap();
    let scope = mock.tracer().span("loop").ignore_active_span().start_active();
    mock.tracer().span("work").start().finish();
    drop(scope);
    drop(message);
    mock.assert_tree(&format!("process {topic} (consumer)\nloop\n  work"));

    mock.reset();
    let message = soon(consumer.recv()).await.unwrap();
    message.handle(async { mock.tracer().span("inside").start().finish() }).await;
    mock.tracer().span("outside").start().finish();
    drop(message);
    mock.assert_tree(&format!("process {topic} (consumer)\n  inside\noutside"));
}
