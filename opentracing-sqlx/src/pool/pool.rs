//! The wrapped pool.

use std::fmt;
use std::sync::Arc;

use opentracing_core::Tracer;
use sqlx::pool::{CloseEvent, PoolOptions};
use sqlx::{Connection, Database, Error, Pool, SqlSafeStr, SqlStr, Transaction};

use crate::connection::TracingPoolConnection;
use crate::database::TracingDatabase;
use crate::decorator::SpanDecorator;
use crate::options::{Commenter, PoolWait, StatementText};
use crate::pool::wait::{acquire, acquire_for};
use crate::settings::{Settings, setters};
use crate::statement::span::Call;
use crate::transaction::TracingTransaction;

/// A pool whose every statement is a span, a child of the active one. `&pool` executes statements as that of sqlx does.
///
/// Cloning is cheap, and clones share connections. Connections that the pool opens, tests and closes are not traced.
#[must_use]
pub struct TracingPool<DB: Database> {
    pool: Pool<DB>,
    pub(crate) settings: Arc<Settings>,
}

impl<DB: TracingDatabase> TracingPool<DB> {
    /// Connects, with the global tracer and sqlx's default options.
    ///
    /// # Errors
    ///
    /// Those of [`Pool::connect`].
    pub async fn connect(url: &str) -> Result<Self, Error> {
        Ok(Self::new(Pool::connect(url).await?))
    }

    /// Connects, with the global tracer and sqlx's default options of the pool.
    ///
    /// # Errors
    ///
    /// Those of [`Pool::connect_with`].
    pub async fn connect_with(options: <DB::Connection as Connection>::Options) -> Result<Self, Error> {
        Ok(Self::new(Pool::connect_with(options).await?))
    }

    /// Wraps a ready-made pool, with the global tracer.
    pub fn new(pool: Pool<DB>) -> Self {
        Self::with_tracer(Tracer::global(), pool)
    }

    /// Wraps a ready-made pool. Where it goes to is read from its options now, and once.
    pub fn with_tracer(tracer: Tracer, pool: Pool<DB>) -> Self {
        let target = DB::target(&pool.connect_options());
        TracingPool { pool, settings: Settings::new(tracer, target) }
    }

    setters!();

    /// Gets a connection of the pool, which may take as long as another one has it.
    ///
    /// # Errors
    ///
    /// Those of [`Pool::acquire`].
    pub fn acquire(&self) -> impl Future<Output = Result<TracingPoolConnection<DB>, Error>> + Send + use<DB> {
        let TracingPool { pool, settings } = self.clone();
        async move {
            let (connection, waited) = acquire(&pool, &settings).await?;
            Ok(TracingPoolConnection::new(connection, settings, waited))
        }
    }

    /// Gets a connection of the pool if one is idle.
    pub fn try_acquire(&self) -> Option<TracingPoolConnection<DB>> {
        let connection = self.pool.try_acquire()?;
        Some(TracingPoolConnection::new(connection, self.settings.clone(), None))
    }

    /// Gets a connection and begins a transaction.
    ///
    /// # Errors
    ///
    /// Those of [`Pool::begin`].
    pub async fn begin(&self) -> Result<TracingTransaction<'static, DB>, Error> {
        self.begin_by(None).await
    }

    /// Gets a connection if one is idle, and begins a transaction.
    ///
    /// # Errors
    ///
    /// Those of [`Pool::try_begin`].
    pub async fn try_begin(&self) -> Result<Option<TracingTransaction<'static, DB>>, Error> {
        self.try_begin_by(None).await
    }

    /// Gets a connection and begins a transaction with a statement of one's own.
    ///
    /// # Errors
    ///
    /// Those of [`Pool::begin_with`].
    pub async fn begin_with(&self, statement: impl SqlSafeStr) -> Result<TracingTransaction<'static, DB>, Error> {
        self.begin_by(Some(statement.into_sql_str())).await
    }

    /// Gets a connection if one is idle, and begins a transaction with a statement of one's own.
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
        let start = || self.beginning(statement.as_ref());
        let (connection, call) = acquire_for(&self.pool, &self.settings, start).await?;
        let begun = call.run_to_end(Transaction::begin(connection, statement)).await?;
        Ok(TracingTransaction::new(begun, self.settings.clone(), false))
    }

    async fn try_begin_by(&self, statement: Option<SqlStr>) -> Result<Option<TracingTransaction<'static, DB>>, Error> {
        let Some(connection) = self.pool.try_acquire() else { return Ok(None) };
        let call = self.beginning(statement.as_ref());
        let begun = call.run_to_end(Transaction::begin(connection, statement)).await?;
        Ok(Some(TracingTransaction::new(begun, self.settings.clone(), false)))
    }

    fn beginning(&self, statement: Option<&SqlStr>) -> Call {
        match statement {
            Some(statement) => Call::beginning_with(&self.settings, statement.as_str()),
            None => Call::transaction(&self.settings, "BEGIN"),
        }
    }

    /// Closes the pool, and waits until its connections are closed.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// Whether the pool is closed.
    pub fn is_closed(&self) -> bool {
        self.pool.is_closed()
    }

    /// Is ready once the pool is closed.
    pub fn close_event(&self) -> CloseEvent {
        self.pool.close_event()
    }

    /// How many connections there are, idle and in use.
    pub fn size(&self) -> u32 {
        self.pool.size()
    }

    /// How many connections are idle.
    pub fn num_idle(&self) -> usize {
        self.pool.num_idle()
    }

    /// The options of the pool.
    pub fn options(&self) -> &PoolOptions<DB> {
        self.pool.options()
    }

    /// The options of new connections.
    pub fn connect_options(&self) -> Arc<<DB::Connection as Connection>::Options> {
        self.pool.connect_options()
    }

    /// Replaces the options of new connections, to change the password for example. Spans go on telling the host, database and user
    /// of the first ones.
    pub fn set_connect_options(&self, options: <DB::Connection as Connection>::Options) {
        self.pool.set_connect_options(options);
    }
}

impl<DB: Database> TracingPool<DB> {
    /// The pool inside: for `migrate!`, `PgListener`, and libraries that ask for it. What it executes is not traced.
    pub fn get_ref(&self) -> &Pool<DB> {
        &self.pool
    }

    /// The pool inside. What it executes is not traced.
    pub fn into_inner(self) -> Pool<DB> {
        self.pool
    }
}

impl<DB: Database> Clone for TracingPool<DB> {
    fn clone(&self) -> Self {
        TracingPool { pool: self.pool.clone(), settings: self.settings.clone() }
    }
}

impl<DB: Database> fmt::Debug for TracingPool<DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TracingPool").field("pool", &self.pool).field("settings", &self.settings).finish()
    }
}
