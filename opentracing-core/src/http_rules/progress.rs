//! Logs of bodies that stream for long.

use std::time::Duration;

use http::header::CONTENT_TYPE;
use http::response;

use crate::model::logs;
use crate::model::tags;
use crate::model::value::Value;
use crate::span::span::Span;

/// Writes logs `event=progress` while a response body streams. After each 8 logs the interval doubles, so that the first 128 logs, which
/// a span keeps, cover weeks.
///
/// ```
/// use std::time::Duration;
///
/// use opentracing_core::http_rules::ProgressLogs;
/// use opentracing_core::mock::MockTracer;
///
/// let mock = MockTracer::new();
/// let mut span = mock.tracer().span("GET").start();
/// let mut progress = ProgressLogs::new(Duration::from_secs(60));
/// progress.log(&mut span, 1024); // too early
/// mock.clock().advance(Duration::from_secs(90));
/// progress.log(&mut span, 4096);
/// span.finish();
/// assert_eq!(mock.span("GET").logs.len(), 1);
/// ```
#[derive(Clone, Debug)]
pub struct ProgressLogs {
    interval: Duration,
    due: Duration,
    logs: u32,
}

/// A span keeps its first 128 logs, and the last one says how it ended.
const BEFORE_DOUBLING: u32 = 8;

impl ProgressLogs {
    /// The first log is due one interval after the start of the span.
    pub const fn new(interval: Duration) -> Self {
        ProgressLogs { interval, due: interval, logs: 0 }
    }

    /// Writes a log with the number of bytes so far, if one is due. Reads the clock.
    pub fn log(&mut self, span: &mut Span, bytes: u64) {
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

/// Whether a response is a stream of server-sent events, `text/event-stream`: for the setting `end_at_head` of adapters.
pub fn is_event_stream(response: &response::Parts) -> bool {
    let content_type = response.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("text/event-stream")
}
