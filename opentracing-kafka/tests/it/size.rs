//! Records near the limit of their size.

use opentracing_core::mock::MockTracer;
use opentracing_core::{InSpan, Span};
use opentracing_kafka::TracingProducer;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{FutureProducer, FutureRecord};

use crate::cluster::{Cluster, patience, soon, tracing};
use crate::support::text;

/// The largest value without a key and headers that librdkafka accepts by default: a record may have 1,000,000 bytes, of which 36 are for
/// its other fields.
const MAX: usize = 999_964;

/// A span with baggage.
fn order(mock: &MockTracer) -> Span {
    let mut order = mock.tracer().span("order").start();
    order.set_baggage_item("note", &"n".repeat(4_000));
    order
}

on_both_clusters! {
    async fn what_is_delivered_untraced_is_delivered_traced(cluster: &Cluster) {
        let (mock, topic) = (MockTracer::new(), cluster.topic(1).await);
        let untraced: FutureProducer = cluster.config().create().unwrap();
        let producer = cluster.producer(&mock);
        let body = vec![b'x'; MAX + 1];
        let own = || OwnedHeaders::new().insert(Header { key: "tenant", value: Some("blue") });
        // The header takes a byte for each length, 6 for its name and 4 for its value.
        for (size, headers, fits) in [(MAX, None, true), (MAX + 1, None, false), (MAX - 12, Some(own()), true), (MAX - 11, Some(own()), false)] {
            let record = || {
                let record = FutureRecord::<(), [u8]>::to(&topic).payload(&body[..size]);
                FutureRecord { headers: headers.clone(), ..record }
            };
            let bare = soon(untraced.send(record(), patience())).await;
            let traced = soon(producer.send(record(), patience()).in_span(order(&mock))).await;
            for sent in [bare.map_err(|(error, _)| error), traced.map_err(|(error, _)| error)] {
                let too_large = KafkaError::MessageProduction(RDKafkaErrorCode::MessageSizeTooLarge);
                assert_eq!(sent.as_ref().err(), Some(&too_large).filter(|_| !fits), "{size}");
            }
        }
        let messages = mock.tracer().stats().messages;
        assert_eq!((messages.context_left_out, messages.context_shortened), (2, 0), "those that were delivered");
    }

    async fn a_context_is_left_out_from_its_least_important_end(cluster: &Cluster) {
        let (mock, topic) = (MockTracer::new(), cluster.topic(1).await);
        let producer = cluster.producer(&mock);
        let consumer = cluster.consumer(&mock, &topic);
        let body = vec![b'x'; MAX];
        let names = ["baggage", "tracestate", "b3", "X_INSTANA_T", "traceparent"];
        // What the headers take, with their lengths.
        let traceparent = 1 + 11 + 1 + 55;
        let instana = (1 + 11 + 1 + 32) + (1 + 11 + 1 + 16) + (1 + 13 + 1 + 1);
        let b3 = 1 + 2 + 1 + 51;
        let tracestate = 1 + 10 + 1 + 36;
        let mut room = 0;
        let mut rows = vec![(0, &names[5..])];
        for (index, size) in [(4, traceparent), (3, instana), (2, b3), (1, tracestate)] {
            rows.push((room + size - 1, &names[index + 1..]));
            room += size;
            rows.push((room, &names[index..]));
        }
        rows.push((5_000, &names[..]));
        for (room, present) in rows {
            let record = FutureRecord::<(), [u8]>::to(&topic).payload(&body[..MAX - room]);
            soon(producer.send(record, patience()).in_span(order(&mock))).await.unwrap();
            let message = soon(consumer.recv()).await.unwrap();
            let found: Vec<_> = names.into_iter().filter(|name| text(&message, name).is_some()).collect();
            assert_eq!(found, present, "{room} bytes of room");
            drop(message);
        }
        let messages = mock.tracer().stats().messages;
        assert_eq!((messages.context_left_out, messages.context_shortened), (2, 7));
        assert!(mock.tracer().report().to_string().contains("2 sent without context, for their size"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_limit_is_that_of_the_configuration() {
    let (cluster, mock) = (Cluster::mock(), MockTracer::new());
    let topic = cluster.topic(1).await;
    let mut config = cluster.config();
    config.set("message.max.bytes", "2000");
    let producer: TracingProducer<FutureProducer> = tracing(&mock).producer(&config).unwrap();
    for (size, left_out) in [(1_000, 0), (1_964, 1), (1_964 - 68, 1)] {
        let body = vec![b'x'; size];
        let record = FutureRecord::<(), [u8]>::to(&topic).payload(&body);
        soon(producer.send(record, patience())).await.unwrap();
        assert_eq!(mock.tracer().stats().messages.context_left_out, left_out, "{size}");
    }
    let logs: Vec<_> = mock.finished_spans().into_iter().flat_map(|span| span.logs).collect();
    let events: Vec<_> = logs.iter().filter_map(|log| log.field("event")).map(|event| event.to_string()).collect();
    assert_eq!(events, ["context_left_out", "context_shortened"]);
}
