//! Trace headers: written, replaced and read.

use opentracing_core::mock::MockTracer;
use opentracing_core::propagation::{Composite, KafkaHeaders};
use opentracing_core::{OwnedSpan, Sampling};
use opentracing_kafka::{TracingConsumer, TracingProducer, header};
use rdkafka::Message;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{BorrowedMessage, Header, OwnedHeaders};
use rdkafka::producer::{FutureProducer, FutureRecord};

use crate::cluster::{Cluster, from_beginning, patience, soon, tracing};
use crate::support::{headers, references, span, text, texts};
use crate::wire::{AnyHeader, produce};

/// A tracer that reads and writes these formats.
fn with_formats(names: &str) -> MockTracer {
    let composite: Composite = names.parse().unwrap();
    MockTracer::with(|builder| builder.propagator(KafkaHeaders, composite))
}

async fn send(cluster: &Cluster, mock: &MockTracer, topic: &str, headers: Option<OwnedHeaders>) {
    let record = FutureRecord::<(), str> { headers, ..FutureRecord::to(topic).payload("v") };
    soon(cluster.producer(mock).send(record, patience())).await.unwrap();
}

/// Calls `look` with the first message, received by an untraced consumer.
async fn received(cluster: &Cluster, topic: &str, look: impl FnOnce(&BorrowedMessage<'_>)) {
    let consumer: BaseConsumer = cluster.consumer_config().create().unwrap();
    consumer.assign(&from_beginning(topic, 1)).unwrap();
    look(&consumer.poll(patience()).unwrap().unwrap());
}

/// Returns the span of a message with these headers.
async fn process(cluster: &Cluster, mock: &MockTracer, headers: &[AnyHeader<'_>]) -> OwnedSpan {
    let topic = cluster.topic(1).await;
    produce(&cluster.brokers, &topic, headers, b"v");
    let message = soon(cluster.consumer(mock, &topic).recv()).await.map(|message| message.detach()).unwrap();
    assert_eq!(message.payload(), Some(&b"v"[..]));
    drop(message);
    let span = span(mock, "process");
    mock.reset();
    span
}

const T: &str = "0000000000000000fa2375d711a4ca0f";
const S: &str = "02468acefdb97531";

on_both_clusters! {
    async fn every_format_is_written_as_text(cluster: &Cluster) {
        let (mock, topic) = (MockTracer::new(), cluster.topic(1).await);
        let parent = {
            let mut parent = mock.tracer().span("order").start();
            parent.set_baggage_item("user", "jörg, 2");
            parent.activate()
        };
        let record = FutureRecord::<(), str>::to(&topic).payload("v");
        let producer = cluster.producer(&mock);
        let delivery = producer.send_result(record).unwrap();
        drop(parent);
        soon(delivery).await.unwrap().unwrap();
        received(cluster, &topic, |message| {
            let mut texts = texts(message);
            texts.sort();
            let expected = [
                ("X_INSTANA_L_S", "1"),
                ("X_INSTANA_S", "0000000000000002"),
                ("X_INSTANA_T", "00000000000000000000000000000001"),
                ("b3", "00000000000000000000000000000001-0000000000000002-1"),
                ("baggage", "user=j%C3%B6rg%2C%202"),
                ("traceparent", "00-00000000000000000000000000000001-0000000000000002-01"),
                ("tracestate", "in=0000000000000001;0000000000000002"),
            ];
            assert_eq!(texts, expected.map(|(key, value)| (key.to_owned(), value.to_owned())));
        })
        .await;
    }

    async fn copied_trace_headers_are_replaced(cluster: &Cluster) {
        let (mock, topic) = (with_formats("instana,tracecontext"), cluster.topic(1).await);
        let old = headers([
            ("tenant", "blue"),
            ("TraceParent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
            ("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
            ("tracestate", "vendor=1"),
            ("x_instana_t", T),
            ("X_INSTANA_T", T),
            ("X_INSTANA_S", S),
            ("X_INSTANA_C", "old"),
            ("X_INSTANA_L", "1"),
            ("tenant", "green"),
            ("b3", "0"),
        ]);
        let old = old.insert(Header { key: "nothing", value: None::<&str> });
        send(cluster, &mock, &topic, Some(old)).await;
        received(cluster, &topic, |message| {
            let texts = texts(message);
            let names: Vec<_> = texts.iter().map(|(name, _)| name.as_str()).collect();
            // Other headers keep their order and come before the trace headers. `b3` is not a format of this tracer.
            assert_eq!(names[..4], ["tenant", "tenant", "b3", "nothing"]);
            assert_eq!(texts[3].1, "(null)");
            let mut ours = names[4..].to_vec();
            ours.sort_unstable();
            assert_eq!(ours, ["X_INSTANA_L_S", "X_INSTANA_S", "X_INSTANA_T", "traceparent", "tracestate"]);
            assert_eq!(text(message, "traceparent").unwrap(), "00-00000000000000000000000000000001-0000000000000001-01");
            assert_eq!(text(message, "X_INSTANA_T").unwrap(), "00000000000000000000000000000001");
        })
        .await;
    }

    async fn copied_baggage_headers_are_replaced(cluster: &Cluster) {
        let (mock, topic) = (with_formats("jaeger"), cluster.topic(1).await);
        let old = headers([("UberCtx-user", "ada"), ("uberctx-cart", "7"), ("uber", "cab")]);
        send(cluster, &mock, &topic, Some(old)).await;
        received(cluster, &topic, |message| {
            let names: Vec<_> = texts(message).into_iter().map(|(name, _)| name).collect();
            assert_eq!(names, ["uber", "uber-trace-id"]);
        })
        .await;
    }

    async fn the_last_value_counts_in_any_letter_case(cluster: &Cluster) {
        let mock = with_formats("instana");
        let rows: [(&str, &[AnyHeader<'_>]); 6] = [
            ("upper case", &[(b"X_INSTANA_T", Some(T.as_bytes())), (b"X_INSTANA_S", Some(S.as_bytes()))]),
            ("lower case", &[(b"x_instana_t", Some(&T.as_bytes()[16..])), (b"x_instana_s", Some(S.as_bytes()))]),
            ("mixed case", &[(b"x_Instana_T", Some(T.as_bytes())), (b"X_instana_s", Some(S.as_bytes()))]),
            (
                "added by a client that forwards headers",
                &[
                    (b"X_INSTANA_T", Some(b"1")),
                    (b"X_INSTANA_S", Some(b"2")),
                    (b"X_INSTANA_T", Some(T.as_bytes())),
                    (b"x_instana_s", Some(S.as_bytes())),
                ],
            ),
            (
                "null values are skipped",
                &[
                    (b"X_INSTANA_T", Some(T.as_bytes())),
                    (b"X_INSTANA_T", None),
                    (b"X_INSTANA_S", Some(S.as_bytes())),
                ],
            ),
            (
                "between others",
                &[
                    (b"", Some(b"")),
                    (b"X_INSTANA_T", Some(T.as_bytes())),
                    (b"X_INSTANA_TT", Some(b"3")),
                    (b"X_INSTANA_S", Some(S.as_bytes())),
                ],
            ),
        ];
        for (row, headers) in rows {
            let span = process(cluster, &mock, headers).await;
            assert_eq!(span.context.trace_id().to_string(), T, "{row}");
            assert_eq!(references(&span)[0].1, 0x0246_8ace_fdb9_7531, "{row}");
        }
    }

    async fn every_format_is_read(cluster: &Cluster) {
        let mock = MockTracer::new();
        let rows: [(&str, &[AnyHeader<'_>]); 3] = [
            ("instana", &[(b"X_INSTANA_T", Some(b"a")), (b"X_INSTANA_S", Some(b"b"))]),
            ("tracecontext", &[(b"traceparent", Some(b"00-0000000000000000000000000000000a-000000000000000b-01"))]),
            ("b3", &[(b"b3", Some(b"000000000000000a-000000000000000b-1"))]),
        ];
        for (row, headers) in rows {
            let span = process(cluster, &mock, headers).await;
            assert_eq!(span.context.trace_id().low(), 10, "{row}");
            assert_eq!(references(&span)[0].1, 11, "{row}");
        }
    }

    async fn a_negative_sampling_decision_is_propagated(cluster: &Cluster) {
        let (mock, topic, next) = (MockTracer::new(), cluster.topic(1).await, cluster.topic(1).await);
        produce(&cluster.brokers, &topic, &[(b"X_INSTANA_L_S", Some(b"0"))], b"v");
        let consumer = cluster.consumer(&mock, &topic);
        let message = soon(consumer.recv()).await.unwrap();
        assert_eq!(message.context().unwrap().sampling(), Sampling::NotSampled);
        let producer = cluster.producer(&mock);
        let record = FutureRecord::<(), str>::to(&next).payload("v");
        message.handle(async { soon(producer.send(record, patience())).await.map_err(|(error, _)| error) }).await.unwrap();
        drop(message);
        assert!(mock.finished_spans().is_empty());
        received(cluster, &next, |message| {
            assert_eq!(text(message, "X_INSTANA_L_S").as_deref(), Some("0"));
            assert_eq!(text(message, "X_INSTANA_T"), None);
            assert!(text(message, "traceparent").unwrap().ends_with("-00"));
            assert!(text(message, "b3").unwrap().ends_with("-0"));
        })
        .await;
    }

    async fn a_corrupt_context_starts_a_trace_and_is_counted(cluster: &Cluster) {
        let mock = MockTracer::new();
        let rows: [(&str, &[AnyHeader<'_>]); 4] = [
            ("text", &[(b"traceparent", Some(b"00-zz-1-01"))]),
            ("bytes", &[(b"traceparent", Some(b"\xff\xfe\x00"))]),
            ("half", &[(b"X_INSTANA_T", Some(b"a"))]),
            ("empty", &[(b"b3", Some(b""))]),
        ];
        for (index, (row, headers)) in rows.into_iter().enumerate() {
            let span = process(cluster, &mock, headers).await;
            assert_eq!(span.parent_id, None, "{row}");
            assert_eq!(mock.tracer().stats().extract_corrupted, index as u64 + 1, "{row}");
        }
    }

    /// rdkafka's own methods panic on these names.
    async fn names_that_are_not_utf_8_are_skipped(cluster: &Cluster) {
        let mock = MockTracer::new();
        let bad: [AnyHeader<'_>; 5] = [
            (b"\xff\xfe", Some(b"v")),
            (b"traceparent", Some(b"00-0000000000000000000000000000000a-000000000000000b-01")),
            (b"traceparent\xc3", Some(b"00-00000000000000000000000000000001-0000000000000002-01")),
            (b"\x80", None),
            (b"tenant", Some(b"blue")),
        ];
        let span = process(cluster, &mock, &bad).await;
        assert_eq!(references(&span)[0].1, 11);
        // Also if a format reads all names, to find baggage.
        let jaeger = with_formats("jaeger");
        let bad: [AnyHeader<'_>; 3] =
            [(b"uberctx-\xff", Some(b"v")), (b"uber-trace-id", Some(b"a:b:0:1")), (b"uberctx-cart", Some(b"7"))];
        let span = process(cluster, &jaeger, &bad).await;
        assert_eq!(span.context.baggage_item("cart"), Some("7"));
        assert_eq!(span.context.baggage().count(), 1);

        // They are kept if the headers are forwarded.
        let (topic, next) = (cluster.topic(1).await, cluster.topic(1).await);
        let bad: [AnyHeader<'_>; 4] = [
            (b"\xff\xfe", Some(b"v")),
            (b"traceparent", Some(b"old")),
            (b"TRACEPARENT", None),
            (b"tenant", Some(b"blue")),
        ];
        produce(&cluster.brokers, &topic, &bad, b"v");
        let consumer = cluster.consumer(&mock, &topic);
        let mut message = soon(consumer.recv()).await.unwrap().detach().into_inner();
        assert_eq!(header(&message, "tenant"), Some(&b"blue"[..]));
        send(cluster, &mock, &next, message.detach_headers()).await;
        let mock = MockTracer::new();
        let consumer = cluster.consumer(&mock, &next);
        let message = soon(consumer.recv()).await.unwrap();
        assert_eq!(header(&*message, "tenant"), Some(&b"blue"[..]));
        assert_eq!(header(&*message, "TRACEPARENT"), None);
        assert!(text(&message, "traceparent").unwrap().starts_with("00-"));
        drop(message);
        assert_eq!(span_count(&mock), 1);
    }

    async fn a_consumer_continues_after_malformed_headers(cluster: &Cluster) {
        let (mock, topic) = (MockTracer::new(), cluster.topic(1).await);
        let long = vec![0xff; 100_000];
        let many: Vec<AnyHeader<'_>> = (0..2_000).map(|_| (&b"traceparent"[..], Some(&b"x"[..]))).collect();
        let rows: [&[AnyHeader<'_>]; 6] = [
            &[(b"\xff", Some(b"\xff"))],
            &[(b"traceparent", Some(&long)), (b"tracestate", Some(&long)), (b"baggage", Some(&long)), (b"b3", Some(&long))],
            &[(&long[..30_000], Some(b""))],
            &many,
            &[(b"X_INSTANA_T", Some(b"\0\0")), (b"X_INSTANA_S", None)],
            &[(b"", None)],
        ];
        for headers in rows {
            produce(&cluster.brokers, &topic, headers, b"v");
        }
        produce(&cluster.brokers, &topic, &[(b"X_INSTANA_T", Some(b"a")), (b"X_INSTANA_S", Some(b"b"))], b"last");
        let consumer: TracingConsumer<BaseConsumer> = tracing(&mock).consumer(&cluster.consumer_config()).unwrap();
        consumer.assign(&from_beginning(&topic, 1)).unwrap();
        for _ in rows {
            assert_eq!(consumer.poll(patience()).unwrap().unwrap().payload(), Some(&b"v"[..]));
        }
        assert!(mock.finished_spans().iter().all(|span| span.parent_id.is_none()));
        mock.reset();
        assert_eq!(consumer.poll(patience()).unwrap().unwrap().payload(), Some(&b"last"[..]));
        assert_eq!(span(&mock, "process").context.trace_id().low(), 10);
    }
}

fn span_count(mock: &MockTracer) -> usize {
    mock.finished_spans().len()
}

/// A record that was not queued is returned with the trace headers.
#[tokio::test]
async fn a_record_that_is_sent_again_has_each_header_once() {
    let (cluster, mock) = (Cluster::mock(), with_formats("tracecontext"));
    let topic = cluster.topic(1).await;
    let mut config = cluster.config();
    config.set("queue.buffering.max.messages", "1").set("linger.ms", "10000");
    let producer: TracingProducer<FutureProducer> = tracing(&mock).producer(&config).unwrap();
    let first = producer.send_result(FutureRecord::<(), str>::to(&topic).payload("1")).unwrap();
    let (_, refused) = producer.send_result(FutureRecord::<(), str>::to(&topic).payload("2")).unwrap_err();
    drop(first);
    let producer = cluster.producer(&mock);
    soon(producer.send(refused, patience())).await.unwrap();
    received(&cluster, &topic, |message| {
        assert_eq!(texts(message).len(), 1);
        assert!(text(message, "traceparent").unwrap().ends_with("-0000000000000003-01"));
    })
    .await;
}
