//! Collects fastrace spans.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use fastrace::collector::{Config, Reporter, SpanRecord};
use opentracing_bench::http::Seen;

/// Keeps spans in memory.
#[derive(Clone, Default)]
pub(crate) struct Fast(Arc<Mutex<Vec<SpanRecord>>>);

impl Reporter for Fast {
    fn report(&mut self, spans: Vec<SpanRecord>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(spans);
    }
}

impl Fast {
    pub(crate) fn new() -> Self {
        let fast = Fast::default();
        fastrace::set_reporter(fast.clone(), Config::default());
        fast
    }

    /// The spans of interest since the last call.
    pub(crate) fn take(&self, of_interest: impl Fn(&str) -> bool) -> Vec<Seen> {
        fastrace::flush();
        let spans = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        spans.iter().filter(|span| of_interest(&span.name)).map(seen).collect()
    }
}

fn seen(span: &SpanRecord) -> Seen {
    let pairs = span.properties.iter().chain(span.events.iter().flat_map(|event| &event.properties));
    let text: String = pairs.map(|(key, value)| format!("{key}={value} ")).collect();
    Seen {
        name: span.name.to_string(),
        duration: Duration::from_nanos(span.duration_ns),
        is_failed: text.contains("span.status_code=error"),
        trace_id: span.trace_id.0,
        text,
    }
}
