//! What is written, and what of an earlier request does not survive it.

use opentracing_core::propagation::{Composite, InjectError, InstanaState};
use opentracing_core::{Sampling, SpanContext, SpanId, TraceId};

use super::{Headers, composite, headers, http, inject_http, lines};

fn context(sampling: Sampling) -> SpanContext {
    let trace_id = TraceId::from_parts(0x0af7_6519_16cd_43dd, 0x8448_eb21_1c80_319c);
    let context = SpanContext::new(trace_id, SpanId::new(0xb7ad_6b71_6920_3331));
    context.with_parent_id(SpanId::new(0x00f0_67aa_0ba9_02b7)).with_sampling(sampling)
}

#[track_caller]
fn check(names: &str, context: &SpanContext, expected: &[&str]) {
    assert_eq!(inject_http(&composite(names), context), expected, "{names}");
}

#[test]
fn writes_every_format_of_the_list() {
    check(
        "instana,tracecontext,b3,baggage",
        &context(Sampling::Sampled).with_baggage_item("a", "1"),
        &[
            "X-B3-ParentSpanId: 00f067aa0ba902b7",
            "X-B3-Sampled: 1",
            "X-B3-SpanId: b7ad6b7169203331",
            "X-B3-TraceId: 0af7651916cd43dd8448eb211c80319c",
            "X-INSTANA-L: 1",
            "X-INSTANA-S: b7ad6b7169203331",
            "X-INSTANA-T: 8448eb211c80319c",
            "baggage: a=1",
            "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "tracestate: in=8448eb211c80319c;b7ad6b7169203331",
        ],
    );
}

#[test]
fn says_in_every_format_that_a_trace_is_not_kept() {
    check(
        "instana,tracecontext,b3",
        &context(Sampling::NotSampled).with_tracestate("rojo=1,in=1;2").with_random(true),
        &[
            "X-B3-ParentSpanId: 00f067aa0ba902b7",
            "X-B3-Sampled: 0",
            "X-B3-SpanId: b7ad6b7169203331",
            "X-B3-TraceId: 0af7651916cd43dd8448eb211c80319c",
            "X-INSTANA-L: 0",
            "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-02",
            "tracestate: rojo=1,in=1;2",
        ],
    );
}

#[test]
fn says_that_nobody_has_decided_where_that_can_be_said() {
    check(
        "instana,tracecontext,b3single",
        &context(Sampling::Undecided),
        &[
            "X-INSTANA-S: b7ad6b7169203331",
            "X-INSTANA-T: 8448eb211c80319c",
            "b3: 0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00f067aa0ba902b7",
            "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00",
        ],
    );
}

#[test]
fn a_debug_trace_is_kept_everywhere() {
    check(
        "instana,tracecontext,b3multi",
        &context(Sampling::Debug),
        &[
            "X-B3-Flags: 1",
            "X-B3-ParentSpanId: 00f067aa0ba902b7",
            "X-B3-SpanId: b7ad6b7169203331",
            "X-B3-TraceId: 0af7651916cd43dd8448eb211c80319c",
            "X-INSTANA-L: 1",
            "X-INSTANA-S: b7ad6b7169203331",
            "X-INSTANA-T: 8448eb211c80319c",
            "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "tracestate: in=8448eb211c80319c;b7ad6b7169203331",
        ],
    );
    check(
        "b3single",
        &context(Sampling::Debug),
        &["b3: 0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-d-00f067aa0ba902b7"],
    );
}

#[test]
fn hands_on_a_decision_or_baggage_without_ids() {
    let names = "instana,tracecontext,b3,baggage";
    let empty = SpanContext::empty();
    check(names, &empty.clone().with_sampling(Sampling::NotSampled), &["X-B3-Sampled: 0", "X-INSTANA-L: 0"]);
    check(names, &empty.clone().with_sampling(Sampling::Debug), &["X-B3-Flags: 1", "X-INSTANA-L: 1"]);
    check("b3single", &empty.clone().with_sampling(Sampling::Sampled), &["b3: 1"]);
    check(names, &empty.with_baggage_item("a", "1"), &["baggage: a=1"]);
}

#[test]
fn a_foreign_trace_id_goes_on_in_traceparent_alone() {
    let mut state = InstanaState::default();
    state.foreign_trace_id = Some(TraceId::from_parts(0x4bf9_2f35_77b3_4da6, 0xa3ce_929d_0e0e_4736));
    state.foreign_random = true;
    check(
        "instana,tracecontext,b3single",
        &context(Sampling::Sampled).with_instana(state).with_tracestate("rojo=1"),
        &[
            "X-INSTANA-L: 1",
            "X-INSTANA-S: b7ad6b7169203331",
            "X-INSTANA-T: 8448eb211c80319c",
            "b3: 0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1-00f067aa0ba902b7",
            "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-b7ad6b7169203331-03",
            "tracestate: in=8448eb211c80319c;b7ad6b7169203331,rojo=1",
        ],
    );
}

#[test]
fn ids_keep_the_width_that_they_came_in() {
    let id = |short| SpanContext::new(TraceId::from_parts(0, 0xabc), SpanId::new(0xdef)).with_64_bit(short);
    check("b3single", &id(true), &["b3: 0000000000000abc-0000000000000def"]);
    check("b3single", &id(false), &["b3: 00000000000000000000000000000abc-0000000000000def"]);
    check(
        "b3single",
        &context(Sampling::Undecided).with_64_bit(true),
        &["b3: 0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00f067aa0ba902b7"],
    );
    check("instana", &id(false), &["X-INSTANA-S: 0000000000000def", "X-INSTANA-T: 0000000000000abc"]);
    check("tracecontext", &id(true), &["traceparent: 00-00000000000000000000000000000abc-0000000000000def-00"]);
}

/// As a proxy that copies all headers of a request would have it.
fn stale() -> Headers {
    headers(&[
        ("x-instana-t", "1111111111111111"),
        ("X-INSTANA-S", "2222222222222222"),
        ("X-Instana-L", "1,correlationType=web;correlationId=1"),
        ("X-INSTANA-SYNTHETIC", "1"),
        ("traceparent", "00-11111111111111111111111111111111-2222222222222222-01"),
        ("TraceState", "old=1"),
        ("tracestate", "old=2"),
        ("b3", "1111111111111111-2222222222222222-1"),
        ("x-b3-traceid", "1111111111111111"),
        ("x-b3-spanid", "2222222222222222"),
        ("x-b3-parentspanid", "3333333333333333"),
        ("x-b3-sampled", "1"),
        ("x-b3-flags", "1"),
        ("baggage", "old=1"),
        ("accept", "*/*"),
        ("b33", "mine"),
        ("x-instana-tt", "mine"),
    ])
}

#[test]
fn no_header_of_an_earlier_request_survives() {
    let mut carrier = stale();
    let written = http(&Composite::default()).inject(&context(Sampling::NotSampled), &mut carrier);
    assert!(written.is_ok());
    assert_eq!(
        lines(&carrier),
        [
            "X-B3-ParentSpanId: 00f067aa0ba902b7",
            "X-B3-Sampled: 0",
            "X-B3-SpanId: b7ad6b7169203331",
            "X-B3-TraceId: 0af7651916cd43dd8448eb211c80319c",
            "X-INSTANA-L: 0",
            "accept: */*",
            "b33: mine",
            "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00",
            "x-instana-tt: mine",
        ]
    );
}

#[test]
fn a_context_with_nothing_to_carry_removes_and_fails() {
    let mut carrier = stale();
    let written = http(&Composite::default()).inject(&SpanContext::empty(), &mut carrier);
    assert!(matches!(written, Err(InjectError::InvalidSpanContext)), "{written:?}");
    assert_eq!(lines(&carrier), ["accept: */*", "b33: mine", "x-instana-tt: mine"]);
}

#[test]
fn formats_that_are_not_written_are_left_alone() {
    let mut carrier = headers(&[("b3", "0"), ("traceparent", "old")]);
    assert!(http(&composite("tracecontext")).inject(&context(Sampling::Sampled), &mut carrier).is_ok());
    assert_eq!(lines(&carrier), ["b3: 0", "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"]);
}
