//! Sentry's header.

use opentracing_core::{Sampling, SpanContext, SpanId, TraceId};

use super::{composite, describe, extract_http, headers, http, inject_http, lines};

const IDS: &str = "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7";

#[track_caller]
fn check(value: &str, expected: &str) {
    let expected = expected.replace("IDS", &IDS.replace('-', "/"));
    assert_eq!(describe(&extract_http(&composite("sentry-trace"), &[("Sentry-Trace", value)])), expected, "{value:?}");
}

#[test]
fn reads_ids_and_decision() {
    check(IDS, "IDS undecided");
    check(&format!("{IDS}-1"), "IDS yes");
    check(&format!(" {IDS}-0 "), "IDS no");
    check(&format!("{IDS}-1, {IDS}-1"), "IDS yes");
    // The decision stays beside ids that cannot be used.
    check("0-0-0", "no");
    check(&format!("{}-00f067aa0ba902b7-1", "0".repeat(32)), "yes");
    for bad in ["", "-", &IDS[..32], &format!("{IDS}-2"), &format!("{IDS}-"), &format!("{IDS}-1-"), &IDS[1..]] {
        check(bad, "corrupted sentry-trace");
    }
}

#[test]
fn writes_every_decision_in_the_place_of_old_headers() {
    let context = SpanContext::new(TraceId::from_parts(1, 2), SpanId::new(3));
    for (sampling, end) in
        [(Sampling::Undecided, ""), (Sampling::NotSampled, "-0"), (Sampling::Sampled, "-1"), (Sampling::Debug, "-1")]
    {
        let mut carrier = headers(&[("Sentry-Trace", "old"), ("other", "mine")]);
        let written = http(&composite("sentry-trace")).inject(&context.clone().with_sampling(sampling), &mut carrier);
        assert!(written.is_ok());
        let sent = format!("sentry-trace: 00000000000000010000000000000002-0000000000000003{end}");
        assert_eq!(lines(&carrier), ["other: mine".to_owned(), sent]);
    }
}

#[test]
fn baggage_of_sentry_goes_on_beside_it() {
    let composite = composite("sentry-trace,baggage");
    let baggage = "sentry-trace_id=4bf92f3577b34da6a3ce929d0e0e4736,sentry-sample_rate=0.5,sentry-environment=a%20b";
    let from = [("sentry-trace", &*format!("{IDS}-1")), ("baggage", baggage)];
    let context = extract_http(&composite, &from).ok().flatten().expect("a context");
    assert_eq!(inject_http(&composite, &context), [format!("baggage: {baggage}"), format!("sentry-trace: {IDS}-1")]);
}
