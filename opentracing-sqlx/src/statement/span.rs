//! The span of one statement: what it counts, and how it finishes.

use std::sync::Arc;
use std::time::Duration;

use opentracing_core::{Span, Value, logs, tags};
use sqlx::Error;

use crate::decorator::{RowCounts, StatementFailure};
use crate::options::PoolWait;
use crate::settings::Settings;
use crate::sql::{Dialect, Summary};
use crate::statement::error;

/// The span of one statement. Dropping it before [`succeed`](Self::succeed) or [`fail`](Self::fail) records a cancelled statement.
pub(crate) struct StatementSpan {
    pub(super) span: Span,
    pub(super) settings: Arc<Settings>,
    pub(super) rows: RowCounts,
    /// `None` if sqlx chooses the text: `BEGIN`, `COMMIT` and the like.
    pub(super) summary: Option<Arc<Summary>>,
    pub(super) role: Role,
    /// Why this commit commits nothing.
    lost: Option<&'static str>,
    /// The number of results so far: one text may hold several statements.
    results: usize,
    /// The number of bytes that a `COPY` moved so far, if it is known.
    pub(super) copied: Option<usize>,
    /// Whether the statement of each result so far is known.
    counts_affected: bool,
    is_finished: bool,
}

/// What a statement is for, which decides what a drop of it means.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Query,
    Prepare,
    Begin,
    Savepoint,
    Commit,
    Rollback,
    #[cfg(feature = "postgres")]
    Copy,
    /// Not sent yet: it waits for a connection.
    Wait,
}

impl StatementSpan {
    pub(super) fn new(span: Span, settings: Arc<Settings>) -> Self {
        StatementSpan {
            span,
            settings,
            rows: RowCounts::default(),
            summary: None,
            role: Role::Query,
            lost: None,
            results: 0,
            copied: None,
            counts_affected: true,
            is_finished: false,
        }
    }

    /// Records how long the statement waited for its connection.
    pub(crate) fn set_pool_wait(&mut self, wait: Duration) {
        if matches!(self.settings.pool_wait, PoolWait::Tag | PoolWait::Included) {
            self.span.set_tag_with(tags::SQLX_POOL_WAIT_MS, || wait.as_micros() as f64 / 1000.0);
        }
    }

    /// Marks a statement that waits for a connection.
    pub(crate) fn set_waiting(&mut self) {
        self.role = Role::Wait;
    }

    /// Records that a statement before this one on the same connection was dropped.
    pub(crate) fn set_behind_cancelled(&mut self) {
        self.span.set(tags::SQLX_BEHIND_CANCELLED, true);
    }

    /// Whether the caller's text commits a transaction.
    pub(crate) fn is_commit(&self) -> bool {
        let operation = self.summary.as_ref().and_then(|summary| summary.operation);
        matches!(operation, Some("COMMIT" | "END"))
    }

    /// Marks a copy, which has a number of bytes.
    #[cfg(feature = "postgres")]
    pub(super) fn set_copy(&mut self) {
        (self.role, self.copied) = (Role::Copy, Some(0));
    }

    /// Sets why the transaction is already lost. Recorded if the commit succeeds.
    pub(crate) fn set_lost(&mut self, why: &'static str) {
        self.lost = Some(why);
    }

    pub(super) fn count_row(&mut self) {
        self.rows.returned += 1;
    }

    /// Adds the affected rows of the next result, if its statement changes rows. There is no sum once a result belongs to a statement
    /// that was not read.
    pub(super) fn count_affected(&mut self, rows: u64) {
        let statement = self.results;
        self.results += 1;
        match self.summary.as_ref().map(|summary| summary.changes_rows(statement)) {
            Some(Some(true)) if self.counts_affected => {
                self.rows.affected = Some(self.rows.affected.unwrap_or(0).saturating_add(rows));
            }
            Some(None) => (self.counts_affected, self.rows.affected) = (false, None),
            _ => {}
        }
    }

    /// Finishes the span of a statement whose last row was read.
    pub(crate) fn succeed(&mut self) {
        if std::mem::replace(&mut self.is_finished, true) {
            return;
        }
        self.set_row_tags();
        if let Some(why) = self.lost {
            self.set_outcome("rolled_back", why);
            self.decorate_failure(&StatementFailure::RolledBack);
        } else {
            let StatementSpan { span, settings, rows, .. } = self;
            settings.decorate(|decorator| decorator.on_success(span, *rows));
        }
        std::mem::take(&mut self.span).finish();
    }

    /// Finishes the span of a statement that returned an error.
    pub(crate) fn fail(&mut self, error: &Error) {
        if std::mem::replace(&mut self.is_finished, true) {
            return;
        }
        self.set_row_tags();
        let shown = self.summary.as_ref().map_or("", |summary| &summary.masked);
        error::record(&mut self.span, error, self.settings.text, shown);
        self.decorate_failure(&StatementFailure::Error(error));
        std::mem::take(&mut self.span).finish();
    }

    fn set_row_tags(&mut self) {
        let StatementSpan { span, rows, summary, copied, .. } = self;
        // Zero rows are worth a tag only on a statement that asks for rows.
        if summary.as_ref().is_some_and(|summary| summary.is_query()) || rows.returned > 0 {
            span.set(tags::DB_RESPONSE_RETURNED_ROWS, i64::try_from(rows.returned).unwrap_or(i64::MAX));
        }
        if let Some(copied) = copied {
            span.set(tags::SQLX_COPIED_BYTES, i64::try_from(*copied).unwrap_or(i64::MAX));
        }
        if let Some(affected) = rows.affected {
            span.set(tags::SQLX_ROWS_AFFECTED, i64::try_from(affected).unwrap_or(i64::MAX));
        }
    }

    fn set_outcome(&mut self, outcome: &'static str, message: &'static str) {
        self.span
            .set_tag(tags::SQLX_OUTCOME, Value::Static(outcome))
            .log_kv(&[(logs::EVENT, Value::Static(outcome)), (logs::MESSAGE, Value::Static(message))]);
    }

    /// Finishes the span of a statement that the caller ended early.
    #[cfg(feature = "postgres")]
    pub(super) fn end_as(&mut self, outcome: &'static str, message: &'static str, failure: &StatementFailure<'_>) {
        if std::mem::replace(&mut self.is_finished, true) {
            return;
        }
        self.set_row_tags();
        self.set_outcome(outcome, message);
        self.decorate_failure(failure);
        std::mem::take(&mut self.span).finish();
    }

    /// What a drop of the statement means.
    fn dropped(&self) -> (&'static str, &'static str, StatementFailure<'static>) {
        let message = match self.role {
            Role::Query if self.rows.returned > 0 => {
                return ("aborted", "dropped before the last row", StatementFailure::Aborted);
            }
            Role::Commit => {
                let message = "dropped before the database answered: the transaction may be committed or not";
                return ("unknown", message, StatementFailure::Unknown);
            }
            Role::Query => "dropped before the first row",
            #[cfg(feature = "postgres")]
            Role::Copy => "dropped before the copy was finished",
            Role::Wait => "dropped while waiting for a connection",
            // SQLite's thread rolls such a transaction back.
            Role::Begin if self.settings.target.dialect != Dialect::Sqlite => {
                "dropped before the database answered: the connection may still be in a transaction"
            }
            Role::Savepoint => "dropped before the database answered: sqlx rolls back the transaction around it",
            Role::Begin | Role::Prepare | Role::Rollback => "dropped before the database answered",
        };
        ("cancelled", message, StatementFailure::Cancelled)
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
        let (outcome, message, failure) = self.dropped();
        self.set_outcome(outcome, message);
        self.decorate_failure(&failure);
    }
}
