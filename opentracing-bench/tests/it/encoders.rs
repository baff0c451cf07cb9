//! The encoders receive equal spans, and encode all of them.

use std::collections::BTreeMap;
use std::process::Command;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentracing_bench::Encoder;
use prost::Message;

use crate::{figure, run};

/// Spans in one burst.
const SPANS: usize = 512;

#[track_caller]
fn body(encoder: Encoder) -> Vec<u8> {
    let output = Command::new(env!("CARGO_BIN_EXE_measure")).args(["body", encoder.name()]).output().unwrap();
    assert!(output.status.success(), "{}: {}", encoder.name(), String::from_utf8_lossy(&output.stderr));
    output.stdout
}

fn sorted(attributes: Vec<KeyValue>) -> Vec<String> {
    let mut lines: Vec<_> = attributes.into_iter().map(|tag| format!("{}={:?}", tag.key, tag.value)).collect();
    lines.sort();
    lines
}

/// The number of spans of each form, that is, without ids and times.
fn spans(body: &[u8]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for resource in ExportTraceServiceRequest::decode(body).unwrap().resource_spans {
        let zone = sorted(resource.resource.unwrap().attributes).into_iter().find(|line| line.starts_with("zone="));
        assert!(zone.is_some());
        for scope in resource.scope_spans {
            let library = scope.scope.unwrap_or_default().name;
            for span in scope.spans {
                let events: Vec<_> =
                    span.events.into_iter().map(|event| (event.name, sorted(event.attributes))).collect();
                let has_parent = !span.parent_span_id.is_empty();
                let form = (span.name, span.kind, has_parent, sorted(span.attributes), events, span.links.len());
                *counts.entry(format!("{library}: {form:?}")).or_default() += 1;
            }
        }
    }
    counts
}

#[test]
fn both_otlp_encoders_receive_equal_spans() {
    let ours = spans(&body(Encoder::Otlp));
    assert_eq!(ours, spans(&body(Encoder::OpenTelemetry)));
    assert_eq!(ours.values().copied().collect::<Vec<_>>(), [SPANS / 4; 4], "{ours:?}");
}

#[test]
fn every_encoder_encodes_all_spans() {
    for encoder in [Encoder::Zipkin, Encoder::Instana] {
        let body = String::from_utf8(body(encoder)).unwrap();
        // This name occurs once per span.
        let name = if encoder == Encoder::Zipkin { "\"id\":\"" } else { "\"s\":\"" };
        assert_eq!(body.matches(name).count(), SPANS, "{}", encoder.name());
    }
    for encoder in Encoder::ALL {
        assert_eq!(encoder.name().parse(), Ok(encoder));
        let figures = run(env!("CARGO_BIN_EXE_measure_allocations"), &["encode", encoder.name(), "1"]);
        // In no format is a span with four tags smaller.
        assert!(figure(&figures, "bytes") > 100.0, "{}: {figures:?}", encoder.name());
        assert!(figure(&figures, "ns") > 0.0, "{}: {figures:?}", encoder.name());
    }
}
