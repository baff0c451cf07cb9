//! Properties that hold for every input.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use opentracing_core::propagation::{Binary, ExtractError, InjectError, Medium, TraceState};
use opentracing_core::{Sampling, SpanContext, TraceId, Tracer};

use super::carried::{Carried, coming_back, items, writable};
use super::wire::{Formats, Wire};

/// The default limits.
pub(crate) const MAX_ITEMS: usize = 64;
/// The default limits.
pub(crate) const MAX_BYTES: usize = 8192;
/// What [`Composite`](opentracing_core::propagation::Composite) promises of reading with the default limits.
const MAX_MEMORY: u64 = 132 * 1024;
/// What [`JaegerBinary`](opentracing_core::propagation::JaegerBinary) promises of reading with the default limits.
const MAX_BINARY_MEMORY: u64 = 28 * 1024;
/// An encoded byte takes three.
const MAX_ENCODED: usize = 3;

/// Extracts a context from untrusted input, then injects and extracts it again.
pub(crate) fn input(formats: &Formats, medium: Medium, carrier: &Wire) {
    let read = within(MAX_MEMORY, || formats.extract(medium, carrier));
    match read {
        Ok(Some(context)) => {
            is_in_order(&context);
            context_on(formats, medium, &context, carrier);
        }
        Ok(None) => {}
        Err(ExtractError::SpanContextCorrupted { field, .. }) => {
            assert!(carrier.0.iter().any(|(name, _)| belongs(name, field)), "{field} is not there: {carrier:?}");
        }
        Err(error) => panic!("{error} of {carrier:?}"),
    }
}

/// A field that is missing beside one of its format may be named as well.
fn belongs(name: &str, field: &str) -> bool {
    let stem = |name: &str| name.to_ascii_lowercase().chars().take(4).collect::<String>();
    stem(name) == stem(field)
}

/// Writes any context to a carrier that holds anything, and reads it again.
pub(crate) fn context_on(formats: &Formats, medium: Medium, context: &SpanContext, used: &Wire) {
    let mut fresh = Wire::default();
    let written = formats.inject(medium, context, &mut fresh);
    let mut used_again = used.clone();
    let _ = formats.inject(medium, context, &mut used_again);
    assert_eq!(
        used_again.fields(formats, medium),
        fresh.fields(formats, medium),
        "something survived in {used_again:?}"
    );
    assert_eq!(
        used_again.others(formats, medium),
        used.others(formats, medium),
        "something else has changed in {used:?}"
    );
    if let Err(error) = written {
        let nothing = !context.is_valid() && context.sampling() == Sampling::Undecided;
        assert!(matches!(error, InjectError::InvalidSpanContext), "{error}");
        assert!(nothing && context.baggage_items().is_empty() && fresh.0.is_empty(), "{error} of {context:?}");
        return;
    }
    is_legal(medium, &fresh);

    let malformed = formats.malformed();
    let read = formats.extract(medium, &fresh);
    // The lower half of a trace id may be zero. Instana's tracers write that, and nobody reads it.
    let unreadable =
        fresh.0.iter().any(|(name, value)| name == "X-INSTANA-T" && value.iter().all(|byte| *byte == b'0'));
    assert!(unreadable || formats.malformed() == malformed, "something in {fresh:?} cannot be read");
    assert!(unreadable || read.is_ok(), "{read:?} in what was written: {fresh:?}");
    let second = read.ok().flatten().unwrap_or(SpanContext::empty());
    is_in_order(&second);
    carries(formats, medium, context, &second);

    // What some formats cannot say is settled now, so that nothing changes any more.
    let (mut again, mut once_more) = (Wire::default(), Wire::default());
    let _ = formats.inject(medium, &second, &mut again);
    let third = formats.extract(medium, &again).ok().flatten().unwrap_or(SpanContext::empty());
    let _ = formats.inject(medium, &third, &mut once_more);
    if formats.single.is_some() || has_room(context) {
        let (again, once_more) = (again.fields(formats, medium), once_more.fields(formats, medium));
        assert_eq!(in_order(again), in_order(once_more), "{second:?} changes on the way");
    }
}

/// Baggage that several formats carry comes in the order of the format that is read first.
fn in_order(mut fields: Vec<(String, String)>) -> Vec<(String, String)> {
    for (_, value) in fields.iter_mut().filter(|(name, _)| name == "baggage") {
        let mut members: Vec<_> = value.split(',').collect();
        members.sort_unstable();
        *value = members.join(",");
    }
    fields
}

/// What was read keeps to what it is documented to be.
fn is_in_order(context: &SpanContext) {
    let items = context.baggage_items();
    let bytes: usize = items.iter().map(|item| item.key().len() + item.value().len() + item.properties().len()).sum();
    assert!(items.len() <= MAX_ITEMS && bytes <= MAX_BYTES, "{} items, {bytes} bytes of baggage", items.len());
    for (at, item) in items.iter().enumerate() {
        assert!(items.iter().take(at).all(|other| other.key() != item.key()), "{} comes twice", item.key());
    }
    if let Some(list) = context.tracestate() {
        let members = list.split(',').count();
        assert!(!list.is_empty() && list.len() <= 32 * 515, "{} bytes of tracestate", list.len());
        match list.parse::<TraceState>() {
            Ok(read) => assert_eq!(read.as_str(), list),
            Err(error) => assert!((33..=64).contains(&members), "{error}: {list}"),
        }
    }
}

/// Any server takes these headers, and nothing is lost on the way.
fn is_legal(medium: Medium, written: &Wire) {
    for (name, value) in &written.0 {
        assert!(std::str::from_utf8(value).is_ok(), "{name} is no text: {value:?}");
        if medium == Medium::Http {
            let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
            assert!(!name.is_empty() && name.bytes().all(token), "{name:?} is no name of a header");
            assert!(value.iter().all(|byte| matches!(byte, b' '..=b'~')), "{name} is no header: {value:?}");
            assert_eq!(value.trim_ascii(), value, "{name} loses blanks");
        }
        let max_len = match name.as_str() {
            "baggage" => MAX_BYTES,
            "tracestate" => 32 * 515,
            "x-datadog-tags" => 512,
            _ => 3 * MAX_BYTES,
        };
        assert!(value.len() <= max_len, "{name} takes {} bytes", value.len());
        if name == "tracestate" {
            assert!(value.split(|&byte| byte == b',').count() <= 32, "{name} has too many members");
        }
    }
}

fn carries(formats: &Formats, medium: Medium, before: &SpanContext, after: &SpanContext) {
    match &formats.single {
        Some(format) => {
            assert_eq!(Carried::read(after), Carried::by(format, medium, before), "{format} of {before:?}");
            carries_baggage(&formats.names, medium, before, after);
        }
        None if formats.names.len() > 1 => {
            carries_together(formats, medium, before, after);
            carries_baggage(&formats.names, medium, before, after);
        }
        None => {}
    }
}

/// What several formats carry that one of them may not.
fn carries_together(formats: &Formats, medium: Medium, before: &SpanContext, after: &SpanContext) {
    let foreign = before.instana().is_some_and(|state| state.foreign_trace_id.is_some());
    let each = || formats.names.iter().map(|format| (format.as_str(), Carried::by(format, medium, before)));
    if foreign {
        // `traceparent` is of another trace then, which may take the place of one that is not kept.
        return;
    }
    let first = each().find_map(|(format, carried)| Some((format, carried.ids?)));
    assert_eq!(after.is_valid(), first.is_some(), "{before:?} became {after:?}");
    if first.is_some() {
        assert_eq!(after.span_id(), before.span_id(), "{before:?} became {after:?}");
        let whole = each().filter_map(|(_, carried)| carried.ids).any(|(trace_id, _)| trace_id == before.trace_id());
        let lower_half = TraceId::from_parts(0, before.trace_id().low());
        let expected = if whole { before.trace_id() } else { lower_half };
        assert_eq!(after.trace_id(), expected, "{before:?} became {after:?}");
    }
    let said = each().any(|(_, carried)| carried.sampling != Sampling::Undecided);
    if before.sampling() != Sampling::Undecided && said {
        assert_eq!(after.is_sampled(), before.is_sampled(), "{before:?} became {after:?}");
        assert_ne!(after.sampling(), Sampling::Undecided, "{before:?} became {after:?}");
    }
}

fn carries_baggage(formats: &[String], medium: Medium, before: &SpanContext, after: &SpanContext) {
    let writable: Vec<_> = formats.iter().map(|format| writable(format, medium, before)).collect();
    for (key, value, properties) in items(after) {
        let known = |item: &(String, String, String)| item.0 == key && item.1 == value && item.2 == properties;
        assert!(writable.iter().flatten().any(known), "{key} was not written like that");
    }
    if let ([format], true) = (formats, has_room(before)) {
        assert_eq!(items(after), coming_back(format, medium, before), "{format} on {medium:?}");
    }
}

/// Whether any format has room for all of the baggage, however it is encoded.
fn has_room(context: &SpanContext) -> bool {
    let bytes = |(key, value, properties): &(String, String, String)| {
        key.len() + MAX_ENCODED * value.len() + properties.len() + ",=;".len()
    };
    let items = items(context);
    items.len() <= MAX_ITEMS && items.iter().map(bytes).sum::<usize>() <= MAX_BYTES
}

/// Reads the binary carrier, and writes and reads again what it said.
pub(crate) fn binary_input(tracer: &Tracer, carrier: &[u8]) {
    match within(MAX_BINARY_MEMORY, || tracer.extract(Binary, carrier)) {
        Ok(Some(context)) => {
            is_in_order(&context);
            binary_context(tracer, &context);
        }
        Ok(None) => assert!(carrier.is_empty()),
        Err(ExtractError::SpanContextCorrupted { .. }) => {}
        Err(error) => panic!("{error}"),
    }
}

/// Writes any context, and reads it again.
pub(crate) fn binary_context(tracer: &Tracer, context: &SpanContext) {
    let mut written = vec![];
    if let Err(error) = tracer.inject(context, Binary, &mut written) {
        assert!(matches!(error, InjectError::InvalidSpanContext), "{error}");
        assert!(!context.is_valid() && !context.is_sampled() && context.baggage_items().is_empty());
        return assert!(written.is_empty());
    }
    match tracer.extract(Binary, &written) {
        Ok(read) => {
            let read = read.expect("what was written is there");
            is_in_order(&read);
            assert_eq!(Carried::read(&read), Carried::by("binary", Medium::Text, context));
            carries_baggage(&["binary".to_owned()], Medium::Text, context, &read);
            let mut again = vec![];
            assert!(tracer.inject(&read, Binary, &mut again).is_ok());
            assert_eq!(written, again);
        }
        // All of the baggage may have been too much.
        Err(error) => assert!(!context.is_valid() && !context.is_sampled() && !has_room(context), "{error}"),
    }
}

/// What the call gives, if it never holds more memory than that.
fn within<T>(max_bytes: u64, call: impl FnOnce() -> T) -> T {
    let mut result = None;
    // The counter does not notice that a panic ends a measurement.
    let memory = allocation_counter::measure(|| result = Some(catch_unwind(AssertUnwindSafe(call))));
    let result = result.expect("the call was made").unwrap_or_else(|panic| resume_unwind(panic));
    assert!(memory.bytes_max <= max_bytes, "{} bytes were held at a time", memory.bytes_max);
    result
}
