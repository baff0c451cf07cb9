//! OpenTelemetry's propagator, served by ours.

use std::fmt;

use opentelemetry::Context;
use opentelemetry::baggage::{BaggageExt, KeyValueMetadata};
use opentelemetry::propagation::text_map_propagator::FieldIter;
use opentelemetry::propagation::{Extractor, Injector, TextMapPropagator};
use opentelemetry::trace::TraceContextExt;
use opentracing_core::propagation::{Field, FieldSet, HttpHeaders, TextMapReader, TextMapWriter};
use opentracing_core::{Sampling, SpanContext, SpanId, TraceId, Tracer};

use crate::ask::parent_in;
use crate::span::ProvidedSpan;

/// A propagator of OpenTelemetry's API that reads and writes the header formats of a [`Tracer`] of ours: Instana, W3C, B3 and whatever else
/// it is set to. OpenTelemetry's baggage is written too, and read into both systems.
///
/// [`install`](crate::install) makes it the global one.
///
/// A carrier of OpenTelemetry can be written to but not cleared: headers that were copied from another request stay, unless a header of the
/// same name replaces them.
pub struct Propagator {
    tracer: Tracer,
    fields: Vec<String>,
}

impl Propagator {
    /// Creates a propagator with the formats of this tracer.
    pub fn with_tracer(tracer: Tracer) -> Self {
        let example = SpanContext::new(TraceId::from_parts(1, 1), SpanId::new(1))
            .with_sampling(Sampling::Sampled)
            .with_tracestate("a=b")
            .with_baggage_item("a", "b");
        let mut written: Vec<(String, String)> = Vec::new();
        // A tracer without this format writes nothing.
        let _ = tracer.inject(&example, HttpHeaders, &mut written);
        let fields = written.into_iter().map(|(name, _)| name.to_ascii_lowercase()).collect();
        Propagator { tracer, fields }
    }
}

impl fmt::Debug for Propagator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Propagator").field("fields", &self.fields).finish_non_exhaustive()
    }
}

impl TextMapPropagator for Propagator {
    fn inject_context(&self, cx: &Context, injector: &mut dyn Injector) {
        let mut context = parent_in(cx).unwrap_or(SpanContext::empty());
        if cx.is_telemetry_suppressed() {
            context = context.with_sampling(Sampling::NotSampled);
        }
        for (key, (value, metadata)) in cx.baggage() {
            let _ = metadata;
            if context.baggage_item(key.as_str()) != Some(value.as_str()) {
                context = context.with_baggage_item(key.as_str(), value.as_str());
            }
        }
        // An empty context is an error, and writes nothing.
        let _ = self.tracer.inject(&context, HttpHeaders, &mut Writer(injector));
    }

    fn extract_with_context(&self, cx: &Context, extractor: &dyn Extractor) -> Context {
        // A malformed context is counted by the tracer, and a new trace begins.
        let Ok(Some(context)) = self.tracer.extract(HttpHeaders, &Reader(extractor)) else { return cx.clone() };
        let baggage: Vec<_> =
            context.baggage().map(|(key, value)| KeyValueMetadata::new(key.to_owned(), value.to_owned(), "")).collect();
        let extracted = cx.with_span(ProvidedSpan::remote(context));
        if baggage.is_empty() { extracted } else { extracted.with_baggage(baggage) }
    }

    fn fields(&self) -> FieldIter<'_> {
        FieldIter::new(&self.fields)
    }
}

/// Names are written in lower case, which HTTP/2 and every carrier of OpenTelemetry accepts.
struct Writer<'a>(&'a mut dyn Injector);

impl TextMapWriter for Writer<'_> {
    fn set_key(&mut self, key: &str, value: &str) {
        self.0.set(&key.to_ascii_lowercase(), value.to_owned());
    }

    fn remove_key(&mut self, _: &str) {}

    fn remove_prefix(&mut self, _: &str) {}

    fn is_blank(&self) -> bool {
        true
    }
}

struct Reader<'a>(&'a dyn Extractor);

impl TextMapReader for Reader<'_> {
    fn for_each<'a>(&'a self, visit: &mut dyn FnMut(&'a str, &'a [u8])) {
        for key in self.0.keys() {
            self.0.get_all(key).into_iter().flatten().for_each(|value| visit(key, value.as_bytes()));
        }
    }

    // Not every carrier can list its keys.
    fn find<'a>(&'a self, fields: &FieldSet, visit: &mut dyn FnMut(usize, &'a [u8])) {
        for (place, field) in fields.iter().enumerate() {
            self.values_of(field).for_each(|value| visit(place, value.as_bytes()));
        }
    }

    fn values(&self, field: &Field, visit: &mut dyn FnMut(&[u8])) {
        self.values_of(field).for_each(|value| visit(value.as_bytes()));
    }
}

impl<'a> Reader<'a> {
    fn values_of(&self, field: &Field) -> impl Iterator<Item = &'a str> {
        let name = field.name();
        let values = self.0.get_all(name).filter(|values| !values.is_empty());
        // Some carriers have names in lower case only, and compare them as they are.
        let values = values.or_else(|| self.0.get_all(&name.to_ascii_lowercase()));
        values.into_iter().flatten()
    }
}
