//! The options of a pool that is traced from the start.

use std::fmt;
use std::ops::Deref;
use std::time::Duration;

use futures_core::future::BoxFuture;
use log::LevelFilter;
use opentracing_core::Tracer;
use sqlx::pool::{PoolConnectionMetadata, PoolOptions};
use sqlx::{Connection, Database, Error, Pool};

use crate::database::TracingDatabase;
use crate::pool::pool::TracingPool;

/// [`sqlx::pool::PoolOptions`], which connect a [`TracingPool`]. Programs that build their pool with sqlx's options change only the import.
///
/// ```no_run
/// # #[cfg(feature = "sqlite")]
/// # async fn example() -> sqlx::Result<()> {
/// use opentracing_sqlx::{SqlitePool, SqlitePoolOptions};
///
/// let pool: SqlitePool = SqlitePoolOptions::new().max_connections(5).connect("sqlite:shop.db").await?;
/// # Ok(())
/// # }
/// ```
#[must_use]
pub struct TracingPoolOptions<DB: Database> {
    options: PoolOptions<DB>,
    tracer: Tracer,
}

/// Setters that only pass on to sqlx's options.
macro_rules! pass_on {
    ($($name:ident($argument:ident: $type:ty);)+) => {
        $(
            #[doc = concat!("See [`PoolOptions::", stringify!($name), "`].")]
            pub fn $name(mut self, $argument: $type) -> Self {
                self.options = self.options.$name($argument);
                self
            }
        )+
    };
}

/// Setters of hooks, which receive the inner connection.
macro_rules! pass_hooks_on {
    ($($name:ident -> $output:ty;)+) => {
        $(
            #[doc = concat!("See [`PoolOptions::", stringify!($name), "`]. The hook receives the inner connection, which is not traced.")]
            pub fn $name<F>(mut self, hook: F) -> Self
            where
                for<'c> F: Fn(&'c mut DB::Connection, PoolConnectionMetadata) -> BoxFuture<'c, Result<$output, Error>>
                    + 'static
                    + Send
                    + Sync,
            {
                self.options = self.options.$name(hook);
                self
            }
        )+
    };
}

impl<DB: TracingDatabase> TracingPoolOptions<DB> {
    /// The default options. Uses the global tracer.
    pub fn new() -> Self {
        Self::with_tracer(Tracer::global())
    }

    /// The default options.
    pub fn with_tracer(tracer: Tracer) -> Self {
        TracingPoolOptions { options: PoolOptions::new(), tracer }
    }

    pass_on! {
        max_connections(max: u32);
        min_connections(min: u32);
        acquire_time_level(level: LevelFilter);
        acquire_slow_level(level: LevelFilter);
        acquire_slow_threshold(threshold: Duration);
        acquire_timeout(timeout: Duration);
        max_lifetime(lifetime: impl Into<Option<Duration>>);
        idle_timeout(timeout: impl Into<Option<Duration>>);
        test_before_acquire(test: bool);
        parent(pool: Pool<DB>);
    }

    pass_hooks_on! {
        after_connect -> ();
        before_acquire -> bool;
        after_release -> bool;
    }

    /// Connects, and wraps the pool.
    ///
    /// # Errors
    ///
    /// Those of [`PoolOptions::connect`].
    pub async fn connect(self, url: &str) -> Result<TracingPool<DB>, Error> {
        Ok(TracingPool::with_tracer(self.tracer, self.options.connect(url).await?).named_by(url))
    }

    /// Connects, and wraps the pool.
    ///
    /// # Errors
    ///
    /// Those of [`PoolOptions::connect_with`].
    pub async fn connect_with(
        self,
        options: <DB::Connection as Connection>::Options,
    ) -> Result<TracingPool<DB>, Error> {
        Ok(TracingPool::with_tracer(self.tracer, self.options.connect_with(options).await?))
    }

    /// Makes a pool that connects when a connection is needed.
    ///
    /// # Errors
    ///
    /// Those of [`PoolOptions::connect_lazy`].
    pub fn connect_lazy(self, url: &str) -> Result<TracingPool<DB>, Error> {
        Ok(TracingPool::with_tracer(self.tracer, self.options.connect_lazy(url)?).named_by(url))
    }

    /// Makes a pool that connects when a connection is needed.
    pub fn connect_lazy_with(self, options: <DB::Connection as Connection>::Options) -> TracingPool<DB> {
        TracingPool::with_tracer(self.tracer, self.options.connect_lazy_with(options))
    }
}

impl<DB: TracingDatabase> From<PoolOptions<DB>> for TracingPoolOptions<DB> {
    /// Uses the global tracer.
    fn from(options: PoolOptions<DB>) -> Self {
        TracingPoolOptions { options, tracer: Tracer::global() }
    }
}

impl<DB: TracingDatabase> Default for TracingPoolOptions<DB> {
    fn default() -> Self {
        Self::new()
    }
}

/// For sqlx's readers, such as `get_max_connections`.
impl<DB: Database> Deref for TracingPoolOptions<DB> {
    type Target = PoolOptions<DB>;

    fn deref(&self) -> &Self::Target {
        &self.options
    }
}

impl<DB: Database> Clone for TracingPoolOptions<DB> {
    fn clone(&self) -> Self {
        TracingPoolOptions { options: self.options.clone(), tracer: self.tracer.clone() }
    }
}

impl<DB: Database> fmt::Debug for TracingPoolOptions<DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TracingPoolOptions").field("options", &self.options).field("tracer", &self.tracer).finish()
    }
}
