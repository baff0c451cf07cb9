//! Requests in the format of the agent's endpoint `/v0.4/traces`: an array of traces, each an array of spans.

use std::collections::HashMap;
use std::sync::Arc;

use opentracing_core::propagation::Datadog;
use opentracing_core::{FinishedSpan, Process, SpanKind};

use super::entries::Entries;
use super::facts::Facts;
use super::links;
use super::logs;
use super::rates::AgentRates;
use super::record::{Part, Parts, Record, read_part};
use super::tags::{self, renamed_of_process};
use super::value::to_text;
use crate::batch::{Detail, EncodedSpans, Encoding, RequestLimits};
use crate::wire::msgpack;

/// Agents accept 25 MB, older ones 10 MB.
const REQUEST_BYTES: usize = 8 << 20;

/// An encoded span is a [`Record`].
#[derive(Debug, Default)]
pub(super) struct DatadogEncoding {
    pub(super) rates: Arc<AgentRates>,
    parts: Parts,
    /// A buffer for logs.
    scratch: Vec<u8>,
}

impl Encoding for DatadogEncoding {
    fn span(&mut self, span: FinishedSpan<'_>, detail: Detail, out: &mut Vec<u8>) -> usize {
        let context = span.context();
        let facts = Facts::of(span);
        let parts = &mut self.parts;
        parts.clear();
        parts.fields.detailed(detail, "service", facts.service(span));
        parts.fields.detailed(detail, "name", &facts.name(span));
        parts.fields.detailed(detail, RESOURCE, &facts.resource(span));
        parts.fields.detailed(detail, "type", facts.span_type(span.kind()));
        parts.fields.uint("trace_id", context.trace_id().low());
        parts.fields.uint("span_id", context.span_id().get());
        parts.fields.uint("parent_id", span.parent_id().map_or(0, |parent| parent.get()));
        parts.fields.uint("start", span.start_unix_ns());
        parts.fields.uint("duration", span.duration_ns());
        parts.fields.uint("error", u64::from(span.is_failed()));
        links::write(span, &mut parts.fields);

        if span.kind() != SpanKind::Internal || span.tag("span.kind").is_none() {
            parts.meta.text("span.kind", span.kind().as_str());
        }
        tags::write(span, &facts, detail, parts);
        if span.is_failed() {
            logs::write_error(span, detail, &mut parts.meta);
        }
        if detail.has_logs() {
            logs::write_events(span, &mut self.scratch, &mut parts.meta);
        }
        write_peer_service(span, &mut parts.meta);
        if let Some(origin) = context.datadog().and_then(|state| state.origin()) {
            parts.meta.text("_dd.origin", origin);
        }
        if span.is_local_root() {
            parts.metrics.float("_dd.top_level", 1.0);
        }
        write_trace(span, parts);
        parts.write(context.trace_id().to_bytes(), span.is_local_root(), out);
        1
    }

    /// The entries that the first span of each chunk has in `meta` and in `metrics`.
    fn process(&mut self, process: &Process, out: &mut Vec<u8>) {
        let named = process.tags().find(|(key, _)| renamed_of_process(key) == "env");
        let env = named.map(|(_, env)| to_text(env)).unwrap_or_default();
        let container = process.tags().find(|(key, _)| *key == "container.id").map(|(_, id)| id.to_string());
        self.rates.set_process(process.service(), &env, container);
        let (mut meta, mut metrics) = (Entries::default(), Entries::default());
        meta.text("language", "rust");
        meta.text("runtime-id", &uuid::Uuid::new_v4().to_string());
        metrics.float("process_id", std::process::id().into());
        meta.write(out);
        metrics.write(out);
    }

    fn frame(&self, process: &[u8], spans: EncodedSpans<'_>, out: &mut Vec<u8>) {
        let process = read_process(process).unwrap_or_default();
        let chunks = chunks(spans);
        msgpack::array(out, chunks.len());
        for chunk in chunks {
            msgpack::array(out, chunk.len());
            for (index, span) in chunk.iter().enumerate() {
                span.frame((index == 0).then_some(process), out);
            }
        }
    }

    fn operation(&self, span: &[u8]) -> Option<String> {
        let mut fields = Record::read(span)?.fields();
        loop {
            let (key, rest) = msgpack::read_text(fields)?;
            let (value, rest) = msgpack::read_text(rest)?;
            if key == RESOURCE {
                return Some(value.to_owned());
            }
            fields = rest;
        }
    }

    fn content_type(&self) -> &'static str {
        "application/msgpack"
    }

    fn limits(&self) -> RequestLimits {
        // Reserves the entries of the process for each span, which may be a chunk of its own. They are shorter than any record.
        RequestLimits { bytes: REQUEST_BYTES / 4 * 3, ..RequestLimits::default() }
    }
}

const RESOURCE: &str = "resource";

/// The spans by trace, in the order of their first spans. The one that began the service's part of the trace comes first in its chunk,
/// since Datadog reads what concerns the whole chunk from the first span.
fn chunks(spans: EncodedSpans<'_>) -> Vec<Vec<Record<'_>>> {
    let mut chunks: Vec<Vec<Record<'_>>> = Vec::new();
    let mut known = HashMap::new();
    for span in spans.iter().filter_map(Record::read) {
        let index = *known.entry(span.trace_id).or_insert_with(|| {
            chunks.push(Vec::new());
            chunks.len() - 1
        });
        if let Some(chunk) = chunks.get_mut(index) {
            chunk.push(span);
        }
    }
    for chunk in &mut chunks {
        if let Some(root) = chunk.iter().position(|span| span.is_local_root) {
            chunk[..=root].rotate_right(1);
        }
    }
    chunks
}

/// Writes what concerns the whole trace, for the first span of a chunk.
fn write_trace(span: FinishedSpan<'_>, Parts { first_meta, first_metrics, .. }: &mut Parts) {
    let context = span.context();
    if context.trace_id().high() != 0 {
        first_meta.text("_dd.p.tid", &format!("{:016x}", context.trace_id().high()));
    }
    let mut has_decision_maker = false;
    for (key, value) in context.datadog().into_iter().flat_map(|state| state.tags()) {
        has_decision_maker |= key == DECISION_MAKER;
        first_meta.text(key, value);
    }
    let Some(priority) = Datadog::sampling_priority(context) else { return };
    first_metrics.float("_sampling_priority_v1", priority.into());
    let decided_here = match priority {
        2 => Some(BY_USER),
        1 if span.parent_id().is_none() => Some(BY_DEFAULT),
        _ => None,
    };
    if let Some(reason) = decided_here.filter(|_| !has_decision_maker) {
        first_meta.text(DECISION_MAKER, reason);
    }
}

pub(super) const DECISION_MAKER: &str = "_dd.p.dm";
pub(super) const BY_DEFAULT: &str = "-0";
const BY_USER: &str = "-4";

/// Writes which tag the peer's name comes from.
fn write_peer_service(span: FinishedSpan<'_>, meta: &mut Entries) {
    const SOURCE: &str = "_dd.peer.service.source";
    let Some(peer) = span.tag("peer.service").filter(|_| span.kind().is_exit()) else { return };
    if !span.is_peer_service_derived() {
        meta.text(SOURCE, "peer.service");
    } else if span.tag("peer.hostname").is_some_and(|host| to_text(host) == to_text(peer)) {
        meta.text(SOURCE, "out.host");
    }
}

fn read_process(from: &[u8]) -> Option<[Part<'_>; 2]> {
    let (meta, from) = read_part(from)?;
    let (metrics, _) = read_part(from)?;
    Some([meta, metrics])
}
