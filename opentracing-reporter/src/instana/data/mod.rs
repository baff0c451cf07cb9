//! The member `data` of a span, which depends on its type.

pub(crate) mod custom;
pub(crate) mod database;
pub(crate) mod http;
pub(crate) mod messaging;
pub(crate) mod rpc;
pub(crate) mod sdk;

use opentracing_core::{FinishedSpan, Value};

use crate::batch::Detail;
use crate::instana::facts::{Facts, Role, to_text, truncate};
use crate::instana::span_type::SpanType;
use crate::wire::json::Object;

/// The span that the data is written from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Source<'s, 'a> {
    pub(crate) span: FinishedSpan<'a>,
    pub(crate) facts: &'s Facts<'a>,
    pub(crate) role: Role,
    pub(crate) detail: Detail,
}

/// The maximum length of an error text, as in Instana's own tracers.
pub(crate) const MAX_ERROR_CHARS: usize = 200;
/// The maximum length of a statement, as in Instana's own tracers.
pub(crate) const MAX_STATEMENT_CHARS: usize = 4000;

impl<'a> Source<'_, 'a> {
    /// Writes the value as text, if there is one.
    fn text(&self, object: &mut Object<'_>, name: &str, value: Option<Value<'a>>) {
        if let Some(value) = value {
            object.text(name, self.detail.text(&to_text(value)));
        }
    }

    /// Writes the member `error` of a failed span: the message of its last error log, else `otherwise`.
    fn error(&self, object: &mut Object<'_>, otherwise: Option<&str>) {
        if !self.facts.is_failed(self.span) {
            return;
        }
        match message(self.span) {
            Some(message) => object.text("error", truncate(&to_text(message), MAX_ERROR_CHARS)),
            None => otherwise.into_iter().for_each(|text| object.text("error", truncate(text, MAX_ERROR_CHARS))),
        }
    }
}

/// The message of the last error log.
pub(crate) fn message(span: FinishedSpan<'_>) -> Option<Value<'_>> {
    let error = span.logs().filter(crate::instana::log_spans::is_error).last()?;
    ["message", "error.object", "error.kind"].iter().find_map(|name| error.field(name))
}

/// The tags that have a field of their own in the data.
pub(crate) fn known_tags(span_type: SpanType, role: Role) -> &'static [&'static str] {
    match span_type {
        SpanType::Http => http::TAGS,
        SpanType::Rpc if role == Role::Exit => rpc::TAGS,
        SpanType::Rpc => rpc::ENTRY_TAGS,
        SpanType::Kafka => messaging::KAFKA_TAGS,
        SpanType::RabbitMq => messaging::RABBITMQ_TAGS,
        SpanType::Postgres | SpanType::MySql => database::TAGS,
        SpanType::Sdk => &["arguments", "return"],
    }
}
