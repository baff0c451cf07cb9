//! The wrapped connection, and that of a pool.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::Duration;

use opentracing_core::Tracer;
use sqlx::pool::PoolConnection;
use sqlx::{Connection, Database, Error, SqlSafeStr, Transaction};

use crate::database::TracingDatabase;
use crate::decorator::SpanDecorator;
use crate::options::{Commenter, PoolWait, StatementText};
use crate::settings::{Settings, setters};
use crate::statement::span::Call;
use crate::transaction::TracingTransaction;

/// A connection whose every statement is a span: what `&mut conn`, `&mut *conn` and `&mut *tx` are, of wrapped ones.
///
/// One's own is made by [`connect`](Self::connect) or out of a ready-made one; that of a pool comes from
/// [`TracingPool::acquire`](crate::TracingPool::acquire), that of a transaction from `begin`. A function that takes
/// `&mut PgConnection` takes `&mut TracingConnection<'_, Postgres>` instead, or `impl PgExecutor<'_>`, which fits both.
#[must_use]
pub struct TracingConnection<'t, DB: Database> {
    source: Source<'t, DB>,
    pub(crate) settings: Arc<Settings>,
    /// How long somebody waited for the connection, until its first span has told it.
    waited: Option<Duration>,
}

/// Where a connection is.
enum Source<'t, DB: Database> {
    Owned(DB::Connection),
    Pooled(PoolConnection<DB>),
    Transaction(Transaction<'t, DB>),
}

impl<DB: TracingDatabase> TracingConnection<'static, DB> {
    /// Connects, with the global tracer. Connecting is not traced.
    ///
    /// # Errors
    ///
    /// Those of [`Connection::connect`].
    pub async fn connect(url: &str) -> Result<Self, Error> {
        Self::connect_with(&url.parse()?).await
    }

    /// Connects, with the global tracer. Connecting is not traced.
    ///
    /// # Errors
    ///
    /// Those of [`Connection::connect_with`].
    pub async fn connect_with(options: &<DB::Connection as Connection>::Options) -> Result<Self, Error> {
        Ok(Self::new(DB::Connection::connect_with(options).await?, options))
    }

    /// Wraps a ready-made connection, with the global tracer. `options` say where it goes to; it does not tell.
    pub fn new(connection: DB::Connection, options: &<DB::Connection as Connection>::Options) -> Self {
        Self::with_tracer(Tracer::global(), connection, options)
    }

    /// Wraps a ready-made connection. `options` say where it goes to; it does not tell.
    pub fn with_tracer(
        tracer: Tracer,
        connection: DB::Connection,
        options: &<DB::Connection as Connection>::Options,
    ) -> Self {
        Self::owned(connection, Settings::new(tracer, DB::target(options)))
    }

    setters!();

    fn owned(connection: DB::Connection, settings: Arc<Settings>) -> Self {
        TracingConnection { source: Source::Owned(connection), settings, waited: None }
    }

    /// Closes the connection in its own way.
    ///
    /// # Errors
    ///
    /// Those of [`Connection::close`].
    pub async fn close(self) -> Result<(), Error> {
        match self.source {
            Source::Owned(connection) => connection.close().await,
            Source::Pooled(connection) => connection.close().await,
            Source::Transaction(transaction) => transaction.rollback().await,
        }
    }
}

impl<'t, DB: TracingDatabase> TracingConnection<'t, DB> {
    /// Begins a transaction, or within one a savepoint.
    ///
    /// # Errors
    ///
    /// Those of [`Connection::begin`].
    pub async fn begin(&mut self) -> Result<TracingTransaction<'_, DB>, Error> {
        let (call, is_nested) = self.beginning();
        let settings = self.settings.clone();
        let begun = call.run_to_end(self.raw_mut().begin()).await?;
        Ok(TracingTransaction::new(begun, settings, is_nested))
    }

    /// Begins a transaction with a statement of one's own.
    ///
    /// # Errors
    ///
    /// Those of [`Connection::begin_with`], which within a transaction is one.
    pub async fn begin_with(&mut self, statement: impl SqlSafeStr) -> Result<TracingTransaction<'_, DB>, Error> {
        let sql = statement.into_sql_str();
        let mut call = Call::beginning_with(&self.settings, sql.as_str());
        self.tell_wait(&mut call);
        let settings = self.settings.clone();
        let begun = call.run_to_end(self.raw_mut().begin_with(sql)).await?;
        Ok(TracingTransaction::new(begun, settings, false))
    }

    fn beginning(&mut self) -> (Call, bool) {
        let is_nested = self.is_in_transaction();
        let operation = if is_nested { "SAVEPOINT" } else { "BEGIN" };
        let mut call = Call::transaction(&self.settings, operation);
        self.tell_wait(&mut call);
        (call, is_nested)
    }

    /// Whether a transaction is open.
    pub fn is_in_transaction(&self) -> bool {
        self.get_ref().is_in_transaction()
    }

    /// Checks that the connection works. Not traced.
    ///
    /// # Errors
    ///
    /// Those of [`Connection::ping`].
    pub async fn ping(&mut self) -> Result<(), Error> {
        self.raw_mut().ping().await
    }

    /// The connection inside. Nothing can be executed by it.
    pub fn get_ref(&self) -> &DB::Connection {
        match &self.source {
            Source::Owned(connection) => connection,
            Source::Pooled(connection) => connection,
            Source::Transaction(transaction) => transaction,
        }
    }

    /// The connection inside, for `COPY`, for libraries that ask for it, and for what a database has of its own. What it executes is
    /// not traced.
    pub fn get_mut(&mut self) -> &mut DB::Connection {
        self.raw_mut()
    }

    pub(crate) fn raw_mut(&mut self) -> &mut DB::Connection {
        match &mut self.source {
            Source::Owned(connection) => connection,
            Source::Pooled(connection) => connection,
            Source::Transaction(transaction) => transaction,
        }
    }

    pub(crate) fn of_transaction(transaction: Transaction<'t, DB>, settings: Arc<Settings>) -> Self {
        TracingConnection { source: Source::Transaction(transaction), settings, waited: None }
    }

    /// Ends the transaction; whoever has none has nothing to end.
    pub(crate) async fn commit(self) -> Result<(), Error> {
        match self.source {
            Source::Transaction(transaction) => transaction.commit().await,
            Source::Owned(_) | Source::Pooled(_) => Ok(()),
        }
    }

    /// Ends the transaction; whoever has none has nothing to end.
    pub(crate) async fn rollback(self) -> Result<(), Error> {
        match self.source {
            Source::Transaction(transaction) => transaction.rollback().await,
            Source::Owned(_) | Source::Pooled(_) => Ok(()),
        }
    }

    pub(crate) fn tell_wait(&mut self, call: &mut Call) {
        if let Some(waited) = self.waited.take() {
            call.waited(waited);
        }
    }
}

impl<DB: Database> fmt::Debug for TracingConnection<'_, DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TracingConnection").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// A connection of a pool, to which it returns when it is dropped. As `&mut *conn` it executes statements; everything that a
/// [`TracingConnection`] has, it has too.
#[must_use]
pub struct TracingPoolConnection<DB: Database> {
    connection: TracingConnection<'static, DB>,
}

impl<DB: TracingDatabase> TracingPoolConnection<DB> {
    pub(crate) fn new(connection: PoolConnection<DB>, settings: Arc<Settings>, waited: Option<Duration>) -> Self {
        TracingPoolConnection { connection: TracingConnection { source: Source::Pooled(connection), settings, waited } }
    }

    /// Closes the connection, so that the pool may open another one.
    ///
    /// # Errors
    ///
    /// Those of [`PoolConnection::close`].
    pub async fn close(self) -> Result<(), Error> {
        self.connection.close().await
    }

    /// Closes the connection when this is dropped, in the place of returning it.
    pub fn close_on_drop(&mut self) {
        if let Source::Pooled(connection) = &mut self.connection.source {
            connection.close_on_drop();
        }
    }

    /// Takes the connection away from the pool, which may open another one.
    pub fn detach(self) -> TracingConnection<'static, DB> {
        self.take(PoolConnection::detach)
    }

    /// Takes the connection away from the pool, in which its place stays taken.
    pub fn leak(self) -> TracingConnection<'static, DB> {
        self.take(PoolConnection::leak)
    }

    fn take(self, take: impl FnOnce(PoolConnection<DB>) -> DB::Connection) -> TracingConnection<'static, DB> {
        let TracingConnection { source, settings, waited } = self.connection;
        let source = match source {
            Source::Pooled(connection) => Source::Owned(take(connection)),
            other => other,
        };
        TracingConnection { source, settings, waited }
    }
}

impl<DB: Database> Deref for TracingPoolConnection<DB> {
    type Target = TracingConnection<'static, DB>;

    fn deref(&self) -> &Self::Target {
        &self.connection
    }
}

impl<DB: Database> DerefMut for TracingPoolConnection<DB> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.connection
    }
}

impl<DB: Database> fmt::Debug for TracingPoolConnection<DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TracingPoolConnection").field(&self.connection).finish()
    }
}
