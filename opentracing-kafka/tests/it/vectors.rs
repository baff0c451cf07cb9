//! Compatibility with the official Instana tracers.

use opentracing_core::Sampling;
use opentracing_core::mock::MockTracer;
use opentracing_core::propagation::{Composite, Instana, KafkaHeaders};
use rdkafka::producer::FutureRecord;
use serde_json::Value;

use crate::cluster::{Cluster, soon};
use crate::support::{references, texts};
use crate::wire::produce;

/// The vectors, which are part of the core.
fn vectors() -> Value {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../opentracing-core/tests/data/instana-messaging.json");
    serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
}

fn instana() -> MockTracer {
    MockTracer::with(|builder| builder.propagator(KafkaHeaders, "instana".parse::<Composite>().unwrap()))
}

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

on_both_clusters! {
    async fn messages_of_instana_tracers_are_read(cluster: &Cluster) {
        for row in vectors()["kafka"]["consume"].as_array().unwrap() {
            let (id, expect) = (row["id"].as_str().unwrap(), &row["expect"]);
            let texts = row["headers"].as_object().into_iter().flatten();
            let binary = row["headers_hex"].as_object().into_iter().flatten();
            let headers: Vec<(&[u8], Vec<u8>)> = texts
                .map(|(name, value)| (name.as_bytes(), value.as_str().unwrap().as_bytes().to_vec()))
                .chain(binary.map(|(name, value)| (name.as_bytes(), bytes(value.as_str().unwrap()))))
                .collect();
            let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, Some(value.as_slice()))).collect();
            let (mock, topic) = (instana(), cluster.topic(1).await);
            produce(&cluster.brokers, &topic, &headers, b"v");
            let consumer = cluster.consumer(&mock, &topic);
            let message = soon(consumer.recv()).await.unwrap();
            let context = message.context().unwrap().clone();
            drop(message);
            let spans = mock.finished_spans();
            if expect["suppressed"] == true {
                assert_eq!((context.sampling(), spans.len()), (Sampling::NotSampled, 0), "{id}");
                continue;
            }
            if expect["new_trace"] == true {
                assert!(spans[0].references.is_empty(), "{id}");
                continue;
            }
            let long = Instana::long_trace_id(&context).map(|id| id.to_string());
            assert_eq!(format!("{:016x}", context.trace_id().low()), expect["t"].as_str().unwrap(), "{id}");
            assert_eq!(format!("{:016x}", references(&spans[0])[0].1), expect["p"].as_str().unwrap(), "{id}");
            assert_eq!(long.as_deref(), expect["lt"].as_str(), "{id}");
        }
    }

    /// The expected headers are those of instasarama, which writes the most.
    async fn headers_are_written_as_instana_tracers_do(cluster: &Cluster) {
        let all = vectors();
        let rows = all["kafka"]["produce"].as_array().unwrap();
        for (state, sampling) in [("traced, upstream 64 or 128 bit", Sampling::Sampled), ("suppressed", Sampling::NotSampled)] {
            let row = rows.iter().find(|row| row["state"] == state && row["tracer"].as_str().unwrap().starts_with("instasarama"));
            let (mock, topic) = (instana(), cluster.topic(1).await);
            let parent = opentracing_core::SpanContext::new(
                all["context"]["t"].as_str().unwrap().parse().unwrap(),
                all["context"]["s"].as_str().unwrap().parse().unwrap(),
            );
            let scope = mock.tracer().span("order").child_of(&parent.with_sampling(sampling)).start_active();
            let record = FutureRecord::<(), str>::to(&topic).payload("v");
            let producer = cluster.producer(&mock);
            let delivery = producer.send_result(record).unwrap();
            drop(scope);
            soon(delivery).await.unwrap().unwrap();
            let consumer = cluster.consumer(&MockTracer::new(), &topic);
            let message = soon(consumer.recv()).await.unwrap();
            let mut written = texts(&message);
            written.sort();
            let exit = "0000000000000002";
            let mut expected: Vec<_> = row.unwrap()["headers"].as_object().unwrap().iter()
                .map(|(name, value)| (name.clone(), value.as_str().unwrap().replace("$exit", exit)))
                .collect();
            expected.sort();
            assert_eq!(written, expected, "{state}");
        }
    }
}
