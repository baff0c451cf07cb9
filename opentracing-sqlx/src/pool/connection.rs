//! The wrapped connection of a pool.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::Duration;

use futures_core::future::BoxFuture;
use sqlx::pool::PoolConnection;
use sqlx::{Database, Error};

use crate::connection::acquire::Acquire;
use crate::connection::connection::TracingConnection;
use crate::connection::transaction::TracingTransaction;
use crate::database::TracingDatabase;
use crate::settings::Settings;

/// A connection of a pool, which returns to the pool when it is dropped. Comes from
/// [`TracingPool::acquire`](crate::TracingPool::acquire).
///
/// `&mut *conn` executes statements. All methods of [`TracingConnection`] are available.
///
/// ```
/// # #[cfg(feature = "sqlite")]
/// # async fn example(pool: opentracing_sqlx::TracingPool<sqlx::Sqlite>) -> sqlx::Result<()> {
/// let mut conn = pool.acquire().await?;
/// sqlx::query("CREATE TEMPORARY TABLE picks (id INTEGER)").execute(&mut *conn).await?;
/// sqlx::query("INSERT INTO picks VALUES (1)").execute(&mut *conn).await?;
/// # Ok(())
/// # }
/// ```
#[must_use]
pub struct TracingPoolConnection<DB: Database> {
    connection: TracingConnection<DB>,
}

impl<DB: TracingDatabase> TracingPoolConnection<DB> {
    pub(super) fn new(connection: PoolConnection<DB>, settings: Arc<Settings>, pool_wait: Option<Duration>) -> Self {
        TracingPoolConnection { connection: TracingConnection::pooled(connection, settings, pool_wait) }
    }

    /// Closes the connection. The pool may then open another one.
    ///
    /// # Errors
    ///
    /// Those of [`PoolConnection::close`].
    pub async fn close(self) -> Result<(), Error> {
        self.connection.close().await
    }

    /// Closes the connection on drop, instead of returning it to the pool.
    pub fn close_on_drop(&mut self) {
        self.connection.close_on_drop();
    }

    /// Detaches the connection from the pool, which may then open another one.
    pub fn detach(self) -> TracingConnection<DB> {
        self.connection.into_owned(PoolConnection::detach)
    }

    /// Detaches the connection from the pool for good. The pool's number of connections stays reduced by one.
    pub fn leak(self) -> TracingConnection<DB> {
        self.connection.into_owned(PoolConnection::leak)
    }
}

impl<DB: Database> Deref for TracingPoolConnection<DB> {
    type Target = TracingConnection<DB>;

    fn deref(&self) -> &Self::Target {
        &self.connection
    }
}

impl<DB: Database> DerefMut for TracingPoolConnection<DB> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.connection
    }
}

impl<'c, DB: TracingDatabase> Acquire<'c> for &'c mut TracingPoolConnection<DB> {
    type Database = DB;
    type Connection = &'c mut TracingConnection<DB>;

    fn acquire(self) -> BoxFuture<'c, Result<Self::Connection, Error>> {
        Acquire::acquire(&mut **self)
    }

    fn begin(self) -> BoxFuture<'c, Result<TracingTransaction<'c, DB>, Error>> {
        Acquire::begin(&mut **self)
    }
}

/// For code that passes `as_mut()` as an executor.
impl<DB: Database> AsMut<TracingConnection<DB>> for TracingPoolConnection<DB> {
    fn as_mut(&mut self) -> &mut TracingConnection<DB> {
        self
    }
}

impl<DB: Database> AsRef<TracingConnection<DB>> for TracingPoolConnection<DB> {
    fn as_ref(&self) -> &TracingConnection<DB> {
        self
    }
}

impl<DB: Database> fmt::Debug for TracingPoolConnection<DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TracingPoolConnection").field(&self.connection).finish()
    }
}
