//! How a span finishes.

use std::time::SystemTime;

use crate::model::value::Value;

/// What a span is given at its end. See [`Span::finish_with`](crate::Span::finish_with).
#[derive(Clone, Copy, Debug, Default)]
#[must_use = "options do nothing until a span is finished with them"]
pub struct FinishOptions<'a> {
    pub(crate) at: Option<SystemTime>,
    pub(crate) logs: &'a [(SystemTime, &'a [(&'static str, Value<'a>)])],
}

impl<'a> FinishOptions<'a> {
    /// The span finishes now, without further logs.
    pub const fn new() -> Self {
        FinishOptions { at: None, logs: &[] }
    }

    /// The span finishes at that time. Now by default. A time before the start makes a duration of zero, and is counted.
    pub const fn at(mut self, at: SystemTime) -> Self {
        self.at = Some(at);
        self
    }

    /// Writes these logs, each with its time and its fields. None by default.
    pub const fn logs(mut self, logs: &'a [(SystemTime, &'a [(&'static str, Value<'a>)])]) -> Self {
        self.logs = logs;
        self
    }
}
