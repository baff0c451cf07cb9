//! OT, AWS X-Ray and Google Cloud, each as the only format.

use opentracing_core::propagation::{Composite, ExtractError, HttpHeaders, TextMapReader};
use opentracing_core::{Sampling, SpanContext, SpanKind, Tracer};
use serde_json::Value;

use super::carrier::{Lines, carriers, text};
use super::report::{Case, Report};

pub(super) fn run(file: &Value, report: &mut Report) {
    for case in report.list(file, "cases") {
        let name = match text(&case["format"]) {
            "ot" => "ottrace",
            name => name,
        };
        let Ok(composite) = name.parse::<Composite>() else {
            report.leave_out_case(&format!("{} ({name}, which is not there)", text(&case["id"])));
            continue;
        };
        let (tracer, _drain) = Tracer::builder("vectors").propagator(HttpHeaders, composite).build();
        for carrier in carriers(&case["headers"]) {
            check_case(&mut report.case(case, carrier.label()), &tracer, &*carrier, &case["expect"]);
        }
    }
}

fn check_case(check: &mut Case<'_>, tracer: &Tracer, carrier: &dyn TextMapReader, expect: &Value) {
    check.known_keys(expect, &["kind", "trace_id", "span_id", "sampled"]);
    let before = tracer.stats().fields_malformed;
    let extracted = tracer.extract(HttpHeaders, carrier);
    let kind = match &extracted {
        Ok(None) => "none",
        Ok(Some(context)) if context.is_valid() => "context",
        Ok(Some(context)) if context.trace_id().is_valid() => "trace_id_only",
        // The decision beside ids that cannot be used stays.
        Ok(Some(_)) if tracer.stats().fields_malformed > before => "malformed",
        Ok(Some(_)) => "no ids",
        Err(ExtractError::SpanContextCorrupted { .. }) => "malformed",
        Err(_) => "error",
    };
    check.equal("kind", kind, text(&expect["kind"]));
    let Some(context) = extracted.ok().flatten().filter(|_| kind != "malformed") else { return };
    let span = tracer.span("call").child_of(&context).kind(SpanKind::Client).start();
    let Some(child) = span.context() else { return check.fail("the child has no context") };
    check.equal("trace of the child", child.trace_id(), context.trace_id());
    check_same(check, "child", tracer, &child);
    if !context.is_valid() {
        return check.equal("parent of the child", child.parent_id(), None);
    }
    check.equal("parent of the child", child.parent_id(), Some(context.span_id()));
    check.equal("trace_id", context.trace_id().to_string().as_str(), text(&expect["trace_id"]));
    check.equal("span_id", context.span_id().to_string().as_str(), text(&expect["span_id"]));
    let sampled = match context.sampling() {
        Sampling::Undecided => None,
        sampling => Some(sampling.is_sampled()),
    };
    check.equal("sampled", sampled, expect["sampled"].as_bool());
    check_same(check, "same context", tracer, &context);
}

/// What is written is read back.
fn check_same(check: &mut Case<'_>, what: &str, tracer: &Tracer, context: &SpanContext) {
    let mut out = Lines::default();
    if let Err(error) = tracer.inject(context, HttpHeaders, &mut out) {
        check.fail(&format!("inject: {error}"));
    }
    let again = tracer.extract(HttpHeaders, &out).ok().flatten();
    let ids = |context: &SpanContext| (context.trace_id(), context.span_id(), context.sampling());
    check.equal(what, again.as_ref().map(ids), Some(ids(context)));
}
