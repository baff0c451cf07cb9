//! The wrapped transaction.

use std::fmt;
use std::ops::{Deref, DerefMut};

use opentracing_core::SpanContext;
use sqlx::{Database, Error, SqlStr};
use sqlx_core::transaction::TransactionManager;

use crate::connection::connection::TracingConnection;
use crate::database::TracingDatabase;
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
    connection: Host<'t, DB>,
    is_nested: bool,
    /// What a drop of the transaction does.
    on_drop: OnDrop,
    /// The span that was active when the transaction began. The span that is active at the drop may be unrelated.
    parent: Option<SpanContext>,
}

/// The connection that a transaction runs on.
pub(crate) enum Host<'t, DB: Database> {
    Owned(TracingConnection<DB>),
    Borrowed(&'t mut TracingConnection<DB>),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum OnDrop {
    /// The start has not succeeded.
    AbandonStart,
    RollBack,
    /// The end was sent, and its outcome is unknown. sqlx sends a rollback behind it, which is part of the unknown.
    AbandonEnd,
    Nothing,
}

impl<'t, DB: TracingDatabase> TracingTransaction<'t, DB> {
    /// Begins a transaction, or creates a savepoint.
    pub(crate) async fn begin(
        connection: Host<'t, DB>,
        statement: Option<SqlStr>,
        mut span: StatementSpan,
    ) -> Result<Self, Error> {
        let mut transaction =
            TracingTransaction { connection, is_nested: false, on_drop: OnDrop::AbandonStart, parent: None };
        let is_nested = transaction.is_in_transaction();
        transaction.is_nested = is_nested;
        transaction.start(&mut span);
        let result = span.run_to_end(DB::TransactionManager::begin(transaction.raw_mut(), statement)).await;
        transaction.finish(&result);
        result?;
        if !is_nested {
            transaction.history.begin();
        }
        transaction.parent = transaction.settings.tracer.active_context();
        transaction.on_drop = OnDrop::RollBack;
        Ok(transaction)
    }

    /// Commits the transaction, or releases the savepoint.
    ///
    /// The database may roll the transaction back instead, without an error: see "Transactions" on the front page.
    ///
    /// # Errors
    ///
    /// Those of [`Transaction::commit`](sqlx::Transaction::commit). The transaction is then rolled back.
    pub async fn commit(mut self) -> Result<(), Error> {
        let depth = self.depth();
        let operation = if self.is_nested && depth != 1 { "RELEASE SAVEPOINT" } else { "COMMIT" };
        let mut span = StatementSpan::commit(&self.settings, operation);
        self.start(&mut span);
        if let Some(why) = self.history.commits_nothing(depth) {
            span.set_lost(why);
        }
        self.on_drop = OnDrop::AbandonEnd;
        let result = span.run_to_end(DB::TransactionManager::commit(self.raw_mut())).await;
        self.ended(result)
    }

    /// Rolls the transaction back, entirely or to the savepoint.
    ///
    /// # Errors
    ///
    /// Those of [`Transaction::rollback`](sqlx::Transaction::rollback).
    pub async fn rollback(mut self) -> Result<(), Error> {
        let mut span = StatementSpan::rollback(&self.settings, self.rollback_operation());
        self.start(&mut span);
        let result = span.run_to_end(DB::TransactionManager::rollback(self.raw_mut())).await;
        self.ended(result)
    }

    fn ended(mut self, result: Result<(), Error>) -> Result<(), Error> {
        self.finish(&result);
        self.on_drop = if result.is_ok() { OnDrop::Nothing } else { OnDrop::RollBack };
        result
    }

    /// The number of open transactions and savepoints.
    fn depth(&self) -> usize {
        DB::TransactionManager::get_transaction_depth(self.get_ref())
    }
}

impl<DB: Database> TracingTransaction<'_, DB> {
    fn rollback_operation(&self) -> &'static str {
        if self.is_nested { "ROLLBACK TO SAVEPOINT" } else { "ROLLBACK" }
    }
}

impl<DB: Database> Drop for TracingTransaction<'_, DB> {
    /// Queues a rollback, as sqlx does. Then it is recorded.
    fn drop(&mut self) {
        let on_drop = self.on_drop;
        if on_drop == OnDrop::Nothing {
            return;
        }
        DB::TransactionManager::start_rollback(self.connection.raw_mut());
        match on_drop {
            OnDrop::AbandonStart if self.is_nested => self.connection.history.fail_savepoint(),
            OnDrop::RollBack => {
                self.connection.history.roll_back();
                let settings = &self.connection.settings;
                StatementSpan::implicit_rollback(settings, self.rollback_operation(), self.parent.as_ref()).succeed();
            }
            OnDrop::AbandonStart | OnDrop::AbandonEnd | OnDrop::Nothing => {}
        }
    }
}

impl<DB: Database> Deref for Host<'_, DB> {
    type Target = TracingConnection<DB>;

    fn deref(&self) -> &Self::Target {
        match self {
            Host::Owned(connection) => connection,
            Host::Borrowed(connection) => connection,
        }
    }
}

impl<DB: Database> DerefMut for Host<'_, DB> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        match self {
            Host::Owned(connection) => connection,
            Host::Borrowed(connection) => connection,
        }
    }
}

impl<DB: Database> Deref for TracingTransaction<'_, DB> {
    type Target = TracingConnection<DB>;

    fn deref(&self) -> &Self::Target {
        &self.connection
    }
}

impl<DB: Database> DerefMut for TracingTransaction<'_, DB> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.connection
    }
}

/// For code that passes `as_mut()` as an executor.
impl<DB: Database> AsMut<TracingConnection<DB>> for TracingTransaction<'_, DB> {
    fn as_mut(&mut self) -> &mut TracingConnection<DB> {
        self
    }
}

impl<DB: Database> AsRef<TracingConnection<DB>> for TracingTransaction<'_, DB> {
    fn as_ref(&self) -> &TracingConnection<DB> {
        self
    }
}

impl<DB: Database> fmt::Debug for TracingTransaction<'_, DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TracingTransaction").field(&**self).finish()
    }
}
