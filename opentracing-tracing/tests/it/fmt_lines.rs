//! Ids in the lines of `tracing_subscriber::fmt`.

use std::io::Write;
use std::sync::{Arc, Mutex};

use opentracing_core::SpanContext;
use opentracing_core::mock::MockTracer;
use opentracing_tracing::{IdFields, TracerLayer, with_ids, with_json_ids};
use tracing::{Subscriber, info_span};
use tracing_subscriber::fmt;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::registry::{LookupSpan, Registry};

#[derive(Clone, Default)]
struct Output(Arc<Mutex<Vec<u8>>>);

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The lines of one event outside of spans and one inside, with the context of the span.
fn lines<L>(layer: impl FnOnce(Output) -> L) -> (Vec<String>, SpanContext)
where
    L: Layer<tracing_subscriber::layer::Layered<TracerLayer, Registry>> + Send + Sync + 'static,
{
    let (mock, output) = (MockTracer::new(), Output::default());
    let subscriber = tracing_subscriber::registry()
        .with(TracerLayer::with_tracer(mock.tracer().clone()))
        .with(layer(output.clone()));
    tracing::subscriber::with_default(subscriber, || {
        tracing::info!(rows = 1, "outside");
        info_span!("span").in_scope(|| tracing::info!(rows = 2, "inside"));
    });
    let text = String::from_utf8(output.0.lock().unwrap().clone()).unwrap();
    (text.lines().map(str::to_owned).collect(), mock.span("span").context.clone())
}

fn base<S: Subscriber + for<'l> LookupSpan<'l>>(
    output: Output,
) -> fmt::Layer<S, fmt::format::DefaultFields, fmt::format::Format<fmt::format::Full, ()>, impl Fn() -> Output> {
    fmt::layer().with_ansi(false).without_time().with_writer(move || output.clone())
}

#[test]
fn a_text_line_begins_with_the_ids() {
    let (lines, context) = lines(|output| base(output).map_event_format(with_ids));
    let (trace_id, span_id) = (context.trace_id(), context.span_id());
    assert!(lines[0].trim_start().starts_with("INFO"), "{}", lines[0]);
    let ids = format!("trace_id={trace_id} span_id={span_id} sampled=true ");
    assert!(lines[1].starts_with(&ids) && lines[1].ends_with("inside rows=2"), "{}", lines[1]);
}

#[test]
fn the_names_and_forms_of_ids_can_be_set() {
    let datadog = |output| base(output).map_event_format(|format| with_ids(format).fields(IdFields::datadog()));
    let (lines, context) = lines(datadog);
    let (trace_id, span_id) = (context.trace_id().low(), context.span_id().get());
    assert!(lines[1].starts_with(&format!("dd.trace_id={trace_id} dd.span_id={span_id} ")), "{}", lines[1]);
}

#[test]
fn a_json_line_has_the_ids_as_members_of_its_object() {
    let (lines, context) = lines(|output| base(output).json().map_event_format(with_json_ids));
    let parsed: Vec<serde_json::Value> = lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(parsed[0].get("trace_id"), None);
    assert_eq!(parsed[1]["trace_id"], context.trace_id().to_string());
    assert_eq!(parsed[1]["span_id"], context.span_id().to_string());
    assert_eq!(parsed[1]["sampled"], true);
    assert_eq!(parsed[1]["fields"]["message"], "inside");
    assert_eq!(parsed[1]["span"]["name"], "span");
}

#[test]
fn names_in_json_can_be_set() {
    let names = IdFields::new().names("traceId", "spanId").sampled(None);
    let layer = |output| base(output).json().map_event_format(|format| with_json_ids(format).fields(names));
    let (lines, context) = lines(layer);
    let parsed: serde_json::Value = serde_json::from_str(&lines[1]).unwrap();
    assert_eq!((&parsed["traceId"], parsed.get("sampled")), (&context.trace_id().to_string().into(), None));
}

#[test]
fn a_format_that_is_no_object_stays_as_it_is() {
    let (lines, _) = lines(|output| base(output).map_event_format(with_json_ids));
    assert!(lines[1].ends_with("inside rows=2"), "{}", lines[1]);
}
