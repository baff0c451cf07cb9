//! Spans as OTLP's protobuf messages (opentelemetry-proto, `trace.proto`), written field by field.

use opentracing_core::{
    FinishedSpan, LogRecord, Process, Reference, ReferenceKind, SpanContext, SpanKind, Value, logs,
};

use super::attributes::{self, AttributeSink};
use super::conventions::SemanticConventions;
use super::instance;
#[cfg(feature = "otlp-json")]
use super::json;
use super::keys::Facts;
use super::status::{self, Status};
use super::value::{as_text, attribute, list, truncated};
use crate::batch::{Detail, EncodedSpans, Encoding, PartialSuccess, RequestLimits};
use crate::wire::protobuf::{Field, bytes, fields, fixed32, fixed64, length_delimited, message, uint, varint};

/// The size of a request. gRPC servers accept 4 MiB by default.
const REQUEST_BYTES: usize = 4 << 20;
/// The part of it that is reserved for the frame. The names of the scopes are no longer there than in the encoded spans.
const FRAME_BYTES: usize = 1024;
#[cfg(feature = "otlp-json")]
const JSON_FRAME_BYTES: usize = 4096;
/// The number of scopes in a request. Spans of further scopes share the one of spans without a component.
const SCOPES: usize = 12;
/// The scope of spans without a component.
const OWN_SCOPE: &str = "opentracing";
/// The version of the scopes.
pub(super) const VERSION: &str = env!("CARGO_PKG_VERSION");
const INSTANCE_ID: &str = "service.instance.id";

/// An encoded span is the length and the name of its scope, followed by the span as a field of `ScopeSpans`, or as JSON.
#[derive(Debug)]
pub(super) struct OtlpEncoding {
    pub(super) limits: RequestLimits,
    pub(super) conventions: SemanticConventions,
    pub(super) format: Format,
}

/// How messages are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Protobuf,
    #[cfg(feature = "otlp-json")]
    Json,
}

impl OtlpEncoding {
    pub(super) fn new() -> Self {
        OtlpEncoding {
            limits: RequestLimits { bytes: REQUEST_BYTES - FRAME_BYTES, ..RequestLimits::default() },
            conventions: SemanticConventions::new(),
            format: Format::Protobuf,
        }
    }

    /// Writes JSON, whose frame is larger.
    #[cfg(feature = "otlp-json")]
    pub(super) fn json() -> Self {
        let mut encoding = OtlpEncoding::new();
        encoding.format = Format::Json;
        encoding.limits.bytes -= JSON_FRAME_BYTES - FRAME_BYTES;
        encoding
    }

    /// The name of the transport: one for each encoding.
    pub(super) fn name(&self) -> &'static str {
        match self.format {
            Format::Protobuf => "otlp",
            #[cfg(feature = "otlp-json")]
            Format::Json => "otlp-json",
        }
    }

    pub(super) fn frame_bytes(&self) -> usize {
        match self.format {
            Format::Protobuf => FRAME_BYTES,
            #[cfg(feature = "otlp-json")]
            Format::Json => JSON_FRAME_BYTES,
        }
    }

    /// Spans by scope: those of one scope, and those of a scope that is one too many, under an empty name.
    fn scopes<'a>(spans: EncodedSpans<'a>) -> Vec<(&'a [u8], Vec<&'a [u8]>)> {
        let mut scopes: Vec<(&[u8], Vec<&[u8]>)> = Vec::new();
        let mut others = Vec::new();
        for (name, span) in spans.iter().map(split) {
            match scopes.iter().position(|(known, _)| *known == name) {
                Some(place) => scopes[place].1.push(span),
                None if scopes.len() < SCOPES => scopes.push((name, vec![span])),
                None => others.push(span),
            }
        }
        if !others.is_empty() {
            scopes.push((b"", others));
        }
        scopes
    }
}

impl Encoding for OtlpEncoding {
    fn span(&mut self, span: FinishedSpan<'_>, detail: Detail, out: &mut Vec<u8>) -> usize {
        let scope = match span.tag("component") {
            Some(Value::Static(component) | Value::Str(component)) => detail.text(component),
            _ => "",
        };
        varint(out, scope.len() as u64);
        out.extend_from_slice(scope.as_bytes());
        match self.format {
            Format::Protobuf => message::<2>(out, 2, |out| write_span(out, span, detail, &self.conventions)),
            #[cfg(feature = "otlp-json")]
            Format::Json => {
                let mut message = Vec::new();
                write_span(&mut message, span, detail, &self.conventions);
                json::span(out, &message);
            }
        }
        1
    }

    fn process(&mut self, process: &Process, out: &mut Vec<u8>) {
        let write = |out: &mut Vec<u8>| {
            attribute(out, 1, "service.name", Value::Str(process.service()));
            attribute(out, 1, "telemetry.sdk.name", Value::Static("opentracing"));
            attribute(out, 1, "telemetry.sdk.language", Value::Static("rust"));
            attribute(out, 1, "telemetry.sdk.version", Value::Static(VERSION));
            if process.tags().all(|(key, _)| key != INSTANCE_ID) {
                attribute(out, 1, INSTANCE_ID, Value::Str(instance::id()));
            }
            let own = ["service.name", "telemetry.sdk.name", "telemetry.sdk.language", "telemetry.sdk.version"];
            for (key, value) in process.tags().filter(|(key, _)| !own.contains(key)) {
                attribute(out, 1, if key == "hostname" { "host.name" } else { key }, value);
            }
        };
        match self.format {
            Format::Protobuf => message::<2>(out, 1, write),
            #[cfg(feature = "otlp-json")]
            Format::Json => {
                let mut message = Vec::new();
                write(&mut message);
                json::resource(out, &message);
            }
        }
    }

    /// An empty message, since a resource without spans would be a resource that does not exist.
    fn without_spans(&self) -> Vec<u8> {
        #[cfg(feature = "otlp-json")]
        if self.format == Format::Json {
            return b"{}".to_vec();
        }
        Vec::new()
    }

    /// `ScopeSpans { spans: 2 { name: 5 } }`.
    fn operation(&self, span: &[u8]) -> Option<String> {
        #[cfg(feature = "otlp-json")]
        if self.format == Format::Json {
            return json::name(split(span).1);
        }
        let inner = |message, wanted| match fields(message).find(|(number, _)| *number == wanted) {
            Some((_, Field::Bytes(bytes))) => Some(bytes),
            _ => None,
        };
        let name = inner(inner(split(span).1, 2)?, 5)?;
        Some(String::from_utf8_lossy(name).into_owned())
    }

    /// `ExportTraceServiceRequest { resource_spans: 1 { resource: 1, scope_spans: 2 { scope: 1 { name: 1, version: 2 }, spans: 2,
    /// schema_url: 3 }, schema_url: 3 } }`.
    fn frame(&self, process: &[u8], spans: EncodedSpans<'_>, out: &mut Vec<u8>) {
        let schema_url = self.conventions.schema_url();
        let scopes = OtlpEncoding::scopes(spans).into_iter().map(|(name, spans)| {
            let name = if name.is_empty() { OWN_SCOPE.as_bytes() } else { name };
            (name, spans)
        });
        #[cfg(feature = "otlp-json")]
        if self.format == Format::Json {
            return json::frame(out, process, scopes, schema_url);
        }
        let write_schema = |out: &mut Vec<u8>| {
            if let Some(url) = schema_url {
                bytes(out, 3, url.as_bytes());
            }
        };
        message::<3>(out, 1, |out| {
            out.extend_from_slice(process);
            for (name, spans) in scopes {
                message::<3>(out, 2, |out| {
                    message::<1>(out, 1, |out| {
                        bytes(out, 1, name);
                        bytes(out, 2, VERSION.as_bytes());
                    });
                    spans.iter().for_each(|span| out.extend_from_slice(span));
                    write_schema(out);
                });
            }
            write_schema(out);
        });
    }

    fn content_type(&self) -> &'static str {
        match self.format {
            Format::Protobuf => "application/x-protobuf",
            #[cfg(feature = "otlp-json")]
            Format::Json => "application/json",
        }
    }

    fn limits(&self) -> RequestLimits {
        self.limits
    }

    /// `ExportTraceServiceResponse { partial_success: 1 { rejected_spans: 1, error_message: 2 } }`.
    fn partial_success(&self, body: &[u8]) -> PartialSuccess {
        #[cfg(feature = "otlp-json")]
        if self.format == Format::Json {
            return json::partial_success(body);
        }
        let mut answer = PartialSuccess::default();
        for (_, partial) in fields(body).filter(|(number, _)| *number == 1) {
            let Field::Bytes(partial) = partial else { continue };
            for field in fields(partial) {
                match field {
                    (1, Field::Uint(rejected)) => answer.rejected = usize::try_from(rejected).unwrap_or(usize::MAX),
                    (2, Field::Bytes(text)) if !text.is_empty() => {
                        answer.message = Some(String::from_utf8_lossy(text).into_owned());
                    }
                    _ => {}
                }
            }
        }
        answer
    }
}

/// Splits an encoded span into the name of its scope and the span.
fn split(piece: &[u8]) -> (&[u8], &[u8]) {
    length_delimited(piece).unwrap_or_default()
}

fn write_span(out: &mut Vec<u8>, span: FinishedSpan<'_>, detail: Detail, conventions: &SemanticConventions) {
    let context = span.context();
    bytes(out, 1, &context.trace_id().to_bytes());
    bytes(out, 2, &context.span_id().to_bytes());
    if let Some(tracestate) = context.tracestate() {
        bytes(out, 3, tracestate.as_bytes());
    }
    if let Some(parent) = span.parent_id() {
        bytes(out, 4, &parent.to_bytes());
    }
    bytes(out, 5, detail.text(&status::name(span)).as_bytes());
    uint(out, 6, kind(status::kind(span)));
    let start = span.start_unix_ns();
    fixed64(out, 7, start);
    fixed64(out, 8, start.saturating_add(span.duration_ns()));
    let mut facts = Facts::new();
    attributes::write(span, detail, conventions, &mut facts, &mut SpanAttributes(out));
    write_dropped(out, 10, span.dropped_tags());
    if detail.has_logs() {
        for log in span.logs() {
            message::<2>(out, 11, |out| write_event(out, log, detail));
        }
    }
    let omitted = if detail.has_logs() { 0 } else { span.logs().len() };
    write_dropped(out, 12, span.dropped_logs().saturating_add(u32::try_from(omitted).unwrap_or(u32::MAX)));
    for reference in span.references() {
        // `parent_span_id` has the parent already. Jaeger's translator omits this link too.
        let is_parent = Some(reference.context.span_id()) == span.parent_id();
        if !(is_parent && reference.kind == ReferenceKind::ChildOf) {
            message::<1>(out, 13, |out| write_link(out, &reference));
        }
    }
    write_dropped(out, 14, span.dropped_references());
    write_status(out, status::status(span, &facts), detail);
    // Bit 9: the parent is in another process. Bit 8: bit 9 is valid.
    let is_remote = span.is_local_root() && span.parent_id().is_some();
    fixed32(out, 16, flags(context) | 1 << 8 | u32::from(is_remote) << 9);
}

/// The field of `Span` with its attributes.
struct SpanAttributes<'a>(&'a mut Vec<u8>);

const ATTRIBUTES: u32 = 9;

impl AttributeSink for SpanAttributes<'_> {
    #[inline]
    fn attribute(&mut self, key: &str, value: Value<'_>) {
        attribute(self.0, ATTRIBUTES, key, value);
    }

    fn list(&mut self, key: &str, value: Value<'_>) {
        list(self.0, ATTRIBUTES, key, value);
    }
}

fn write_dropped(out: &mut Vec<u8>, field: u32, count: u32) {
    if count > 0 {
        uint(out, field, count.into());
    }
}

fn kind(kind: SpanKind) -> u64 {
    match kind {
        SpanKind::Server => 2,
        SpanKind::Client => 3,
        SpanKind::Producer => 4,
        SpanKind::Consumer => 5,
        _ => 1,
    }
}

/// The flags of W3C Trace Context, level 2.
fn flags(context: &SpanContext) -> u32 {
    u32::from(context.is_sampled()) | u32::from(context.is_random()) << 1
}

/// An error becomes an event named `exception` (OpenTelemetry semantic conventions, "Exceptions"). Any other log is named by its field
/// `event`, or `log` without it.
fn write_event(out: &mut Vec<u8>, log: LogRecord<'_>, detail: Detail) {
    fixed64(out, 1, log.unix_ns());
    let event = log.field(logs::EVENT).and_then(as_text);
    let is_error = event == Some("error");
    let name = if is_error { "exception" } else { event.unwrap_or("log") };
    bytes(out, 2, detail.text(name).as_bytes());
    for (key, value) in log.fields() {
        let key = match key {
            logs::EVENT if event.is_some() => continue,
            logs::ERROR_KIND if is_error => "exception.type",
            logs::MESSAGE if is_error => "exception.message",
            logs::STACK if is_error => "exception.stacktrace",
            key => key,
        };
        attribute(out, 3, key, truncated(value, detail));
    }
}

fn write_link(out: &mut Vec<u8>, reference: &Reference) {
    let context = &reference.context;
    bytes(out, 1, &context.trace_id().to_bytes());
    bytes(out, 2, &context.span_id().to_bytes());
    if let Some(tracestate) = context.tracestate() {
        bytes(out, 3, tracestate.as_bytes());
    }
    let kind = match reference.kind {
        ReferenceKind::ChildOf => "child_of",
        ReferenceKind::Other(kind) => kind,
        _ => "follows_from",
    };
    attribute(out, 4, "opentracing.ref_type", Value::Static(kind));
    fixed32(out, 6, flags(context) | 1 << 8 | u32::from(context.is_remote()) << 9);
}

fn write_status(out: &mut Vec<u8>, status: Status<'_>, detail: Detail) {
    const OK: u64 = 1;
    const ERROR: u64 = 2;
    match status {
        Status::Unset => {}
        Status::Ok => message::<1>(out, 15, |out| uint(out, 3, OK)),
        Status::Error(reason) => message::<1>(out, 15, |out| {
            if let Some(text) = reason {
                bytes(out, 2, detail.text(text).as_bytes());
            }
            uint(out, 3, ERROR);
        }),
    }
}
