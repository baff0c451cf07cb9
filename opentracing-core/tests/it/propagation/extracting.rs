//! What counts if a carrier holds several formats.

use super::{composite, describe, extract_http, http};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const LOW: &str = "8448eb211c80319c";
const OTHER: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

const PARENT_YES: (&str, &str) = ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
const PARENT_NO: (&str, &str) = ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00");
const PARENT_BAD: (&str, &str) = ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0");
const PARENT_OTHER: (&str, &str) = ("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
const STATE: (&str, &str) = ("tracestate", "rojo=1");
const B3_UNDECIDED: (&str, &str) = ("b3", "0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7");
const B3_SHORT: (&str, &str) = ("b3", "8448eb211c80319c-00f067aa0ba902b7");
const B3_YES: (&str, &str) = ("b3", "0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-1");
const B3_NO: (&str, &str) = ("b3", "0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-0");
const B3_ONLY_NO: (&str, &str) = ("b3", "0");
const B3_ONLY_DEBUG: (&str, &str) = ("b3", "d");
const B3_BAD: (&str, &str) = ("b3", "garbage");
const T: (&str, &str) = ("X-INSTANA-T", "fa2375d711a4ca0f");
const S: (&str, &str) = ("X-INSTANA-S", "02468acefdb97531");
const L0: (&str, &str) = ("X-INSTANA-L", "0");
const L1: (&str, &str) = ("X-INSTANA-L", "1");

#[track_caller]
fn check(names: &str, headers: &[(&str, &str)], expected: &str) {
    let extracted = extract_http(&composite(names), headers);
    let expected = expected.replace("TRACE", TRACE).replace("LOW", LOW).replace("OTHER", OTHER);
    assert_eq!(describe(&extracted), expected, "{names} {headers:?}");
}

#[test]
fn the_first_valid_context_wins() {
    check("tracecontext,b3", &[PARENT_YES, B3_NO], "TRACE/b7ad6b7169203331 yes");
    check("b3,tracecontext", &[PARENT_YES, B3_NO], "TRACE/00f067aa0ba902b7 no");
    check("b3,tracecontext", &[PARENT_YES], "TRACE/b7ad6b7169203331 yes");
    check("instana,b3", &[T, S, B3_NO], "fa2375d711a4ca0f/02468acefdb97531 yes");
    check("b3,instana", &[T, S, B3_NO], "TRACE/00f067aa0ba902b7 no");
    check("tracecontext,b3", &[], "nothing");
    check("none", &[PARENT_YES, B3_NO], "nothing");
}

#[test]
fn what_is_malformed_counts_as_absent() {
    check("tracecontext,b3", &[PARENT_BAD, B3_YES], "TRACE/00f067aa0ba902b7 yes");
    check("b3,tracecontext", &[PARENT_YES, B3_BAD], "TRACE/b7ad6b7169203331 yes");
    check("b3,tracecontext", &[PARENT_BAD, B3_BAD], "corrupted b3");
    check("tracecontext,b3", &[PARENT_BAD, B3_BAD], "corrupted traceparent");
    check("tracecontext,b3", &[PARENT_BAD, B3_ONLY_NO], "no");
    check("tracecontext,baggage", &[PARENT_BAD, ("baggage", "a=1")], "undecided bag=a:1");
    check("tracecontext,baggage", &[PARENT_YES, ("baggage", "=")], "TRACE/b7ad6b7169203331 yes");
    check("tracecontext", &[PARENT_YES, ("tracestate", "no member")], "TRACE/b7ad6b7169203331 yes");
    check("instana,b3", &[T, B3_YES], "TRACE/00f067aa0ba902b7 yes");
    check("instana", &[S], "corrupted X-INSTANA-T");
    check("instana", &[T, ("X-INSTANA-S", "no hexadecimal")], "corrupted X-INSTANA-S");
}

#[test]
fn counts_what_is_malformed_also_where_others_make_up_for_it() {
    let composite = composite("instana,tracecontext,b3");
    assert!(extract_http(&composite, &[PARENT_BAD, B3_YES]).is_ok());
    assert!(extract_http(&composite, &[T, PARENT_BAD, B3_BAD]).is_err());
    assert_eq!(http(&composite).stats().malformed, 4);
    assert_eq!(http(&composite.clone()).stats().malformed, 0);
}

#[test]
fn a_decision_without_ids_is_remembered() {
    // It stands before the winner.
    check("b3,tracecontext", &[PARENT_YES, B3_ONLY_NO], "TRACE/b7ad6b7169203331 no");
    check("b3,tracecontext", &[PARENT_NO, B3_ONLY_DEBUG], "TRACE/b7ad6b7169203331 debug");
    check("instana,b3", &[L0, B3_YES], "TRACE/00f067aa0ba902b7 no");
    // It stands behind a winner that has decided, or that has not.
    check("tracecontext,b3", &[PARENT_YES, B3_ONLY_NO], "TRACE/b7ad6b7169203331 yes");
    check("b3,instana", &[B3_UNDECIDED, L0], "TRACE/00f067aa0ba902b7 no");
    check("b3,instana", &[B3_YES, L0], "TRACE/00f067aa0ba902b7 yes");
    // There is no winner.
    check("tracecontext,b3", &[B3_ONLY_NO], "no");
    check("instana,b3", &[L1, B3_ONLY_NO], "yes");
}

#[test]
fn an_undecided_winner_takes_the_decision_of_the_same_trace() {
    check("b3,tracecontext", &[B3_UNDECIDED, PARENT_YES], "TRACE/00f067aa0ba902b7 yes");
    check("b3,tracecontext", &[B3_UNDECIDED, PARENT_OTHER], "TRACE/00f067aa0ba902b7 undecided");
    check("b3,tracecontext", &[B3_UNDECIDED], "TRACE/00f067aa0ba902b7 undecided");
}

#[test]
fn a_short_winner_takes_the_upper_half_of_the_same_trace() {
    check("b3,tracecontext", &[B3_SHORT, PARENT_YES], "TRACE/00f067aa0ba902b7 yes");
    check("b3,tracecontext", &[B3_SHORT, PARENT_OTHER], "LOW/00f067aa0ba902b7 undecided");
    check("instana,tracecontext", &[("X-INSTANA-T", LOW), S, PARENT_NO], "TRACE/02468acefdb97531 yes");
}

#[test]
fn tracestate_stays_with_its_own_trace() {
    check("tracecontext", &[PARENT_YES, STATE], "TRACE/b7ad6b7169203331 yes ts=rojo=1");
    check("b3,tracecontext", &[B3_YES, PARENT_NO, STATE], "TRACE/00f067aa0ba902b7 yes ts=rojo=1");
    check("b3,tracecontext", &[B3_SHORT, PARENT_YES, STATE], "TRACE/00f067aa0ba902b7 yes ts=rojo=1");
    check("b3,tracecontext", &[B3_YES, PARENT_OTHER, STATE], "TRACE/00f067aa0ba902b7 yes");
    check("b3,tracecontext", &[B3_YES, STATE], "TRACE/00f067aa0ba902b7 yes");
    check("tracecontext,b3", &[PARENT_BAD, STATE, B3_YES], "TRACE/00f067aa0ba902b7 yes");
}

#[test]
fn instana_ids_win_and_the_foreign_trace_goes_on() {
    let names = "instana,tracecontext,b3,baggage";
    check(names, &[T, S, PARENT_NO, STATE], "fa2375d711a4ca0f/02468acefdb97531 yes foreign=TRACE ts=rojo=1");
    check(names, &[L0, T, S, PARENT_YES, STATE], "TRACE/b7ad6b7169203331 no ts=rojo=1");
    check(names, &[L1, PARENT_NO], "TRACE/b7ad6b7169203331 yes");
    check(names, &[PARENT_NO], "TRACE/b7ad6b7169203331 no");
    check(names, &[T, S, B3_NO], "fa2375d711a4ca0f/02468acefdb97531 yes");
    check(
        names,
        &[("X-INSTANA-L", "1,correlationType=web;correlationId=1"), T, S, B3_NO],
        "TRACE/00f067aa0ba902b7 yes",
    );
    check(names, &[T, S, PARENT_BAD, STATE], "fa2375d711a4ca0f/02468acefdb97531 yes");
}

#[test]
fn a_short_trace_id_takes_its_upper_half_from_a_later_format() {
    let short = ("X-INSTANA-T", LOW);
    check("instana,tracecontext", &[short, S, PARENT_NO], "TRACE/02468acefdb97531 yes");
    check("instana,b3", &[short, S, B3_NO], "TRACE/02468acefdb97531 yes");
    check("instana,b3", &[T, S, B3_NO], "fa2375d711a4ca0f/02468acefdb97531 yes");
    let cloud = ("X-Cloud-Trace-Context", "0af7651916cd43dd8448eb211c80319c/1;o=0");
    let amazon = ("X-Amzn-Trace-Id", "Root=1-0af76519-16cd43dd8448eb211c80319c;Parent=53995c3f42cd8ad8;Sampled=0");
    let bin = ("grpc-trace-bin", "AAAK92UZFs1D3YRI6yEcgDGcAQDwZ6oLqQK3AgA");
    for (name, header) in [("gcp", cloud), ("xray", amazon), ("grpc-trace-bin", bin)] {
        let names = format!("b3,{name}");
        check(&names, &[("b3", "8448eb211c80319c-00f067aa0ba902b7-1"), header], "TRACE/00f067aa0ba902b7 yes");
    }
}

#[test]
fn baggage_comes_with_any_context_and_with_none() {
    let names = "instana,tracecontext,b3,baggage";
    check(names, &[PARENT_YES, ("baggage", "a=1,b=2")], "TRACE/b7ad6b7169203331 yes bag=a:1 bag=b:2");
    check(names, &[("baggage", "a=1")], "undecided bag=a:1");
    check(names, &[L0, ("baggage", "a=1")], "no bag=a:1");
}

#[test]
fn the_flag_of_an_unsampled_caller_may_be_no_decision() {
    use opentracing_core::propagation::{B3, Composite, TraceContext, UnsampledParent};
    let composite =
        Composite::empty().reading(TraceContext::new().unsampled_parent(UnsampledParent::Defer)).reading(B3::new());
    let described = |headers: &[_]| describe(&extract_http(&composite, headers));
    assert_eq!(described(&[PARENT_NO]), format!("{TRACE}/b7ad6b7169203331 undecided"));
    assert_eq!(described(&[PARENT_NO, B3_YES]), format!("{TRACE}/b7ad6b7169203331 yes"));
    assert_eq!(described(&[PARENT_YES]), format!("{TRACE}/b7ad6b7169203331 yes"));
}

#[test]
fn an_unsampled_caller_may_decide_nothing_for_load_balancers_too() {
    use opentracing_core::propagation::{Composite, GoogleCloud, UnsampledParent, XRay};
    let defer = UnsampledParent::Defer;
    let composite = Composite::empty()
        .reading(GoogleCloud::new().unsampled_parent(defer))
        .reading(XRay::new().unsampled_parent(defer));
    let described = |header: (&str, String)| describe(&extract_http(&composite, &[(header.0, &header.1)]));
    for (sampled, decision) in [("0", "undecided"), ("1", "yes")] {
        let expected = format!("{TRACE}/0000000000000001 {decision}");
        assert_eq!(described(("X-Cloud-Trace-Context", format!("{TRACE}/1;o={sampled}"))), expected);
        let root = format!("Root=1-{}-{};Parent=0000000000000001;Sampled={sampled}", &TRACE[..8], &TRACE[8..]);
        assert_eq!(described(("X-Amzn-Trace-Id", root)), expected);
    }
    assert_eq!(described(("X-Amzn-Trace-Id", "Sampled=0".to_owned())), "nothing");
}

#[test]
fn b3_of_the_environment_is_a_single_header() {
    use opentracing_core::propagation::Composite;
    let context = opentracing_core::SpanContext::empty().with_sampling(opentracing_core::Sampling::NotSampled);
    for (names, expected) in
        [("b3", "b3: 0"), ("b3,b3single", "b3: 0"), ("b3multi", "X-B3-Sampled: 0"), ("", "X-B3-Sampled: 0")]
    {
        let composite = Composite::from_lookup(|_| Some(names.to_owned()));
        assert_eq!(super::inject_http(&composite, &context)[0], expected, "{names:?}");
    }
    // Names in code say what the types say.
    assert_eq!(super::inject_http(&composite("b3"), &context), ["X-B3-Sampled: 0"]);
}

#[test]
fn knows_the_formats_by_name() {
    use opentracing_core::propagation::Composite;
    let unknown = |names: &str| names.parse::<Composite>().map(drop).map_err(|error| error.name().to_owned());
    assert_eq!(unknown("tracecontext, baggage ,b3,b3multi,b3single,instana"), Ok(()));
    assert_eq!(unknown("jaeger,datadog,ottrace,wavefront,xray,gcp,grpc-trace-bin,sentry-trace"), Ok(()));
    assert_eq!(unknown("none"), Ok(()));
    assert_eq!(unknown("tracecontext,ottrace2"), Err("ottrace2".to_owned()));
    assert_eq!(unknown("TraceContext"), Err("TraceContext".to_owned()));
    // Empty stands for the default.
    check("", &[PARENT_YES], "TRACE/b7ad6b7169203331 yes");
    check(" ", &[B3_YES], "TRACE/00f067aa0ba902b7 yes");
    let error = "x".parse::<Composite>().expect_err("there is no such format");
    assert_eq!(error.to_string(), "unknown propagation format \"x\"");
}

#[test]
fn the_environment_names_formats() {
    use opentracing_core::propagation::Composite;
    #[track_caller]
    fn check(names: Option<&str>, expected: &str) {
        let composite = Composite::from_lookup(|name| names.filter(|_| name == "OTEL_PROPAGATORS").map(str::to_owned));
        let found = describe(&extract_http(&composite, &[PARENT_YES, B3_NO, T, S, ("baggage", "a=1")]));
        assert_eq!(found, expected.replace("TRACE", TRACE).replace("LOW", LOW), "{names:?}");
    }
    check(Some("tracecontext"), "TRACE/b7ad6b7169203331 yes");
    check(Some("b3, tracecontext"), "TRACE/00f067aa0ba902b7 no");
    check(Some("none"), "nothing");
    // What is unknown is left out.
    check(Some("morse,b3"), "TRACE/00f067aa0ba902b7 no");
    check(Some("none,morse"), "nothing");
    let default = describe(&extract_http(&Composite::default(), &[PARENT_YES, B3_NO, T, S, ("baggage", "a=1")]));
    for names in [None, Some(""), Some(" , "), Some("morse"), Some("morse,smoke")] {
        check(names, &default);
    }
}

#[test]
fn each_digit_of_an_id_is_lower_case_hexadecimal() {
    let composite = composite("tracecontext");
    let header = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    for at in (3..35).chain(36..52) {
        for byte in 0..0x80_u8 {
            let mut text = header.as_bytes().to_vec();
            text[at] = byte;
            let text = String::from_utf8(text).unwrap();
            let extracted = extract_http(&composite, &[("traceparent", &text)]);
            let is_digit = byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
            let ids = extracted.ok().flatten().map(|context| format!("{}-{}", context.trace_id(), context.span_id()));
            assert_eq!(ids.as_deref(), is_digit.then_some(&text[3..52]), "{text:?}");
        }
    }
}
