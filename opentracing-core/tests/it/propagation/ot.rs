//! The headers of basictracer, where the vectors say nothing.

use opentracing_core::{Sampling, SpanContext, SpanId, TraceId};

use super::{composite, describe, extract_http, headers, http, inject_http, lines};

const TRACE: (&str, &str) = ("ot-tracer-traceid", "8448eb211c80319c");
const SPAN: (&str, &str) = ("ot-tracer-spanid", "b7ad6b7169203331");
const IDS: &str = "8448eb211c80319c/b7ad6b7169203331";

fn context() -> SpanContext {
    let trace_id = TraceId::from_parts(0x0af7_6519_16cd_43dd, 0x8448_eb21_1c80_319c);
    SpanContext::new(trace_id, SpanId::new(0xb7ad_6b71_6920_3331))
}

#[track_caller]
fn check(from: &[(&str, &str)], expected: &str) {
    assert_eq!(describe(&extract_http(&composite("ottrace"), from)), expected, "{from:?}");
}

#[test]
fn reads_every_spelling_of_the_decision() {
    for value in ["true", "True", "1", "t"] {
        check(&[TRACE, SPAN, ("ot-tracer-sampled", value)], &format!("{IDS} yes"));
    }
    for value in ["false", "FALSE", "0", "f"] {
        check(&[TRACE, SPAN, ("ot-tracer-sampled", value)], &format!("{IDS} no"));
    }
    check(&[TRACE, SPAN], &format!("{IDS} undecided"));
    check(&[TRACE, SPAN, ("ot-tracer-sampled", "maybe")], &format!("{IDS} undecided"));
}

#[test]
fn reads_ids_of_64_and_128_bits() {
    check(&[("ot-tracer-traceid", "1"), ("ot-tracer-spanid", "A")], "0000000000000001/000000000000000a undecided");
    let long = ("ot-tracer-traceid", "0af7651916cd43dd8448eb211c80319c");
    check(&[long, SPAN], "0af7651916cd43dd8448eb211c80319c/b7ad6b7169203331 undecided");
    for id in ["", "0", "+1", "12345678901234567", "0000000af7651916cd43dd8448eb211c80319c1", "xyz"] {
        check(&[("ot-tracer-traceid", id), SPAN], "corrupted ot-tracer-traceid");
    }
    for id in ["", "0", "-1", "12345678901234567"] {
        check(&[TRACE, ("ot-tracer-spanid", id)], "corrupted ot-tracer-spanid");
    }
    check(&[TRACE], "corrupted ot-tracer-spanid");
    check(&[SPAN], "corrupted ot-tracer-traceid");
    check(&[("ot-tracer-sampled", "true")], "nothing");
}

#[test]
fn writes_64_bits_and_always_a_decision() {
    let ids = ["ot-tracer-spanid: b7ad6b7169203331", "ot-tracer-traceid: 8448eb211c80319c"];
    for (sampling, word) in
        [(Sampling::Undecided, "false"), (Sampling::NotSampled, "false"), (Sampling::Sampled, "true")]
    {
        let written = inject_http(&composite("ottrace"), &context().with_sampling(sampling));
        assert_eq!(written[0], format!("ot-tracer-sampled: {word}"));
        assert_eq!(written[1..], ids);
    }
    let high = SpanContext::new(TraceId::from_parts(1, 0), SpanId::new(2));
    assert!(inject_http(&composite("ottrace"), &high).is_empty());
}

#[test]
fn baggage_is_encoded_no_more_than_a_header_needs() {
    let context = context().with_baggage_item("a", "x y;z=+").with_baggage_item("b", " 50% \u{fc}");
    let written = inject_http(&composite("ottrace"), &context);
    assert_eq!(written[..2], ["ot-baggage-a: x y;z=+", "ot-baggage-b: %2050%25%20%C3%BC"]);
}

#[test]
fn baggage_goes_on_byte_for_byte() {
    for (names, prefix) in [("ottrace", "ot-baggage-"), ("datadog", "ot-baggage-"), ("wavefront", "wf-ot-")] {
        for (wire, value) in [
            ("a b", "a b"),
            ("a+b;c=d,e", "a+b;c=d,e"),
            ("100%", "100%"),
            ("50%25", "50%25"),
            ("a%20b", "a%20b"),
            ("%c3%bc", "%c3%bc"),
            ("%C3%BC", "\u{fc}"),
            ("a%0Ab", "a\nb"),
            ("%20a", " a"),
            ("%20a%20b", " a b"),
            ("%20a b%", "%20a b%"),
            ("\"a\\", "\"a\\"),
        ] {
            let (composite, name) = (composite(names), format!("{prefix}k"));
            let context = extract_http(&composite, &[(&name, wire)]).ok().flatten().expect("baggage");
            assert_eq!(context.baggage_item("k"), Some(value), "{names} {wire}");
            assert_eq!(inject_http(&composite, &context), [format!("{name}: {wire}")], "{names}");
        }
    }
}

#[test]
fn no_header_of_an_earlier_request_survives() {
    let mut carrier = headers(&[
        ("OT-Tracer-TraceId", "1"),
        ("ot-tracer-spanid", "2"),
        ("ot-tracer-sampled", "true"),
        ("OT-Baggage-old", "1"),
        ("ot-baggage", "mine"),
    ]);
    let undecided = SpanContext::empty().with_baggage_item("a", "1");
    assert!(http(&composite("ottrace")).inject(&undecided, &mut carrier).is_ok());
    assert_eq!(lines(&carrier), ["ot-baggage-a: 1", "ot-baggage: mine"]);
}
