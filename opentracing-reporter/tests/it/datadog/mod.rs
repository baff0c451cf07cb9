//! The transport to Datadog's agent.

mod agent;
mod requests;
mod sampling;
mod spans;

use opentracing_core::mock::SequentialIds;
use opentracing_core::{Sampling, SpanContext, SpanId, TraceId, Tracer, TracerBuilder};
use opentracing_reporter::{BatchReporter, Datadog};
use serde_json::Value as Json;

use crate::support::collector::{Collector, Got};
use crate::support::transports::{NEVER, PATIENCE};

/// The request with the spans that the closure records.
#[track_caller]
fn request(settings: TracerBuilder, record: impl FnOnce(&Tracer)) -> Got {
    let server = Collector::start([]).expect("a port is free");
    let datadog = Datadog::agent(&server.url()).expect("that is an address");
    let tracer = settings.build_inline(BatchReporter::new(datadog).batch_delay(NEVER));
    record(&tracer);
    assert_eq!(tracer.flush(PATIENCE), Ok(()));
    server.next()
}

/// The chunks of a request.
#[track_caller]
fn chunks(got: &Got) -> Vec<Vec<Json>> {
    let body: Json = rmp_serde::from_slice(&got.body).expect("the body is MessagePack");
    let chunks = body.as_array().expect("the body is an array").clone();
    chunks.into_iter().map(|chunk| chunk.as_array().expect("a chunk is an array").clone()).collect()
}

/// The one span that the closure records.
#[track_caller]
fn one(settings: TracerBuilder, record: impl FnOnce(&Tracer)) -> Json {
    let mut chunks = chunks(&request(settings, record));
    assert_eq!(chunks.iter().map(Vec::len).sum::<usize>(), 1);
    chunks.remove(0).remove(0)
}

fn shop() -> TracerBuilder {
    Tracer::builder("shop").id_generator(SequentialIds::default())
}

fn remote(sampling: Sampling) -> SpanContext {
    SpanContext::new(TraceId::from_parts(0xabc, 7), SpanId::new(8)).with_sampling(sampling)
}
