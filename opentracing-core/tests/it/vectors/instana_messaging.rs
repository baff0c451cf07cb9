//! Instana alone, in messages and gRPC metadata: what we write is what an official tracer writes, and we read what any of them
//! writes.

use std::collections::BTreeMap;

use opentracing_core::propagation::{
    AmqpHeaders, Composite, Format, HttpHeaders, Instana, KafkaHeaders, TextMapReader, TextMapWriter,
};
use opentracing_core::{Sampling, SpanContext, SpanId, SpanKind, TraceId, Tracer};
use serde_json::Value;

use super::carrier::{Lines, pairs, text};
use super::report::Report;

/// The formats whose carriers are text maps.
trait TextCarrier: for<'a> Format<Inject<'a> = dyn TextMapWriter + 'a, Extract<'a> = dyn TextMapReader + 'a> {}
impl<F> TextCarrier for F where
    F: for<'a> Format<Inject<'a> = dyn TextMapWriter + 'a, Extract<'a> = dyn TextMapReader + 'a>
{
}

/// What stands for the span of the producer.
const EXIT: &str = "1234567890abcdef";

pub(super) fn run(file: &Value, report: &mut Report) {
    let composite = Composite::empty().with(Instana::new());
    let builder = Tracer::builder("vectors").propagator(HttpHeaders, composite.clone());
    let builder = builder.propagator(KafkaHeaders, composite.clone()).propagator(AmqpHeaders, composite);
    let (tracer, _drain) = builder.build();
    produced(&tracer, KafkaHeaders, &file["kafka"], "produce", report);
    produced(&tracer, AmqpHeaders, file, "rabbitmq", report);
    produced(&tracer, HttpHeaders, &file["grpc"], "client_metadata", report);
    consumed(&tracer, &file["kafka"], report);
    if file["sqs_sns"].is_object() {
        report.leave_out("instana-messaging.json: sqs_sns (there is no carrier for message attributes)".to_owned());
    }
}

fn produced(tracer: &Tracer, format: impl TextCarrier, file: &Value, list: &str, report: &mut Report) {
    let cases = report.list(file, list);
    let mut as_ours = BTreeMap::new();
    for case in cases {
        let mut check = report.case(case, list);
        let headers = if case["headers"].is_object() { &case["headers"] } else { &case["metadata"] };
        let suppressed = match text(&case["state"]) {
            "suppressed" => true,
            state if state.starts_with("traced") => false,
            state => {
                check.fail(&format!("unknown state {state:?}"));
                continue;
            }
        };

        // Any spelling is read.
        let mut lines = Lines::default();
        for (name, values) in headers.as_object().into_iter().flatten() {
            let values = values.as_array().map_or(std::slice::from_ref(values), Vec::as_slice);
            let filled = |value: &Value| (name.clone(), text(value).replace("$exit", EXIT).into_bytes());
            lines.0.extend(values.iter().map(filled));
        }
        let context = tracer.extract(format, &lines).ok().flatten().unwrap_or(SpanContext::empty());
        check.equal("a context", context.is_valid(), !suppressed);
        let sampling = if suppressed { Sampling::NotSampled } else { Sampling::Sampled };
        check.equal("sampling", context.sampling(), sampling);
        if !suppressed {
            check.equal("span id", context.span_id().to_string().as_str(), EXIT);
            let is_trace_id = |name: &str| name.to_lowercase().replace('_', "-") == "x-instana-t";
            let trace_id = pairs(&lines).into_iter().find(|(name, _)| is_trace_id(name)).map(|(_, value)| value);
            let low = &context.trace_id().to_string()[16..];
            check.check("trace id", trace_id.is_some_and(|trace_id| trace_id.ends_with(low)));
        }

        // What we write, some official tracer writes too.
        let span = tracer.span("send").child_of(&context).kind(SpanKind::Producer).start();
        let mut out = Lines::default();
        if let Some(Err(error)) = span.context().map(|cx| tracer.inject(&cx, format, &mut out)) {
            check.fail(&format!("inject: {error}"));
        }
        let exit = span.context().map_or(SpanId::INVALID, |cx| cx.span_id()).to_string();
        let is_grpc = list == "client_metadata";
        let ours = names_and_values(pairs(&out).into_iter(), is_grpc);
        let theirs = headers.as_object().into_iter().flatten().filter(|(name, _)| name.to_lowercase().starts_with("x"));
        let first = |value: &Value| text(value.get(0).unwrap_or(value)).replace("$exit", &exit);
        let theirs = names_and_values(theirs.map(|(name, value)| (name.clone(), first(value))), is_grpc);
        *as_ours.entry(suppressed).or_insert(false) |= ours == theirs;
    }
    for (suppressed, found) in as_ours {
        if !found {
            report.fail(list, "", &format!("no official tracer writes as we do (suppressed: {suppressed})"));
        }
    }
}

fn names_and_values(pairs: impl Iterator<Item = (String, String)>, lower: bool) -> BTreeMap<String, String> {
    pairs.map(|(name, value)| (if lower { name.to_lowercase() } else { name }, value)).collect()
}

fn consumed(tracer: &Tracer, file: &Value, report: &mut Report) {
    for case in report.list(file, "consume") {
        let mut check = report.case(case, "consume");
        let mut lines = Lines::default();
        for (name, value) in case["headers"].as_object().into_iter().flatten() {
            lines.0.push((name.clone(), text(value).as_bytes().to_vec()));
        }
        for (name, value) in case["headers_hex"].as_object().into_iter().flatten() {
            lines.0.push((name.clone(), bytes(text(value))));
        }
        let expect = &case["expect"];
        check.known_keys(expect, &["t", "p", "lt", "suppressed", "new_trace"]);
        let context = tracer.extract(KafkaHeaders, &lines).ok().flatten();
        let span = tracer.span("process").child_of(&context).kind(SpanKind::Consumer).start();
        let Some(entry) = span.context() else {
            check.fail("the span has no context");
            continue;
        };
        check.equal("suppressed", !span.is_recording(), expect["suppressed"] == true);
        if expect["new_trace"] == true || expect["suppressed"] == true {
            check.check("a new trace", entry.trace_id() != TraceId::INVALID && entry.parent_id().is_none());
            continue;
        }
        check.equal("t", &entry.trace_id().to_string()[16..], text(&expect["t"]));
        check.equal("p", entry.parent_id().map(|id| id.to_string()).as_deref(), expect["p"].as_str());
        let long = Instana::long_trace_id(&entry).map(|id| id.to_string());
        check.equal("lt", long.as_deref(), expect["lt"].as_str());
    }
}

/// Bytes from their digits.
pub(super) fn bytes(digits: &str) -> Vec<u8> {
    let pair = |at| digits.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
    (0..digits.len()).step_by(2).filter_map(pair).collect()
}
