//! Contexts in carriers.

use std::collections::HashMap;

use crate::harness::Capability;
use crate::harness::case::{Case, Check, Outcome, checks, ensure, is_child};
use crate::model::context::SpanContext;
use crate::propagation::{
    Binary, ExtractError, Format, HttpHeaders, InjectError, TextMap, TextMapReader, TextMapWriter,
};
use crate::tracer::tracer::Tracer;

pub(super) const CHECKS: &[Check] = checks![
    text_propagation,
    http_propagation,
    binary_propagation,
    baggage_propagation,
    mandatory_formats,
    unknown_format,
    invalid_inject,
    invalid_extract,
];

/// There and back again in one format; the context as it comes back, if one does.
type RoundTrip = fn(&Tracer, &SpanContext) -> Result<Option<SpanContext>, String>;

fn text<F>(tracer: &Tracer, context: &SpanContext, format: F) -> Result<Option<SpanContext>, String>
where
    F: for<'a> Format<Inject<'a> = dyn TextMapWriter + 'a, Extract<'a> = dyn TextMapReader + 'a>,
{
    let mut carrier = HashMap::from([("untouched".to_owned(), "ünrelated, as = it ; was".to_owned())]);
    let kept = carrier.clone();
    tracer.inject(context, format, &mut carrier).map_err(|error| format!("inject should succeed: {error}"))?;
    let rest = kept.iter().all(|(key, value)| carrier.get(key) == Some(value));
    ensure!(rest, "what else a carrier holds should stay as it is");
    tracer.extract(format, &carrier).map_err(|error| format!("extract should succeed: {error}"))
}

fn binary(tracer: &Tracer, context: &SpanContext) -> Result<Option<SpanContext>, String> {
    let mut carrier = b"prefix".to_vec();
    tracer.inject(context, Binary, &mut carrier).map_err(|error| format!("inject should succeed: {error}"))?;
    let context = carrier.strip_prefix(b"prefix").ok_or("inject should append to a binary carrier")?;
    tracer.extract(Binary, context).map_err(|error| format!("extract should succeed: {error}"))
}

const FORMATS: [(&str, RoundTrip); 3] = [
    ("TextMap", |tracer, context| text(tracer, context, TextMap)),
    ("HttpHeaders", |tracer, context| text(tracer, context, HttpHeaders)),
    ("Binary", binary),
];

fn check_round_trip(case: &Case, format: &str, round_trip: RoundTrip) -> Outcome {
    let span = case.tracer().span("Bender").start();
    let Some(context) = case.context(span.context())? else {
        // Nothing to write, but it must not fail.
        return round_trip(case.tracer(), &SpanContext::empty()).map(drop);
    };
    let extracted = round_trip(case.tracer(), &context)?;
    if case.has(Capability::Propagation) {
        let extracted = extracted.ok_or_else(|| format!("{format}: what was injected should be found"))?;
        let same = extracted.trace_id().low() == context.trace_id().low() && extracted.span_id() == context.span_id();
        ensure!(same, "{format}: the same trace and span should come back");
        ensure!(extracted.is_remote(), "{format}: a context that was extracted should be remote");
        ensure!(extracted.is_sampled() == context.is_sampled(), "{format}: the decision should come back");
        ensure!(extracted.baggage_items().is_empty(), "{format}: no baggage should come from nowhere");
        let child = case.tracer().span("Fry").child_of(&extracted).start();
        let child = child.context().ok_or("a span should have a context")?;
        ensure!(is_child(&child, &extracted), "{format}: what was extracted should be fit for a parent");
    }
    Ok(())
}

fn text_propagation(case: &Case) -> Outcome {
    check_round_trip(case, FORMATS[0].0, FORMATS[0].1)
}

fn http_propagation(case: &Case) -> Outcome {
    check_round_trip(case, FORMATS[1].0, FORMATS[1].1)
}

fn binary_propagation(case: &Case) -> Outcome {
    check_round_trip(case, FORMATS[2].0, FORMATS[2].1)
}

fn baggage_propagation(case: &Case) -> Outcome {
    let mut span = case.tracer().span("Bender").start();
    span.set_baggage_item("fry", "a b/ü%,;=\"").set_baggage_item("leela", "");
    let Some(context) = case.context(span.context())?.filter(|_| case.has(Capability::BaggagePropagation)) else {
        return Ok(());
    };
    for (format, round_trip) in FORMATS {
        let back = round_trip(case.tracer(), &context)?;
        let item = |key| back.as_ref().and_then(|back| back.baggage_item(key));
        ensure!(item("fry") == Some("a b/ü%,;=\""), "{format}: baggage should come back, whatever its characters");
        ensure!(item("leela") == Some(""), "{format}: an empty baggage item should come back");
    }
    Ok(())
}

fn mandatory_formats(case: &Case) -> Outcome {
    let span = case.tracer().span("Bender").start();
    let context = case.context(span.context())?.unwrap_or(SpanContext::empty());
    for (format, round_trip) in FORMATS {
        round_trip(case.tracer(), &context).map_err(|error| format!("{format}: {error}"))?;
    }
    Ok(())
}

/// A format that no tracer knows, since it is private.
#[derive(Clone, Copy)]
struct KissMyShinyMetal;

impl Format for KissMyShinyMetal {
    type Inject<'a> = String;
    type Extract<'a> = str;
}

fn unknown_format(case: &Case) -> Outcome {
    let span = case.tracer().span("Bender").start();
    let context = case.context(span.context())?.unwrap_or(SpanContext::empty());
    let mut carrier = String::new();
    let injected = case.tracer().inject(&context, KissMyShinyMetal, &mut carrier);
    let extracted = case.tracer().extract(KissMyShinyMetal, &carrier);
    ensure!(carrier.is_empty(), "nothing should be written in an unknown format");
    if case.has(Capability::Propagation) {
        let refused = matches!(injected, Err(InjectError::UnsupportedFormat));
        ensure!(refused, "inject should refuse an unknown format");
        let refused = matches!(extracted, Err(ExtractError::UnsupportedFormat));
        ensure!(refused, "extract should refuse an unknown format");
    }
    Ok(())
}

/// Carriers of a wrong type do not compile. What is left is a context with nothing in it.
fn invalid_inject(case: &Case) -> Outcome {
    let (mut map, mut bytes) = (HashMap::<String, String>::new(), Vec::new());
    let empty = SpanContext::empty();
    let outcomes = [
        ("TextMap", case.tracer().inject(&empty, TextMap, &mut map)),
        ("HttpHeaders", case.tracer().inject(&empty, HttpHeaders, &mut map)),
        ("Binary", case.tracer().inject(&empty, Binary, &mut bytes)),
    ];
    ensure!(map.is_empty() && bytes.is_empty(), "nothing should be written of a context with nothing in it");
    for (format, outcome) in outcomes {
        let refused = matches!(outcome, Err(InjectError::InvalidSpanContext));
        ensure!(refused || !case.has(Capability::Propagation), "{format}: a context with nothing in it is invalid");
    }
    Ok(())
}

/// Carriers of a wrong type do not compile. What is left is carriers without a context, and without a whole one.
fn invalid_extract(case: &Case) -> Outcome {
    let unrelated = HashMap::from([("untouched".to_owned(), "1".to_owned())]);
    let none = [
        ("TextMap", case.tracer().extract(TextMap, &unrelated)),
        ("HttpHeaders", case.tracer().extract(HttpHeaders, &unrelated)),
        ("Binary", case.tracer().extract(Binary, &[])),
    ];
    for (format, outcome) in none {
        ensure!(matches!(outcome, Ok(None)), "{format}: a carrier without a context should be no error");
    }
    let cut = case.tracer().extract(Binary, b"\x01\x02\x03");
    let corrupted = matches!(cut, Err(ExtractError::SpanContextCorrupted { .. }));
    ensure!(corrupted || !case.has(Capability::Propagation), "Binary: half a context should be corrupted");
    Ok(())
}
