//! Contexts across process boundaries.

mod baggage;
mod binary;
mod cloud;
#[cfg(feature = "mock")]
mod datadog;
mod extracting;
mod grpc_trace_bin;
mod injecting;
mod jaeger;
mod limits;
mod messages;
mod opentracing;
mod ot;
mod properties;
mod sentry;
mod tolerance;
mod tracestate;
mod wavefront;

use opentracing_core::propagation::{
    Composite, ExtractError, HttpHeaders, KafkaHeaders, Propagator, TextMapReader, TextMapWriter,
};
use opentracing_core::{Sampling, SpanContext};

type Headers = Vec<(String, String)>;

fn headers(pairs: &[(&str, &str)]) -> Headers {
    pairs.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn http(composite: &Composite) -> &dyn Propagator<HttpHeaders> {
    composite
}

fn kafka(composite: &Composite) -> &dyn Propagator<KafkaHeaders> {
    composite
}

/// The lists of that name, read and written.
fn composite(names: &str) -> Composite {
    names.parse().expect("known formats")
}

/// What was found in one line: `<trace>/<span> <decision> ts=<tracestate> bag=<key>:<value>`, what is absent left out.
fn describe(extracted: &Result<Option<SpanContext>, ExtractError>) -> String {
    match extracted {
        Ok(None) => "nothing".to_owned(),
        Ok(Some(context)) => describe_context(context),
        Err(ExtractError::SpanContextCorrupted { field, .. }) => format!("corrupted {field}"),
        Err(error) => error.to_string(),
    }
}

fn describe_context(context: &SpanContext) -> String {
    let mut parts = vec![];
    if context.is_valid() {
        let digits = context.trace_id().to_string();
        let trace_id = if context.trace_id().high() == 0 { &digits[16..] } else { &digits };
        parts.push(format!("{trace_id}/{}", context.span_id()));
    }
    parts.push(
        match context.sampling() {
            Sampling::Undecided => "undecided",
            Sampling::NotSampled => "no",
            Sampling::Sampled => "yes",
            Sampling::Debug => "debug",
        }
        .to_owned(),
    );
    if let Some(foreign) = context.instana().and_then(|state| state.foreign_trace_id) {
        parts.push(format!("foreign={foreign}"));
    }
    parts.extend(context.tracestate().map(|list| format!("ts={list}")));
    parts.extend(context.baggage().map(|(key, value)| format!("bag={key}:{value}")));
    parts.join(" ")
}

/// All headers, sorted, a line each.
fn lines(headers: &Headers) -> Vec<String> {
    let mut lines: Vec<String> = headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    lines.sort_unstable();
    lines
}

fn inject_http(composite: &Composite, context: &SpanContext) -> Vec<String> {
    let mut out = Headers::new();
    http(composite).inject(context, &mut out as &mut dyn TextMapWriter).expect("there is something to carry");
    lines(&out)
}

fn extract_http(composite: &Composite, from: &[(&str, &str)]) -> Result<Option<SpanContext>, ExtractError> {
    http(composite).extract(&headers(from) as &dyn TextMapReader)
}
