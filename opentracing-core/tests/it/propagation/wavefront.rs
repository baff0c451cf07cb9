//! Wavefront's headers.

use opentracing_core::propagation::{Propagator, TextMap};
use opentracing_core::{Sampling, SpanContext, SpanId, TraceId};

use super::{Headers, composite, describe, extract_http, headers, http, inject_http, kafka, lines};

const TRACE: (&str, &str) = ("wf-ot-traceid", "0af76519-16cd-43dd-8448-eb211c80319c");
const SPAN: (&str, &str) = ("wf-ot-spanid", "11111111-2222-3333-b7ad-6b7169203331");
const IDS: &str = "0af7651916cd43dd8448eb211c80319c/b7ad6b7169203331";

fn context(sampling: Sampling) -> SpanContext {
    let trace_id = TraceId::from_parts(0x0af7_6519_16cd_43dd, 0x8448_eb21_1c80_319c);
    SpanContext::new(trace_id, SpanId::new(0xb7ad_6b71_6920_3331)).with_sampling(sampling)
}

#[track_caller]
fn check(from: &[(&str, &str)], expected: &str) {
    let expected = expected.replace("IDS", IDS);
    assert_eq!(describe(&extract_http(&composite("wavefront"), from)), expected, "{from:?}");
}

#[test]
fn reads_ids_decision_and_baggage() {
    check(&[TRACE, SPAN], "IDS undecided");
    check(&[TRACE, SPAN, ("wf-ot-sample", "true")], "IDS yes");
    check(&[TRACE, SPAN, ("WF-OT-Sample", "False")], "IDS no");
    check(&[("WF-OT-TraceId", " 0AF76519-16CD-43DD-8448-EB211C80319C"), SPAN], "IDS undecided");
    check(&[TRACE, SPAN, ("Wf-Ot-User", "a b+c"), ("wf-ot-", "no name")], "IDS undecided bag=user:a b+c");
    check(&[("wf-ot-user", "1")], "undecided bag=user:1");
    check(&[("wf-ot-sample", "true")], "nothing");
    check(&[], "nothing");
}

#[test]
fn both_ids_are_needed_and_uuids() {
    check(&[TRACE], "corrupted wf-ot-spanid");
    check(&[SPAN], "corrupted wf-ot-traceid");
    check(&[TRACE, TRACE, SPAN], "IDS undecided");
    check(&[TRACE, SPAN, ("wf-ot-sample", "1")], "IDS undecided");
    for bad in [
        "",
        "-",
        "----",
        "0af7651916cd43dd8448eb211c80319c",
        "0af7651-916cd-43dd-8448-eb211c80319c",
        "0af76519-16cd-43dd-8448-eb211c80319",
        "0af76519-16cd-43dd-8448-eb211c80319cc",
        "0af76519-16cd-43dd-8448-eb211c80319c-",
        "0af76519-16cd-43dd-8448-+b211c80319c",
        "{af76519-16cd-43dd-8448-eb211c80319c}",
        "00000000-0000-0000-0000-000000000000",
    ] {
        check(&[("wf-ot-traceid", bad), SPAN], "corrupted wf-ot-traceid");
        check(&[TRACE, ("wf-ot-spanid", bad)], "corrupted wf-ot-spanid");
    }
    check(&[TRACE, ("wf-ot-spanid", "11111111-2222-3333-0000-000000000000")], "corrupted wf-ot-spanid");
}

#[test]
fn writes_uuids_and_a_decision_once_it_is_made() {
    let ids =
        ["wf-ot-spanid: 00000000-0000-0000-b7ad-6b7169203331", "wf-ot-traceid: 0af76519-16cd-43dd-8448-eb211c80319c"];
    let rows = [
        (Sampling::Undecided, None),
        (Sampling::NotSampled, Some("wf-ot-sample: False")),
        (Sampling::Sampled, Some("wf-ot-sample: True")),
        (Sampling::Debug, Some("wf-ot-sample: True")),
    ];
    for (sampling, line) in rows {
        let expected: Vec<&str> = line.into_iter().chain(ids).collect();
        assert_eq!(inject_http(&composite("wavefront"), &context(sampling)), expected, "{sampling:?}");
    }
}

#[test]
fn no_baggage_item_is_taken_for_a_field() {
    let context = context(Sampling::Undecided).with_baggage_item("TraceId", "1").with_baggage_item("sample", "true");
    let context = context.with_baggage_item("user", "a b");
    let composite = composite("wavefront");
    let written = inject_http(&composite, &context);
    assert_eq!(written[2..], ["wf-ot-user: a b"]);
    assert_eq!(http(&composite).stats().baggage_dropped, 2);
    check(&[TRACE, SPAN, ("wf-ot-user", "a b")], "IDS undecided bag=user:a b");
}

#[test]
fn the_last_ids_of_a_message_count_and_its_baggage_is_as_it_is() {
    let from = headers(&[("wf-ot-traceid", "old"), TRACE, SPAN, ("wf-ot-User", "a%20b")]);
    let read = kafka(&composite("wavefront")).extract(&from);
    assert_eq!(describe(&read), format!("{IDS} undecided bag=User:a%20b"));
    let (composite, mut out) = (composite("wavefront"), Headers::new());
    let text: &dyn Propagator<TextMap> = &composite;
    assert!(text.inject(&context(Sampling::Sampled).with_baggage_item("User", "a\u{fc}%"), &mut out).is_ok());
    assert!(lines(&out).contains(&"wf-ot-User: a\u{fc}%".to_owned()), "{out:?}");
}

#[test]
fn no_header_of_an_earlier_request_survives() {
    let mut carrier = headers(&[
        ("Wf-Ot-TraceId", "old"),
        ("wf-ot-spanid", "old"),
        ("wf-ot-sample", "true"),
        ("WF-OT-old", "1"),
        ("wf-other", "mine"),
    ]);
    let empty = SpanContext::empty().with_baggage_item("new", "1");
    assert!(http(&composite("wavefront")).inject(&empty, &mut carrier).is_ok());
    assert_eq!(lines(&carrier), ["wf-ot-new: 1", "wf-other: mine"]);
}
