//! Fields of spans as tags.

use std::error::Error;
use std::fmt;

use opentracing_core::mock::MockTracer;
use opentracing_core::{SpanKind, Value};
use opentracing_tracing::{CodeTags, SpanExt};
use tracing::{field, info_span};

use crate::{recorded, recorded_with};

#[test]
fn fields_keep_their_types() {
    let mock = recorded(|_| {
        let text = String::from("owned");
        info_span!(
            "span",
            small = 7_u8,
            negative = -3_i64,
            large = u64::MAX,
            size = 12_usize,
            fits = 5_u128,
            below = -5_i128,
            beyond = u128::MAX,
            float = 0.5,
            flag = true,
            literal = "text",
            text,
            display = %format_args!("{}/{}", 1, 2),
            debug = ?[1, 2],
            r#type = "raw",
            empty = field::Empty,
            absent = None::<i64>,
            present = Some(3_i64),
            "quoted name" = 1_i64,
        );
    });
    let span = mock.span("span");
    let rows: &[(&str, Option<Value<'_>>)] = &[
        ("small", Some(Value::U64(7))),
        ("negative", Some(Value::I64(-3))),
        ("large", Some(Value::U64(u64::MAX))),
        ("size", Some(Value::U64(12))),
        ("fits", Some(Value::U64(5))),
        ("below", Some(Value::I64(-5))),
        ("beyond", Some(Value::Str("340282366920938463463374607431768211455"))),
        ("float", Some(Value::F64(0.5))),
        ("flag", Some(Value::Bool(true))),
        ("literal", Some(Value::Str("text"))),
        ("text", Some(Value::Str("owned"))),
        ("display", Some(Value::Str("1/2"))),
        ("debug", Some(Value::Str("[1, 2]"))),
        ("type", Some(Value::Str("raw"))),
        ("empty", None),
        ("absent", None),
        ("present", Some(Value::I64(3))),
        ("quoted name", Some(Value::I64(1))),
    ];
    for (key, value) in rows {
        assert_eq!(span.tag(key), *value, "{key}");
    }
}

#[test]
fn late_values_are_tags_too() {
    let mock = recorded(|_| {
        let span = info_span!(
            "span",
            rows = field::Empty,
            otel.name = field::Empty,
            otel.kind = field::Empty,
            error = field::Empty
        );
        span.record("rows", 3).record("undeclared", 4);
        span.record("otel.name", "better name").record("otel.kind", "consumer");
    });
    let span = mock.span("better name");
    assert_eq!(span.tag("rows"), Some(3_i64.into()));
    assert_eq!(span.tag("undeclared"), None);
    assert_eq!(span.kind, SpanKind::Consumer);
}

#[test]
fn fields_of_opentelemetry_have_their_meaning() {
    let mock = recorded(|_| {
        info_span!("plain", otel.name = "GET /cart", otel.kind = "CLIENT", otel.status_code = "ERROR");
        info_span!("described", otel.name = %"formatted", otel.kind = ?Kind::Server, otel.status_description = "no room");
        info_span!("ok", error = true, otel.status_code = "Ok");
        info_span!("unknown", otel.kind = "teapot");
    });
    let span = mock.span("GET /cart");
    assert_eq!((span.kind, span.tag("error")), (SpanKind::Client, Some(true.into())));
    assert_eq!((span.tag("otel.name"), span.tag("otel.kind"), span.tag("otel.status_code")), (None, None, None));
    let span = mock.span("formatted");
    assert_eq!(span.kind, SpanKind::Server);
    assert_eq!(span.logs[0].field("message"), Some("no room".into()));
    assert_eq!(mock.span("ok").tag("error"), Some(false.into()));
    let span = mock.span("unknown");
    assert_eq!((span.kind, span.tag("otel.kind")), (SpanKind::Internal, Some("teapot".into())));
}

#[derive(Debug)]
enum Kind {
    Server,
}

#[derive(Debug)]
struct Outer(Inner);

#[derive(Debug)]
struct Inner;

impl fmt::Display for Outer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cannot load")
    }
}

impl fmt::Display for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("disk is full")
    }
}

impl Error for Inner {}

impl Error for Outer {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}

#[test]
fn errors_are_logged_with_their_sources() {
    let mock = recorded(|_| {
        let error: &(dyn Error + 'static) = &Outer(Inner);
        info_span!("marked", error);
        info_span!("noted", cause = error);
        info_span!("text", error = %Outer(Inner));
        info_span!("flag", error = true);
    });
    let marked = mock.span("marked");
    assert_eq!(marked.tag("error"), Some(true.into()));
    assert_eq!(marked.logs[0].field("message"), Some("cannot load".into()));
    assert_eq!(marked.logs[0].field("stack"), Some("caused by: disk is full".into()));
    let noted = mock.span("noted");
    assert_eq!((noted.tag("error"), noted.tag("cause")), (None, Some("cannot load".into())));
    assert_eq!(noted.logs[0].field("stack"), Some("caused by: disk is full".into()));
    let text = mock.span("text");
    assert_eq!((text.tag("error"), text.logs[0].field("message")), (Some(true.into()), Some("cannot load".into())));
    assert_eq!((mock.span("flag").tag("error"), mock.span("flag").logs.len()), (Some(true.into()), 0));
}

#[test]
fn code_tags_are_off_by_default() {
    let spans = |_: &MockTracer| drop(info_span!("span"));
    assert_eq!(recorded(spans).span("span").tag("code.file.path"), None);
    let mock = recorded_with(|layer| layer.code_tags(CodeTags::On), spans);
    let span = mock.span("span");
    assert!(matches!(span.tag("code.file.path"), Some(Value::Str(path)) if path.ends_with("fields.rs")));
    assert!(
        span.tag("code.line.number").is_some_and(|line| line.to_string().parse::<u32>().is_ok_and(|line| line > 100))
    );
    assert!(matches!(span.tag("code.module.name"), Some(Value::Str(module)) if module.ends_with("fields")));
}

#[test]
fn a_span_of_tracing_leads_to_ours() {
    let mock = recorded(|mock| {
        let span = info_span!("outer");
        span.opentracing().set_baggage_item("tenant", "7");
        span.in_scope(|| {
            let child = mock.tracer().span("child").start();
            assert_eq!(child.baggage_item("tenant").as_deref(), Some("7"));
            tracing::Span::current().opentracing().set_tag("by handle", 1);
        });
        assert!(tracing::Span::none().opentracing().is_noop());
    });
    mock.assert_tree("outer\n  child");
    assert_eq!(mock.span("outer").tag("by handle"), Some(1_i64.into()));
}

/// A tag with a meaning for the tracer has it as a field as well.
#[test]
fn the_sampling_priority_is_honored() {
    let mock = recorded(|_| {
        info_span!("dropped", sampling.priority = 0).in_scope(|| info_span!("child").in_scope(|| {}));
        info_span!("kept", sampling.priority = 1);
    });
    mock.assert_tree("kept");
}
