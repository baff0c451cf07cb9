//! The same spans in both encodings of OTLP.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use opentracing_core::{Sampling, SpanContext, SpanId, SpanKind, TraceId, Tracer, Value as TagValue};
use opentracing_reporter::{BatchReporter, Otlp, OtlpFile};
use serde_json::Value;

use crate::backends::collector::Lines;
use crate::backends::json::array;
use crate::backends::traces::PATIENCE;
use crate::otlp::spans::TestResult;
use crate::support::net::{addresses, ask_until};

/// Keeps what is written.
#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no panic").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn the_collector_writes_the_same_from_json_and_protobuf() -> TestResult {
    let Some([url, file]) = addresses(["OTLP_URL", "OTELCOL_SPANS"]) else { return Ok(()) };
    let (lines, written) = (Lines::from_now(&file), Written::default());
    let reporter = BatchReporter::new(Otlp::http(&url)?)
        .transport(Otlp::http_json(&url)?)
        .transport(OtlpFile::to(written.clone()));
    let (tracer, guard) = reporter.start(Tracer::builder("Shop"))?;
    let remote = |id| SpanContext::new(TraceId::from_parts(1, id), SpanId::new(id)).with_sampling(Sampling::Sampled);
    let other = remote(9);
    let mut builder = tracer.span("every type \"and\" field ü");
    let root = tracer.span("root").start();
    let mut span = builder.kind(SpanKind::Client).child_of(&root).follows_from(&other).start();
    span.set_tag("text", "a\n\u{1}\\\"ü").set_tag("empty", "").set_tag("yes", true).set_tag("no", false);
    span.set_tag("least", i64::MIN).set_tag("most", i64::MAX).set_tag("zero", 0).set_tag("beyond", u64::MAX);
    span.set_tag("half", 0.5).set_tag("whole", 2.0).set_tag("max", f64::MAX).set_tag("small", -5e-324);
    span.set_tag("nan", f64::NAN).set_tag("up", f64::INFINITY).set_tag("down", f64::NEG_INFINITY);
    span.set_tag("error", true).set_baggage_item("a", "b");
    span.log_kv(&[("event", TagValue::Static("error")), ("message", TagValue::Str("no")), ("n", TagValue::I64(-1))]);
    let trace = root.context().ok_or("a context")?.trace_id().to_string();
    span.finish();
    root.finish();
    assert_eq!(guard.close(PATIENCE), Ok(()));

    let spans = ask_until(|| lines.spans(std::slice::from_ref(&trace)), |spans| spans.len() >= 4);
    let named = |name: &str| spans.iter().filter(|span| span["name"] == name).collect::<Vec<_>>();
    let text = written.0.lock().expect("no panic").clone();
    let own: Value = serde_json::from_slice(&text)?;
    for own in array(&own["resourceSpans"][0]["scopeSpans"][0]["spans"]) {
        let name = own["name"].as_str().ok_or("a name")?;
        let [first, second] = named(name)[..] else { panic!("{name} is there twice: {spans:?}") };
        assert_eq!(first, second, "{name}");
        // The Collector also writes what is empty.
        for (key, value) in own.as_object().ok_or("an object")? {
            assert_eq!(&first[key], value, "{name}: {key}");
        }
    }
    Ok(())
}
