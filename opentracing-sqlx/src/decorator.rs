//! The hooks that write to the spans of statements.

use opentracing_core::Span;
use sqlx::Error;

/// Customizes the spans of statements: adds tags, changes the span name, decides what is an error.
///
/// Add one with [`TracingPool::decorator`](crate::TracingPool::decorator). The standard tags are set first, so a decorator can overwrite
/// them. Each hook runs at most once per statement, on the thread that polls the statement. Hooks also run for spans that are not
/// recorded, so set expensive values with [`set_tag_with`](Span::set_tag_with). Hooks must not block. A panic in a hook unwinds into the
/// caller.
///
/// ```
/// use opentracing_core::Span;
/// use opentracing_sqlx::StatementDecorator;
///
/// struct Archive;
///
/// impl StatementDecorator for Archive {
///     fn on_statement(&self, span: &mut Span, sql: &str) {
///         if sql.contains("archived_orders") {
///             span.set_tag("archive", true);
///         }
///     }
/// }
/// ```
pub trait StatementDecorator: Send + Sync + 'static {
    /// Called after the span has started, before the statement is executed. `sql` is the caller's text, with literals. For the start
    /// and end of a transaction it is the text that sqlx sends by default, such as `BEGIN`.
    fn on_statement(&self, span: &mut Span, sql: &str) {
        let _ = (span, sql);
    }

    /// Called after the last row was read, before the span finishes.
    fn on_success(&self, span: &mut Span, rows: RowCounts) {
        let _ = (span, rows);
    }

    /// Called after an error or a cancellation, before the span finishes. Not called after a panic, which the tracer itself records.
    fn on_error(&self, span: &mut Span, failure: &StatementFailure<'_>) {
        let _ = (span, failure);
    }
}

/// The number of rows that a statement returned and changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct RowCounts {
    /// The number of rows that the statement returned.
    pub returned: u64,
    /// The number of rows that the statement inserted, updated or deleted. `None` if it changes no rows, and for `fetch_one` and
    /// `fetch_optional`, where sqlx does not report it.
    pub affected: Option<u64>,
}

/// Why a statement did not complete.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum StatementFailure<'a> {
    /// sqlx or the database returned an error.
    Error(&'a Error),
    /// The caller dropped the statement before the first row, for example because of a time-out.
    Cancelled,
    /// The caller dropped the statement after the first row and before the last one.
    Aborted,
    /// The caller dropped a commit before the database answered, so whether the transaction was committed is unknown.
    Unknown,
    /// A commit returned no error, but the transaction was rolled back.
    RolledBack,
}
