//! Metadata as a carrier of contexts.

use std::sync::LazyLock;

use http::{HeaderMap, HeaderName};
use opentracing_core::propagation::{
    Composite, Field, FieldSet, FieldValues, GrpcTraceBin, HttpHeaders, Propagator, TextMapWriter,
};
use opentracing_core::{Sampling, SpanContext, Tracer};
use tonic::metadata::MetadataMap;

/// Reads the context in a request's metadata, by all formats that the tracer reads and by `grpc-trace-bin` last.
///
/// For handlers of a server without a [`TracingLayer`](crate::TracingLayer), which start a span of their own. Metadata that cannot be
/// read are counted, and give no context.
///
/// ```
/// use opentracing_core::{InSpan, SpanKind, Tracer};
/// use opentracing_tonic::extract;
/// use tonic::{Request, Response, Status};
///
/// async fn greet(tracer: &Tracer, request: Request<String>) -> Result<Response<String>, Status> {
///     let caller = extract(tracer, request.metadata());
///     let mut span = tracer.span("acme.Greeter/Greet");
///     let span = span.kind(SpanKind::Server).ignore_active_span().child_of(&caller).start();
///     async { Ok(Response::new(format!("Hello, {}", request.into_inner()))) }.in_span(span).await
/// }
/// ```
pub fn extract(tracer: &Tracer, metadata: &MetadataMap) -> Option<SpanContext> {
    read(tracer, metadata.as_ref())
}

pub(crate) fn read(tracer: &Tracer, headers: &HeaderMap) -> Option<SpanContext> {
    // A corrupt context has been counted, and gives none.
    let found = tracer.extract(HttpHeaders, headers).ok().flatten();
    if !headers.contains_key(GRPC_TRACE_BIN) || found.as_ref().is_some_and(SpanContext::is_valid) {
        return found;
    }
    let last = Propagator::<HttpHeaders>::extract(&*TRACE_BIN, headers).ok().flatten();
    match (found, last) {
        // A decision or baggage without ids belongs to the span that `grpc-trace-bin` names.
        (Some(found), Some(last)) => {
            let context = found.baggage().fold(last, |context, (name, value)| context.with_baggage_item(name, value));
            Some(match found.sampling() {
                Sampling::Undecided => context,
                decided => context.with_sampling(decided),
            })
        }
        (found, last) => found.or(last),
    }
}

/// Writes the context in place of all trace headers. What metadata cannot hold is left out.
pub(crate) fn write(tracer: &Tracer, context: &SpanContext, headers: &mut HeaderMap, with_trace_bin: bool) {
    let _ = tracer.inject(context, HttpHeaders, &mut Metadata(headers));
    if with_trace_bin {
        let _ = Propagator::<HttpHeaders>::inject(&*TRACE_BIN, context, &mut Metadata(headers));
    }
}

/// Removes trace headers that were copied from another request.
pub(crate) fn remove(tracer: &Tracer, headers: &mut HeaderMap) {
    write(tracer, &SpanContext::empty(), headers, true);
}

static TRACE_BIN: LazyLock<Composite> = LazyLock::new(|| Composite::empty().with(GrpcTraceBin::new()));

/// Names are `[0-9a-z_.-]+`, those that end in `-bin` are binary, those that begin with `grpc-` are gRPC's own, and values are printable
/// ASCII (gRPC over HTTP2, "Custom-Metadata"). HTTP allows more, and a peer may refuse the whole call for it.
struct Metadata<'a>(&'a mut HeaderMap);

impl TextMapWriter for Metadata<'_> {
    fn set_key(&mut self, key: &str, value: &str) {
        if is_name(key) && is_value(value.as_bytes()) { self.0.set_key(key, value) } else { self.0.remove_key(key) }
    }

    fn remove_key(&mut self, key: &str) {
        self.0.remove_key(key);
    }

    fn remove_prefix(&mut self, prefix: &str) {
        self.0.remove_prefix(prefix);
    }

    fn set(&mut self, field: &Field, value: &str) {
        if is_value(value.as_bytes()) { self.0.set(field, value) } else { TextMapWriter::remove(self.0, field) }
    }

    fn set_static(&mut self, field: &Field, value: &'static str) {
        self.0.set_static(field, value);
    }

    fn remove(&mut self, field: &Field) {
        TextMapWriter::remove(self.0, field);
    }

    fn is_blank(&self) -> bool {
        self.0.is_blank()
    }

    fn may_have(&self, fields: &FieldSet) -> bool {
        self.0.may_have(fields)
    }

    fn sets_all(&self) -> bool {
        self.0.sets_all()
    }

    fn set_all(&mut self, mut values: FieldValues) {
        values.retain(is_value);
        self.0.set_all(values);
    }
}

fn is_name(name: &str) -> bool {
    let name = name.as_bytes();
    let begins = |with: &[u8]| name.get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with));
    let ends = |with: &[u8]| name.len().checked_sub(with.len()).and_then(|at| name.get(at..));
    let is_legal = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
    !name.is_empty()
        && name.iter().all(is_legal)
        && !begins(b"grpc-")
        && !ends(b"-bin").is_some_and(|end| end.eq_ignore_ascii_case(b"-bin"))
}

fn is_value(value: &[u8]) -> bool {
    // Without an early exit, many bytes are compared at once.
    value.iter().fold(true, |is_value, byte| is_value & matches!(byte, b' '..=b'~'))
}

const GRPC_TRACE_BIN: HeaderName = HeaderName::from_static("grpc-trace-bin");
