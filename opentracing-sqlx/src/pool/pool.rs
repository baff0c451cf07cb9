//! The wrapped pool.

use std::fmt;
use std::sync::Arc;

use futures_core::future::BoxFuture;
use opentracing_core::Tracer;
use sqlx::pool::PoolConnection;
use sqlx::pool::{CloseEvent, PoolOptions};
use sqlx::{Connection, Database, Error, Pool, SqlSafeStr, SqlStr};

use crate::connection::acquire::Acquire;
use crate::connection::connection::TracingConnection;
use crate::connection::transaction::{Host, TracingTransaction};
use crate::database::TracingDatabase;
use crate::decorator::StatementDecorator;
use crate::options::{PoolWait, SqlCommenter, StatementText};
use crate::pool::acquire::{acquire, acquire_for};
use crate::pool::connection::TracingPoolConnection;
use crate::pool::figures::Figures;
use crate::settings::{Settings, setters};
use crate::statement::span::StatementSpan;

/// A pool that traces every statement. `&pool` executes statements, as `&sqlx::Pool` does.
///
/// The span of a statement is a child of the active span. Cloning is cheap, and clones share the connections. Connections that the pool
/// opens, tests and closes are not traced.
///
/// ```no_run
/// use opentracing_core::Tracer;
/// use opentracing_sqlx::{StatementText, TracingPool};
/// # #[cfg(feature = "sqlite")]
/// use sqlx::sqlite::{Sqlite, SqlitePool};
///
/// # #[cfg(feature = "sqlite")]
/// async fn pool(tracer: Tracer) -> sqlx::Result<TracingPool<Sqlite>> {
///     let pool = SqlitePool::connect("sqlite:shop.db").await?;
///     Ok(TracingPool::with_tracer(tracer, pool)
///         .peer_service("shop-db")
///         .statement_text(StatementText::Off)
///         .require_parent())
/// }
/// ```
#[must_use]
pub struct TracingPool<DB: Database> {
    /// One allocation, since each statement holds a handle.
    shared: Arc<Shared<DB>>,
}

struct Shared<DB: Database> {
    figures: Arc<Figures<DB>>,
    pool: Pool<DB>,
    settings: Arc<Settings>,
}

impl<DB: TracingDatabase> TracingPool<DB> {
    /// Connects with sqlx's default options. Uses the global tracer. The scheme `mariadb` or `cockroachdb` sets the
    /// [`system_name`](Self::system_name) as well.
    ///
    /// # Errors
    ///
    /// Those of [`Pool::connect`].
    pub async fn connect(url: &str) -> Result<Self, Error> {
        Ok(Self::new(Pool::connect(url).await?).named_by(url))
    }

    /// Connects with sqlx's default pool options. Uses the global tracer.
    ///
    /// # Errors
    ///
    /// Those of [`Pool::connect_with`].
    pub async fn connect_with(options: <DB::Connection as Connection>::Options) -> Result<Self, Error> {
        Ok(Self::new(Pool::connect_with(options).await?))
    }

    /// Makes a pool with sqlx's default options, which connects when a connection is needed. Uses the global tracer.
    ///
    /// # Errors
    ///
    /// Those of [`Pool::connect_lazy`].
    pub fn connect_lazy(url: &str) -> Result<Self, Error> {
        Ok(Self::new(Pool::connect_lazy(url)?).named_by(url))
    }

    /// Makes a pool with sqlx's default pool options, which connects when a connection is needed. Uses the global tracer.
    pub fn connect_lazy_with(options: <DB::Connection as Connection>::Options) -> Self {
        Self::new(Pool::connect_lazy_with(options))
    }

    /// Wraps a pool. Uses the global tracer.
    pub fn new(pool: Pool<DB>) -> Self {
        Self::with_tracer(Tracer::global(), pool)
    }

    /// Wraps a pool. Reads host, database and user from the pool's options once, now.
    pub fn with_tracer(tracer: Tracer, pool: Pool<DB>) -> Self {
        let target = DB::target(&pool.connect_options());
        let figures = Arc::new(Figures::new(pool.clone(), target.pool_name()));
        tracer.watch_pool(&figures);
        TracingPool { shared: Arc::new(Shared { figures, pool, settings: Settings::new(tracer, target) }) }
    }

    setters!();

    /// Sets the name of the pool in the tracer's statistics and metrics, also for its clones. Host, port and database by default, such as
    /// `db.example:5432/shop`.
    pub fn pool_name(self, name: impl Into<String>) -> Self {
        self.figures().set_name(name.into());
        self
    }

    /// Takes the name of the database system from the scheme of the URL.
    pub(super) fn named_by(mut self, url: &str) -> Self {
        let target = &mut self.settings_mut().target;
        *target = target.clone().named_by(url);
        self
    }

    fn settings_mut(&mut self) -> &mut Settings {
        Arc::make_mut(&mut Arc::make_mut(&mut self.shared).settings)
    }

    /// Acquires a connection. Waits while all connections are in use.
    ///
    /// # Errors
    ///
    /// Those of [`Pool::acquire`].
    pub fn acquire(&self) -> impl Future<Output = Result<TracingPoolConnection<DB>, Error>> + Send + use<DB> {
        let pool = self.clone();
        async move {
            let (connection, pool_wait) = acquire(&pool).await?;
            Ok(TracingPoolConnection::new(connection, pool.settings().clone(), pool_wait))
        }
    }

    /// Acquires a connection if one is idle.
    pub fn try_acquire(&self) -> Option<TracingPoolConnection<DB>> {
        let connection = self.pool().try_acquire()?;
        Some(TracingPoolConnection::new(connection, self.settings().clone(), None))
    }

    /// Acquires a connection and begins a transaction.
    ///
    /// # Errors
    ///
    /// Those of [`Pool::begin`].
    pub async fn begin(&self) -> Result<TracingTransaction<'static, DB>, Error> {
        self.begin_by(None).await
    }

    /// Begins a transaction if a connection is idle.
    ///
    /// # Errors
    ///
    /// Those of [`Pool::try_begin`].
    pub async fn try_begin(&self) -> Result<Option<TracingTransaction<'static, DB>>, Error> {
        self.try_begin_by(None).await
    }

    /// Acquires a connection and begins a transaction with the given statement.
    ///
    /// # Errors
    ///
    /// Those of [`Pool::begin_with`].
    pub async fn begin_with(&self, statement: impl SqlSafeStr) -> Result<TracingTransaction<'static, DB>, Error> {
        self.begin_by(Some(statement.into_sql_str())).await
    }

    /// Begins a transaction with the given statement if a connection is idle.
    ///
    /// # Errors
    ///
    /// Those of [`Pool::try_begin_with`].
    pub async fn try_begin_with(
        &self,
        statement: impl SqlSafeStr,
    ) -> Result<Option<TracingTransaction<'static, DB>>, Error> {
        self.try_begin_by(Some(statement.into_sql_str())).await
    }

    async fn begin_by(&self, statement: Option<SqlStr>) -> Result<TracingTransaction<'static, DB>, Error> {
        let start = || self.begin_span(statement.as_ref());
        let (connection, span) = acquire_for(self, start).await?;
        self.begin_on(connection, statement, span).await
    }

    async fn try_begin_by(&self, statement: Option<SqlStr>) -> Result<Option<TracingTransaction<'static, DB>>, Error> {
        let Some(connection) = self.pool().try_acquire() else { return Ok(None) };
        let span = self.begin_span(statement.as_ref());
        self.begin_on(connection, statement, span).await.map(Some)
    }

    async fn begin_on(
        &self,
        connection: PoolConnection<DB>,
        statement: Option<SqlStr>,
        span: StatementSpan,
    ) -> Result<TracingTransaction<'static, DB>, Error> {
        let connection = TracingConnection::pooled(connection, self.settings().clone(), None);
        TracingTransaction::begin(Host::Owned(connection), statement, span).await
    }

    fn begin_span(&self, statement: Option<&SqlStr>) -> StatementSpan {
        match statement {
            Some(statement) => StatementSpan::begin_with(self.settings(), statement.as_str()),
            None => StatementSpan::begin(self.settings(), "BEGIN"),
        }
    }

    /// Closes the pool, and waits until all connections are closed.
    pub async fn close(&self) {
        self.pool().close().await;
    }

    /// Whether the pool is closed.
    pub fn is_closed(&self) -> bool {
        self.pool().is_closed()
    }

    /// Returns a future that completes when the pool is closed.
    pub fn close_event(&self) -> CloseEvent {
        self.pool().close_event()
    }

    /// The number of open connections, idle and in use.
    pub fn size(&self) -> u32 {
        self.pool().size()
    }

    /// The number of idle connections.
    pub fn num_idle(&self) -> usize {
        self.pool().num_idle()
    }

    /// The options of the pool.
    pub fn options(&self) -> &PoolOptions<DB> {
        self.pool().options()
    }

    /// The options of new connections.
    pub fn connect_options(&self) -> Arc<<DB::Connection as Connection>::Options> {
        self.pool().connect_options()
    }

    /// Replaces the options of new connections, for example to change the password. Spans keep the host, database and user of the
    /// first options.
    pub fn set_connect_options(&self, options: <DB::Connection as Connection>::Options) {
        self.pool().set_connect_options(options);
    }
}

impl<DB: Database> TracingPool<DB> {
    /// The inner pool, for `migrate!`, `PgListener`, and libraries that take a `Pool`. Statements on it are not traced.
    pub fn get_ref(&self) -> &Pool<DB> {
        self.pool()
    }

    /// Unwraps the inner pool. Statements on it are not traced.
    pub fn into_inner(self) -> Pool<DB> {
        self.pool().clone()
    }

    fn pool(&self) -> &Pool<DB> {
        &self.shared.pool
    }

    pub(crate) fn figures(&self) -> &Figures<DB> {
        &self.shared.figures
    }

    pub(crate) fn settings(&self) -> &Arc<Settings> {
        &self.shared.settings
    }
}

/// Uses the global tracer.
impl<DB: TracingDatabase> From<Pool<DB>> for TracingPool<DB> {
    fn from(pool: Pool<DB>) -> Self {
        TracingPool::new(pool)
    }
}

impl<'c, DB: TracingDatabase> Acquire<'c> for &TracingPool<DB> {
    type Database = DB;
    type Connection = TracingPoolConnection<DB>;

    fn acquire(self) -> BoxFuture<'c, Result<Self::Connection, Error>> {
        Box::pin(TracingPool::acquire(self))
    }

    fn begin(self) -> BoxFuture<'c, Result<TracingTransaction<'c, DB>, Error>> {
        let pool = self.clone();
        Box::pin(async move { pool.begin().await })
    }
}

impl<DB: Database> Clone for Shared<DB> {
    fn clone(&self) -> Self {
        Shared { figures: self.figures.clone(), pool: self.pool.clone(), settings: self.settings.clone() }
    }
}

impl<DB: Database> Clone for TracingPool<DB> {
    fn clone(&self) -> Self {
        TracingPool { shared: self.shared.clone() }
    }
}

impl<DB: Database> fmt::Debug for TracingPool<DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TracingPool").field("pool", self.pool()).field("settings", self.settings()).finish()
    }
}
