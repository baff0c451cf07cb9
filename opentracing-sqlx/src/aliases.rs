//! The names of sqlx for the traced types, so that ported code changes only its imports.

use crate::connection::transaction::TracingTransaction;
use crate::pool::connection::TracingPoolConnection;
use crate::pool::options::TracingPoolOptions;
use crate::pool::pool::TracingPool;
#[cfg(feature = "postgres")]
use crate::postgres::{advisory_lock, listener, notification};

/// The traced counterpart of [`sqlx::Pool`].
pub type Pool<DB> = TracingPool<DB>;
/// The traced counterpart of [`PoolConnection`](sqlx::pool::PoolConnection).
pub type PoolConnection<DB> = TracingPoolConnection<DB>;
/// The traced counterpart of [`PoolOptions`](sqlx::pool::PoolOptions).
pub type PoolOptions<DB> = TracingPoolOptions<DB>;
/// The traced counterpart of [`sqlx::Transaction`].
pub type Transaction<'c, DB> = TracingTransaction<'c, DB>;

macro_rules! aliases {
    ($feature:literal $database:ident: $pool:ident $options:ident $connection:ident $transaction:ident) => {
        #[doc = concat!("A traced pool of connections to [`", stringify!($database), "`](sqlx::", stringify!($database), ").")]
        #[cfg(feature = $feature)]
        pub type $pool = TracingPool<sqlx::$database>;
        #[doc = concat!("The options of a [`", stringify!($pool), "`].")]
        #[cfg(feature = $feature)]
        pub type $options = TracingPoolOptions<sqlx::$database>;
        #[doc = concat!("A traced connection to [`", stringify!($database), "`](sqlx::", stringify!($database), ").")]
        #[cfg(feature = $feature)]
        pub type $connection = crate::connection::connection::TracingConnection<sqlx::$database>;
        #[doc = concat!("A traced transaction of [`", stringify!($database), "`](sqlx::", stringify!($database), ").")]
        #[cfg(feature = $feature)]
        pub type $transaction<'c> = TracingTransaction<'c, sqlx::$database>;
    };
}

aliases!("postgres" Postgres: PgPool PgPoolOptions PgConnection PgTransaction);
aliases!("mysql" MySql: MySqlPool MySqlPoolOptions MySqlConnection MySqlTransaction);
aliases!("sqlite" Sqlite: SqlitePool SqlitePoolOptions SqliteConnection SqliteTransaction);
aliases!("any" Any: AnyPool AnyPoolOptions AnyConnection AnyTransaction);

/// The traced counterpart of [`PgAdvisoryLock`](sqlx::postgres::PgAdvisoryLock).
#[cfg(feature = "postgres")]
pub type PgAdvisoryLock = advisory_lock::TracingPgAdvisoryLock;
/// The traced counterpart of [`PgAdvisoryLockGuard`](sqlx::postgres::PgAdvisoryLockGuard).
#[cfg(feature = "postgres")]
pub type PgAdvisoryLockGuard<C> = advisory_lock::TracingPgAdvisoryLockGuard<C>;
/// The traced counterpart of [`PgListener`](sqlx::postgres::PgListener).
#[cfg(feature = "postgres")]
pub type PgListener = listener::TracingPgListener;
/// The traced counterpart of [`PgNotification`](sqlx::postgres::PgNotification).
#[cfg(feature = "postgres")]
pub type PgNotification = notification::TracingPgNotification;
