//! The wrapped transaction.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use opentracing_core::SpanContext;
use sqlx::{Database, Error, Transaction};

use crate::connection::TracingConnection;
use crate::database::TracingDatabase;
use crate::settings::Settings;
use crate::statement::span::Call;

/// A transaction, or a savepoint within one. As `&mut *tx` it executes statements, and `tx.begin()` begins a savepoint.
///
/// Its beginning and its end are spans. Dropped without an end, it is rolled back, as sqlx does: a span `ROLLBACK` with the tag
/// `sqlx.implicit_rollback`, a child of the span that was active at the beginning. The database is told when the connection is used
/// next, so that span has no duration.
#[must_use = "a transaction is rolled back when it is dropped"]
pub struct TracingTransaction<'t, DB: Database> {
    /// Dropped first: the rollback is under way when it is told.
    connection: TracingConnection<'t, DB>,
    end: End,
}

impl<'t, DB: TracingDatabase> TracingTransaction<'t, DB> {
    pub(crate) fn new(transaction: Transaction<'t, DB>, settings: Arc<Settings>, is_nested: bool) -> Self {
        let parent = settings.tracer.active_context();
        TracingTransaction {
            connection: TracingConnection::of_transaction(transaction, settings.clone()),
            end: End { settings, parent, is_nested, is_open: true },
        }
    }

    /// Commits, or releases the savepoint.
    ///
    /// # Errors
    ///
    /// Those of [`Transaction::commit`]. The transaction is rolled back then.
    pub async fn commit(self) -> Result<(), Error> {
        let TracingTransaction { connection, mut end } = self;
        let operation = if end.is_nested { "RELEASE SAVEPOINT" } else { "COMMIT" };
        let call = Call::transaction(&connection.settings, operation);
        let result = call.run_to_end(connection.commit()).await;
        end.is_open = result.is_err();
        result
    }

    /// Rolls back, or returns to the savepoint.
    ///
    /// # Errors
    ///
    /// Those of [`Transaction::rollback`].
    pub async fn rollback(self) -> Result<(), Error> {
        let TracingTransaction { connection, mut end } = self;
        let call = Call::transaction(&connection.settings, end.rollback());
        let result = call.run_to_end(connection.rollback()).await;
        end.is_open = result.is_err();
        result
    }
}

/// What is told of a transaction that nobody ended.
struct End {
    settings: Arc<Settings>,
    /// Of the beginning: who drops a transaction may be anywhere.
    parent: Option<SpanContext>,
    is_nested: bool,
    is_open: bool,
}

impl End {
    fn rollback(&self) -> &'static str {
        if self.is_nested { "ROLLBACK TO SAVEPOINT" } else { "ROLLBACK" }
    }
}

impl Drop for End {
    fn drop(&mut self) {
        if self.is_open {
            Call::implicit_rollback(&self.settings, self.rollback(), self.parent.as_ref()).end();
        }
    }
}

impl<'t, DB: Database> Deref for TracingTransaction<'t, DB> {
    type Target = TracingConnection<'t, DB>;

    fn deref(&self) -> &Self::Target {
        &self.connection
    }
}

impl<DB: Database> DerefMut for TracingTransaction<'_, DB> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.connection
    }
}

impl<DB: Database> fmt::Debug for TracingTransaction<'_, DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TracingTransaction").field(&self.connection).finish()
    }
}
