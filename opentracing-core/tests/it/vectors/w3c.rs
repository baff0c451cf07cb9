//! W3C Trace Context, as the only format.

use opentracing_core::propagation::{Composite, GrpcTraceBin, HttpHeaders, TraceContext, TraceState};
use opentracing_core::{SpanKind, Tracer};
use serde_json::Value;

use super::carrier::{Lines, carriers, header, is_id, text};
use super::instana_messaging::bytes;
use super::report::{Case, Report};

/// One `traceparent` twice, from a retry or a proxy, is no reason to cut the trace. The specification is silent about equal values, and
/// its test suite has two different ones.
const SUPERSEDED: [&str; 2] = ["w3c-050", "w3c-051"];

pub(super) fn run(file: &Value, report: &mut Report) {
    let composite = Composite::empty().with(TraceContext::new());
    let (tracer, _drain) = Tracer::builder("vectors").propagator(HttpHeaders, composite).build();
    for case in report.list(file, "cases") {
        if SUPERSEDED.contains(&text(&case["id"])) {
            report.leave_out_case(&format!("{} (equal values count once)", text(&case["id"])));
            continue;
        }
        for carrier in carriers(&case["headers"]) {
            let context = tracer.extract(HttpHeaders, &*carrier).ok().flatten();
            let mut check = report.case(case, carrier.label());
            let expect = &case["expect"];
            let known = ["valid", "trace_id", "parent_id", "flags", "sampled", "random", "tracestate"];
            check.known_keys(expect, &known);
            check.known_keys(&case["reinject"], &["traceparent", "tracestate"]);
            let found = context.as_ref().filter(|context| context.is_valid());
            check.equal("valid", found.is_some(), expect["valid"] == true);
            if let Some(found) = found {
                check.equal("trace_id", found.trace_id().to_string().as_str(), text(&expect["trace_id"]));
                check.equal("parent_id", found.span_id().to_string().as_str(), text(&expect["parent_id"]));
                check.equal("sampled", found.is_sampled(), expect["sampled"] == true);
                check.equal("random", found.is_random(), expect["random"] == true);
                let flags = u64::from(found.is_sampled()) | u64::from(found.is_random()) << 1;
                check.equal("flags", Some(flags), expect["flags"].as_u64());
                check.equal("tracestate", found.tracestate().unwrap_or(""), text(&expect["tracestate"]));
            }
            if case["reinject"].is_object() {
                let span = tracer.span("call").child_of(&context).kind(SpanKind::Client).start();
                let mut out = Lines::default();
                if let Some(Err(error)) = span.context().map(|cx| tracer.inject(&cx, HttpHeaders, &mut out)) {
                    check.fail(&format!("inject: {error}"));
                }
                reinjected(&mut check, &out, case);
            }
        }
    }
    for case in report.list(file, "mutations") {
        mutate(&mut report.case(case, "TraceState"), case);
    }
    for case in report.list(file, "binary") {
        check_binary(&mut report.case(case, "metadata"), case);
    }
}

fn reinjected(check: &mut Case<'_>, out: &Lines, case: &Value) {
    let expected = &case["reinject"];
    let (incoming, outgoing) = (case["headers"].to_string(), header(out, "traceparent").unwrap_or_default());
    let (wanted, actual) = (text(&expected["traceparent"]), &*outgoing);
    // `<new-span>` and the like have hyphens of their own.
    let wanted =
        wanted.replace("<new-span>", "<span>").replace("<new-trace>", "<trace>").replace("<own-flags>", "<own>");
    check.equal("parts of traceparent", actual.split('-').count(), 4);
    for (wanted, actual) in wanted.split('-').zip(actual.split('-')) {
        match wanted {
            "<span>" => check.check(&format!("new span id {actual}"), is_id(actual, 16) && !incoming.contains(actual)),
            "<trace>" => {
                check.check(&format!("new trace id {actual}"), is_id(actual, 32) && !incoming.contains(actual));
            }
            // A trace that begins here is kept. That its id is random is said on request only.
            "<own>" => check.equal("own flags", actual, "01"),
            _ => check.equal("part of traceparent", actual, wanted),
        }
    }
    check.equal("tracestate sent", header(out, "tracestate").as_deref(), expected["tracestate"].as_str());
}

fn mutate(check: &mut Case<'_>, case: &Value) {
    let mut state: TraceState = match text(&case["tracestate"]).parse() {
        Ok(state) => state,
        Err(error) => return check.fail(&format!("{error}")),
    };
    match text(&case["op"]) {
        // What is not allowed changes nothing; the result tells.
        "set" => drop(state.insert(text(&case["key"]), text(&case["value"]))),
        "delete" => drop(state.remove(text(&case["key"]))),
        op => check.fail(&format!("unknown operation {op:?}")),
    }
    check.equal("tracestate", state.as_str(), text(&case["expect"]));
}

fn check_binary(check: &mut Case<'_>, case: &Value) {
    let expect = &case["expect"];
    check.known_keys(expect, &["trace_id", "parent_id", "flags", "valid"]);
    let (tracer, _drain) =
        Tracer::builder("vectors").propagator(HttpHeaders, Composite::empty().with(GrpcTraceBin::new())).build();
    let encoded = base64(&bytes(text(&case["hex"])));
    let carrier = vec![("grpc-trace-bin".to_owned(), encoded)];
    let context = tracer.extract(HttpHeaders, &carrier).ok().flatten();
    check.equal("valid", context.is_some(), expect["valid"] != false);
    let Some(context) = context else { return };
    check.equal("trace_id", context.trace_id().to_string().as_str(), text(&expect["trace_id"]));
    check.equal("parent_id", context.span_id().to_string().as_str(), text(&expect["parent_id"]));
    check.equal("flags", Some(u64::from(context.is_sampled())), expect["flags"].as_u64());
    let mut out = Lines::default();
    if let Err(error) = tracer.inject(&context, HttpHeaders, &mut out) {
        check.fail(&format!("inject: {error}"));
    }
    if let Some(wanted) = case["base64_unpadded"].as_str() {
        check.equal("metadata received", carrier[0].1.as_str(), wanted);
        check.equal("metadata sent", header(&out, "grpc-trace-bin").as_deref(), Some(wanted));
    }
    let again = tracer.extract(HttpHeaders, &out).ok().flatten();
    check.equal("read again", again.map(|again| again.sampling()), Some(context.sampling()));
}

/// Without padding.
fn base64(bytes: &[u8]) -> String {
    let digits: Vec<char> = ('A'..='Z').chain('a'..='z').chain('0'..='9').chain(['+', '/']).collect();
    let bits: Vec<u8> = bytes.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1)).collect();
    let digit = |group: &[u8]| {
        let value = group.iter().fold(0, |value, bit| value << 1 | usize::from(*bit));
        digits[value << (6 - group.len())]
    };
    bits.chunks(6).map(digit).collect()
}
