//! Expectations on finished spans.

use std::fmt;
use std::ops::Range;
use std::time::Duration;

use opentracing_core::{OwnedSpan, SpanKind, Value};

use crate::suite::{Outcome, ensure, ensure_eq};

/// Expectations of the checks on a finished span. Each message names the span.
pub(crate) trait SpanExt {
    /// The tag as text.
    fn text(&self, key: &str) -> Option<String>;

    /// The tag has that text, or is absent.
    fn has(&self, key: &str, expected: Option<&str>) -> Outcome;

    /// The exchange ended with that status and without error.
    fn is_ok(&self, status: u16) -> Outcome;

    /// The exchange failed: the tag `error` and one log, of that kind if it is given.
    fn has_failed(&self, kind: Option<&str>) -> Outcome;

    /// The exchange was dropped: `http.outcome` and a log, and no error.
    fn was_dropped(&self, outcome: &str) -> Outcome;

    /// The head of the response came within that time.
    fn reached_its_head_within(&self, time: Range<Duration>) -> Outcome;

    /// The span has that kind.
    fn is_of_kind(&self, kind: SpanKind) -> Outcome;
}

impl SpanExt for OwnedSpan {
    fn text(&self, key: &str) -> Option<String> {
        self.tag(key).map(|value| value.to_string())
    }

    fn has(&self, key: &str, expected: Option<&str>) -> Outcome {
        ensure_eq!(self.text(key).as_deref(), expected, "the tag {key} of {:?}", self.operation_name);
        Ok(())
    }

    fn is_ok(&self, status: u16) -> Outcome {
        self.has("http.status_code", Some(&status.to_string()))?;
        self.has("http.outcome", None)?;
        ensure!(!self.is_failed, "it should not have failed: {}", shown(self));
        ensure!(self.logs.is_empty(), "it should have no logs: {}", shown(self));
        Ok(())
    }

    fn has_failed(&self, kind: Option<&str>) -> Outcome {
        ensure!(self.is_failed, "it should have failed: {}", shown(self));
        self.has("http.outcome", None)?;
        let errors: Vec<_> = self.logs.iter().filter(|log| log.field("event") == Some(Value::Str("error"))).collect();
        let [error] = errors[..] else {
            return Err(format!("there should be one log of the error: {}", shown(self)));
        };
        if let Some(kind) = kind {
            ensure_eq!(error.field("error.kind").map(|value| value.to_string()).as_deref(), Some(kind), "error.kind");
        }
        Ok(())
    }

    fn was_dropped(&self, outcome: &str) -> Outcome {
        self.has("http.outcome", Some(outcome))?;
        ensure!(!self.is_failed, "a client that disconnects is not an error, but it failed: {}", shown(self));
        let events: Vec<_> = self.logs.iter().filter_map(|log| Some(log.field("event")?.to_string())).collect();
        ensure_eq!(events, [outcome], "the logs of {:?}", self.operation_name);
        Ok(())
    }

    fn reached_its_head_within(&self, time: Range<Duration>) -> Outcome {
        let key = "http.time_to_head_ms";
        let Some(Value::F64(ms)) = self.tag(key) else {
            return Err(format!("the tag {key} should be a number: {}", shown(self)));
        };
        let took = Duration::try_from_secs_f64(ms / 1e3).map_err(|error| format!("{key}={ms}: {error}"))?;
        ensure!(time.contains(&took), "the head should come after {time:?}, not {took:?}");
        Ok(())
    }

    fn is_of_kind(&self, kind: SpanKind) -> Outcome {
        ensure_eq!(self.kind, kind, "the kind of {:?}", self.operation_name);
        Ok(())
    }
}

/// The span as a line of text.
pub(crate) fn shown(span: &OwnedSpan) -> impl fmt::Display {
    struct Shown<'a>(&'a OwnedSpan);

    impl fmt::Display for Shown<'_> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            let Shown(span) = self;
            write!(f, "{:?} ({}, {:?})", span.operation_name, span.kind, span.duration())?;
            span.tags.iter().try_for_each(|(key, value)| write!(f, " {key}={value}"))?;
            span.logs.iter().try_for_each(|log| {
                let fields: Vec<_> = log.fields.iter().map(|(key, value)| format!("{key}={value}")).collect();
                write!(f, " [{}]", fields.join(" "))
            })
        }
    }

    Shown(span)
}
