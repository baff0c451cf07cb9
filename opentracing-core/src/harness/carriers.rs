//! Checks of inject and extract.

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

/// Injects a context in one format and returns the extracted one.
type RoundTrip = fn(&Tracer, &SpanContext) -> Result<Option<SpanContext>, String>;

fn text<F>(tracer: &Tracer, context: &SpanContext, format: F) -> Result<Option<SpanContext>, String>
where
    F: for<'a> Format<Inject<'a> = dyn TextMapWriter + 'a, Extract<'a> = dyn TextMapReader + 'a>,
{
    let mut carrier = HashMap::from([("untouched".to_owned(), "ünrelated, as = it ; was".to_owned())]);
    let kept = carrier.clone();
    tracer.inject(context, format, &mut carrier).map_err(|error| format!("inject should succeed: {error}"))?;
    let rest = kept.iter().all(|(key, value)| carrier.get(key) == Some(value));
    ensure!(rest, "inject should leave unrelated entries of the carrier unchanged");
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
        // There is no context to inject, but the calls must still succeed.
        return round_trip(case.tracer(), &SpanContext::empty()).map(drop);
    };
    let extracted = round_trip(case.tracer(), &context)?;
    if case.has(Capability::Propagation) {
        let extracted = extracted.ok_or_else(|| format!("{format}: an injected context should be extracted again"))?;
        let same = extracted.trace_id().low() == context.trace_id().low() && extracted.span_id() == context.span_id();
        ensure!(same, "{format}: trace id and span id should survive a round trip");
        ensure!(extracted.is_remote(), "{format}: an extracted context should be remote");
        ensure!(
            extracted.is_sampled() == context.is_sampled(),
            "{format}: the sampling decision should survive a round trip"
        );
        ensure!(extracted.baggage_items().is_empty(), "{format}: extract should not add baggage");
        let child = case.tracer().span("Fry").child_of(&extracted).start();
        let child = child.context().ok_or("a span should have a context")?;
        ensure!(is_child(&child, &extracted), "{format}: an extracted context should work as a parent");
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
        ensure!(
            item("fry") == Some("a b/ü%,;=\""),
            "{format}: baggage with any characters should survive a round trip"
        );
        ensure!(item("leela") == Some(""), "{format}: an empty baggage item should survive a round trip");
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

/// A private format, so that no tracer can have a propagator for it.
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
        let rejected = matches!(injected, Err(InjectError::UnsupportedFormat));
        ensure!(rejected, "inject should reject an unknown format");
        let rejected = matches!(extracted, Err(ExtractError::UnsupportedFormat));
        ensure!(rejected, "extract should reject an unknown format");
    }
    Ok(())
}

/// A carrier of the wrong type does not compile, so this checks an empty context instead.
fn invalid_inject(case: &Case) -> Outcome {
    let (mut map, mut bytes) = (HashMap::<String, String>::new(), Vec::new());
    let empty = SpanContext::empty();
    let outcomes = [
        ("TextMap", case.tracer().inject(&empty, TextMap, &mut map)),
        ("HttpHeaders", case.tracer().inject(&empty, HttpHeaders, &mut map)),
        ("Binary", case.tracer().inject(&empty, Binary, &mut bytes)),
    ];
    ensure!(map.is_empty() && bytes.is_empty(), "inject should write nothing for an empty context");
    for (format, outcome) in outcomes {
        let rejected = matches!(outcome, Err(InjectError::InvalidSpanContext));
        ensure!(rejected || !case.has(Capability::Propagation), "{format}: inject should reject an empty context");
    }
    Ok(())
}

/// A carrier of the wrong type does not compile, so this checks carriers without a context and with a truncated one.
fn invalid_extract(case: &Case) -> Outcome {
    let unrelated = HashMap::from([("untouched".to_owned(), "1".to_owned())]);
    let none = [
        ("TextMap", case.tracer().extract(TextMap, &unrelated)),
        ("HttpHeaders", case.tracer().extract(HttpHeaders, &unrelated)),
        ("Binary", case.tracer().extract(Binary, &[])),
    ];
    for (format, outcome) in none {
        ensure!(matches!(outcome, Ok(None)), "{format}: a carrier without a context should not be an error");
    }
    let cut = case.tracer().extract(Binary, b"\x01\x02\x03");
    let corrupted = matches!(cut, Err(ExtractError::SpanContextCorrupted { .. }));
    ensure!(
        corrupted || !case.has(Capability::Propagation),
        "Binary: a truncated context should be reported as corrupted"
    );
    Ok(())
}
