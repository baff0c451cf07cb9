//! The wrapped connection.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_core::future::BoxFuture;
use opentracing_core::Tracer;
use sqlx::database::HasStatementCache;
use sqlx::pool::PoolConnection;
use sqlx::{Connection, Database, Error, SqlSafeStr};

use crate::connection::history::History;
use crate::connection::source::Source;
use crate::connection::transaction::{Host, TracingTransaction};
use crate::database::TracingDatabase;
use crate::decorator::StatementDecorator;
use crate::options::{PoolWait, SqlCommenter, StatementText};
use crate::settings::{Settings, setters};
use crate::statement::span::StatementSpan;

/// A connection that traces every statement. `&mut conn` executes statements, as do `&mut *conn` of a pool's connection and `&mut *tx`
/// of a transaction.
///
/// [`connect`](Self::connect) and [`with_tracer`](Self::with_tracer) make a connection outside a pool. A connection of a pool comes from
/// [`TracingPool::acquire`](crate::TracingPool::acquire), that of a transaction from `begin`. A function that takes `&mut PgConnection`
/// takes `&mut TracingConnection<Postgres>` instead; `impl PgExecutor<'_>` accepts both.
///
/// ```
/// # #[cfg(not(feature = "sqlite"))] fn main() {}
/// # #[cfg(feature = "sqlite")]
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> sqlx::Result<()> {
/// use opentracing_sqlx::TracingConnection;
/// use sqlx::Connection;
/// use sqlx::sqlite::{Sqlite, SqliteConnectOptions, SqliteConnection};
///
/// # let tracer = opentracing_core::Tracer::noop();
/// let options: SqliteConnectOptions = "sqlite::memory:".parse()?;
/// let conn = SqliteConnection::connect_with(&options).await?;
/// let mut conn = TracingConnection::<Sqlite>::with_tracer(tracer, conn, &options);
/// let two: i64 = sqlx::query_scalar("SELECT 1 + 1").fetch_one(&mut conn).await?;
/// assert_eq!(two, 2);
/// # Ok(())
/// # }
/// ```
#[must_use]
pub struct TracingConnection<DB: Database> {
    source: Source<DB>,
    pub(crate) settings: Arc<Settings>,
    /// The time of the wait for this connection, until the first span has recorded it.
    pool_wait: Option<Duration>,
    pub(super) history: History,
}

impl<DB: TracingDatabase> TracingConnection<DB> {
    /// Connects. Uses the global tracer. Connecting is not traced.
    ///
    /// # Errors
    ///
    /// Those of [`Connection::connect`].
    pub async fn connect(url: &str) -> Result<Self, Error> {
        Self::connect_with(&url.parse()?).await
    }

    /// Connects. Uses the global tracer. Connecting is not traced.
    ///
    /// # Errors
    ///
    /// Those of [`Connection::connect_with`].
    pub async fn connect_with(options: &<DB::Connection as Connection>::Options) -> Result<Self, Error> {
        Ok(Self::new(DB::Connection::connect_with(options).await?, options))
    }

    /// Wraps a connection. Uses the global tracer. Host, database and user are read from `options`, since a connection does not expose
    /// them.
    pub fn new(connection: DB::Connection, options: &<DB::Connection as Connection>::Options) -> Self {
        Self::with_tracer(Tracer::global(), connection, options)
    }

    /// Wraps a connection. Host, database and user are read from `options`, since a connection does not expose them.
    pub fn with_tracer(
        tracer: Tracer,
        connection: DB::Connection,
        options: &<DB::Connection as Connection>::Options,
    ) -> Self {
        let settings = Settings::new(tracer, DB::target(options));
        TracingConnection { source: Source::Owned(connection), settings, pool_wait: None, history: History::default() }
    }

    setters!();

    /// Closes the connection gracefully.
    ///
    /// # Errors
    ///
    /// Those of [`Connection::close`].
    pub async fn close(self) -> Result<(), Error> {
        match self.source {
            Source::Owned(connection) => connection.close().await,
            Source::Pooled(connection) => connection.close().await,
            // Not reached: a guard owns the connection that holds it.
            #[cfg(feature = "postgres")]
            Source::Held(_) | Source::Lent => Ok(()),
        }
    }

    fn settings_mut(&mut self) -> &mut Settings {
        Arc::make_mut(&mut self.settings)
    }

    pub(crate) fn pooled(connection: PoolConnection<DB>, settings: Arc<Settings>, pool_wait: Option<Duration>) -> Self {
        TracingConnection { source: Source::Pooled(connection), settings, pool_wait, history: History::default() }
    }

    pub(crate) fn close_on_drop(&mut self) {
        if let Source::Pooled(connection) = &mut self.source {
            connection.close_on_drop();
        }
    }

    pub(crate) fn into_owned(self, detach: impl FnOnce(PoolConnection<DB>) -> DB::Connection) -> Self {
        let source = match self.source {
            Source::Pooled(connection) => Source::Owned(detach(connection)),
            other => other,
        };
        TracingConnection { source, ..self }
    }
}

impl<DB: TracingDatabase> TracingConnection<DB> {
    /// Begins a transaction. Inside a transaction it creates a savepoint.
    ///
    /// # Errors
    ///
    /// Those of [`Connection::begin`].
    pub async fn begin(&mut self) -> Result<TracingTransaction<'_, DB>, Error> {
        let operation = if self.is_in_transaction() { "SAVEPOINT" } else { "BEGIN" };
        let span = StatementSpan::begin(&self.settings, operation);
        TracingTransaction::begin(Host::Borrowed(self), None, span).await
    }

    /// Begins a transaction with the given statement.
    ///
    /// # Errors
    ///
    /// Those of [`Connection::begin_with`]. It fails inside a transaction.
    pub async fn begin_with(&mut self, statement: impl SqlSafeStr) -> Result<TracingTransaction<'_, DB>, Error> {
        let sql = statement.into_sql_str();
        let span = StatementSpan::begin_with(&self.settings, sql.as_str());
        TracingTransaction::begin(Host::Borrowed(self), Some(sql), span).await
    }

    /// Begins a transaction and runs a closure in it. Commits if the closure succeeds, and otherwise rolls back.
    ///
    /// ```
    /// # #[cfg(feature = "sqlite")]
    /// # async fn example(mut conn: opentracing_sqlx::SqliteConnection) -> sqlx::Result<()> {
    /// conn.transaction(|tx| Box::pin(async move {
    ///     sqlx::query("UPDATE books SET stock = stock - 1").execute(&mut **tx).await
    /// }))
    /// .await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Those of the closure, of `BEGIN`, and of the commit or the rollback.
    pub async fn transaction<'a, F, R, E>(&'a mut self, callback: F) -> Result<R, E>
    where
        for<'c> F: FnOnce(&'c mut TracingTransaction<'_, DB>) -> BoxFuture<'c, Result<R, E>> + 'a + Send + Sync,
        R: Send,
        E: From<Error> + Send,
    {
        let mut transaction = self.begin().await?;
        match callback(&mut transaction).await {
            Ok(output) => {
                transaction.commit().await?;
                Ok(output)
            }
            Err(error) => {
                transaction.rollback().await?;
                Err(error)
            }
        }
    }

    /// The number of cached prepared statements.
    pub fn cached_statements_size(&self) -> usize
    where
        DB: HasStatementCache,
    {
        self.get_ref().cached_statements_size()
    }

    /// Removes all cached prepared statements. Not traced.
    ///
    /// # Errors
    ///
    /// Those of [`Connection::clear_cached_statements`].
    pub async fn clear_cached_statements(&mut self) -> Result<(), Error>
    where
        DB: HasStatementCache,
    {
        self.raw_mut().clear_cached_statements().await
    }

    /// Gives memory of buffers back. See [`Connection::shrink_buffers`].
    pub fn shrink_buffers(&mut self) {
        self.raw_mut().shrink_buffers();
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
        self.raw_mut().ping().await?;
        self.history.catch_up();
        Ok(())
    }

    /// The inner connection, read-only. It cannot execute statements.
    pub fn get_ref(&self) -> &DB::Connection {
        self.source.connection()
    }

    /// The inner connection, for `COPY`, for libraries that take it, and for features of a single database. Statements on it are not
    /// traced.
    pub fn get_mut(&mut self) -> &mut DB::Connection {
        self.history.forget();
        self.raw_mut()
    }

    /// Records on the span what is known before the statement runs.
    pub(crate) fn start(&mut self, span: &mut StatementSpan) {
        if let Some(wait) = self.pool_wait.take() {
            span.set_pool_wait(wait);
        }
        self.history.start(span);
    }

    /// Notes the result of a statement. Not called if the statement was dropped.
    pub(crate) fn finish<T>(&mut self, result: &Result<T, Error>) {
        self.history.finish(result, self.settings.target.dialect);
    }
}

impl<DB: Database> TracingConnection<DB> {
    /// The inner connection, with what is known of it.
    #[cfg(feature = "postgres")]
    pub(crate) fn split(&mut self) -> (&mut DB::Connection, &mut History) {
        (self.source.connection_mut(), &mut self.history)
    }

    #[cfg(feature = "postgres")]
    pub(crate) fn take_source(&mut self) -> Source<DB> {
        std::mem::replace(&mut self.source, Source::Lent)
    }

    #[cfg(feature = "postgres")]
    pub(crate) fn put_source(&mut self, source: Source<DB>) {
        self.source = source;
    }

    pub(crate) fn raw_mut(&mut self) -> &mut DB::Connection {
        self.source.connection_mut()
    }
}

/// For code that passes `conn.as_mut()` as an executor.
impl<DB: Database> AsMut<TracingConnection<DB>> for TracingConnection<DB> {
    fn as_mut(&mut self) -> &mut TracingConnection<DB> {
        self
    }
}

impl<DB: Database> AsRef<TracingConnection<DB>> for TracingConnection<DB> {
    fn as_ref(&self) -> &TracingConnection<DB> {
        self
    }
}

impl<DB: Database> fmt::Debug for TracingConnection<DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TracingConnection").field("settings", &self.settings).finish_non_exhaustive()
    }
}
