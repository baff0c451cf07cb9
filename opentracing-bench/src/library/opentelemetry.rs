//! The OpenTelemetry SDK with its defaults, its batch span processor, and an exporter that reads all fields.

use std::hint::black_box;

use ::http::{HeaderMap, HeaderName, HeaderValue};
use ::opentelemetry::propagation::{Extractor, Injector, TextMapCompositePropagator, TextMapPropagator};
use ::opentelemetry::trace::noop::NoopTracer;
use ::opentelemetry::trace::{FutureExt, Span, TraceContextExt, Tracer, TracerProvider};
use ::opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::propagation::{BaggagePropagator, TraceContextPropagator};
use opentelemetry_sdk::trace::{BatchSpanProcessor, Sampler, SdkTracer, SdkTracerProvider, SpanData, SpanExporter};

use crate::case::Case;
use crate::library::incoming_headers;
use crate::subject::{Burst, Countdown, Received, Subject, drive, number, owned_text, repeat, repeat_with};

pub(super) fn subject(case: Case) -> Subject {
    let received = Received::default();
    let sampler = if case.is_sampled() {
        Sampler::ParentBased(Box::new(Sampler::AlwaysOn))
    } else {
        Sampler::ParentBased(Box::new(Sampler::AlwaysOff))
    };
    let provider = SdkTracerProvider::builder()
        .with_sampler(sampler)
        .with_span_processor(BatchSpanProcessor::builder(Sink::new(&received)).build())
        .build();
    let burst = burst(case, provider.tracer("bench"));
    let flush = move || provider.force_flush().expect("the sink never blocks");
    Subject { burst, flush: Box::new(flush), received, lost: None }
}

fn burst(case: Case, tracer: SdkTracer) -> Burst {
    let children = case.children();
    match case {
        Case::Root0 => repeat(move || tracer.start("request").end()),
        Case::Root5 | Case::Unsampled5Start => {
            let url = owned_text();
            repeat(move || {
                let attributes = vec![
                    KeyValue::new("component", "hyper"),
                    KeyValue::new("http.method", "GET"),
                    KeyValue::new("http.url", url.clone()),
                    KeyValue::new("http.status_code", number(200)),
                    KeyValue::new("peer.port", number(443)),
                ];
                tracer.span_builder("request").with_attributes(attributes).start(&tracer).end();
            })
        }
        Case::Root5Late | Case::Unsampled5 => tagged_late(tracer),
        Case::Noop5 => tagged_late(NoopTracer::new()),
        Case::Log1 => repeat(move || {
            let mut span = tracer.start("request");
            let attributes = vec![KeyValue::new("cache", "sessions"), KeyValue::new("size", number(42))];
            span.add_event("cache.miss", attributes);
            span.end();
        }),
        Case::Tree10 | Case::Tree100 => repeat(move || {
            let root = Context::new().with_span(tracer.start("request"));
            for _ in 0..children {
                tracer.start_with_context("step", &root).end();
            }
            root.span().end();
        }),
        Case::Tree10Implicit | Case::Tree100Implicit => repeat(move || {
            let _active = Context::current_with_span(tracer.start("request")).attach();
            for _ in 0..children {
                tracer.start("step").end();
            }
        }),
        Case::Tree10Active | Case::Tree100Active => repeat(move || {
            let _active = Context::current_with_span(tracer.start("request")).attach();
            for _ in 0..children {
                drop(Context::current_with_span(tracer.start("step")).attach());
            }
        }),
        Case::UnsampledChild => {
            let root = Context::new().with_span(tracer.start("request"));
            repeat(move || tracer.start_with_context("step", &root).end())
        }
        Case::UnsampledChildImplicit => {
            let root = Context::new().with_span(tracer.start("request"));
            repeat_with(move || root.clone().attach(), move |_| tracer.start("step").end())
        }
        Case::Poll20 => repeat(move || {
            let context = Context::current_with_span(tracer.start("request"));
            drive(Countdown(20).with_context(context));
        }),
        Case::Shared1 => repeat(move || {
            let context = Context::current_with_span(tracer.start("request"));
            let handle = context.clone();
            handle.span().set_attribute(KeyValue::new("rows", number(3)));
            drop(handle);
            context.span().end();
        }),
        Case::Propagate => propagate(TraceContextPropagator::new()),
        Case::PropagateDefault => propagate(TextMapCompositePropagator::new(vec![
            Box::new(TraceContextPropagator::new()),
            Box::new(BaggagePropagator::new()),
        ])),
    }
}

fn tagged_late<T>(tracer: T) -> Burst
where
    T: Tracer + Send + Sync + 'static,
{
    let url = owned_text();
    repeat(move || {
        let mut span = tracer.start("request");
        span.set_attribute(KeyValue::new("component", "hyper"));
        span.set_attribute(KeyValue::new("http.method", "GET"));
        span.set_attribute(KeyValue::new("http.url", url.clone()));
        span.set_attribute(KeyValue::new("http.status_code", number(200)));
        span.set_attribute(KeyValue::new("peer.port", number(443)));
        span.end();
    })
}

fn propagate(propagator: impl TextMapPropagator + Send + Sync + 'static) -> Burst {
    let incoming = incoming_headers();
    repeat_with(
        || HeaderMap::with_capacity(32),
        move |outgoing: &mut HeaderMap| {
            outgoing.clear();
            let context = propagator.extract_with_context(&Context::new(), &Incoming(&incoming));
            propagator.inject_context(&context, &mut Outgoing(outgoing));
            black_box(outgoing);
        },
    )
}

/// Like that of the `opentelemetry-http` crate.
struct Incoming<'a>(&'a HeaderMap);

impl Extractor for Incoming<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).and_then(|value| value.to_str().ok())
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(HeaderName::as_str).collect()
    }
}

/// Like that of the `opentelemetry-http` crate.
struct Outgoing<'a>(&'a mut HeaderMap);

impl Injector for Outgoing<'_> {
    fn set(&mut self, key: &str, value: String) {
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(key.as_bytes()), HeaderValue::from_str(&value)) {
            self.0.insert(name, value);
        }
    }
}

#[derive(Debug)]
pub(crate) struct Sink {
    received: Received,
}

impl Sink {
    pub(crate) fn new(received: &Received) -> Self {
        Sink { received: received.clone() }
    }
}

impl SpanExporter for Sink {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        batch.iter().for_each(read);
        self.received.add(batch.len());
        Ok(())
    }
}

fn read(span: &SpanData) {
    let context = &span.span_context;
    black_box((context.trace_id(), context.span_id(), context.trace_flags(), context.trace_state()));
    black_box((span.parent_span_id, span.parent_span_is_remote, &span.span_kind, &*span.name));
    black_box((span.start_time, span.end_time, span.dropped_attributes_count, &span.status));
    black_box(span.instrumentation_scope.name());
    read_attributes(&span.attributes);
    for event in span.events.iter() {
        black_box((&*event.name, event.timestamp, event.dropped_attributes_count));
        read_attributes(&event.attributes);
    }
    for link in span.links.iter() {
        black_box(&link.span_context);
        read_attributes(&link.attributes);
    }
}

fn read_attributes(attributes: &[KeyValue]) {
    for attribute in attributes {
        black_box((attribute.key.as_str(), &attribute.value));
    }
}
