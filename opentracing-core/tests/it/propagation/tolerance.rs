//! No field on which nothing depends cuts a trace, and a decision stays where the ids beside it cannot be used.

use opentracing_core::Tracer;
use opentracing_core::propagation::{Composite, HttpHeaders, RandomFlag, TraceContext};

use super::{composite, describe, extract_http, headers, http, inject_http};

const T: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const S: &str = "00f067aa0ba902b7";
const XRAY: &str = "X-Amzn-Trace-Id";

/// What is found, and how many fields count as malformed.
#[track_caller]
fn check(names: &str, from: &[(&str, &str)], expected: &str, malformed: u64) {
    let composite = composite(names);
    let found = describe(&extract_http(&composite, from));
    let expected = expected.replace("IDS", &format!("{T}/{S}"));
    assert_eq!((found, http(&composite).stats().malformed), (expected, malformed), "{names} {from:?}");
}

/// What a root of this process sends in `traceparent`, or a child of what came in there: its flags.
fn flags(format: TraceContext, incoming: Option<&str>) -> String {
    let (tracer, _drain) = Tracer::builder("test").propagator(HttpHeaders, Composite::empty().with(format)).build();
    let from = incoming.map(|flags| headers(&[("traceparent", &format!("00-{T}-{S}-{flags}"))])).unwrap_or_default();
    let parent = tracer.extract(HttpHeaders, &from).expect("it can be read");
    let context = tracer.span("work").child_of(&parent).start().context().expect("a context");
    let client = tracer.span("call").child_of(&context).start().context().expect("a context");
    let mut out = super::Headers::new();
    tracer.inject(&client, HttpHeaders, &mut out).expect("there is something to carry");
    out[0].1.rsplit('-').next().unwrap_or_default().to_owned()
}

#[test]
fn only_a_received_random_flag_goes_on() {
    assert_eq!(flags(TraceContext::new(), None), "01");
    assert_eq!(flags(TraceContext::new(), Some("03")), "03");
    assert_eq!(flags(TraceContext::new(), Some("01")), "01");
    assert_eq!(flags(TraceContext::new(), Some("02")), "02");
    let always = TraceContext::new().random_flag(RandomFlag::Always);
    assert_eq!(flags(always, None), "03");
    assert_eq!(flags(always, Some("01")), "01");
}

#[test]
fn xray_fields_void_no_other() {
    let root = "Root=1-4bf92f35-77b34da6a3ce929d0e0e4736";
    let parent = "Parent=00f067aa0ba902b7";
    let zeros = "Root=1-00000000-000000000000000000000000;Parent=0000000000000000";
    for (value, expected, malformed) in [
        (format!("{zeros};Sampled=0"), "no", 0),
        (format!("{zeros};Sampled=1"), "yes", 0),
        ("Sampled=0".to_owned(), "no", 0),
        ("Root=nonsense;Sampled=0".to_owned(), "no", 1),
        (format!("{root};{parent};Sampled=2"), "IDS undecided", 1),
        (format!("{root};{parent};Sampled=1;"), "IDS yes", 0),
        (
            format!("Root=1-0-77b34da6a3ce929d0e0e4736;{parent}"),
            "0000000077b34da6a3ce929d0e0e4736/00f067aa0ba902b7 undecided",
            0,
        ),
    ] {
        check("xray", &[(XRAY, &value)], expected, malformed);
    }
    for (parent, malformed) in [("Parent=", 0), ("Parent=0000000000000000", 0), ("Parent=f067aa0ba902b7", 1)] {
        let composite = composite("xray");
        let found = extract_http(&composite, &[(XRAY, &format!("{root};{parent};Sampled=1"))]).ok().flatten();
        let found = found.expect("a trace id");
        assert_eq!((found.trace_id().to_string().as_str(), found.is_valid(), found.is_sampled()), (T, false, true));
        assert_eq!(http(&composite).stats().malformed, malformed, "{parent}");
    }
}

#[test]
fn xray_fields_that_others_know_go_on() {
    let ids = "Root=1-4bf92f35-77b34da6a3ce929d0e0e4736;Parent=00f067aa0ba902b7;Sampled=1";
    for (others, sent) in [
        (";Lineage=a87bd80c:1|68fd508a:5", ";Lineage=a87bd80c:1|68fd508a:5"),
        (";Self=1-67891234-12456789abcdef012345678;Foo=bar; Lineage=1", ";Foo=bar;Lineage=1"),
        (";nonsense", ""),
    ] {
        let from = [(XRAY, &*format!("{ids}{others}"))];
        let composite = composite("xray");
        let context = extract_http(&composite, &from).ok().flatten().expect("a context");
        assert_eq!(inject_http(&composite, &context), [format!("{XRAY}: {ids}{sent}")]);
        // Another format of the same trace may stand before it, and a trace of its own does not get them.
        let both = super::composite("b3single,xray");
        for (trace, kept) in [(T, sent), ("0af7651916cd43dd8448eb211c80319c", "")] {
            let b3 = ("b3", &*format!("{trace}-{S}-1"));
            let context = extract_http(&both, &[b3, from[0]]).ok().flatten().expect("a context");
            let sent = inject_http(&both, &context);
            assert!(sent[0].ends_with(&format!(";Sampled=1{kept}")), "{sent:?}");
        }
    }
    let long = format!("{ids};Long={}", "x".repeat(600));
    let context = extract_http(&composite("xray"), &[(XRAY, &long)]).ok().flatten().expect("a context");
    assert_eq!(inject_http(&composite("xray"), &context), [format!("{XRAY}: {ids}")]);
}

#[test]
fn b3_reads_what_meshes_and_old_tracers_send() {
    let ids = [("X-B3-TraceId", T), ("X-B3-SpanId", S)];
    for (more, expected, malformed) in [
        (("X-B3-ParentSpanId", ""), "IDS undecided", 0),
        (("X-B3-ParentSpanId", "123"), "IDS undecided", 1),
        (("X-B3-ParentSpanId", "-"), "IDS undecided", 1),
        (("X-B3-Sampled", ""), "IDS undecided", 0),
        (("X-B3-Sampled", "0"), "IDS no", 0),
    ] {
        check("b3", &[ids[0], ids[1], more], expected, malformed);
    }
    for (trace_id, expected) in [
        ("bf92f3577b34da6a3ce929d0e0e4736", "0bf92f3577b34da6a3ce929d0e0e4736"),
        ("ce929d0e0e4736", "00ce929d0e0e4736"),
        ("1", "0000000000000001"),
    ] {
        check("b3", &[("X-B3-TraceId", trace_id), ids[1]], &format!("{expected}/{S} undecided"), 0);
    }
    let empty =
        ["X-B3-TraceId", "X-B3-SpanId", "X-B3-ParentSpanId", "X-B3-Sampled", "X-B3-Flags"].map(|name| (name, ""));
    check("b3", &empty, "nothing", 0);
}

#[test]
fn a_decision_stays_beside_ids_that_cannot_be_used() {
    for (names, from) in [
        ("b3", &[("X-B3-TraceId", "nonsense"), ("X-B3-SpanId", S), ("X-B3-Sampled", "0")][..]),
        ("b3", &[("X-B3-TraceId", T), ("X-B3-SpanId", "nonsense"), ("X-B3-Sampled", "0")]),
        ("b3", &[("X-B3-TraceId", T), ("X-B3-Sampled", "0")]),
        ("datadog", &[("x-datadog-trace-id", "x"), ("x-datadog-sampling-priority", "-1")]),
        ("datadog", &[("x-datadog-trace-id", "1"), ("x-datadog-parent-id", "x"), ("x-datadog-sampling-priority", "0")]),
        ("datadog", &[("x-datadog-trace-id", "1"), ("x-datadog-sampling-priority", "0")]),
        ("ottrace", &[("ot-tracer-traceid", "x"), ("ot-tracer-spanid", S), ("ot-tracer-sampled", "false")]),
        ("wavefront", &[("wf-ot-traceid", "x"), ("wf-ot-spanid", "x"), ("wf-ot-sample", "False")]),
        ("gcp", &[("X-Cloud-Trace-Context", "nonsense/1;o=0")]),
        ("jaeger", &[("uber-trace-id", "nonsense:1:0:0")]),
    ] {
        check(names, from, "no", 1);
    }
    // W3C Trace Context demands a new trace, whose decision is its own.
    check("tracecontext", &[("traceparent", &format!("00-{}-{S}-00", "0".repeat(32)))], "corrupted traceparent", 1);
}

#[test]
fn a_decision_that_cannot_be_read_voids_no_ids() {
    check(
        "ottrace",
        &[("ot-tracer-traceid", "1"), ("ot-tracer-spanid", "2"), ("ot-tracer-sampled", "maybe")],
        "0000000000000001/0000000000000002 undecided",
        1,
    );
}

#[test]
fn a_format_that_cannot_defer_decides_nothing_for_another() {
    let no = ("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00");
    let b3 = ("b3", "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7");
    let datadog = [("x-datadog-trace-id", "11803532876627986230"), ("x-datadog-parent-id", "67667974448284343")];
    let xray = (XRAY, "Root=1-4bf92f35-77b34da6a3ce929d0e0e4736;Parent=00f067aa0ba902b7;Sampled=?");
    check("b3,tracecontext", &[b3, no], "IDS undecided", 0);
    check("datadog,tracecontext", &[datadog[0], datadog[1], no], "IDS undecided", 0);
    check("xray,tracecontext", &[xray, no], "IDS undecided", 0);
    check(
        "b3,jaeger",
        &[b3, ("uber-trace-id", "4bf92f3577b34da6a3ce929d0e0e4736:00f067aa0ba902b7:0:0")],
        "IDS undecided",
        0,
    );
    // Where it wins it decides, and a yes is one everywhere.
    check("tracecontext,b3", &[b3, no], "IDS no", 0);
    check(
        "b3,tracecontext",
        &[b3, ("traceparent", &no.1.replace("-00", "-01").replacen("-01", "-00", 1))],
        "IDS yes",
        0,
    );
}

#[test]
fn equal_values_of_a_header_count_once() {
    let traceparent = format!("00-{T}-{S}-01");
    let xray = format!("Root=1-{}-{};Parent={S};Sampled=1", &T[..8], &T[8..]);
    let jaeger = format!("{T}:{S}:0:1");
    let gcp = format!("{T}/67667974448284343;o=1");
    for (names, name, value) in [
        ("tracecontext", "traceparent", &traceparent),
        ("xray", XRAY, &xray),
        ("jaeger", "uber-trace-id", &jaeger),
        ("gcp", "X-Cloud-Trace-Context", &gcp),
    ] {
        check(names, &[(name, value), (name, value)], "IDS yes", 0);
        check(names, &[(name, &format!("{value}, {value}"))], "IDS yes", 0);
        // Another span of the trace: the last one counts.
        let other = value.replace(S, "1111111111111111").replace("67667974448284343", "1");
        check(names, &[(name, &other), (name, value)], "IDS yes", 1);
        check(names, &[(name, &format!("{other},{value}"))], "IDS yes", 1);
        let foreign = value.replacen("4bf92f35", "5bf92f35", 1);
        check(names, &[(name, &foreign), (name, value)], &format!("corrupted {name}"), 1);
        check(names, &[(name, value), (name, "nonsense")], &format!("corrupted {name}"), 1);
    }
    let rows = [
        ("instana", ("X-INSTANA-T", "a3ce929d0e0e4736"), ("X-INSTANA-S", S)),
        ("datadog", ("x-datadog-trace-id", "11803532876627986230"), ("x-datadog-parent-id", "67667974448284343")),
        ("ottrace", ("ot-tracer-traceid", "a3ce929d0e0e4736"), ("ot-tracer-spanid", S)),
    ];
    for (names, trace, span) in rows {
        let sampled = if names == "instana" { "yes" } else { "undecided" };
        let ids = format!("a3ce929d0e0e4736/{S} {sampled}");
        check(names, &[trace, trace, span, span], &ids, 0);
        check(names, &[(trace.0, &format!("{0},{0}", trace.1)), (span.0, &format!("{0}, {0}", span.1))], &ids, 0);
        check(names, &[trace, (span.0, "1"), span], &ids, 1);
        check(names, &[trace, (trace.0, "1"), span], &format!("corrupted {}", trace.0), 1);
    }
    check("b3", &[("X-B3-TraceId", &format!("{T}, {T}")), ("X-B3-SpanId", &format!("{S},{S}"))], "IDS undecided", 0);
}
