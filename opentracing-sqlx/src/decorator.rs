//! Hooks: what is written to a span at the stations of a statement.

use opentracing_core::Span;
use sqlx::Error;

/// Writes to the spans of statements what its user wants to see there: further tags, another operation name, another view of what an
/// error is.
///
/// The standard tags are set first, so a decorator may overwrite them. Each hook runs once a statement at most, on the thread that
/// polls it, also for spans that are not recorded: what is expensive to make belongs into [`set_tag_with`](Span::set_tag_with). Hooks
/// must not block. A panic is the caller's.
///
/// ```
/// use opentracing_core::Span;
/// use opentracing_sqlx::SpanDecorator;
///
/// struct Archive;
///
/// impl SpanDecorator for Archive {
///     fn on_statement(&self, span: &mut Span, sql: &str) {
///         if sql.contains("archived_orders") {
///             span.set_tag("archive", true);
///         }
///     }
/// }
/// ```
pub trait SpanDecorator: Send + Sync + 'static {
    /// The span of a statement has just started, and the statement is executed next. `sql` is as the caller wrote it, with its
    /// literals. That of a transaction's beginning or end is what sqlx sends by default, `BEGIN` for example.
    fn on_statement(&self, span: &mut Span, sql: &str) {
        let _ = (span, sql);
    }

    /// The statement was executed, and all its rows are there. The span finishes next.
    fn on_end(&self, span: &mut Span, rows: Rows) {
        let _ = (span, rows);
    }

    /// The statement did not come to its end. The span finishes next. Does not run after a panic, which the tracer notes itself.
    fn on_error(&self, span: &mut Span, failure: &Failure<'_>) {
        let _ = (span, failure);
    }
}

/// How many rows a statement gave and changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct Rows {
    /// That came back.
    pub returned: u64,
    /// That were changed; `None` if the statement changes none, or the database was not asked: `fetch_one` and `fetch_optional` do not.
    pub affected: Option<u64>,
}

/// Why a statement did not come to its end.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Failure<'a> {
    /// It failed.
    Error(&'a Error),
    /// Its future was dropped before the first row: a time limit around it was over, or nobody wanted the rows any more.
    Cancelled,
    /// Its rows were dropped before the last one.
    Aborted,
}
