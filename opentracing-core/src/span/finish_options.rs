//! Options for finishing a span.

use std::time::SystemTime;

use crate::model::value::Value;

/// Options for finishing a span: its finish time and further logs. Used with [`Span::finish_with`](crate::Span::finish_with).
///
/// ```
/// use std::time::{Duration, SystemTime};
///
/// use opentracing_core::FinishOptions;
/// use opentracing_core::mock::MockTracer;
///
/// let mock = MockTracer::new();
/// let start = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
/// let span = mock.tracer().span("import").start_time(start).start();
///
/// let logs: &[(_, &[_])] = &[(start, &[("event", "row skipped".into())])];
/// span.finish_with(FinishOptions::new().at(start + Duration::from_secs(5)).logs(logs));
///
/// let span = mock.span("import");
/// assert_eq!((span.duration(), span.logs.len()), (Duration::from_secs(5), 1));
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[must_use = "options do nothing until a span is finished with them"]
pub struct FinishOptions<'a> {
    pub(crate) at: Option<SystemTime>,
    pub(crate) logs: &'a [(SystemTime, &'a [(&'static str, Value<'a>)])],
}

impl<'a> FinishOptions<'a> {
    /// Creates the default options: the span finishes now, without further logs.
    pub const fn new() -> Self {
        FinishOptions { at: None, logs: &[] }
    }

    /// Sets the finish time. By default the span finishes now. A time before the start gives a duration of zero, and is counted in
    /// [`Stats::finished_before_start`](crate::Stats::finished_before_start).
    pub const fn at(mut self, at: SystemTime) -> Self {
        self.at = Some(at);
        self
    }

    /// Adds logs, each with its time and its fields. None by default.
    pub const fn logs(mut self, logs: &'a [(SystemTime, &'a [(&'static str, Value<'a>)])]) -> Self {
        self.logs = logs;
        self
    }
}
