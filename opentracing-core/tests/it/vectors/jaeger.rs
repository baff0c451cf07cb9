//! Jaeger, as the only format, and its binary carrier.

use opentracing_core::propagation::{
    Composite, ExtractError, HttpHeaders, Jaeger, JaegerBinary, Propagator, TextMapReader,
};
use opentracing_core::{SpanContext, SpanKind, Tracer};
use serde_json::Value;

use super::carrier::{Lines, carriers, header, text};
use super::instana_messaging::bytes;
use super::report::{Case, Report};

pub(super) fn run(file: &Value, report: &mut Report) {
    let composite = Composite::empty().with(Jaeger::new());
    let (tracer, _drain) = Tracer::builder("vectors").propagator(HttpHeaders, composite).build();
    for case in report.list(file, "cases") {
        for carrier in carriers(&case["headers"]) {
            check_headers(&mut report.case(case, carrier.label()), &tracer, &*carrier, case);
        }
    }
    for case in report.list(file, "binary") {
        let expect = &case["expect"];
        // The other binary layout, of which only Go's basictracer knows, has no flags.
        if expect["flags"].is_null() && expect["error"].is_null() {
            report.leave_out_case(&format!("{} (the binary carrier of basictracer)", text(&case["id"])));
            continue;
        }
        let carrier = bytes(text(&case["hex"]));
        let mut check = report.case(case, "bytes");
        let known = ["trace_id", "span_id", "parent_id", "flags", "baggage", "error"];
        check.known_keys(expect, &known);
        match JaegerBinary::new().extract(&carrier) {
            Ok(Some(context)) => check_context(&mut check, &context, case, &carrier),
            Ok(None) => {
                let allowed = text(&case["also_allowed"]).starts_with("SpanContextNotFound");
                check.check("nothing is found", allowed);
            }
            Err(ExtractError::SpanContextCorrupted { .. }) => {
                check.equal("error", Some("SpanContextCorrupted"), expect["error"].as_str());
            }
            Err(error) => check.fail(&format!("{error}")),
        }
    }
}

fn check_context(check: &mut Case<'_>, context: &SpanContext, case: &Value, carrier: &[u8]) {
    let expect = &case["expect"];
    check.equal("error", None, expect["error"].as_str());
    check.equal("trace_id", context.trace_id().to_string().as_str(), text(&expect["trace_id"]));
    check.equal("span_id", context.span_id().to_string().as_str(), text(&expect["span_id"]));
    let parent_id = context.parent_id().unwrap_or_default().to_string();
    check.equal("parent_id", parent_id.as_str(), expect["parent_id"].as_str().unwrap_or(&"0".repeat(16)));
    let flags = u64::from(context.is_sampled()) | u64::from(context.is_debug()) << 1;
    check.equal("flags", Some(flags), expect["flags"].as_u64());
    check_baggage(check, context, expect);

    let mut written = b"before".to_vec();
    if let Err(error) = JaegerBinary::new().inject(context, &mut written) {
        check.fail(&format!("inject: {error}"));
    }
    check.equal("written back", written.strip_prefix(b"before".as_slice()), Some(carrier));
}

fn check_baggage(check: &mut Case<'_>, context: &SpanContext, expect: &Value) {
    let mut baggage: Vec<_> = context.baggage().collect();
    baggage.sort_unstable();
    let mut expected: Vec<_> =
        expect["baggage"].as_object().into_iter().flatten().map(|(key, value)| (key.as_str(), text(value))).collect();
    expected.sort_unstable();
    check.equal("baggage", baggage, expected);
}

fn check_headers(check: &mut Case<'_>, tracer: &Tracer, carrier: &dyn TextMapReader, case: &Value) {
    let expect = &case["expect"];
    let known = ["kind", "trace_id", "span_id", "parent_id", "flags", "sampled", "debug", "firehose", "baggage"];
    check.known_keys(expect, &known);
    check.known_keys(&case["reinject_same_context"], &["uber-trace-id"]);
    let before = tracer.stats().fields_malformed;
    let extracted = tracer.extract(HttpHeaders, carrier);
    let kind = match &extracted {
        Ok(None) => "none",
        Ok(Some(context)) if context.is_valid() => "context",
        // The decision beside ids that cannot be used stays.
        Ok(Some(_)) if tracer.stats().fields_malformed > before => "malformed",
        Ok(Some(_)) => "baggage_only",
        Err(ExtractError::SpanContextCorrupted { .. }) => "malformed",
        Err(_) => "error",
    };
    check.equal("kind", kind, text(&expect["kind"]));
    let Some(context) = extracted.ok().flatten().filter(|_| kind != "malformed") else { return };
    check_baggage(check, &context, expect);
    let same = injected(check, tracer, &context);
    if let Ok(Some(again)) = tracer.extract(HttpHeaders, &same) {
        check.check("written back and read again", again.same_span(&context) && again.sampling() == context.sampling());
        check_baggage(check, &again, expect);
    }
    if !context.is_valid() {
        return check.equal("uber-trace-id", header(&same, "uber-trace-id"), None);
    }
    check.equal("trace_id", context.trace_id().to_string().as_str(), text(&expect["trace_id"]));
    check.equal("span_id", context.span_id().to_string().as_str(), text(&expect["span_id"]));
    let parent_id = context.parent_id().unwrap_or_default().to_string();
    check.equal("parent_id", parent_id.as_str(), text(&expect["parent_id"]));
    check.equal("sampled", context.is_sampled(), expect["sampled"] == true);
    check.equal("debug", context.is_debug(), expect["debug"] == true);
    let wanted = case["reinject_same_context"]["uber-trace-id"].as_str();
    check.equal("uber-trace-id", header(&same, "uber-trace-id").as_deref(), wanted);

    // A child has an id of its own, its parent's as the parent, and the same flags.
    let Some(child) = tracer.span("call").child_of(&context).kind(SpanKind::Client).start().context() else {
        return check.fail("the child has no context");
    };
    let sent = header(&injected(check, tracer, &child), "uber-trace-id").unwrap_or_default();
    let parts: Vec<&str> = sent.split(':').collect();
    let [trace_id, span_id, parent_id, flags] = parts[..] else { return check.fail(&format!("{sent} of the child")) };
    check.equal("trace id of the child", Some(trace_id), wanted.and_then(|wanted| wanted.split(':').next()));
    check.equal("span id of the child", span_id, child.span_id().to_string().as_str());
    check.equal("parent of the child", parent_id, text(&expect["span_id"]));
    let flags = u64::from_str_radix(flags, 16).unwrap_or(u64::MAX);
    check.equal("flags of the child", Some(flags), expect["flags"].as_u64());
    check.equal("firehose of the child", flags & 8 != 0, expect["firehose"] == true);
}

fn injected(check: &mut Case<'_>, tracer: &Tracer, context: &SpanContext) -> Lines {
    let mut out = Lines::default();
    if let Err(error) = tracer.inject(context, HttpHeaders, &mut out) {
        check.fail(&format!("inject: {error}"));
    }
    out
}
