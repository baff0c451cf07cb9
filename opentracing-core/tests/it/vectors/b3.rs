//! B3, as the only format.

use std::collections::BTreeMap;

use opentracing_core::propagation::{B3, Composite, ExtractError, HttpHeaders};
use opentracing_core::{Sampling, SpanContext, SpanKind, Tracer};
use serde_json::Value;

use super::carrier::{Lines, carriers, header, pairs, text};
use super::report::{Case, Report};

/// An empty decision, and a malformed parent.
const SUPERSEDED: [&str; 2] = ["b3-061", "b3-067"];

pub(super) fn run(file: &Value, report: &mut Report) {
    let tracer = |format: B3| {
        let composite = Composite::empty().reading(B3::new()).writing(format);
        Tracer::builder("vectors").propagator(HttpHeaders, composite).build()
    };
    let ((single, _drain), (multi, _other_drain)) = (tracer(B3::single()), tracer(B3::multi()));
    for case in report.list(file, "cases") {
        if SUPERSEDED.contains(&text(&case["id"])) {
            report.leave_out_case(&format!("{} (nothing depends on that field)", text(&case["id"])));
            continue;
        }
        for carrier in carriers(&case["headers"]) {
            let before = single.stats().fields_malformed;
            let extracted = single.extract(HttpHeaders, &*carrier);
            let mut check = report.case(case, carrier.label());
            let expect = &case["expect"];
            check.known_keys(expect, &["kind", "trace_id", "trace_id_128", "span_id", "parent_id", "sampling"]);
            let kind = match &extracted {
                Ok(None) => "none",
                Ok(Some(context)) if context.is_valid() => "context",
                // The decision beside ids that cannot be used stays.
                Ok(Some(_)) if single.stats().fields_malformed > before => "malformed",
                Ok(Some(_)) => "sampling_only",
                Err(ExtractError::SpanContextCorrupted { .. }) => "malformed",
                Err(_) => "error",
            };
            check.equal("kind", kind, text(&expect["kind"]));
            let Some(context) = extracted.ok().flatten().filter(|_| kind != "malformed") else { continue };
            check.equal("sampling", sampling(&context), text(&expect["sampling"]));
            if context.is_valid() {
                check_ids(&mut check, &context, expect);
                for (tracer, key) in [(&single, "reinject_same_context"), (&multi, "reinject_same_context_multi")] {
                    reinject(&mut check, tracer, &context, &case[key]);
                }
            }
            check_child(&mut check, &multi, &context);
        }
    }
}

fn sampling(context: &SpanContext) -> &'static str {
    match context.sampling() {
        Sampling::Undecided => "defer",
        Sampling::NotSampled => "deny",
        Sampling::Sampled => "accept",
        Sampling::Debug => "debug",
    }
}

fn check_ids(check: &mut Case<'_>, context: &SpanContext, expect: &Value) {
    let long = context.trace_id().to_string();
    let width = if context.is_64_bit() { 16 } else { 0 };
    check.equal("trace_id", &long[width..], text(&expect["trace_id"]));
    if let Some(expected) = expect["trace_id_128"].as_str() {
        check.equal("trace_id_128", &*long, expected);
    }
    check.equal("span_id", context.span_id().to_string().as_str(), text(&expect["span_id"]));
    let parent_id = context.parent_id().map(|id| id.to_string());
    check.equal("parent_id", parent_id.as_deref(), expect["parent_id"].as_str());
}

fn reinject(check: &mut Case<'_>, tracer: &Tracer, context: &SpanContext, expected: &Value) {
    let Some(expected) = expected.as_object() else { return };
    let mut out = Lines::default();
    if let Err(error) = tracer.inject(context, HttpHeaders, &mut out) {
        check.fail(&format!("inject: {error}"));
    }
    let actual: BTreeMap<_, _> = pairs(&out).into_iter().collect();
    let expected = expected.iter().map(|(name, value)| (name.clone(), text(value).to_owned())).collect();
    check.equal("headers", actual, expected);
}

/// A child sends its own id and ours as the parent's, and goes on with the decision or makes one.
fn check_child(check: &mut Case<'_>, tracer: &Tracer, context: &SpanContext) {
    let span = tracer.span("call").child_of(context).kind(SpanKind::Client).start();
    let Some(child) = span.context() else { return check.fail("the child has no context") };
    let mut out = Lines::default();
    if let Err(error) = tracer.inject(&child, HttpHeaders, &mut out) {
        check.fail(&format!("inject: {error}"));
    }
    let parent_id = context.is_valid().then(|| context.span_id().to_string());
    check.equal("parent of the child", header(&out, "x-b3-parentspanid"), parent_id);
    check.equal("span id of the child", header(&out, "x-b3-spanid"), Some(child.span_id().to_string()));
    let (sampled, flags) = match context.sampling() {
        Sampling::Undecided | Sampling::Sampled => (Some("1"), None),
        Sampling::NotSampled => (Some("0"), None),
        Sampling::Debug => (None, Some("1")),
    };
    check.equal("sampled of the child", header(&out, "x-b3-sampled").as_deref(), sampled);
    check.equal("flags of the child", header(&out, "x-b3-flags").as_deref(), flags);
}
