//! What the entry span reports of incoming headers, by the vectors of the official tracers.

use std::path::PathBuf;

use opentracing_core::propagation::{
    Composite, Field, HttpHeaders, Instana, TextMapReader, TraceContext, TraceCorrelation,
};
use opentracing_core::{SpanKind, TraceIdWidth, Tracer};
use opentracing_reporter::{BatchReporter, InstanaRootExits, InstanaSpanFormat};
use serde_json::{Value, json};

use super::agent::{Judge, StandIn};
use super::instana;
use crate::support::transports::{NEVER, PATIENCE};

/// Headers as received, including repeated names.
struct Lines(Vec<(String, String)>);

impl TextMapReader for Lines {
    fn values(&self, field: &Field, visit: &mut dyn FnMut(&[u8])) {
        let values = self.0.iter().filter(|(name, _)| name.eq_ignore_ascii_case(field.name()));
        values.for_each(|(_, value)| visit(value.as_bytes()));
    }

    fn for_each<'a>(&'a self, visit: &mut dyn FnMut(&'a str, &'a [u8])) {
        self.0.iter().for_each(|(name, value)| visit(name, value.as_bytes()));
    }
}

fn composite(options: &Value) -> Composite {
    let names: Vec<_> = options.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let is_any = |wanted: &[&str]| names.iter().any(|name| wanted.contains(name));
    let correlation = match is_any(&["disable_w3c_trace_correlation", "disable_w3c"]) {
        true => TraceCorrelation::Disabled,
        false => TraceCorrelation::Enabled,
    };
    let format = TraceContext::new().trace_correlation(correlation);
    let composite = Composite::empty().with(Instana::new());
    if is_any(&["disable_w3c_propagation", "disable_w3c"]) { composite.reading(format) } else { composite.with(format) }
}

#[test]
fn entry_spans_report_the_incoming_headers() -> std::io::Result<()> {
    let folder = std::env::var_os("OPENTRACING_VECTORS").map(PathBuf::from);
    let ours = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../opentracing-core/tests/data");
    let file: Value = serde_json::from_slice(&std::fs::read(folder.unwrap_or(ours).join("instana-http.json"))?)?;
    let cases = file["cases"].as_array().filter(|cases| !cases.is_empty()).expect("cases");

    let mut failures = Vec::new();
    for case in cases {
        let agent = StandIn::start(0, Judge::default())?;
        let builder = Tracer::builder("vectors").trace_id_width(TraceIdWidth::Bits64);
        let builder = builder.propagator(HttpHeaders, composite(&case["options"]));
        let transport = instana(&agent).span_format(InstanaSpanFormat::Native).root_exits(InstanaRootExits::Suppressed);
        let (tracer, guard) = BatchReporter::new(transport).batch_delay(NEVER).start(builder)?;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let lines = case["in"].as_array().into_iter().flatten().map(|pair| (text(&pair[0]), text(&pair[1]))).collect();
        let caller = tracer.extract(HttpHeaders, &Lines(lines)).ok().flatten();
        let entry = tracer.span("entry").kind(SpanKind::Server).tag("http.method", "GET").child_of(&caller).start();
        tracer.span("exit").kind(SpanKind::Client).tag("http.method", "GET").child_of(&entry).start().finish();
        let entry_id = entry.context().map(|context| context.span_id().to_string());
        entry.finish();
        assert_eq!(guard.close(PATIENCE), Ok(()), "{}", case["id"]);
        let judge = agent.judge();
        assert_eq!(judge.refusals, [], "{}", case["id"]);
        check(case, entry_id, &judge.spans)
            .unwrap_or_else(|failure| failures.push(format!("{}: {failure}", case["id"])));
    }
    assert!(failures.is_empty(), "{} of {}:\n{}", failures.len(), cases.len(), failures.join("\n"));
    Ok(())
}

/// The exit span is first, since it ends first.
fn check(case: &Value, entry_id: Option<String>, spans: &[Value]) -> Result<(), String> {
    if case["expect"]["recorded"] == false {
        return if spans.is_empty() { Ok(()) } else { Err(format!("spans of what is suppressed: {spans:?}")) };
    }
    let [exit, entry] = spans else { return Err(format!("{} spans", spans.len())) };
    let wanted = &case["expect"]["span"];
    let trace_id = match wanted["trace_id"].as_str() {
        Some("$newtrace") => entry["t"].clone(),
        _ => wanted["trace_id"].clone(),
    };
    let mut expected = json!({
        "t": trace_id, "s": entry_id, "n": "g.http", "k": 1, "ec": 0,
        "data": { "service": "vectors", "http": { "method": "GET" } },
    });
    for (name, value) in [
        ("p", &wanted["parent_id"]),
        ("lt", &wanted["long_trace_id"]),
        ("tp", &wanted["tp"]),
        ("ia", &wanted["ia"]),
        ("crtp", &wanted["correlation"]["type"]),
        ("crid", &wanted["correlation"]["id"]),
        ("sy", &wanted["synthetic"]),
    ] {
        if !value.is_null() && value != false {
            expected[name] = value.clone();
        }
    }
    same("entry", entry, &expected)?;
    let expected = json!({
        "t": trace_id, "s": exit["s"], "p": entry_id, "n": "http", "k": 2, "ec": 0,
        "data": { "service": "vectors", "http": { "method": "GET" } },
    });
    same("exit", exit, &expected)
}

/// All members except times and process.
fn same(what: &str, actual: &Value, expected: &Value) -> Result<(), String> {
    let mut actual = actual.clone();
    let Some(members) = actual.as_object_mut() else { return Err(format!("{what} is no object")) };
    members.retain(|name, _| !["ts", "d", "f"].contains(&&**name));
    if actual == *expected { Ok(()) } else { Err(format!("{what} is\n  {actual}\nand should be\n  {expected}")) }
}
