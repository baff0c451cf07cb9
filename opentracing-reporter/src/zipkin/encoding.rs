//! Spans as Zipkin's JSON (zipkin-api, `zipkin2-api.yaml`).

use opentracing_core::{FinishedSpan, Process, Reference, ReferenceKind, SpanKind, TraceId, Value};

use super::annotation;
use super::peer::Peer;
use crate::batch::{Detail, EncodedSpans, Encoding, RequestLimits};
use crate::wire::json;

const REQUEST_BYTES: usize = 4 << 20;

/// An encoded span is a JSON object.
#[derive(Debug, Default)]
pub(super) struct ZipkinEncoding {
    /// A buffer for JSON inside of a string, before it is escaped.
    scratch: Vec<u8>,
}

impl Encoding for ZipkinEncoding {
    fn span(&mut self, span: FinishedSpan<'_>, detail: Detail, out: &mut Vec<u8>) -> usize {
        let is_shared = is_shared(span);
        out.extend_from_slice(b"{\"traceId\":\"");
        trace_id(out, span.context().trace_id());
        out.extend_from_slice(b"\",\"id\":\"");
        json::hex(out, &span.context().span_id().to_bytes());
        // The client's half has the parent of both.
        if let Some(parent) = span.parent_id().filter(|_| !is_shared) {
            out.extend_from_slice(b"\",\"parentId\":\"");
            json::hex(out, &parent.to_bytes());
        }
        if let Some(kind) = kind(span.kind()) {
            out.extend_from_slice(b"\",\"kind\":\"");
            out.extend_from_slice(kind);
        }
        out.extend_from_slice(b"\",\"name\":");
        json::string(out, detail.text(span.operation_name()));
        out.extend_from_slice(b",\"timestamp\":");
        json::decimal(out, span.start_unix_ns() / 1000);
        out.extend_from_slice(b",\"duration\":");
        json::decimal(out, (span.duration_ns() / 1000).max(1));
        let service = span.process().service();
        if !service.is_empty() {
            out.extend_from_slice(b",\"localEndpoint\":{\"serviceName\":");
            json::string(out, service);
            out.push(b'}');
        }
        let peer = self.tags(span, detail, out);
        peer.write(span, out);
        if detail.has_logs() {
            annotation::write(span, &mut self.scratch, out);
        }
        if span.context().is_debug() {
            out.extend_from_slice(b",\"debug\":true");
        }
        if is_shared {
            out.extend_from_slice(b",\"shared\":true");
        }
        out.push(b'}');
        1
    }

    /// Writes nothing: each span has its own service.
    fn process(&mut self, _: &Process, _: &mut Vec<u8>) {}

    fn frame(&self, _: &[u8], spans: EncodedSpans<'_>, out: &mut Vec<u8>) {
        out.push(b'[');
        for (index, span) in spans.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            out.extend_from_slice(span);
        }
        out.push(b']');
    }

    fn operation(&self, span: &[u8]) -> Option<String> {
        json::string_after(span, "\"name\":")
    }

    fn content_type(&self) -> &'static str {
        "application/json"
    }

    fn limits(&self) -> RequestLimits {
        // Reserves the brackets, and a comma for each span; no span has less than 100 bytes.
        RequestLimits { bytes: REQUEST_BYTES - REQUEST_BYTES / 100, ..RequestLimits::default() }
    }
}

impl ZipkinEncoding {
    /// Writes the tags, and collects those that describe the peer.
    fn tags<'a>(&mut self, span: FinishedSpan<'a>, detail: Detail, out: &mut Vec<u8>) -> Peer<'a> {
        let mut peer = Peer::default();
        let mut tags = Tags { out, detail, is_first: true };
        for (key, value) in span.tags() {
            if key == "error" {
                tags.error(span, value);
            } else {
                peer.add_tag(key, value);
                tags.add(key, value);
            }
        }
        if span.is_local_root() {
            span.process()
                .tags()
                .filter(|(key, _)| span.tag(key).is_none())
                .for_each(|(key, value)| tags.add(key, value));
        }
        if let Some(tracestate) = span.context().tracestate() {
            tags.add("w3c.tracestate", Value::Str(tracestate));
        }
        links(span).enumerate().for_each(|(index, link)| tags.link(index, &link, &mut self.scratch));
        if !detail.has_logs() && span.logs().len() > 0 {
            tags.add("otel.dropped_events_count", Value::U64(span.logs().len() as u64));
        }
        if !tags.is_first {
            out.push(b'}');
        }
        peer
    }
}

struct Tags<'o> {
    out: &'o mut Vec<u8>,
    detail: Detail,
    is_first: bool,
}

impl Tags<'_> {
    fn add(&mut self, key: &str, value: Value<'_>) {
        self.key(key);
        match value {
            Value::Static(text) => json::escaped(self.out, self.detail.text(text)),
            Value::Str(text) => json::escaped(self.out, self.detail.text(text)),
            value => json::text(self.out, value),
        }
        self.out.push(b'"');
    }

    /// Zipkin treats the presence of the tag as a failure, and shows its text as the reason.
    fn error(&mut self, span: FinishedSpan<'_>, value: Value<'_>) {
        match value {
            Value::Bool(false) | Value::Static("false") | Value::Str("false") => {}
            _ if span.is_failed() => self.add("error", annotation::error_text(span).unwrap_or(Value::Static("true"))),
            value => self.add("error", value),
        }
    }

    /// `trace|span|tracestate|{attributes}|dropped`. The tracestate is omitted, since it may contain the separator.
    fn link(&mut self, index: usize, reference: &Reference, scratch: &mut Vec<u8>) {
        scratch.clear();
        json::hex(scratch, &reference.context.trace_id().to_bytes());
        scratch.push(b'|');
        json::hex(scratch, &reference.context.span_id().to_bytes());
        scratch.extend_from_slice(b"||{\\\"opentracing.ref_type\\\":\\\"");
        scratch.extend_from_slice(match reference.kind {
            ReferenceKind::ChildOf => b"child_of",
            _ => b"follows_from",
        });
        scratch.extend_from_slice(b"\\\"}|0");
        self.begin();
        self.out.extend_from_slice(b"\"otlp.link.");
        json::decimal(self.out, index as u64);
        self.out.extend_from_slice(b"\":\"");
        self.out.extend_from_slice(scratch);
        self.out.push(b'"');
    }

    fn key(&mut self, key: &str) {
        self.begin();
        json::string(self.out, self.detail.text(key));
        self.out.extend_from_slice(b":\"");
    }

    fn begin(&mut self) {
        self.out.extend_from_slice(if self.is_first { b",\"tags\":{" } else { b"," });
        self.is_first = false;
    }
}

/// Writes 16 digits where possible, since older tools know only 64-bit trace ids.
fn trace_id(out: &mut Vec<u8>, id: TraceId) {
    if id.high() != 0 {
        json::hex(out, &id.high().to_be_bytes());
    }
    json::hex(out, &id.low().to_be_bytes());
}

fn kind(kind: SpanKind) -> Option<&'static [u8]> {
    match kind {
        SpanKind::Client => Some(b"CLIENT"),
        SpanKind::Server => Some(b"SERVER"),
        SpanKind::Producer => Some(b"PRODUCER"),
        SpanKind::Consumer => Some(b"CONSUMER"),
        _ => None,
    }
}

/// Whether this is the server's half of a span that client and server share.
fn is_shared(span: FinishedSpan<'_>) -> bool {
    span.kind() == SpanKind::Server && span.parent_id() == Some(span.context().span_id())
}

/// The references other than the parent by `ChildOf`.
fn links(span: FinishedSpan<'_>) -> impl Iterator<Item = Reference> {
    let (trace, parent) = (span.context().trace_id(), span.parent_id());
    let is_parent = move |reference: &Reference| {
        let context = &reference.context;
        reference.kind == ReferenceKind::ChildOf && context.trace_id() == trace && Some(context.span_id()) == parent
    };
    span.references().filter(move |reference| reference.context.is_valid() && !is_parent(reference))
}
