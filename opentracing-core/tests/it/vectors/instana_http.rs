//! Instana and W3C Trace Context together, with 64-bit ids of our own: an entry span and the headers of a call below it.

use opentracing_core::propagation::{Ancestor, Composite, HttpHeaders, Instana, TraceContext, TraceCorrelation};
use opentracing_core::{SpanContext, SpanKind, TraceIdWidth, Tracer};
use serde_json::{Value, json};

use super::carrier::{Lines, carriers, is_id, pairs, text};
use super::report::{Case, Report};

pub(super) fn run(file: &Value, report: &mut Report) {
    if cfg!(not(feature = "http")) {
        report.leave_out("instana-http.json: server_timing (needs the feature http)".to_owned());
    }
    for case in report.list(file, "cases") {
        for carrier in carriers(&case["in"]) {
            let mut check = report.case(case, carrier.label());
            let Some(composite) = composite(&case["options"]) else {
                check.fail(&format!("unknown options {}", case["options"]));
                continue;
            };
            let builder = Tracer::builder("vectors").trace_id_width(TraceIdWidth::Bits64);
            let (tracer, _drain) = builder.propagator(HttpHeaders, composite).build();
            let extracted = tracer.extract(HttpHeaders, &*carrier).ok().flatten();
            let entry = tracer.span("entry").kind(SpanKind::Server).child_of(&extracted).start();
            let exit = tracer.span("exit").kind(SpanKind::Client).child_of(&entry).start();
            let mut out = Lines::default();
            let (Some(entry_context), Some(exit_context)) = (entry.context(), exit.context()) else {
                check.fail("the spans have no context");
                continue;
            };
            if let Err(error) = tracer.inject(&exit_context, HttpHeaders, &mut out) {
                check.fail(&format!("inject: {error}"));
            }

            let expect = &case["expect"];
            check.known_keys(expect, &["recorded", "span", "exit", "out", "server_timing"]);
            let recorded = expect["recorded"] == true;
            check.equal("entry recorded", entry.is_recording() && entry_context.is_sampled(), recorded);
            check.equal("exit recorded", exit.is_recording(), recorded);
            let names = Names { incoming: case["in"].to_string(), entry: &entry_context, exit: &exit_context };
            if expect["span"].is_object() {
                check_span(&mut check, &names, &expect["span"]);
            }
            if expect["exit"].is_object() {
                check.known_keys(&expect["exit"], &["child_of_entry"]);
                let is_child = exit_context.parent_id() == Some(entry_context.span_id())
                    && exit_context.trace_id() == entry_context.trace_id();
                check.equal("exit.child_of_entry", is_child, expect["exit"]["child_of_entry"] == true);
            }
            if expect["out"].is_object() {
                check_out(&mut check, &names, &out, &expect["out"]);
            }
            #[cfg(feature = "http")]
            check_server_timing(&mut check, &names, &expect["server_timing"]);
        }
    }
}

fn composite(options: &Value) -> Option<Composite> {
    let (mut correlation, mut propagation) = (TraceCorrelation::Enabled, true);
    for option in options.as_array().into_iter().flatten() {
        match text(option) {
            "disable_w3c_trace_correlation" => correlation = TraceCorrelation::Disabled,
            "disable_w3c_propagation" => propagation = false,
            "disable_w3c" => (correlation, propagation) = (TraceCorrelation::Disabled, false),
            _ => return None,
        }
    }
    let format = TraceContext::new().trace_correlation(correlation);
    let instana = Composite::empty().with(Instana::new());
    Some(if propagation { instana.with(format) } else { instana.reading(format) })
}

/// Only a trace that is kept is answered with its id.
#[cfg(feature = "http")]
fn check_server_timing(check: &mut Case<'_>, names: &Names<'_>, expected: &Value) {
    let mut response = http::HeaderMap::new();
    if names.entry.is_sampled() {
        opentracing_core::http_rules::append_server_timing(&mut response, names.entry.trace_id());
    }
    let actual = response.get("server-timing").map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    check.equal("server_timing", actual, expected.as_str().map(|timing| names.fill_in(timing)));
}

/// What the placeholders of a case stand for.
struct Names<'a> {
    incoming: String,
    entry: &'a SpanContext,
    exit: &'a SpanContext,
}

impl Names<'_> {
    fn trace_id(&self) -> String {
        format!("{:016x}", self.entry.trace_id().low())
    }

    fn fill_in(&self, template: &str) -> String {
        let filled = template.replace("$newtrace", &self.trace_id());
        filled.replace("$exit", &self.exit.span_id().to_string()).replace("$entry", &self.entry.span_id().to_string())
    }

    /// A random id was not in what came in.
    fn is_random(&self, id: &str) -> bool {
        is_id(id, 16) && !self.incoming.contains(id)
    }
}

fn check_span(check: &mut Case<'_>, names: &Names<'_>, expected: &Value) {
    let known = ["trace_id", "parent_id", "long_trace_id", "tp", "ia", "correlation", "synthetic"];
    check.known_keys(expected, &known);
    let entry = names.entry;
    check.equal("trace_id", names.trace_id(), names.fill_in(text(&expected["trace_id"])));
    if expected["trace_id"] == "$newtrace" {
        check.check("the trace id is new", names.is_random(&names.trace_id()));
    }
    let parent_id = entry.parent_id().map(|id| id.to_string());
    check.equal("parent_id", parent_id.as_deref(), expected["parent_id"].as_str());
    let long = Instana::long_trace_id(entry).map(|id| id.to_string());
    check.equal("long_trace_id", long.as_deref(), expected["long_trace_id"].as_str());
    check.equal("tp", entry.is_from_traceparent(), expected["tp"] == true);
    let state = entry.instana();
    let ancestor = |ancestor: Ancestor| {
        let digits = ancestor.trace_id.to_string();
        json!({ "t": if ancestor.long { &digits } else { &digits[16..] }, "p": ancestor.span_id.to_string() })
    };
    let ia = state.and_then(|state| state.ancestor).map_or(Value::Null, ancestor);
    check.equal("ia", &ia, &expected["ia"]);
    let correlation = state.and_then(|state| state.correlation.as_ref());
    let correlation = correlation.map_or(Value::Null, |it| json!({ "type": it.kind, "id": it.id }));
    check.equal("correlation", &correlation, &expected["correlation"]);
    check.equal("synthetic", state.is_some_and(|state| state.synthetic), expected["synthetic"] == true);
}

fn check_out(check: &mut Case<'_>, names: &Names<'_>, out: &Lines, expected: &Value) {
    for (name, value) in expected.as_object().into_iter().flatten() {
        let sent = |name: &str| super::carrier::header(out, name);
        match &**name {
            "traceparent_sampled" => {
                let flags = sent("traceparent").unwrap_or_default();
                let flags = flags.rsplit('-').next().unwrap_or("");
                check.check(&format!("flags {flags}"), ["00", "01", "02", "03"].contains(&flags));
                check.equal("traceparent_sampled", flags.ends_with(['1', '3']), value == true);
            }
            "traceparent" => {
                let actual = sent(name).unwrap_or_default();
                check_traceparent(check, names, actual.get(..52).unwrap_or(&actual), text(value));
            }
            _ => check.equal(name, sent(name), Some(names.fill_in(text(value)))),
        }
    }
    for (name, _) in pairs(out) {
        let wanted = expected.as_object().is_some_and(|all| all.keys().any(|key| key.eq_ignore_ascii_case(&name)));
        check.check(&format!("{name} must not be sent"), wanted);
    }
}

/// Part by part, since what is random cannot be filled in.
fn check_traceparent(check: &mut Case<'_>, names: &Names<'_>, actual: &str, template: &str) {
    let expected = names.fill_in(template);
    let (mut rest, mut template_rest) = (actual, expected.as_str());
    while let Some((plain, after)) = template_rest.split_once("$random") {
        let Some(tail) = rest.strip_prefix(plain) else { break };
        let (id, tail) = tail.split_at_checked(16).unwrap_or((tail, ""));
        check.check(&format!("{id} is not random"), names.is_random(id));
        (rest, template_rest) = (tail, after);
    }
    if rest != template_rest {
        check.fail(&format!("traceparent is {actual} and should be {expected}"));
    }
}
