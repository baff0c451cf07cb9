//! What OpenTracing asks of inject and extract: the requirements P1 to P15.

use std::collections::{BTreeMap, HashMap};

#[cfg(feature = "http")]
use opentracing_core::propagation::Field;
use opentracing_core::propagation::{
    Binary, ExtractError, Format, HttpHeaders, InjectError, Propagator, TextMap, TextMapReader, TextMapWriter,
};
use opentracing_core::{Sampling, SpanContext, SpanId, TraceId, Tracer};

use super::{Headers, headers};

fn tracer() -> (Tracer, impl Sized) {
    Tracer::builder("test").build()
}

#[test]
fn p1_what_was_injected_becomes_a_parent() {
    let (tracer, _drain) = tracer();
    let client = tracer.span("client").start().context().expect("a context");
    let mut carrier = Headers::new();
    assert!(tracer.inject(&client, HttpHeaders, &mut carrier).is_ok());
    let extracted = tracer.extract(HttpHeaders, &carrier).ok().flatten();
    let server = tracer.span("server").child_of(&extracted).start().context().expect("a context");
    assert_eq!((server.trace_id(), server.parent_id()), (client.trace_id(), Some(client.span_id())));
}

#[test]
fn p2_text_map_http_headers_and_binary_are_there() {
    let (tracer, _drain) = tracer();
    let context = tracer.span("client").start().context().expect("a context");
    let context = context.with_baggage_item("clé", "a b/ü%").with_baggage_item("key", "a b/ü%");
    let (mut map, mut headers, mut binary) = (HashMap::new(), Headers::new(), vec![]);
    assert!(tracer.inject(&context, TextMap, &mut map).is_ok());
    assert!(tracer.inject(&context, HttpHeaders, &mut headers).is_ok());
    assert!(tracer.inject(&context, Binary, &mut binary).is_ok());
    let found = [tracer.extract(TextMap, &map), tracer.extract(HttpHeaders, &headers), tracer.extract(Binary, &binary)];
    for found in found {
        let found = found.ok().flatten().expect("a context");
        assert!(found.same_span(&context));
        assert_eq!(found.baggage_item("key"), Some("a b/ü%"));
    }
}

#[derive(Clone, Copy)]
struct Line;

impl Format for Line {
    type Inject<'a> = String;
    type Extract<'a> = str;
}

#[derive(Debug)]
struct LinePropagator;

impl Propagator<Line> for LinePropagator {
    fn inject(&self, context: &SpanContext, carrier: &mut String) -> Result<(), InjectError> {
        if carrier.contains('\n') {
            return Err(InjectError::InvalidCarrier("it has several lines".into()));
        }
        carrier.push_str(&context.span_id().to_string());
        Ok(())
    }

    fn extract(&self, carrier: &str) -> Result<Option<SpanContext>, ExtractError> {
        let id: SpanId = carrier.parse().map_err(|_| ExtractError::corrupted("line", "it is no id"))?;
        Ok(Some(SpanContext::new(TraceId::from_parts(0, 1), id)))
    }
}

#[test]
fn p3_p5_other_crates_define_formats() {
    let (tracer, _drain) = Tracer::builder("test").propagator(Line, LinePropagator).build();
    let context = SpanContext::new(TraceId::from_parts(0, 1), SpanId::new(2));
    let mut line = String::new();
    assert!(tracer.inject(&context, Line, &mut line).is_ok());
    assert_eq!(tracer.extract(Line, &line).ok().flatten(), Some(context.clone()));
    let error = tracer.inject(&context, Line, &mut "\n".to_owned()).expect_err("the carrier takes no context");
    assert!(matches!(error, InjectError::InvalidCarrier(_)));
    assert_eq!(std::error::Error::source(&error).map(ToString::to_string).as_deref(), Some("it has several lines"));
}

#[test]
fn p4_an_unknown_format_is_unsupported() {
    let (tracer, _drain) = tracer();
    let context = SpanContext::new(TraceId::from_parts(0, 1), SpanId::new(2));
    assert!(matches!(tracer.inject(&context, Line, &mut String::new()), Err(InjectError::UnsupportedFormat)));
    assert!(matches!(tracer.extract(Line, "x"), Err(ExtractError::UnsupportedFormat)));
}

#[test]
fn p6_a_context_without_anything_is_invalid() {
    let (tracer, _drain) = tracer();
    let mut carrier = Headers::new();
    let injected = tracer.inject(&SpanContext::empty(), TextMap, &mut carrier);
    assert!(matches!(injected, Err(InjectError::InvalidSpanContext)), "{injected:?}");
    assert!(carrier.is_empty());
}

#[test]
fn p7_nothing_there_is_no_error() {
    let (tracer, _drain) = tracer();
    assert!(matches!(tracer.extract(TextMap, &headers(&[("foreign", "key")])), Ok(None)));
    assert!(matches!(tracer.extract(HttpHeaders, &Headers::new()), Ok(None)));
    assert!(matches!(tracer.extract(Binary, &[]), Ok(None)));
}

#[test]
fn p8_what_cannot_be_read_is_corrupted() {
    let (tracer, _drain) = tracer();
    let found = tracer.extract(TextMap, &headers(&[("traceparent", "00-zz")]));
    assert!(matches!(found, Err(ExtractError::SpanContextCorrupted { field: "traceparent", .. })), "{found:?}");
    assert!(matches!(tracer.extract(Binary, &[1, 2, 3]), Err(ExtractError::SpanContextCorrupted { .. })));
    assert_eq!(tracer.stats().extract_corrupted, 2);
}

#[test]
fn p9_binary_is_appended() {
    let (tracer, _drain) = tracer();
    let mut carrier = b"prefix".to_vec();
    let context = SpanContext::new(TraceId::from_parts(0, 1), SpanId::new(2));
    assert!(tracer.inject(&context, Binary, &mut carrier).is_ok());
    assert!(carrier.starts_with(b"prefix"));
    assert!(tracer.extract(Binary, &carrier[6..]).ok().flatten().is_some_and(|found| found.same_span(&context)));
}

#[test]
fn p10_p12_a_carrier_keeps_what_is_not_ours_and_has_each_key_once() {
    let (tracer, _drain) = tracer();
    let context = tracer.span("client").start().context().expect("a context").with_baggage_item("a", "1");
    let mine = [("traceid", "mine"), ("trace-parent", "mine"), ("DontTouch", "mine")];
    let mut carrier = headers(&mine);
    assert!(tracer.inject(&context, TextMap, &mut carrier).is_ok());
    assert!(tracer.inject(&context, TextMap, &mut carrier).is_ok());
    assert!(headers(&mine).iter().all(|entry| carrier.contains(entry)));
    let mut names: Vec<_> = carrier.iter().map(|(name, _)| name.to_ascii_lowercase()).collect();
    names.sort_unstable();
    let before = names.len();
    names.dedup();
    assert_eq!(names.len(), before, "{carrier:?}");
}

#[test]
fn p11_names_are_read_in_any_case() {
    let (tracer, _drain) = tracer();
    let context = tracer.span("client").start().context().expect("a context").with_baggage_item("Key", "a b/ü%");
    let mut carrier = BTreeMap::new();
    assert!(tracer.inject(&context, HttpHeaders, &mut carrier).is_ok());
    let upper: HashMap<String, String> =
        carrier.into_iter().map(|(name, value)| (name.to_ascii_uppercase(), value)).collect();
    let found = tracer.extract(HttpHeaders, &upper).ok().flatten().expect("a context");
    assert!(found.same_span(&context));
    assert_eq!(found.baggage_item("Key"), Some("a b/ü%"));
}

#[test]
fn p13_there_is_no_baggage_unless_somebody_sets_it() {
    let (tracer, _drain) = tracer();
    let context = tracer.span("client").start().context().expect("a context");
    let mut carrier = Headers::new();
    assert!(tracer.inject(&context, TextMap, &mut carrier).is_ok());
    let found = tracer.extract(TextMap, &carrier).ok().flatten().expect("a context");
    assert_eq!((context.baggage().count(), found.baggage().count()), (0, 0));
}

#[test]
fn p14_baggage_or_a_decision_comes_without_ids() {
    let (tracer, _drain) = tracer();
    let found = tracer.extract(TextMap, &headers(&[("b3", "d"), ("baggage", "a=1")])).ok().flatten();
    let found = found.expect("a context without ids");
    assert!(!found.is_valid());
    let root = tracer.span("root").child_of(&found).start().context().expect("a context");
    assert_eq!((root.sampling(), root.baggage_item("a"), root.parent_id()), (Sampling::Debug, Some("1"), None));
    assert!(root.is_valid());
}

#[test]
fn p15_baggage_goes_out_without_ids() {
    let (tracer, _drain) = tracer();
    let mut carrier = Headers::new();
    let context = SpanContext::empty().with_baggage_item("a", "1");
    assert!(tracer.inject(&context, TextMap, &mut carrier).is_ok());
    assert_eq!(carrier, headers(&[("baggage", "a=1")]));
}

/// Removes by the beginning of the name, in any letter case, and leaves the rest.
#[track_caller]
fn check_remove_prefix(mut carrier: impl TextMapReader + TextMapWriter) {
    for (name, value) in [("uberctx-a", "1"), ("UBERCTX-B", "2"), ("uberctx", "3"), ("x-uberctx-a", "4")] {
        carrier.set_key(name, value);
    }
    carrier.remove_prefix("uberctx-");
    let mut left = vec![];
    carrier.for_each(&mut |name, _| left.push(name.to_owned()));
    left.sort_unstable();
    assert_eq!(left, ["uberctx", "x-uberctx-a"]);
}

#[test]
fn carriers_remove_by_prefix() {
    check_remove_prefix(Headers::new());
    check_remove_prefix(HashMap::<String, String>::new());
    check_remove_prefix(BTreeMap::new());
    #[cfg(feature = "http")]
    check_remove_prefix(http::HeaderMap::new());
}

#[cfg(feature = "http")]
#[test]
fn a_header_map_has_no_old_value_beside_one_that_it_cannot_hold() {
    static FIELD: Field = Field::new("X-Field", "x-field");
    let writes: [fn(&mut http::HeaderMap); 3] = [
        |map| map.set_key("X-Field", "line\nbreak"),
        |map| map.set(&FIELD, "line\nbreak"),
        |map| map.set_static(&FIELD, "line\nbreak"),
    ];
    for write in writes {
        let mut map = http::HeaderMap::new();
        map.set_static(&FIELD, "old");
        assert_eq!(map.len(), 1);
        write(&mut map);
        assert!(map.is_empty());
        map.set_key("no name", "value");
        assert!(map.is_empty());
    }
}
