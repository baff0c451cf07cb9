//! The standard fields of logs.
//!
//! The names are those of the OpenTracing semantic conventions, except [`PLACE`], which is this crate's own.

pub use crate::model::error_texts::error_texts;

/// A stable name for what happened, such as `error`.
pub const EVENT: &str = "event";
/// A human-readable message.
pub const MESSAGE: &str = "message";
/// The stack trace of an error.
pub const STACK: &str = "stack";
/// The source location of a panic: file, line and column.
pub const PLACE: &str = "place";
/// The kind of an error, such as `timeout` or `panic`. Of low cardinality.
pub const ERROR_KIND: &str = "error.kind";
/// The error itself, as text.
pub const ERROR_OBJECT: &str = "error.object";
