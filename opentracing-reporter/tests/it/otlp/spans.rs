//! Spans in OTLP, decoded with OpenTelemetry's own types.

use std::time::{Duration, SystemTime};

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value as AnyValue;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, Span};
use opentracing_core::{
    FlushError, Limits, Sampling, SpanContext, SpanId, SpanKind, TraceId, Tracer, TracerBuilder, Value, tags,
};
use opentracing_reporter::{BatchReporter, Otlp};
use prost::Message;

use crate::support::collector::{Collector, Got};
use crate::support::transports::{NEVER, PATIENCE, finish_spans, names};

pub(crate) type TestResult = Result<(), Box<dyn std::error::Error>>;

/// Records what the closure does, and returns the request that a collector received.
pub(crate) fn sent(tracer: TracerBuilder, record: impl FnOnce(&Tracer)) -> ResourceSpans {
    sent_by(|otlp| otlp, tracer, record)
}

/// As [`sent`], with settings of the transport.
pub(crate) fn sent_by(
    set: impl FnOnce(Otlp) -> Otlp,
    tracer: TracerBuilder,
    record: impl FnOnce(&Tracer),
) -> ResourceSpans {
    let collector = Collector::start([]).expect("a port is free");
    let otlp = set(Otlp::http(&collector.url()).expect("that is an address"));
    let tracer = tracer.build_inline(BatchReporter::new(otlp).batch_delay(NEVER));
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

/// `key=value`, with the name of the type unless it is text, and arrays in brackets.
pub(crate) fn written(attributes: &[KeyValue]) -> Vec<String> {
    fn text(value: Option<&AnyValue>) -> String {
        match value {
            Some(AnyValue::StringValue(text)) => text.clone(),
            Some(AnyValue::BoolValue(truth)) => format!("bool {truth}"),
            Some(AnyValue::IntValue(number)) => format!("int {number}"),
            Some(AnyValue::DoubleValue(number)) => format!("double {number}"),
            Some(AnyValue::ArrayValue(array)) => {
                let texts: Vec<_> = array.values.iter().map(|value| text(value.value.as_ref())).collect();
                format!("[{}]", texts.join("; "))
            }
            other => format!("{other:?}"),
        }
    }
    let value = |attribute: &KeyValue| text(attribute.value.as_ref().and_then(|value| value.value.as_ref()));
    attributes.iter().map(|attribute| format!("{}={}", attribute.key, value(attribute))).collect()
}

fn limits(change: impl FnOnce(&mut Limits)) -> Limits {
    let mut limits = Limits::default();
    change(&mut limits);
    limits
}

fn attribute<'a>(attributes: &'a [String], name: &str) -> Option<&'a str> {
    attributes.iter().find_map(|line| line.strip_prefix(name)?.strip_prefix('='))
}

#[test]
fn sends_ids_parents_kinds_and_times() {
    let mut contexts = Vec::new();
    let resource = sent(Tracer::builder("shop"), |tracer| {
        let at = |us: u64| SystemTime::UNIX_EPOCH + Duration::from_micros(1_700_000_000_000_000 + us);
        let mut parent = tracer.span("parent").kind(SpanKind::Server).start_time(at(0)).start();
        for kind in [SpanKind::Internal, SpanKind::Client, SpanKind::Producer, SpanKind::Consumer] {
            let child = tracer.span(kind.as_str()).kind(kind).child_of(&parent).start_time(at(5)).start();
            contexts.push(child.context().expect("the span has a tracer"));
            child.finish_at(at(15));
        }
        parent.set_operation_name("renamed");
        contexts.push(parent.context().expect("the span has a tracer"));
        parent.finish_at(at(20));
    });
    let root = contexts.last().expect("there is one");
    let expected = [("internal", 1), ("client", 3), ("producer", 4), ("consumer", 5), ("renamed", 2)];
    for ((span, context), (name, kind)) in spans(&resource).zip(&contexts).zip(expected) {
        assert_eq!((&*span.name, span.kind), (name, kind));
        assert_eq!(span.trace_id, context.trace_id().to_bytes());
        assert_eq!(span.span_id, context.span_id().to_bytes());
        let (parent, start, end) = match name {
            "renamed" => (Vec::new(), 0, 20),
            _ => (root.span_id().to_bytes().to_vec(), 5, 15),
        };
        assert_eq!(span.parent_span_id, parent, "{name}");
        let unix_ns = |us: u64| (1_700_000_000_000_000 + us) * 1000;
        assert_eq!((span.start_time_unix_nano, span.end_time_unix_nano), (unix_ns(start), unix_ns(end)), "{name}");
        assert_eq!(span.links, [], "the parent stands in the span itself");
        // Sampled, random, and known to have no remote parent.
        assert_eq!(span.flags, 0x103, "{name}");
        assert_eq!(span.status, None, "{name}");
    }
    assert_eq!(spans(&resource).count(), 5);
}

#[test]
fn sends_typed_tags() {
    let resource = sent(Tracer::builder("shop"), |tracer| {
        let mut span = tracer.span("checkout").start();
        span.set_tag("text", "a b/ü").set_tag("yes", true).set_tag("count", -7).set_tag("amount", 9.5);
        span.set_tag("large", u64::MAX).set_tag("", "").set_tag("text", "the last one");
    });
    let span = spans(&resource).next().expect("there is one");
    assert_eq!(
        written(&span.attributes),
        ["yes=bool true", "count=int -7", "amount=double 9.5", "large=18446744073709551615", "=", "text=the last one"]
    );
}

#[test]
fn sends_texts_of_any_length() {
    let lengths = [0, 1, 100, 127, 128, 129, 16_383, 16_384, 100_000, 1_000_000];
    let limits = limits(|limits| limits.value_bytes = 1 << 20);
    let resource = sent(Tracer::builder("shop").limits(limits), |tracer| {
        for length in lengths {
            tracer.span("checkout").tag("text", "x".repeat(length)).start().finish();
        }
    });
    let arrived: Vec<_> = spans(&resource).map(|span| written(&span.attributes)[0].len() - "text=".len()).collect();
    assert_eq!(arrived, lengths);
}

#[test]
fn sends_the_process_as_resource() {
    let builder = Tracer::builder("shop").tag("hostname", "h1").tag("cores", 8);
    let resource = sent(builder, |tracer| finish_spans(tracer, 1));
    let mut attributes = written(&resource.resource.expect("there is one").attributes);
    let instance = attributes.remove(4);
    let uuid = instance.strip_prefix("service.instance.id=").expect("there is one");
    assert_eq!(uuid.split('-').map(str::len).collect::<Vec<_>>(), [8, 4, 4, 4, 12], "{uuid}");
    assert_eq!((&uuid[14..15], uuid[19..20].contains(['8', '9', 'a', 'b'])), ("4", true), "{uuid}");
    let version = format!("telemetry.sdk.version={}", env!("CARGO_PKG_VERSION"));
    let expected = [
        "service.name=shop",
        "telemetry.sdk.name=opentracing",
        "telemetry.sdk.language=rust",
        &version,
        "host.name=h1",
        "cores=int 8",
    ];
    assert_eq!(attributes, expected);
    assert_eq!(resource.schema_url, SCHEMA_URL);
    assert_eq!(resource.scope_spans[0].schema_url, SCHEMA_URL);
}

const SCHEMA_URL: &str = "https://opentelemetry.io/schemas/1.45.0";

#[test]
fn sends_the_given_instance_instead_of_a_random_one() {
    let builder = Tracer::builder("shop").tag("service.instance.id", "pod-7");
    let resource = sent(builder, |tracer| finish_spans(tracer, 1));
    let attributes = written(&resource.resource.expect("there is one").attributes);
    let instances: Vec<_> = attributes.iter().filter(|line| line.starts_with("service.instance.id=")).collect();
    assert_eq!(instances, ["service.instance.id=pod-7"]);
}

#[test]
fn sends_the_component_as_scope() {
    let resource = sent(Tracer::builder("shop"), |tracer| {
        for (name, component) in [("a", "axum"), ("b", "sqlx"), ("c", ""), ("d", "axum")] {
            let mut span = tracer.span(name).start();
            if !component.is_empty() {
                span.set(tags::COMPONENT, component);
            }
        }
        // More components than scopes.
        for number in 0..100 {
            tracer.span("e").tag("component", number.to_string()).start().finish();
        }
    });
    let scope = |index: usize| {
        let spans = &resource.scope_spans[index];
        let scope = spans.scope.as_ref().expect("there is one");
        assert_eq!(scope.version, env!("CARGO_PKG_VERSION"));
        (&*scope.name, spans.spans.iter().map(|span| &*span.name).collect::<Vec<_>>())
    };
    assert_eq!(scope(0), ("axum", vec!["a", "d"]));
    assert_eq!(scope(1), ("sqlx", vec!["b"]));
    assert_eq!(scope(2), ("opentracing", vec!["c"]));
    assert_eq!(scope(3), ("0", vec!["e"]));
    assert_eq!(scope(12), ("opentracing", vec!["e"; 91]), "the others together");
    assert_eq!(resource.scope_spans.len(), 13);
}

#[test]
fn sends_logs_as_events_and_errors_as_exceptions() {
    let text = Value::Static;
    let at = |us: u64| SystemTime::UNIX_EPOCH + Duration::from_micros(1_700_000_000_000_000 + us);
    let resource = sent(Tracer::builder("shop"), |tracer| {
        let mut span = tracer.span("checkout").start_time(at(0)).start();
        span.log_kv_at(at(1), &[("event", text("cache miss")), ("key", Value::I64(7))]);
        span.log_kv_at(at(2), &[("message", text("no event"))]);
        span.log_kv_at(
            at(3),
            &[("event", text("error")), ("error.kind", text("first")), ("message", text("it failed"))],
        );
        span.log_kv_at(
            at(4),
            &[
                ("event", text("error")),
                ("error.kind", text("timeout")),
                ("message", text("it failed again")),
                ("stack", text("line 1")),
                ("attempt", text("2")),
            ],
        );
        span.set(tags::ERROR, true);
        span.finish_at(at(5));
    });
    let span = spans(&resource).next().expect("there is one");
    let events: Vec<_> = span
        .events
        .iter()
        .map(|event| (event.time_unix_nano / 1000 % 10, &*event.name, written(&event.attributes).join(" ")))
        .collect();
    let expected = [
        (1, "cache miss", "key=int 7"),
        (2, "log", "message=no event"),
        (3, "exception", "exception.type=first exception.message=it failed"),
        (
            4,
            "exception",
            "exception.type=timeout exception.message=it failed again exception.stacktrace=line 1 attempt=2",
        ),
    ];
    assert_eq!(events, expected.map(|(us, name, fields)| (us, name, fields.to_owned())));
    let status = span.status.as_ref().expect("it failed");
    assert_eq!((status.code, &*status.message), (2, "it failed again"));
    assert_eq!(written(&span.attributes), ["error.type=timeout"]);
}

#[test]
fn sends_a_status_only_if_it_is_known() {
    for (error, expected) in [(None, None), (Some(false), Some(1)), (Some(true), Some(2))] {
        let resource = sent(Tracer::builder("shop"), |tracer| {
            let mut span = tracer.span("checkout").start();
            if let Some(error) = error {
                span.set(tags::ERROR, error);
            }
        });
        let span = spans(&resource).next().expect("there is one");
        assert_eq!(span.status.as_ref().map(|status| status.code), expected, "{error:?}");
        let expected: &[&str] = if error == Some(true) { &["error.type=_OTHER"] } else { &[] };
        assert_eq!(written(&span.attributes), expected, "{error:?}");
    }
}

#[test]
fn sends_references_as_links() {
    let remote = |id| {
        SpanContext::new(TraceId::from_parts(7, 8), SpanId::new(id))
            .with_sampling(Sampling::Sampled)
            .with_tracestate("vendor=x")
    };
    let resource = sent(Tracer::builder("shop"), |tracer| {
        tracer.span("child").child_of(&remote(1)).follows_from(&remote(2)).child_of(&remote(3)).start().finish();
        tracer.span("follower").follows_from(&remote(4)).start().finish();
    });
    let links = |index: usize| -> Vec<_> {
        let span = spans(&resource).nth(index).expect("there are two");
        span.links.iter().map(|link| (link.span_id[7], written(&link.attributes).join(" "), link.flags)).collect()
    };
    let (child_of, follows_from) = ("opentracing.ref_type=child_of", "opentracing.ref_type=follows_from");
    assert_eq!(links(0), [(2, follows_from.to_owned(), 0x301), (3, child_of.to_owned(), 0x301)]);
    assert_eq!(links(1), [(4, follows_from.to_owned(), 0x301)], "keeps the kind of the reference");
    for (span, parent) in spans(&resource).zip([1, 4]) {
        assert_eq!((span.parent_span_id[7], span.trace_id[15]), (parent, 8));
        assert_eq!(span.flags & 0x300, 0x300, "the parent is in another process");
        assert_eq!(span.trace_state, "vendor=x");
        assert_eq!(span.links[0].trace_state, "vendor=x");
    }
}

#[test]
fn sends_the_numbers_of_dropped_parts_by_kind() {
    let limits = limits(|limits| (limits.tags, limits.logs, limits.references, limits.value_bytes) = (2, 1, 2, 3));
    let parents: Vec<_> = (1..=5).map(|id| SpanContext::new(TraceId::from_parts(7, 8), SpanId::new(id))).collect();
    let resource = sent(Tracer::builder("shop").limits(limits), |tracer| {
        let mut builder = tracer.span("checkout");
        builder.tag("a", 1).tag("b", "a truncated value is not a dropped one").tag("c", 3).tag("d", 4);
        parents.iter().for_each(|parent| _ = builder.child_of(parent));
        let mut span = builder.start();
        (0..4).for_each(|_| _ = span.log("x"));
        span.finish();
        tracer.span("nothing dropped").tag("a", 1).start().finish();
    });
    let counts = |index| {
        let span = spans(&resource).nth(index).expect("there are two");
        let written = (span.attributes.len(), span.events.len(), span.links.len());
        (written, [span.dropped_attributes_count, span.dropped_events_count, span.dropped_links_count])
    };
    assert_eq!(counts(0), ((2, 1, 1), [2, 3, 3]), "one of two references is the parent");
    assert_eq!(counts(1), ((1, 0, 0), [0, 0, 0]));
}

#[test]
fn sends_an_oversized_span_without_logs_and_with_truncated_values() {
    let limits = limits(|limits| limits.value_bytes = 1 << 20);
    let collector = Collector::start([]).expect("a port is free");
    let otlp = Otlp::http(&collector.url()).expect("that is an address").max_request_bytes(2000);
    let reporter = BatchReporter::new(otlp).batch_delay(NEVER);
    let tracer = Tracer::builder("shop").limits(limits).build_inline(reporter);
    finish_spans(&tracer, 1);
    let mut span = tracer.span("large").tag("text", "ü".repeat(1000)).start();
    span.log("it is large");
    span.finish();
    let mut span = tracer.span("hopeless").start();
    for number in 0..10 {
        span.set_tag(&number.to_string(), "x".repeat(1000));
    }
    span.finish();
    assert_eq!(tracer.flush(PATIENCE), Err(FlushError::Failed));
    let stats = tracer.stats().transports.remove(0);
    assert_eq!((stats.sent, stats.dropped_failed, stats.oversized), (2, 1, 1));
    let got = collector.next();
    assert!(got.body.len() <= 2000);
    let request = ExportTraceServiceRequest::decode(&*got.body).expect("that is a request");
    let span = spans(&request.resource_spans[0]).nth(1).expect("there are two").clone();
    assert_eq!(attribute(&written(&span.attributes), "text"), Some(&*"ü".repeat(128)));
    assert_eq!((span.events.len(), span.dropped_events_count), (0, 1));
}

#[test]
fn starts_a_new_request_when_one_is_full() {
    let collector = Collector::start([]).expect("a port is free");
    let otlp = Otlp::http(&collector.url()).expect("that is an address").max_request_bytes(4000);
    let tracer = Tracer::builder("shop").build_inline(BatchReporter::new(otlp).batch_delay(NEVER));
    for number in 0..100 {
        tracer.span(number.to_string()).tag("text", "x".repeat(200)).start().finish();
    }
    assert_eq!(tracer.flush(PATIENCE), Ok(()));
    let got = collector.all();
    assert!(
        got.iter().all(|got| got.body.len() <= 4000),
        "{:?}",
        got.iter().map(|got| got.body.len()).collect::<Vec<_>>()
    );
    assert!(got.len() < 15, "{} requests", got.len());
    assert_eq!(got.iter().flat_map(names_in).collect::<Vec<_>>(), names(100), "in order, each once");
}
