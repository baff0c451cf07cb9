//! `uber-trace-id`, where the vectors say nothing.

use opentracing_core::propagation::{JaegerBinary, Propagator, TextMap};
use opentracing_core::{Sampling, SpanContext, SpanId, TraceId};

use super::{Headers, composite, describe, extract_http, headers, http, inject_http, kafka, lines};

const IDS: (&str, &str) = ("uber-trace-id", "8448eb211c80319c:b7ad6b7169203331:0:1");
const DEBUG_ID: (&str, &str) = ("jaeger-debug-id", "why is it slow?");
const B3: (&str, &str) = ("b3", "0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-0");

fn context() -> SpanContext {
    let trace_id = TraceId::from_parts(0, 0x8448_eb21_1c80_319c);
    SpanContext::new(trace_id, SpanId::new(0xb7ad_6b71_6920_3331)).with_sampling(Sampling::Sampled)
}

#[track_caller]
fn check(names: &str, from: &[(&str, &str)], expected: &str) {
    assert_eq!(describe(&extract_http(&composite(names), from)), expected, "{names} {from:?}");
}

#[test]
fn a_debug_id_counts_without_a_context_only() {
    check("jaeger", &[DEBUG_ID], "debug");
    check("jaeger", &[DEBUG_ID, IDS], "8448eb211c80319c/b7ad6b7169203331 yes");
    check("jaeger", &[DEBUG_ID, ("uber-trace-id", "garbage")], "debug");
    check("jaeger", &[("jaeger-debug-id", "")], "corrupted jaeger-debug-id");
    check("jaeger", &[("jaeger-debug-id", &"x".repeat(257))], "corrupted jaeger-debug-id");
    // A decision without ids stands before the context of a later format.
    check("jaeger,b3", &[DEBUG_ID, B3], "0af7651916cd43dd8448eb211c80319c/00f067aa0ba902b7 debug");
    check("b3,jaeger", &[DEBUG_ID, B3], "0af7651916cd43dd8448eb211c80319c/00f067aa0ba902b7 no");
}

#[cfg(feature = "mock")]
#[test]
fn the_root_of_a_trace_that_was_asked_for_has_the_debug_id() {
    use opentracing_core::mock::MockTracer;
    use opentracing_core::propagation::HttpHeaders;
    use opentracing_core::{ConstSampler, Decision, Value};

    let both = [("found", vec![DEBUG_ID]), ("not found", vec![DEBUG_ID, B3])];
    for (name, from) in both {
        let mock = MockTracer::with(|builder| {
            builder.propagator(HttpHeaders, composite("jaeger,b3")).sampler(ConstSampler::new(Decision::Drop))
        });
        let context = mock.tracer().extract(HttpHeaders, &headers(&from)).ok().flatten();
        let root = mock.tracer().span("root").child_of(&context).start();
        let child = mock.tracer().span("child").child_of(&root).start();
        assert!(child.context().is_some_and(|context| context.is_debug()));
        child.finish();
        root.finish();
        let expected = (name == "found").then_some(Value::from("why is it slow?"));
        assert_eq!(mock.span("root").tag("jaeger-debug-id"), expected, "{name}");
        assert_eq!(mock.span("child").tag("jaeger-debug-id"), None, "{name}");
    }
}

#[test]
fn repeated_ids_are_malformed_and_the_last_ones_of_a_message_count() {
    let other = ("Uber-Trace-Id", "1:2:0:0");
    check("jaeger", &[IDS, other], "corrupted uber-trace-id");
    let read = kafka(&composite("jaeger")).extract(&headers(&[IDS, other]));
    assert_eq!(describe(&read), "0000000000000001/0000000000000002 no");
}

#[test]
fn encodes_baggage_over_http_and_nowhere_else() {
    let context = context().with_baggage_item("Key", "a b+c%,\u{fc}\n").with_baggage_item("no token", "1");
    let composite = composite("jaeger");
    let written = inject_http(&composite, &context);
    let ids = "uber-trace-id: 8448eb211c80319c:b7ad6b7169203331:0:1";
    assert_eq!(written, [ids, "uberctx-Key: a%20b%2Bc%25%2C%C3%BC%0A"]);
    assert_eq!(http(&composite).stats().baggage_dropped, 1);
    let from = [IDS, ("uberctx-Key", "a%20b%2Bc%25%2C%C3%BC%0A")];
    check("jaeger", &from, "8448eb211c80319c/b7ad6b7169203331 yes bag=key:a b+c%,\u{fc}\n");

    let text: &dyn Propagator<TextMap> = &composite;
    let mut out = Headers::new();
    assert!(text.inject(&context, &mut out).is_ok());
    assert_eq!(lines(&out), [ids, "uberctx-Key: a b+c%,\u{fc}\n", "uberctx-no token: 1"]);
    let read = text.extract(&out).ok().flatten().expect("a context");
    assert!(read.baggage().eq(context.baggage()));
}

#[test]
fn of_names_that_differ_in_letter_case_the_one_in_lower_case_is_written() {
    let context = context().with_baggage_item("key", "1").with_baggage_item("Key", "2").with_baggage_item("KEY", "3");
    for names in ["jaeger", "datadog", "ottrace", "wavefront"] {
        let composite = composite(names);
        let written = inject_http(&composite, &context);
        let read = extract_http(&composite, &pairs(&written)).ok().flatten().expect("a context");
        assert!(read.baggage().eq([("key", "1")]), "{names} {written:?}");
        assert_eq!(http(&composite).stats().baggage_dropped, 2, "{names}");
        let mut record = Headers::new();
        assert!(kafka(&composite).inject(&context, &mut record).is_ok());
        let read = kafka(&composite).extract(&record).ok().flatten().expect("a context");
        assert!(read.baggage().eq([("key", "1")]), "{names} {record:?}");
    }
}

fn pairs(lines: &[String]) -> Vec<(&str, &str)> {
    lines.iter().filter_map(|line| line.split_once(": ")).collect()
}

#[test]
fn baggage_has_limits() {
    let many: Vec<_> = (0..70).map(|i| (format!("uberctx-k{i}"), "v".to_owned())).collect();
    let composite = composite("jaeger");
    let read = http(&composite).extract(&many).ok().flatten().unwrap_or(SpanContext::empty());
    assert_eq!((read.baggage().count(), http(&composite).stats().baggage_dropped), (64, 6));

    let small = composite.clone().max_baggage_items(2).max_baggage_bytes(8);
    let context = context().with_baggage_item("a", "1").with_baggage_item("b", "long value");
    let context = context.with_baggage_item("c", "3").with_baggage_item("d", "4");
    let written = inject_http(&small, &context);
    assert_eq!(written[1..], ["uberctx-a: 1", "uberctx-c: 3"]);
    assert_eq!(http(&small).stats().baggage_dropped, 2);
    let long = "x".repeat(25);
    let from = [("uberctx-a", "%20%20%20%20%20%20%20"), ("uberctx-b", &*long), ("jaeger-baggage", &*long)];
    assert_eq!(describe(&extract_http(&small, &from)), "undecided bag=a:       ");
    assert_eq!(http(&small).stats().baggage_dropped, 4);
}

#[test]
fn no_header_of_an_earlier_request_survives() {
    let mut carrier = headers(&[
        ("Uber-Trace-Id", "1:2:0:1"),
        ("uberctx-old", "1"),
        ("UberCtx-Older", "1"),
        ("jaeger-debug-id", "old"),
        ("jaeger-baggage", "old=1"),
        ("uberctx", "mine"),
    ]);
    assert!(http(&composite("jaeger")).inject(&context().with_baggage_item("new", "1"), &mut carrier).is_ok());
    let expected = ["uber-trace-id: 8448eb211c80319c:b7ad6b7169203331:0:1", "uberctx-new: 1", "uberctx: mine"];
    assert_eq!(lines(&carrier), expected);
}

#[test]
fn what_cannot_be_decided_later_is_written_as_not_sampled() {
    let undecided = context().with_sampling(Sampling::Undecided);
    assert_eq!(inject_http(&composite("jaeger"), &undecided), ["uber-trace-id: 8448eb211c80319c:b7ad6b7169203331:0:0"]);
}

#[test]
fn other_flags_go_on_in_text_and_binary() {
    let read = extract_http(&composite("jaeger"), &[("uber-trace-id", "1:2:0:9")]).ok().flatten().expect("a context");
    let mut carrier = vec![];
    assert!(JaegerBinary::new().inject(&read, &mut carrier).is_ok());
    let read = JaegerBinary::new().extract(&carrier).ok().flatten().expect("a context");
    let expected = ["uber-trace-id: 0000000000000001:0000000000000002:0:9"];
    assert_eq!(inject_http(&composite("jaeger"), &read), expected);
}
