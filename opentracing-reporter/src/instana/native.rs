//! Spans in the format of Instana's own tracers (`generic.rawtrace`, the serverless endpoint).

use opentracing_core::propagation::Instana;
use opentracing_core::{FinishedSpan, SpanId, SpanKind};

use crate::batch::Detail;
use crate::instana::data::{self, Source};
use crate::instana::facts::{Facts, Role};
use crate::instana::log_spans::{self, Level};
use crate::instana::span_type::SpanType;
use crate::wire::json::{self, Object, object};

/// Appends the span and its log spans, separated by commas, and returns their number.
pub(crate) fn write(span: FinishedSpan<'_>, entity: &Entity, detail: Detail, out: &mut Vec<u8>) -> usize {
    let facts = Facts::of(span);
    let role = Role::of(span.kind());
    let source = Source { span, facts: &facts, role, detail };
    object(out, |json| write_span(source, entity, json));
    let mut entries = 1;
    if role == Role::Intermediate || !detail.has_logs() {
        return entries;
    }
    for (number, log) in span.logs().enumerate() {
        if let Some(level) = log_spans::level(&log) {
            out.push(b',');
            let head = Head {
                trace_id: trace_id(span),
                parent_id: Some(span.context().span_id()),
                span_id: log_spans::id(span, number),
                name: log_spans::NAME,
                role: Role::Exit,
                start_ms: log.unix_ns() / NS_PER_MS,
                duration_ms: 0,
                errors: u64::from(level > Level::Warn),
            };
            object(out, |json| {
                head.write(entity, json);
                json.object("data", |data| {
                    write_service(span, detail, data);
                    log_spans::write(&log, level, detail, data);
                });
            });
            entries += 1;
        }
    }
    entries
}

/// The operation name of an encoded span. The registered types have none, but a field that says the same.
pub(crate) fn operation(span: &[u8]) -> Option<String> {
    if let Some(name) = json::string_after(span, "\"sdk\":{\"name\":") {
        return Some(name);
    }
    let span_type = json::string_after(span, "\"n\":")?;
    let fields = ["\"path_tpl\":", "\"url\":", "\"call\":", "\"stmt\":"];
    let field = fields.iter().find_map(|field| json::string_after(span, field));
    Some(field.map_or_else(|| span_type.clone(), |field| format!("{span_type} {field}")))
}

const NS_PER_MS: u64 = 1_000_000;

/// The trace id in Instana: the lower half, even if it is zero, as in Instana's own tracers.
pub(crate) fn trace_id(span: FinishedSpan<'_>) -> u64 {
    span.context().trace_id().low()
}

fn write_span(source: Source<'_, '_>, entity: &Entity, json: &mut Object<'_>) {
    let Source { span, facts, role, .. } = source;
    let is_message = matches!(span.kind(), SpanKind::Producer | SpanKind::Consumer);
    let span_type = SpanType::of(facts, role, is_message);
    let head = Head {
        trace_id: trace_id(span),
        parent_id: span.parent_id(),
        span_id: span.context().span_id(),
        name: span_type.name(role),
        role,
        start_ms: span.start_unix_ns() / NS_PER_MS,
        duration_ms: span.duration_ns() / NS_PER_MS,
        errors: u64::from(facts.is_failed(span)),
    };
    head.write(entity, json);
    if role == Role::Entry {
        write_entry(span, facts.synthetic, json);
    }
    if let Some(messages) = facts.messages() {
        json.object("b", |batch| batch.number("s", messages));
    }
    json.object("data", |data| {
        write_service(span, source.detail, data);
        match span_type {
            SpanType::Http => data::http::write(source, data),
            SpanType::Rpc => data::rpc::write(source, data),
            SpanType::Kafka => data::messaging::write_kafka(source, data),
            SpanType::RabbitMq => data::messaging::write_rabbitmq(source, data),
            SpanType::Postgres => data::database::write(source, "pg", data),
            SpanType::MySql => data::database::write(source, "mysql", data),
            SpanType::Sdk => return data::sdk::write(source, data),
        }
        data.object_if_any("sdk", |sdk| data::custom::write(source, span_type, sdk));
    });
}

/// Writes the fields of entry spans. Most are only on the span that starts the service's part of a trace.
fn write_entry(span: FinishedSpan<'_>, is_marked_synthetic: bool, json: &mut Object<'_>) {
    let context = span.context();
    let state = context.instana();
    if span.is_local_root() {
        if let Some(long) = Instana::long_trace_id(context) {
            json.display("lt", long);
        }
        if context.is_from_traceparent() {
            json.boolean("tp", true);
        }
        if let Some(ancestor) = state.and_then(|state| state.ancestor) {
            json.object("ia", |ia| {
                match ancestor.long {
                    true => ia.display("t", ancestor.trace_id),
                    false => ia.display("t", Hex(ancestor.trace_id.low())),
                }
                ia.display("p", ancestor.span_id);
            });
        }
        if let Some(correlation) = state.and_then(|state| state.correlation.as_ref()) {
            json.text("crtp", &correlation.kind);
            json.text("crid", &correlation.id);
        }
    }
    if is_marked_synthetic || span.is_local_root() && state.is_some_and(|state| state.synthetic) {
        json.boolean("sy", true);
    }
}

fn write_service(span: FinishedSpan<'_>, detail: Detail, data: &mut Object<'_>) {
    let service = span.process().service();
    if !service.is_empty() {
        data.text("service", detail.text(service));
    }
}

/// The fields of all spans.
struct Head {
    trace_id: u64,
    parent_id: Option<SpanId>,
    span_id: SpanId,
    name: &'static str,
    role: Role,
    start_ms: u64,
    duration_ms: u64,
    errors: u64,
}

impl Head {
    fn write(&self, entity: &Entity, json: &mut Object<'_>) {
        json.display("t", Hex(self.trace_id));
        json.display("s", self.span_id);
        if let Some(parent_id) = self.parent_id {
            json.display("p", parent_id);
        }
        json.text("n", self.name);
        json.number("k", self.role as u64);
        json.number("ts", self.start_ms);
        json.number("d", self.duration_ms);
        json.number("ec", self.errors);
        json.object("f", |f| entity.write(f));
    }
}

/// The process that a span comes from (`f`).
#[derive(Clone, Debug)]
pub(crate) enum Entity {
    /// A process that the agent on its host can look up.
    Process { id: u32 },
    /// A process without an agent.
    Serverless { host: Box<str> },
}

impl Entity {
    fn write(&self, f: &mut Object<'_>) {
        match self {
            Entity::Process { id } => f.display("e", id),
            Entity::Serverless { host } => {
                f.text("e", host);
                f.boolean("hl", true);
                f.text("cp", "generic_serverless");
            }
        }
    }
}

/// 16 digits.
pub(crate) struct Hex(pub(crate) u64);

impl std::fmt::Display for Hex {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}
