//! What happened on a connection, where it changes the meaning of later statements.

use sqlx::Error;

use crate::sql::Dialect;
use crate::statement::span::StatementSpan;

/// sqlx does not show the state of a transaction that its server reports, so it is derived from the results of the statements.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct History {
    /// A statement was started and its end was not read, so the next statement reads its rest first.
    has_rest: bool,
    /// PostgreSQL: the last statement failed, so an open transaction accepts only its end.
    is_aborted: bool,
    /// Why the open transaction exists no longer, although the caller has not ended it.
    lost: Option<&'static str>,
}

impl History {
    /// Notes that a statement starts. It counts as dropped until [`finish`](Self::finish).
    pub(super) fn start(&mut self, span: &mut StatementSpan) {
        if std::mem::replace(&mut self.has_rest, true) {
            span.set_behind_cancelled();
        }
        if self.is_aborted && span.is_commit() {
            span.set_lost(ABORTED);
        }
    }

    /// Notes the result of a statement that was not dropped.
    pub(crate) fn finish<T>(&mut self, result: &Result<T, Error>, dialect: Dialect) {
        self.has_rest = false;
        match result {
            // In an aborted transaction, nothing succeeds but a rollback.
            Ok(_) => self.is_aborted = false,
            Err(Error::Database(error)) => match dialect {
                Dialect::Postgres => self.is_aborted = true,
                // The only error at which InnoDB rolls back the whole transaction.
                Dialect::MySql if error.code().as_deref() == Some("40001") => self.lost = Some(DEADLOCK),
                // SQLite reports a lost transaction when it is committed.
                Dialect::MySql | Dialect::Sqlite => {}
            },
            Err(_) => {}
        }
    }

    /// Notes that the server refused something at the caller's request, which aborts an open transaction.
    #[cfg(feature = "postgres")]
    pub(crate) fn abort(&mut self) {
        self.is_aborted = true;
    }

    /// Notes that the database has answered everything.
    pub(super) fn catch_up(&mut self) {
        self.has_rest = false;
    }

    /// Notes that a transaction that is no savepoint has begun.
    pub(super) fn begin(&mut self) {
        self.lost = None;
    }

    /// Notes that a savepoint was not created, at which sqlx rolls back the transaction around it.
    pub(super) fn fail_savepoint(&mut self) {
        self.lost = Some(SAVEPOINT);
    }

    /// Notes that sqlx rolls a transaction or savepoint back.
    pub(super) fn roll_back(&mut self) {
        self.is_aborted = false;
    }

    /// Notes that the caller uses the inner connection, so that the state of a transaction is unknown.
    pub(super) fn forget(&mut self) {
        *self = History { lost: self.lost, ..History::default() };
    }

    /// Why a commit commits nothing. `depth` is the number of open transactions and savepoints.
    pub(super) fn commits_nothing(&self, depth: usize) -> Option<&'static str> {
        match depth {
            _ if self.lost.is_some() => self.lost,
            0 => Some(NOT_OPEN),
            1 if self.is_aborted => Some(ABORTED),
            _ => None,
        }
    }
}

const ABORTED: &str = "the database rolled the transaction back, because a statement in it had failed";
const DEADLOCK: &str =
    "the database rolled the transaction back at a deadlock, and committed later statements one by one";
const SAVEPOINT: &str = "sqlx rolled the transaction back when a savepoint in it was not created";
const NOT_OPEN: &str = "the transaction was not open any more";
