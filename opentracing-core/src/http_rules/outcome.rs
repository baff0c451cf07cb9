//! How an exchange ended that did not come to its end.

use crate::model::logs;
use crate::model::tags;
use crate::model::value::Value;
use crate::span::span::Span;

/// How an exchange ended that nobody let come to its end. As a rule the client left. Not an error by itself.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Outcome {
    /// Dropped before the answer had begun.
    Cancelled,
    /// Dropped before the end of the answer's body.
    Aborted,
}

impl Outcome {
    /// What stands in the tag and in the log's `event`: `cancelled` or `aborted`.
    pub const fn name(self) -> &'static str {
        match self {
            Outcome::Cancelled => "cancelled",
            Outcome::Aborted => "aborted",
        }
    }

    /// Sets the tag `http.outcome`, and writes a log of the same.
    pub fn record(self, span: &mut Span) {
        let message = match self {
            Outcome::Cancelled => "dropped before the answer had begun",
            Outcome::Aborted => "dropped before the end of the answer's body",
        };
        span.set_tag(tags::HTTP_OUTCOME, Value::Static(self.name()))
            .log_kv(&[(logs::EVENT, Value::Static(self.name())), (logs::MESSAGE, Value::Static(message))]);
    }
}
