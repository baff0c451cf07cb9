//! Code that is generic over the connection.

use futures_core::future::BoxFuture;
use sqlx::database::HasStatementCache;
use sqlx::{Error, SqlSafeStr};

use crate::connection::connection::TracingConnection;
use crate::connection::transaction::TracingTransaction;
use crate::database::TracingDatabase;

/// A single connection: [`sqlx::Connection`] for [`TracingConnection`], for code that is generic over the connection.
///
/// [`TracingConnection`] has the same methods itself, so other code needs no import.
///
/// ```
/// use opentracing_sqlx::Connection;
///
/// async fn is_healthy<C: Connection>(conn: &mut C) -> bool {
///     conn.ping().await.is_ok()
/// }
/// ```
pub trait Connection: Send + Sized {
    /// The database.
    type Database: TracingDatabase;
    /// How to connect.
    type Options: sqlx::ConnectOptions;

    /// Connects. See [`TracingConnection::connect`].
    fn connect(url: &str) -> impl Future<Output = Result<Self, Error>> + Send;

    /// Connects. See [`TracingConnection::connect_with`].
    fn connect_with(options: &Self::Options) -> impl Future<Output = Result<Self, Error>> + Send;

    /// Closes the connection. See [`TracingConnection::close`].
    fn close(self) -> impl Future<Output = Result<(), Error>> + Send;

    /// Checks that the connection works. See [`TracingConnection::ping`].
    fn ping(&mut self) -> impl Future<Output = Result<(), Error>> + Send;

    /// Begins a transaction or creates a savepoint. See [`TracingConnection::begin`].
    fn begin(&mut self) -> impl Future<Output = Result<TracingTransaction<'_, Self::Database>, Error>> + Send;

    /// Begins a transaction with the given statement. See [`TracingConnection::begin_with`].
    fn begin_with(
        &mut self,
        statement: impl SqlSafeStr + Send,
    ) -> impl Future<Output = Result<TracingTransaction<'_, Self::Database>, Error>> + Send;

    /// Whether a transaction is open.
    fn is_in_transaction(&self) -> bool;

    /// Runs a closure in a transaction. See [`TracingConnection::transaction`].
    fn transaction<'a, F, R, E>(&'a mut self, callback: F) -> impl Future<Output = Result<R, E>> + Send
    where
        for<'c> F:
            FnOnce(&'c mut TracingTransaction<'_, Self::Database>) -> BoxFuture<'c, Result<R, E>> + 'a + Send + Sync,
        R: Send,
        E: From<Error> + Send;

    /// The number of cached prepared statements.
    fn cached_statements_size(&self) -> usize
    where
        Self::Database: HasStatementCache;

    /// Removes all cached prepared statements.
    fn clear_cached_statements(&mut self) -> impl Future<Output = Result<(), Error>> + Send
    where
        Self::Database: HasStatementCache;

    /// Gives memory of buffers back.
    fn shrink_buffers(&mut self);
}

impl<DB: TracingDatabase> Connection for TracingConnection<DB> {
    type Database = DB;
    type Options = <DB::Connection as sqlx::Connection>::Options;

    fn connect(url: &str) -> impl Future<Output = Result<Self, Error>> + Send {
        TracingConnection::connect(url)
    }

    fn connect_with(options: &Self::Options) -> impl Future<Output = Result<Self, Error>> + Send {
        TracingConnection::connect_with(options)
    }

    fn close(self) -> impl Future<Output = Result<(), Error>> + Send {
        TracingConnection::close(self)
    }

    fn ping(&mut self) -> impl Future<Output = Result<(), Error>> + Send {
        TracingConnection::ping(self)
    }

    fn begin(&mut self) -> impl Future<Output = Result<TracingTransaction<'_, DB>, Error>> + Send {
        TracingConnection::begin(self)
    }

    fn begin_with(
        &mut self,
        statement: impl SqlSafeStr + Send,
    ) -> impl Future<Output = Result<TracingTransaction<'_, DB>, Error>> + Send {
        TracingConnection::begin_with(self, statement)
    }

    fn is_in_transaction(&self) -> bool {
        TracingConnection::is_in_transaction(self)
    }

    fn transaction<'a, F, R, E>(&'a mut self, callback: F) -> impl Future<Output = Result<R, E>> + Send
    where
        for<'c> F: FnOnce(&'c mut TracingTransaction<'_, DB>) -> BoxFuture<'c, Result<R, E>> + 'a + Send + Sync,
        R: Send,
        E: From<Error> + Send,
    {
        TracingConnection::transaction(self, callback)
    }

    fn cached_statements_size(&self) -> usize
    where
        DB: HasStatementCache,
    {
        TracingConnection::cached_statements_size(self)
    }

    fn clear_cached_statements(&mut self) -> impl Future<Output = Result<(), Error>> + Send
    where
        DB: HasStatementCache,
    {
        TracingConnection::clear_cached_statements(self)
    }

    fn shrink_buffers(&mut self) {
        TracingConnection::shrink_buffers(self);
    }
}
