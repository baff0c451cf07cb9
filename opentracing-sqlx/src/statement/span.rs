//! The span of one statement: what it counts, and how it finishes.

use std::sync::Arc;
use std::time::Duration;

use opentracing_core::{Span, Value, logs, tags};
use sqlx::Error;

use crate::decorator::{RowCounts, StatementFailure};
use crate::options::PoolWait;
use crate::settings::Settings;
use crate::sql::Summary;
use crate::statement::error;

/// The span of one statement. Dropping it before [`succeed`](Self::succeed) or [`fail`](Self::fail) records a cancelled statement.
pub(crate) struct StatementSpan {
    pub(super) span: Span,
    pub(super) settings: Arc<Settings>,
    pub(super) rows: RowCounts,
    /// `None` if sqlx chooses the text: `BEGIN`, `COMMIT` and the like.
    pub(super) summary: Option<Arc<Summary>>,
    /// The number of results so far: one text may hold several statements.
    results: usize,
    is_finished: bool,
}

impl StatementSpan {
    pub(super) fn new(span: Span, settings: Arc<Settings>) -> Self {
        StatementSpan { span, settings, rows: RowCounts::default(), summary: None, results: 0, is_finished: false }
    }

    /// Records how long the statement waited for its connection.
    pub(crate) fn set_pool_wait(&mut self, wait: Duration) {
        if self.settings.pool_wait == PoolWait::Tag {
            self.span.set_tag_with(tags::SQLX_POOL_WAIT_MS, || wait.as_micros() as f64 / 1000.0);
        }
    }

    pub(super) fn count_row(&mut self) {
        self.rows.returned += 1;
    }

    /// Adds the affected rows of the next result, if its statement changes rows.
    pub(super) fn count_affected(&mut self, rows: u64) {
        let statement = self.results;
        self.results += 1;
        if self.summary.as_ref().is_some_and(|summary| summary.changes_rows(statement)) {
            self.rows.affected = Some(self.rows.affected.unwrap_or(0).saturating_add(rows));
        }
    }

    /// Finishes the span of a statement whose last row was read.
    pub(crate) fn succeed(&mut self) {
        if std::mem::replace(&mut self.is_finished, true) {
            return;
        }
        self.set_row_tags();
        let StatementSpan { span, settings, rows, .. } = self;
        settings.decorate(|decorator| decorator.on_success(span, *rows));
        std::mem::take(&mut self.span).finish();
    }

    /// Finishes the span of a statement that returned an error.
    pub(crate) fn fail(&mut self, error: &Error) {
        if std::mem::replace(&mut self.is_finished, true) {
            return;
        }
        self.set_row_tags();
        error::record(&mut self.span, error, self.settings.text);
        self.decorate_failure(&StatementFailure::Error(error));
        std::mem::take(&mut self.span).finish();
    }

    fn set_row_tags(&mut self) {
        let StatementSpan { span, rows, summary, .. } = self;
        // Zero rows are worth a tag only on a statement that asks for rows.
        if summary.as_ref().is_some_and(|summary| summary.is_query()) || rows.returned > 0 {
            span.set(tags::DB_RESPONSE_RETURNED_ROWS, i64::try_from(rows.returned).unwrap_or(i64::MAX));
        }
        if let Some(affected) = rows.affected {
            span.set(tags::SQLX_ROWS_AFFECTED, i64::try_from(affected).unwrap_or(i64::MAX));
        }
    }

    fn decorate_failure(&mut self, failure: &StatementFailure<'_>) {
        let StatementSpan { span, settings, .. } = self;
        settings.decorate(|decorator| decorator.on_error(span, failure));
    }
}

impl Drop for StatementSpan {
    /// The tracer itself records a panic.
    fn drop(&mut self) {
        if self.is_finished {
            return;
        }
        self.set_row_tags();
        if std::thread::panicking() {
            return;
        }
        let (outcome, message, failure) = match self.rows.returned {
            0 => ("cancelled", "dropped before the first row", StatementFailure::Cancelled),
            _ => ("aborted", "dropped before the last row", StatementFailure::Aborted),
        };
        self.span
            .set_tag(tags::SQLX_OUTCOME, Value::Static(outcome))
            .log_kv(&[(logs::EVENT, Value::Static(outcome)), (logs::MESSAGE, Value::Static(message))]);
        self.decorate_failure(&failure);
    }
}
