//! The headers of AWS X-Ray and Google Cloud, where the vectors say nothing.

use opentracing_core::{Sampling, SpanContext, SpanId, TraceId, Tracer};

use super::{composite, describe, extract_http, headers, http, inject_http, kafka, lines};

const XRAY: &str = "X-Amzn-Trace-Id";
const GCP: &str = "X-Cloud-Trace-Context";
const B3: (&str, &str) = ("b3", "0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7");
const IDS: &str = "5759e988bd862e3fe1be46a994272793/53995c3f42cd8ad8";

#[track_caller]
fn check(name: &'static str, value: &str, expected: &str) {
    let names = if name == XRAY { "xray" } else { "gcp" };
    let expected = expected.replace("IDS", IDS);
    assert_eq!(describe(&extract_http(&composite(names), &[(name, value)])), expected, "{value:?}");
}

#[test]
fn reads_what_xray_has() {
    let root = "Root=1-5759e988-bd862e3fe1be46a994272793";
    let parent = "Parent=53995c3f42cd8ad8";
    check(XRAY, &format!("{root};{parent}"), "IDS undecided");
    check(XRAY, &format!("{root};{parent};Sampled=?"), "IDS undecided");
    check(XRAY, &format!("{root};{parent};Sampled="), "IDS undecided");
    check(XRAY, &format!(" {root} ; {parent} ;Sampled=0; "), "IDS no");
    check(XRAY, &format!("{};{parent}", root.to_uppercase().replace("ROOT", "Root")), "IDS undecided");
    for bad in [
        format!("{root}1;{parent}"),
        format!("Root=1-5759e988-bd862e3fe1be46a99427279;{parent}"),
        format!("Root=1-5759e98-8bd862e3fe1be46a994272793;{parent}"),
        format!("Root=1--bd862e3fe1be46a994272793;{parent}"),
        format!("Root=1-5759e9888-bd862e3fe1be46a994272793;{parent}"),
        format!("Root=1-00000000-000000000000000000000000;{parent}"),
        format!("Root=1-+759e988-bd862e3fe1be46a994272793;{parent}"),
        parent.to_owned(),
        ";".to_owned(),
        "garbage".to_owned(),
    ] {
        check(XRAY, &bad, "corrupted X-Amzn-Trace-Id");
    }
}

#[test]
fn reads_what_google_cloud_has() {
    let trace = "105445aa7843bc8bf206b12000100000";
    check(GCP, &format!("{trace}/0010;o=0"), "105445aa7843bc8bf206b12000100000/000000000000000a no");
    check(GCP, &format!(" {trace}/10;o=2 "), "105445aa7843bc8bf206b12000100000/000000000000000a no");
    for bad in ["/", "/+1", "/-1", "/1;", "/1;o=", "/1;o=x", "/1;o=1;o=1", "0/1", "-1", "/1/2"] {
        check(GCP, &format!("{trace}{bad}"), "corrupted X-Cloud-Trace-Context");
    }
    check(GCP, "105445aa7843bc8bf206b1200010000/1", "corrupted X-Cloud-Trace-Context");
    check(GCP, "", "corrupted X-Cloud-Trace-Context");
}

#[test]
fn a_trace_id_alone_is_that_of_a_trace_that_begins_here() {
    let rows = [
        (XRAY, "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=0", Sampling::NotSampled),
        (XRAY, "Root=1-5759e988-bd862e3fe1be46a994272793", Sampling::Undecided),
        (GCP, "5759e988bd862e3fe1be46a994272793;o=1", Sampling::Sampled),
        (GCP, "5759e988bd862e3fe1be46a994272793/0;o=1", Sampling::Sampled),
    ];
    let (tracer, _drain) = Tracer::builder("test").build();
    for (name, value, sampling) in rows {
        let composite = composite("xray,gcp,b3");
        let context = extract_http(&composite, &[(name, value)]).ok().flatten().expect("a trace id");
        assert!(!context.is_valid());
        assert_eq!(context.sampling(), sampling, "{value}");
        let root = tracer.span("root").child_of(&context).start().context().expect("a context");
        assert_eq!(root.trace_id().to_string(), "5759e988bd862e3fe1be46a994272793");
        assert_eq!((root.parent_id(), root.is_sampled()), (None, sampling != Sampling::NotSampled), "{value}");
        // A context with a span id wins, and so does its decision.
        let found = describe(&extract_http(&composite, &[(name, value), B3]));
        assert_eq!(found, "0af7651916cd43dd8448eb211c80319c/00f067aa0ba902b7 undecided");
    }
}

#[test]
fn repeated_headers_are_malformed_and_the_last_one_of_a_message_counts() {
    let root = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8";
    let rows = [("xray", XRAY, root), ("gcp", GCP, "5759e988bd862e3fe1be46a994272793/6023947403358210776")];
    for (names, name, value) in rows {
        let twice = [(name, "garbage"), (name, value)];
        assert_eq!(describe(&extract_http(&composite(names), &twice)), format!("corrupted {name}"));
        assert_eq!(describe(&kafka(&composite(names)).extract(&headers(&twice))), format!("{IDS} undecided"));
    }
}

#[test]
fn writes_every_decision_in_the_place_of_old_headers() {
    let trace_id = TraceId::from_parts(0x0000_0001_0000_0002, 3);
    let context = SpanContext::new(trace_id, SpanId::new(u64::MAX));
    let rows = [
        (Sampling::Undecided, ";Sampled=?", ""),
        (Sampling::NotSampled, ";Sampled=0", ";o=0"),
        (Sampling::Sampled, ";Sampled=1", ";o=1"),
        (Sampling::Debug, ";Sampled=1", ";o=1"),
    ];
    for (sampling, sampled, options) in rows {
        let mut carrier = headers(&[("x-amzn-trace-id", "old"), ("x-cloud-trace-context", "old"), ("other", "mine")]);
        let context = context.clone().with_sampling(sampling);
        assert!(http(&composite("xray,gcp")).inject(&context, &mut carrier).is_ok());
        assert_eq!(
            lines(&carrier),
            [
                format!("{XRAY}: Root=1-00000001-000000020000000000000003;Parent=ffffffffffffffff{sampled}"),
                format!("{GCP}: 00000001000000020000000000000003/18446744073709551615{options}"),
                "other: mine".to_owned(),
            ]
        );
    }
    let empty = SpanContext::empty().with_sampling(Sampling::Sampled);
    assert!(inject_http(&composite("xray,gcp"), &empty).is_empty());
}
