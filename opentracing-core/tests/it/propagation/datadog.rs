//! Datadog's headers and its member of `tracestate`, where the vectors say nothing.

use opentracing_core::mock::MockTracer;
use opentracing_core::propagation::Datadog;
use opentracing_core::{Decision, Sampler, Sampling, SamplingDetails, SamplingParams, SpanContext, SpanId, TraceId};

use super::{composite, describe, extract_http, headers, http, inject_http, lines};

const TRACE: (&str, &str) = ("x-datadog-trace-id", "9532127138774266268");
const PARENT: (&str, &str) = ("x-datadog-parent-id", "7017280452245743464");
const KEEP: (&str, &str) = ("x-datadog-sampling-priority", "1");
const IDS: &str = "8448eb211c80319c/6162636465666768";
const TID: (&str, &str) = ("x-datadog-tags", "_dd.p.dm=-4,_dd.p.tid=0af7651916cd43dd,_dd.p.x=a=b");
const TRACEPARENT: (&str, &str) = ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01");

/// What goes on to the next service.
#[track_caller]
fn passed_on(names: &str, from: &[(&str, &str)]) -> Vec<String> {
    let composite = composite(names);
    let context = extract_http(&composite, from).ok().flatten().expect("a context");
    inject_http(&composite, &context)
}

#[track_caller]
fn check(names: &str, from: &[(&str, &str)], expected: &str) {
    assert_eq!(describe(&extract_http(&composite(names), from)), expected, "{names} {from:?}");
}

#[test]
fn passes_on_the_whole_trace_id_tags_and_origin() {
    let from = [TRACE, PARENT, ("x-datadog-sampling-priority", "2"), ("x-datadog-origin", " rum "), TID];
    check("datadog", &from, "0af7651916cd43dd8448eb211c80319c/6162636465666768 yes");
    let expected = [
        "x-datadog-origin: rum",
        "x-datadog-parent-id: 7017280452245743464",
        "x-datadog-sampling-priority: 2",
        "x-datadog-tags: _dd.p.tid=0af7651916cd43dd,_dd.p.dm=-4,_dd.p.x=a=b",
        "x-datadog-trace-id: 9532127138774266268",
    ];
    assert_eq!(passed_on("datadog", &from), expected);
}

#[test]
fn what_is_malformed_beside_the_ids_is_dropped_by_itself() {
    let long = format!("_dd.p.x={}", "x".repeat(505));
    let rows = [
        ("x-datadog-tags", &*long),
        ("x-datadog-tags", "_dd.p.dm"),
        ("x-datadog-tags", "_dd.p.dm=\u{fc}"),
        ("x-datadog-tags", "_dd.p.tid=0AF7651916CD43DD"),
        ("x-datadog-origin", "\u{fc}"),
        ("x-datadog-sampling-priority", "high"),
        ("x-datadog-sampling-priority", "--1"),
        ("x-datadog-sampling-priority", "18446744073709551615"),
    ];
    for bad in rows {
        let composite = composite("datadog");
        let found = describe(&extract_http(&composite, &[TRACE, PARENT, bad]));
        assert_eq!(found, format!("{IDS} undecided"), "{bad:?}");
        assert_eq!(http(&composite).stats().malformed, 1, "{bad:?}");
        let ids = ["x-datadog-parent-id: 7017280452245743464", "x-datadog-trace-id: 9532127138774266268"];
        assert_eq!(passed_on("datadog", &[TRACE, PARENT, bad]), ids, "{bad:?}");
    }
    check("datadog", &[TRACE, ("x-datadog-trace-id", "1"), PARENT], "corrupted x-datadog-trace-id");
    check("datadog", &[("x-datadog-trace-id", "+1"), PARENT], "corrupted x-datadog-trace-id");
    check("datadog", &[TRACE, ("x-datadog-parent-id", "0")], "corrupted x-datadog-parent-id");
}

#[test]
fn tags_that_do_not_fit_beside_the_trace_id_are_left_out() {
    let tags = format!("_dd.p.x={},_dd.p.y=1", "x".repeat(490));
    let sent = passed_on("datadog,tracecontext", &[TRACE, PARENT, KEEP, ("x-datadog-tags", &tags), TRACEPARENT]);
    assert!(sent.contains(&"x-datadog-tags: _dd.p.tid=0af7651916cd43dd,_dd.p.y=1".to_owned()), "{sent:?}");
    assert!(sent.contains(&"tracestate: dd=s:1;p:00f067aa0ba902b7;t.y:1".to_owned()), "{sent:?}");
}

#[test]
fn traceparent_of_the_same_trace_has_the_parent() {
    let names = "datadog,tracecontext";
    let ids = "0af7651916cd43dd8448eb211c80319c/00f067aa0ba902b7";
    check(names, &[TRACE, PARENT, TRACEPARENT], &format!("{ids} yes"));
    check(names, &[TRACE, PARENT, ("x-datadog-sampling-priority", "0"), TRACEPARENT], &format!("{ids} no"));
    let other = ("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
    check(names, &[TRACE, PARENT, KEEP, other, ("tracestate", "dd=s:2")], &format!("{IDS} yes"));
    check("b3,tracecontext", &[("b3", "8448eb211c80319c-6162636465666768-1"), TRACEPARENT], {
        "0af7651916cd43dd8448eb211c80319c/6162636465666768 yes"
    });
}

#[test]
fn the_member_of_tracestate_stands_in_for_the_headers() {
    let state = ("tracestate", "a=1,dd=s:2;o:x~y;t.dm:-4;t.q:a~b;t.tid:1;p:1;zz:1; flag");
    let sent = passed_on("datadog,tracecontext", &[TRACEPARENT, state]);
    let expected = [
        "traceparent: 00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01",
        "tracestate: dd=s:2;p:00f067aa0ba902b7;o:x~y;t.dm:-4;t.q:a~b;zz:1;flag,a=1",
        "x-datadog-origin: x=y",
        "x-datadog-parent-id: 67667974448284343",
        "x-datadog-sampling-priority: 2",
        "x-datadog-tags: _dd.p.tid=0af7651916cd43dd,_dd.p.dm=-4,_dd.p.q=a=b",
        "x-datadog-trace-id: 9532127138774266268",
    ];
    assert_eq!(sent, expected);
    // The headers of the same trace have no unknown parts.
    let sent = passed_on("datadog,tracecontext", &[TRACE, PARENT, KEEP, TRACEPARENT, state]);
    assert!(sent.contains(&"tracestate: dd=s:1;p:00f067aa0ba902b7;zz:1;flag,a=1".to_owned()), "{sent:?}");
    let long = format!("dd=s:1;zz:{}", "z".repeat(240));
    let sent = passed_on("datadog,tracecontext", &[TRACEPARENT, ("tracestate", &long)]);
    assert!(sent.contains(&"tracestate: dd=s:1;p:00f067aa0ba902b7".to_owned()), "{sent:?}");
    // Without Datadog in the list it is a member as any other.
    assert!(passed_on("tracecontext", &[TRACEPARENT, state]).contains(&format!("tracestate: {}", state.1)));
}

#[test]
fn an_origin_loses_the_blanks_that_no_header_keeps() {
    for (member, origin) in [("o: rum ;s:1", Some("rum")), ("s:1;o:  a b", Some("a b")), ("o: ;s:1", None)] {
        let state = format!("dd={member}");
        let sent = passed_on("datadog,tracecontext", &[TRACEPARENT, ("tracestate", &state)]);
        let found = sent.iter().find_map(|line| line.strip_prefix("x-datadog-origin: "));
        assert_eq!(found, origin, "{member}");
    }
}

#[test]
fn the_sampled_flag_wins_over_the_member() {
    for (flag, member, priority) in [
        ("01", "s:2", 2),
        ("01", "s:1", 1),
        ("01", "s:0", 1),
        ("01", "s:-1", 1),
        ("01", "s:x", 1),
        ("00", "s:2", 0),
        ("00", "s:-1", -1),
        ("00", "o:rum", 0),
    ] {
        let parent = format!("00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-{flag}");
        let sent =
            passed_on("datadog,tracecontext", &[("traceparent", &parent), ("tracestate", &format!("dd={member}"))]);
        let line = format!("x-datadog-sampling-priority: {priority}");
        assert!(sent.contains(&line), "{flag} {member}: {sent:?}");
    }
}

#[test]
fn an_origin_without_parent_gives_way_to_a_context() {
    let from = [TRACE, ("x-datadog-origin", "synthetics")];
    let found = extract_http(&composite("datadog,b3"), &from).ok().flatten().expect("a trace id");
    assert_eq!((found.trace_id().low(), found.is_valid()), (9_532_127_138_774_266_268, false));
    let b3 = ("b3", "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1");
    let sent = passed_on("datadog,b3", &[from[0], from[1], b3]);
    assert!(!sent.iter().any(|line| line.starts_with("x-datadog-origin")), "{sent:?}");
}

#[test]
fn no_header_of_an_earlier_request_survives() {
    let mut carrier = headers(&[
        ("X-Datadog-Trace-Id", "1"),
        ("X-Datadog-Parent-Id", "2"),
        ("X-Datadog-Sampling-Priority", "1"),
        ("X-Datadog-Origin", "old"),
        ("X-Datadog-Tags", "_dd.p.dm=-4"),
        ("ot-baggage-old", "1"),
        ("x-datadog-other", "mine"),
    ]);
    let context = SpanContext::new(TraceId::from_parts(0, 3), SpanId::new(4)).with_sampling(Sampling::Undecided);
    let context = context.with_baggage_item("new", "1");
    assert!(http(&composite("datadog")).inject(&context, &mut carrier).is_ok());
    let expected = ["ot-baggage-new: 1", "x-datadog-other: mine", "x-datadog-parent-id: 4", "x-datadog-trace-id: 3"];
    assert_eq!(lines(&carrier), expected);
}

/// Keeps all traces, and adds these tags.
#[derive(Debug)]
struct Tagging(&'static [(&'static str, &'static str)]);

impl Sampler for Tagging {
    fn decide(&self, _: &SamplingParams<'_>) -> Decision {
        Decision::RecordAndSample
    }

    fn decide_with_details(&self, params: &SamplingParams<'_>, details: &mut SamplingDetails) -> Decision {
        self.0.iter().for_each(|(key, value)| details.add_datadog_tag(key, value));
        self.decide(params)
    }
}

#[test]
fn the_tags_of_a_sampler_are_propagated() {
    #[track_caller]
    fn check(
        parent: Option<&[(&str, &str)]>,
        added: &'static [(&'static str, &'static str)],
        expected: &[(&str, &str)],
    ) {
        let mock = MockTracer::with(|builder| builder.sampler(Tagging(added)).composite(composite("datadog")));
        let parent = parent.map(|lines| extract_http(&composite("datadog"), lines).ok().flatten().expect("a context"));
        let mut builder = mock.tracer().span("work");
        if let Some(parent) = &parent {
            builder.child_of(parent);
        }
        let root = builder.start();
        let child = mock.tracer().span("child").child_of(&root).start();
        for span in [&root, &child] {
            let context = span.context().expect("it is recorded");
            let tags = context.datadog().map(|state| state.tags().collect()).unwrap_or(Vec::new());
            assert_eq!(tags, expected, "{added:?}");
            let sent = inject_http(&composite("datadog"), &context);
            let line = sent.iter().find_map(|line| line.strip_prefix("x-datadog-tags: ")).unwrap_or_default();
            let written = expected.iter().map(|(key, value)| format!("{key}={value}"));
            assert!(written.into_iter().all(|pair| line.split(',').any(|sent| sent == pair)), "{line} {added:?}");
        }
    }
    let undecided = [TRACE, PARENT, ("x-datadog-tags", "_dd.p.dm=-4")];
    check(None, &[], &[]);
    check(None, &[("_dd.p.dm", "-1"), ("_dd.p.ksr", "0.5")], &[("_dd.p.dm", "-1"), ("_dd.p.ksr", "0.5")]);
    check(None, &[("_dd.p.dm", "-1"), ("_dd.p.dm", "-3")], &[("_dd.p.dm", "-1")]);
    check(Some(&undecided), &[("_dd.p.dm", "-1"), ("_dd.p.x", "a=b")], &[("_dd.p.dm", "-4"), ("_dd.p.x", "a=b")]);
    let decided = [TRACE, PARENT, KEEP, ("x-datadog-tags", "_dd.p.dm=-4")];
    check(Some(&decided), &[("_dd.p.x", "1")], &[("_dd.p.dm", "-4")]);
    check(None, &[("dm", "-1"), ("_dd.p.", "1"), ("_dd.p.tid", "0af7651916cd43dd"), ("_dd.p.a=b", "1")], &[]);
    check(None, &[("_dd.p.x", "a,b"), ("_dd.p.y", "\u{fc}"), ("_dd.p.z,", "1")], &[]);
}

#[test]
fn a_context_has_origin_and_priority() {
    #[track_caller]
    fn check(from: &[(&str, &str)], origin: Option<&str>, priority: Option<i8>) {
        let context = extract_http(&composite("datadog"), from).ok().flatten().expect("a context");
        let found = context.datadog().and_then(|state| state.origin());
        assert_eq!((found, Datadog::sampling_priority(&context)), (origin, priority), "{from:?}");
    }
    check(&[TRACE, PARENT], None, None);
    check(&[TRACE, PARENT, KEEP], None, Some(1));
    check(&[TRACE, PARENT, ("x-datadog-sampling-priority", "2"), ("x-datadog-origin", "rum")], Some("rum"), Some(2));
    check(&[TRACE, PARENT, ("x-datadog-sampling-priority", "0")], None, Some(0));
    check(&[TRACE, PARENT, ("x-datadog-sampling-priority", "-1")], None, Some(-1));
}
