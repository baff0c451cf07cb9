//! Datadog: as the only format, and with W3C Trace Context behind it where a case has `traceparent`.

use std::collections::BTreeMap;

use opentracing_core::propagation::{Composite, ExtractError, HttpHeaders, TextMapReader};
use opentracing_core::{Sampling, SpanContext, SpanKind, Tracer};
use serde_json::Value;

use super::carrier::{Lines, carriers, header, text};
use super::report::{Case, Report};

pub(super) fn run(file: &Value, report: &mut Report) {
    let tracer = |names: &str| {
        let composite = names.parse::<Composite>().expect("known formats");
        Tracer::builder("vectors").propagator(HttpHeaders, composite).build()
    };
    let ((alone, _drain), (both, _other_drain)) = (tracer("datadog"), tracer("datadog,tracecontext"));
    for case in report.list(file, "cases") {
        for carrier in carriers(&case["headers"]) {
            let tracer = if header(&*carrier, "traceparent").is_some() { &both } else { &alone };
            check_case(&mut report.case(case, carrier.label()), tracer, &*carrier, &case["expect"]);
        }
    }
}

fn check_case(check: &mut Case<'_>, tracer: &Tracer, carrier: &dyn TextMapReader, expect: &Value) {
    let known = ["kind", "trace_id", "span_id", "sampling_priority", "sampled", "origin", "tags"];
    check.known_keys(expect, &known);
    let before = tracer.stats().fields_malformed;
    let extracted = tracer.extract(HttpHeaders, carrier);
    let kind = match &extracted {
        Ok(None) => "none",
        Ok(Some(context)) if context.trace_id().is_valid() => "context",
        // The decision beside ids that cannot be used stays.
        Ok(Some(_)) if tracer.stats().fields_malformed > before => "malformed",
        Ok(Some(_)) => "no ids",
        Err(ExtractError::SpanContextCorrupted { .. }) => "malformed",
        Err(_) => "error",
    };
    check.equal("kind", kind, text(&expect["kind"]));
    let Some(context) = extracted.ok().flatten().filter(|_| kind != "malformed") else { return };
    check.equal("trace_id", context.trace_id().to_string().as_str(), text(&expect["trace_id"]));
    let span_id = Some(context.span_id()).filter(|id| id.is_valid()).map(|id| id.to_string());
    check.equal("span_id", span_id.as_deref(), expect["span_id"].as_str());
    let sampled = match context.sampling() {
        Sampling::Undecided => None,
        sampling => Some(sampling.is_sampled()),
    };
    check.equal("sampled", sampled, expect["sampled"].as_bool());

    // What else a context says is seen in what it sends on. One without a span has nothing to send but by its child.
    let child = tracer.span("call").child_of(&context).kind(SpanKind::Client).start();
    let Some(child) = child.context() else { return check.fail("the child has no context") };
    check.equal("trace of the child", child.trace_id(), context.trace_id());
    check_sent(check, tracer, &child, expect, expect["sampling_priority"].as_i64().unwrap_or(1));
    if context.is_valid() {
        let out = check_sent(check, tracer, &context, expect, expect["sampling_priority"].as_i64().unwrap_or(i64::MAX));
        let again = tracer.extract(HttpHeaders, &out).ok().flatten();
        let ids = |context: &SpanContext| (context.trace_id(), context.span_id(), context.sampling());
        check.equal("read again", again.as_ref().map(ids), Some(ids(&context)));
    }
}

/// `i64::MAX` stands for no priority.
fn check_sent(check: &mut Case<'_>, tracer: &Tracer, context: &SpanContext, expect: &Value, priority: i64) -> Lines {
    let mut out = Lines::default();
    if let Err(error) = tracer.inject(context, HttpHeaders, &mut out) {
        check.fail(&format!("inject: {error}"));
    }
    let number = |name| header(&out, name).and_then(|number| number.parse().ok());
    check.equal("trace id sent", number("x-datadog-trace-id"), Some(context.trace_id().low()));
    check.equal("parent id sent", number("x-datadog-parent-id"), Some(context.span_id().get()));
    let sent = header(&out, "x-datadog-sampling-priority").map_or(Ok(i64::MAX), |priority| priority.parse());
    check.equal("priority sent", sent, Ok(priority));
    check.equal("origin sent", header(&out, "x-datadog-origin").as_deref(), expect["origin"].as_str());
    let tags = header(&out, "x-datadog-tags").unwrap_or_default();
    let tags: BTreeMap<_, _> = tags.split(',').filter_map(|tag| tag.split_once('=')).collect();
    let high = context.trace_id().high();
    let tid = (high != 0).then(|| format!("{high:016x}"));
    let wanted = expect["tags"].as_object().into_iter().flatten().map(|(key, value)| (key.as_str(), text(value)));
    check.equal("tags sent", tags, wanted.chain(tid.as_deref().map(|high| ("_dd.p.tid", high))).collect());
    if header(&out, "traceparent").is_some() {
        let member = header(&out, "tracestate").unwrap_or_default();
        let start = if priority == i64::MAX { "dd=p:".to_owned() } else { format!("dd=s:{priority};p:") };
        check.check(&format!("tracestate sent {member}"), member.starts_with(&start));
    }
    out
}
