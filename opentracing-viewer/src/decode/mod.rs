//! Requests of senders as spans.

mod invalid;
mod jaeger;
mod otlp;
mod otlp_json;
mod thrift;
mod zipkin;

use crate::model::Span;

pub(crate) use self::invalid::InvalidRequest;
pub(crate) use self::jaeger::jaeger;
pub(crate) use self::otlp::{otlp, otlp_request};
pub(crate) use self::otlp_json::otlp_json;
pub(crate) use self::zipkin::zipkin;

/// The spans of a request.
#[derive(Debug, Default)]
pub(crate) struct Decoded {
    pub(crate) spans: Vec<Span>,
    /// Spans that cannot be read.
    pub(crate) rejected: usize,
    /// What is wrong with the first of them, or what looks wrong with the request.
    pub(crate) message: Option<String>,
}

impl Decoded {
    fn reject(&mut self, spans: usize, message: impl FnOnce() -> String) {
        self.rejected += spans;
        self.message.get_or_insert_with(message);
    }
}
