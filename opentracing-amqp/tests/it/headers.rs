//! Contexts in the headers of a message, in each form that clients write. Needs no broker.

use lapin::BasicProperties;
use lapin::types::{AMQPValue, FieldTable};
use opentracing_amqp::{extract, inject};
use opentracing_core::mock::MockTracer;
use opentracing_core::propagation::{AmqpHeaders, Composite, Jaeger};
use opentracing_core::{Sampling, Tracer};

use crate::support::{long, table, with_headers};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN: &str = "00f067aa0ba902b7";

fn short(text: &str) -> AMQPValue {
    AMQPValue::ShortString(text.into())
}

fn bytes(text: &str) -> AMQPValue {
    AMQPValue::ByteArray(text.as_bytes().into())
}

/// Checks `trace id, span id` of the context that is read. Instana's headers have the low half of the trace id.
#[track_caller]
fn check(name: &str, headers: &[(&str, AMQPValue)], expected: Option<&str>) {
    let mock = MockTracer::new();
    let found = extract(mock.tracer(), &with_headers(headers)).filter(|context| context.is_valid());
    let found = found.map(|context| format!("{} {}", context.trace_id(), context.span_id()));
    assert_eq!(found.as_deref(), expected, "{name}");
}

#[test]
fn are_read_in_every_form() {
    let w3c = format!("00-{TRACE}-{SPAN}-01");
    let (whole, low) = (format!("{TRACE} {SPAN}"), format!("0000000000000000a3ce929d0e0e4736 {SPAN}"));
    let (whole, low) = (Some(&*whole), Some(&*low));
    let half = "a3ce929d0e0e4736";
    check("nothing", &[], None);
    for form in [long, bytes, short] {
        check("W3C", &[("traceparent", form(&w3c))], whole);
        check("any case", &[("TRACEPARENT", form(&w3c))], whole);
        check("B3", &[("b3", form(&format!("{TRACE}-{SPAN}-1")))], whole);
        check("B3 in several headers", &[("X-B3-TraceId", form(TRACE)), ("x-b3-spanid", form(SPAN))], whole);
        // As the tracers for Node and Python, for Go and for Ruby write them.
        for [t, s, l] in [
            ["X-INSTANA-T", "X-INSTANA-S", "X-INSTANA-L"],
            ["x-instana-t", "x-instana-s", "x-instana-l"],
            ["X-Instana-T", "X-Instana-S", "X-Instana-L"],
        ] {
            check("Instana", &[(t, form(half)), (s, form(SPAN)), (l, form("1"))], low);
        }
    }
}

#[test]
fn are_ignored_if_malformed() {
    let mut nested = FieldTable::default();
    nested.insert("traceparent".into(), long("00"));
    let malformed = [
        AMQPValue::Void,
        AMQPValue::Boolean(true),
        AMQPValue::LongLongInt(-1),
        AMQPValue::Timestamp(u64::MAX),
        AMQPValue::FieldTable(nested),
        AMQPValue::FieldArray(vec![long("00"), AMQPValue::Void].into()),
        AMQPValue::ByteArray(vec![0xff, 0xfe, 0].into()),
        long(""),
        long(&"00-".repeat(100_000)),
        AMQPValue::LongString(vec![0xc3, 0x28].into()),
    ];
    for value in malformed {
        let name = format!("{:.60?}", value);
        for header in ["traceparent", "b3", "X-INSTANA-T", "X-INSTANA-L", "baggage", "tracestate"] {
            check(&name, &[(header, value.clone())], None);
        }
        let good = long(&format!("00-{TRACE}-{SPAN}-01"));
        check(&name, &[("b3", value), ("traceparent", good)], Some(&format!("{TRACE} {SPAN}")));
    }
}

#[test]
fn corrupt_contexts_are_counted() {
    let mock = MockTracer::new();
    let none = extract(mock.tracer(), &with_headers(&[("traceparent", long("00-1-2-3"))]));
    assert!(none.is_none());
    assert_eq!(mock.tracer().stats().extract_corrupted, 1);
}

#[test]
fn carry_a_negative_sampling_decision() {
    let mock = MockTracer::new();
    let context = extract(mock.tracer(), &with_headers(&[("X-INSTANA-L", long("0"))])).expect("a decision");
    assert_eq!((context.is_valid(), context.sampling()), (false, Sampling::NotSampled));
}

#[test]
fn are_written_beside_other_headers() {
    let mock = MockTracer::new();
    let context = mock.tracer().span("a").start().context().unwrap();
    let before = with_headers(&[("tenant", long("acme")), ("TRACEPARENT", short("old"))]);
    let after = inject(mock.tracer(), &context, before.with_priority(3));
    assert_eq!(after.priority(), &Some(3));
    let headers = after.headers().as_ref().unwrap();
    assert_eq!(headers.inner().get("tenant"), Some(&long("acme")));
    assert!(!headers.contains_key("TRACEPARENT"));
    let read = extract(mock.tracer(), &after).expect("a context");
    assert_eq!((read.trace_id(), read.span_id()), (context.trace_id(), context.span_id()));
}

#[test]
fn names_that_are_too_long_are_left_out() {
    let jaeger = Composite::empty().with(Jaeger::new());
    let mock = MockTracer::with(|builder| builder.propagator(AmqpHeaders, jaeger));
    let mut span = mock.tracer().span("a").start();
    span.set_baggage_item("tenant", "acme").set_baggage_item(&"k".repeat(300), "v");
    let before = with_headers(&[("uberctx-old", long("1"))]);
    let properties = inject(mock.tracer(), &span.context().unwrap(), before);
    let names: Vec<_> = properties.headers().as_ref().unwrap().into_iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["uber-trace-id", "uberctx-tenant"]);
}

#[test]
fn stay_unchanged_with_a_no_op_tracer() {
    let noop = Tracer::noop();
    let (mock, properties) = (MockTracer::new(), BasicProperties::default());
    let context = mock.tracer().span("a").start().context().unwrap();
    assert_eq!(inject(&noop, &context, properties.clone()), properties);
    let empty = properties.with_headers(table(&[]));
    assert_eq!(inject(&noop, &context, empty.clone()), empty);
    assert_eq!(extract(&noop, &with_headers(&[("b3", long("1"))])), None);
}
