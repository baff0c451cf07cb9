//! Rebalances.

use std::collections::HashSet;
use std::time::Duration;

use opentracing_core::SpanKind;
use opentracing_core::mock::MockTracer;
use opentracing_kafka::{TracingConsumer, TracingMessage};
use rdkafka::consumer::{CommitMode, Consumer, StreamConsumer};
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::producer::FutureRecord;

use crate::cluster::{Cluster, PATIENCE, patience, soon, tracing};

/// Receives with both consumers until the handler returns `true`.
async fn receive_until(
    consumers: [&TracingConsumer<StreamConsumer>; 2],
    mut handle: impl FnMut(usize, TracingMessage<BorrowedMessage<'_>>) -> bool,
) {
    let begun = std::time::Instant::now();
    loop {
        assert!(begun.elapsed() < 2 * PATIENCE, "should be done by now");
        for (at, consumer) in consumers.iter().enumerate() {
            if let Ok(message) = tokio::time::timeout(Duration::from_millis(20), consumer.recv()).await
                && handle(at, message.unwrap())
            {
                return;
            }
        }
    }
}

on_both_clusters! {
    async fn a_rebalance_leaves_every_span_connected(cluster: &Cluster) {
        let (mock, topic) = (MockTracer::new(), cluster.topic(2).await);
        let mut config = cluster.consumer_config();
        config.set("session.timeout.ms", "6000").set("heartbeat.interval.ms", "100");
        let new = || -> TracingConsumer<StreamConsumer> {
            let consumer: TracingConsumer<StreamConsumer> = tracing(&mock).consumer(&config).unwrap();
            consumer.subscribe(&[&*topic]).unwrap();
            consumer
        };
        let producer = cluster.producer(&mock);
        let send = async |number: i32| {
            let payload = number.to_string();
            let record = FutureRecord::<(), str>::to(&topic).payload(&payload).partition(number % 2);
            soon(producer.send(record, patience())).await.unwrap();
        };
        for number in 0..10 {
            send(number).await;
        }
        let first = new();
        let held = soon(first.recv()).await.unwrap();
        first.commit_message(&held, CommitMode::Sync).unwrap();

        // A second consumer joins and takes over a partition while a message of the first is still being handled.
        let second = new();
        let mut seen = HashSet::from([number(&held)]);
        for number in 10..20 {
            send(number).await;
        }
        let mut shares = [0, 0];
        receive_until([&first, &second], |at, message| {
            seen.insert(number(&message));
            shares[at] += 1;
            let consumer = [&first, &second][at];
            // Fails if the partition was reassigned in the meantime.
            let _ = consumer.commit_message(&message, CommitMode::Sync);
            message.handle_blocking(|| mock.tracer().span("store").start().finish());
            seen.len() == 20 && shares[1] > 0
        })
        .await;
        let store = async { mock.tracer().span("store").start().finish() };
        held.handle(store).await;
        drop(held);
        // The second consumer leaves.
        drop(second);
        for number in 20..22 {
            send(number).await;
        }
        receive_until([&first, &first], |_, message| {
            seen.insert(number(&message));
            message.handle_blocking(|| mock.tracer().span("store").start().finish());
            seen.len() == 22
        })
        .await;

        let spans = mock.finished_spans();
        let of = |kind| spans.iter().filter(|span| span.kind == kind).collect::<Vec<_>>();
        let (sent, handled) = (of(SpanKind::Producer), of(SpanKind::Consumer));
        assert_eq!(sent.len(), 22);
        assert!(handled.len() >= 22);
        for span in &handled {
            assert!(sent.iter().any(|sent| sent.context.same_span(&span.references[0].context)), "{span:?}");
            assert!(spans.iter().any(|store| store.parent_id == Some(span.context.span_id())), "{span:?}");
        }
        assert_eq!(mock.tracer().stats().open(), 0);
    }
}

fn number(message: &TracingMessage<BorrowedMessage<'_>>) -> i32 {
    std::str::from_utf8(message.payload().unwrap()).unwrap().parse().unwrap()
}
