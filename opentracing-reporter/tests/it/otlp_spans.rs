//! What of a span arrives by OTLP, read by OpenTelemetry's own types.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value as AnyValue;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, Span};
use opentracing_core::{Tracer, TracerBuilder};
use opentracing_reporter::{BatchReporter, Otlp};
use prost::Message;

use crate::collector::{Collector, Got};
use crate::transports::{NEVER, PATIENCE};

pub(crate) type TestResult = Result<(), Box<dyn std::error::Error>>;

/// Records what the closure does, and gives back what a collector got of it.
pub(crate) fn sent(tracer: TracerBuilder, record: impl FnOnce(&Tracer)) -> ResourceSpans {
    let collector = Collector::start([]).expect("a port is free");
    let otlp = Otlp::http(&collector.url()).expect("that is an address");
    let tracer = tracer.build_inline(BatchReporter::new(otlp).delay(NEVER));
    record(&tracer);
    assert_eq!(tracer.flush(PATIENCE), Ok(()));
    let got = collector.next();
    assert_eq!(got.line, "POST /v1/traces HTTP/1.1");
    assert_eq!(got.header("content-type"), Some("application/x-protobuf"));
    let mut request = ExportTraceServiceRequest::decode(&*got.body).expect("that is a request");
    assert_eq!(request.resource_spans.len(), 1);
    request.resource_spans.remove(0)
}

/// All spans of all scopes.
pub(crate) fn spans(resource: &ResourceSpans) -> impl Iterator<Item = &Span> {
    resource.scope_spans.iter().flat_map(|scope| &scope.spans)
}

/// The names of the spans of a request.
pub(crate) fn names_in(got: &Got) -> Vec<String> {
    let request = ExportTraceServiceRequest::decode(&*got.body).expect("that is a request");
    request.resource_spans.iter().flat_map(spans).map(|span| span.name.clone()).collect()
}

/// `key=value`, with the type's name where it is no text.
pub(crate) fn written(attributes: &[KeyValue]) -> Vec<String> {
    attributes
        .iter()
        .map(|KeyValue { key, value, .. }| {
            let value = value.as_ref().and_then(|value| value.value.as_ref());
            match value {
                Some(AnyValue::StringValue(text)) => format!("{key}={text}"),
                Some(AnyValue::BoolValue(truth)) => format!("{key}=bool {truth}"),
                Some(AnyValue::IntValue(number)) => format!("{key}=int {number}"),
                Some(AnyValue::DoubleValue(number)) => format!("{key}=double {number}"),
                other => format!("{key}={other:?}"),
            }
        })
        .collect()
}

#[test]
fn sends_ids_name_and_typed_tags() {
    let resource = sent(Tracer::builder("shop"), |tracer| {
        let mut span = tracer.span("checkout").start();
        span.set_tag("text", "a b/ü").set_tag("yes", true).set_tag("count", -7).set_tag("amount", 9.5);
        span.set_tag("large", u64::MAX);
    });
    let span = spans(&resource).next().expect("there is one");
    assert_eq!(span.name, "checkout");
    assert_eq!(
        written(&span.attributes),
        ["text=a b/ü", "yes=bool true", "count=int -7", "amount=double 9.5", "large=18446744073709551615"]
    );
}
