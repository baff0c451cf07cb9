//! Jaeger's binary carrier.

use opentracing_core::SpanContext;
use opentracing_core::propagation::{ExtractError, JaegerBinary, Propagator};
use serde_json::Value;

use super::carrier::text;
use super::instana_messaging::bytes;
use super::report::{Case, Report};

pub(super) fn run(file: &Value, report: &mut Report) {
    if let Some(cases) = file["cases"].as_array() {
        report.leave_out(format!("jaeger.json: {} cases of uber-trace-id, which is not there", cases.len()));
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
    let mut baggage: Vec<_> = context.baggage().collect();
    baggage.sort_unstable();
    let mut expected: Vec<_> =
        expect["baggage"].as_object().into_iter().flatten().map(|(key, value)| (key.as_str(), text(value))).collect();
    expected.sort_unstable();
    check.equal("baggage", baggage, expected);

    let mut written = b"before".to_vec();
    if let Err(error) = JaegerBinary::new().inject(context, &mut written) {
        check.fail(&format!("inject: {error}"));
    }
    check.equal("written back", written.strip_prefix(b"before".as_slice()), Some(carrier));
}
