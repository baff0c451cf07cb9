//! Logs of answers that go on for long.

use std::time::Duration;

use http::header::CONTENT_TYPE;
use http::response;
use opentracing_core::{Span, Value, logs, tags};

/// When the next log is due.
pub(crate) struct Progress {
    interval: Duration,
    due: Duration,
    logs: u32,
}

/// After that many logs the interval doubles: a span keeps the first 128, and the last one tells how it ended.
const BEFORE_DOUBLING: u32 = 8;

impl Progress {
    pub(crate) fn new(interval: Duration) -> Self {
        Progress { interval, due: interval, logs: 0 }
    }

    /// Writes a log if it is due. Reads the clock.
    pub(crate) fn log(&mut self, span: &mut Span, bytes: u64) {
        let Some(elapsed) = span.elapsed().filter(|elapsed| *elapsed >= self.due) else { return };
        let size = (tags::HTTP_RESPONSE_BODY_SIZE.name(), Value::U64(bytes));
        span.log_kv(&[(logs::EVENT, Value::Static("progress")), size]);
        self.logs += 1;
        if self.logs.is_multiple_of(BEFORE_DOUBLING) {
            self.interval = self.interval.saturating_mul(2);
        }
        self.due = elapsed.saturating_add(self.interval);
    }
}

/// Whether an answer is a stream of events, `text/event-stream`: for [`TracingLayer::end_at_head`](crate::TracingLayer::end_at_head).
pub fn is_event_stream(answer: &response::Parts) -> bool {
    let content_type = answer.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("text/event-stream")
}
