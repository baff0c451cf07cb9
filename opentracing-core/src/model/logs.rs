//! The standard fields of logs.

/// What happened, as a stable name: `error` for a failure.
pub const EVENT: &str = "event";
/// What happened, for people.
pub const MESSAGE: &str = "message";
/// Where an error came from.
pub const STACK: &str = "stack";
/// Where a panic happened: file, line and column.
pub const PLACE: &str = "place";
/// The kind of an error, of few values: `timeout`, `panic`.
pub const ERROR_KIND: &str = "error.kind";
/// The error itself, as text.
pub const ERROR_OBJECT: &str = "error.object";
