//! Exchanges that do not come to their end.

use crate::http_rules::error_text::ErrorText;
use crate::model::logs;
use crate::model::tags;
use crate::model::value::Value;
use crate::span::span::Span;

/// Why an exchange did not come to its end.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum HttpFailure<'a> {
    /// The wrapped service returned this error. On a client, the connection failed in most cases.
    Service(ErrorText<'a>),
    /// The body of the response returned this error.
    Body(ErrorText<'a>),
    /// The request was dropped before its response. On a server the client has disconnected in most cases; on a client a time-out has
    /// expired, or the caller has dropped the future.
    Cancelled,
    /// The body of the response was dropped before its end, for the same reasons.
    Aborted,
}

impl HttpFailure<'_> {
    /// The value of the tag `http.outcome`: `cancelled`, `aborted`, or `None` for an error.
    pub const fn outcome(&self) -> Option<&'static str> {
        match self {
            HttpFailure::Cancelled => Some("cancelled"),
            HttpFailure::Aborted => Some("aborted"),
            _ => None,
        }
    }

    /// Sets the tag `http.outcome`, and writes a log with the same `event`, unless the failure is an error.
    pub fn record_outcome(&self, span: &mut Span) {
        let Some(outcome) = self.outcome() else { return };
        let message = match self {
            HttpFailure::Cancelled => "dropped before the response",
            _ => "dropped before the end of the response body",
        };
        span.set_tag(tags::HTTP_OUTCOME, Value::Static(outcome))
            .log_kv(&[(logs::EVENT, Value::Static(outcome)), (logs::MESSAGE, Value::Static(message))]);
    }
}
