//! Defaults and auto traits of the public types.

use opentracing_sqlx::{PoolWait, SqlCommenter, StatementText};

#[test]
fn defaults_are_safe() {
    assert_eq!(StatementText::default(), StatementText::Masked);
    assert_eq!(PoolWait::default(), PoolWait::Tag);
    assert_eq!(SqlCommenter::default(), SqlCommenter::Off);
}

#[cfg(feature = "sqlite")]
#[test]
fn handles_are_send() {
    use opentracing_sqlx::{
        TracingConnection, TracingPool, TracingPoolConnection, TracingPoolOptions, TracingTransaction,
    };
    use sqlx::Sqlite;

    fn is_shared<T: Send + Sync + std::fmt::Debug>() {}
    fn is_sent<T: Send + std::fmt::Debug>() {}
    is_shared::<TracingPool<Sqlite>>();
    is_sent::<TracingConnection<Sqlite>>();
    is_sent::<TracingPoolConnection<Sqlite>>();
    is_sent::<TracingTransaction<'static, Sqlite>>();
    is_shared::<TracingPoolOptions<Sqlite>>();
    is_shared::<SqlCommenter>();
}

#[cfg(feature = "postgres")]
#[test]
fn handles_of_postgres_are_send() {
    use opentracing_sqlx::{
        TracingConnection, TracingPgAdvisoryLock, TracingPgAdvisoryLockGuard, TracingPgCopyIn, TracingPgListener,
        TracingPgNotification, TracingPoolConnection,
    };
    use sqlx::{PgConnection, Postgres};

    fn is_shared<T: Send + Sync + std::fmt::Debug>() {}
    fn is_sent<T: Send + std::fmt::Debug>() {}
    is_shared::<TracingConnection<Postgres>>();
    is_shared::<TracingPgAdvisoryLock>();
    is_shared::<TracingPgNotification>();
    is_sent::<TracingPgAdvisoryLockGuard<TracingPoolConnection<Postgres>>>();
    is_sent::<TracingPgCopyIn<'static, &mut PgConnection>>();
    is_sent::<TracingPgListener>();
}
