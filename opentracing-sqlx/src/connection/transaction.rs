//! The wrapped transaction.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use opentracing_core::SpanContext;
use sqlx::{Database, Error, Transaction};

use crate::connection::connection::TracingConnection;
use crate::database::TracingDatabase;
use crate::settings::Settings;
use crate::statement::span::StatementSpan;

/// A transaction or a savepoint. `&mut *tx` executes statements, and `tx.begin()` creates a nested savepoint.
///
/// Its start and its end are spans. Dropping an open transaction rolls it back, as in sqlx. This is recorded as a span `ROLLBACK` with
/// the tag `sqlx.implicit_rollback`, a child of the span that was active when the transaction began. The span has no duration, because
/// sqlx sends the rollback later, when the connection is used next.
///
/// ```
/// # #[cfg(feature = "sqlite")]
/// # async fn example(pool: opentracing_sqlx::TracingPool<sqlx::Sqlite>) -> sqlx::Result<()> {
/// let mut tx = pool.begin().await?;
/// sqlx::query("UPDATE books SET stock = stock - 1").execute(&mut *tx).await?;
/// tx.commit().await?;
/// # Ok(())
/// # }
/// ```
#[must_use = "a transaction is rolled back when it is dropped"]
pub struct TracingTransaction<'t, DB: Database> {
    /// Dropped first, so that the rollback is queued before it is recorded.
    connection: TracingConnection<'t, DB>,
    implicit_rollback: ImplicitRollback,
}

impl<'t, DB: TracingDatabase> TracingTransaction<'t, DB> {
    pub(crate) fn new(transaction: Transaction<'t, DB>, settings: Arc<Settings>, is_nested: bool) -> Self {
        let parent = settings.tracer.active_context();
        TracingTransaction {
            connection: TracingConnection::in_transaction(transaction, settings.clone()),
            implicit_rollback: ImplicitRollback { settings, parent, is_nested, is_open: true },
        }
    }

    /// Commits the transaction, or releases the savepoint.
    ///
    /// # Errors
    ///
    /// Those of [`Transaction::commit`]. The transaction is then rolled back.
    pub async fn commit(self) -> Result<(), Error> {
        let TracingTransaction { connection, mut implicit_rollback } = self;
        let operation = if implicit_rollback.is_nested { "RELEASE SAVEPOINT" } else { "COMMIT" };
        let span = StatementSpan::transaction(&connection.settings, operation);
        let result = span.run_to_end(connection.commit()).await;
        implicit_rollback.is_open = result.is_err();
        result
    }

    /// Rolls the transaction back, entirely or to the savepoint.
    ///
    /// # Errors
    ///
    /// Those of [`Transaction::rollback`].
    pub async fn rollback(self) -> Result<(), Error> {
        let TracingTransaction { connection, mut implicit_rollback } = self;
        let span = StatementSpan::transaction(&connection.settings, implicit_rollback.operation());
        let result = span.run_to_end(connection.rollback()).await;
        implicit_rollback.is_open = result.is_err();
        result
    }
}

/// Records a rollback when it is dropped while the transaction is open.
struct ImplicitRollback {
    settings: Arc<Settings>,
    /// The span that was active when the transaction began. The span that is active at the drop may be unrelated.
    parent: Option<SpanContext>,
    is_nested: bool,
    is_open: bool,
}

impl ImplicitRollback {
    fn operation(&self) -> &'static str {
        if self.is_nested { "ROLLBACK TO SAVEPOINT" } else { "ROLLBACK" }
    }
}

impl Drop for ImplicitRollback {
    fn drop(&mut self) {
        if self.is_open {
            StatementSpan::implicit_rollback(&self.settings, self.operation(), self.parent.as_ref()).succeed();
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
