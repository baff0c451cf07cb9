//! Log spans: warnings and errors, which Instana shows as spans.

use std::borrow::Cow;
use std::fmt::Write as _;

use opentracing_core::{FinishedSpan, LogRecord, SpanId};

use crate::batch::Detail;
use crate::instana::facts::{as_text, to_text, truncate};
use crate::wire::json::Object;

/// The name of a log span, which names no language.
pub(crate) const NAME: &str = "log";
/// The default length limit of recorded values.
const MAX_CHARS: usize = 4096;

/// The severity of a log span.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    Warn,
    Error,
    Fatal,
}

impl Level {
    fn as_str(self) -> &'static str {
        match self {
            Level::Warn => "WARN",
            Level::Error => "ERROR",
            Level::Fatal => "FATAL",
        }
    }
}

/// The level in the field `level`. If it is missing or unknown, a log with OpenTracing's error fields is an error. `None` is below a
/// warning.
pub(crate) fn level(log: &LogRecord<'_>) -> Option<Level> {
    let given = LEVEL_FIELDS.iter().find_map(|name| log.field(name));
    if let Some(level) = given.as_ref().and_then(as_text).and_then(known) {
        return level;
    }
    let event = log.field("event");
    let is_error = event.as_ref().and_then(as_text) == Some("error")
        || log.field("error.kind").is_some()
        || log.field("error.object").is_some();
    is_error.then_some(Level::Error)
}

/// Maps the levels of common loggers, where the inner `None` is below a warning. The outer `None` is an unknown level.
fn known(level: &str) -> Option<Option<Level>> {
    const LEVELS: [(&str, Option<Level>); 11] = [
        ("trace", None),
        ("debug", None),
        ("info", None),
        ("notice", None),
        ("warn", Some(Level::Warn)),
        ("warning", Some(Level::Warn)),
        ("error", Some(Level::Error)),
        ("err", Some(Level::Error)),
        ("fatal", Some(Level::Fatal)),
        ("critical", Some(Level::Fatal)),
        ("panic", Some(Level::Fatal)),
    ];
    LEVELS.iter().find(|(name, _)| name.eq_ignore_ascii_case(level)).map(|&(_, level)| level)
}

/// Whether the log is a warning or an error.
pub(crate) fn is_log_span(log: &LogRecord<'_>) -> bool {
    level(log).is_some()
}

/// Whether the log is an error.
pub(crate) fn is_error(log: &LogRecord<'_>) -> bool {
    level(log) > Some(Level::Warn)
}

/// The id of the log span for the log with this number. It is derived from the span's own id, so it is the same each time. The finalizer of
/// splitmix64 spreads consecutive numbers over all bits.
pub(crate) fn id(span: FinishedSpan<'_>, number: usize) -> SpanId {
    let mut bits = u64::from_be_bytes(span.context().span_id().to_bytes());
    bits = bits.wrapping_add((number as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    bits = (bits ^ bits >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ bits >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    SpanId::new((bits ^ bits >> 31).max(1))
}

/// Writes `data.log`.
pub(crate) fn write(log: &LogRecord<'_>, level: Level, detail: Detail, data: &mut Object<'_>) {
    let (message, parameters) = texts(log);
    data.object("log", |object| {
        object.text("message", detail.text(truncate(&message, MAX_CHARS)));
        object.text("level", level.as_str());
        if let Some(logger) = log.field("logger") {
            object.text("logger", detail.text(&to_text(logger)));
        }
        if !parameters.is_empty() {
            object.text("parameters", detail.text(truncate(&parameters, MAX_CHARS)));
        }
    });
}

/// The log in one line.
pub(crate) fn line(log: &LogRecord<'_>, level: Level) -> String {
    let (message, parameters) = texts(log);
    let level = level.as_str();
    if parameters.is_empty() { format!("{level} {message}") } else { format!("{level} {message} {parameters}") }
}

/// The message, and the other fields as `name=value`.
fn texts<'a>(log: &LogRecord<'a>) -> (Cow<'a, str>, String) {
    let message = ["message", "error.object", "event"].iter().find(|name| log.field(name).is_some()).copied();
    let is_other = |name: &str| Some(name) != message && !NOT_PARAMETERS.contains(&name);
    let mut parameters = String::new();
    for (name, value) in log.fields().filter(|(name, _)| is_other(name)) {
        let separator = if parameters.is_empty() { "" } else { " " };
        // Writing to memory does not fail.
        let _ = write!(parameters, "{separator}{name}={value}");
    }
    (message.and_then(|name| log.field(name)).map(to_text).unwrap_or_default(), parameters)
}

const LEVEL_FIELDS: [&str; 3] = ["level", "log.level", "severity"];
/// Fields that are not part of the parameters.
const NOT_PARAMETERS: [&str; 4] = ["level", "log.level", "severity", "logger"];
