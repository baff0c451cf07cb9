//! The databases that can be traced, and the target of their connections.

#[cfg(feature = "any")]
mod any;
#[cfg(feature = "mysql")]
mod mysql;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "sqlite")]
mod sqlite;
pub(crate) mod target;

use futures_core::future::BoxFuture;
use futures_core::stream::BoxStream;
use sqlx::{Connection, Database, Describe, Either, Error, Execute, SqlStr};

use crate::database::target::Target;

/// A row, or the result of one of the statements.
pub(crate) type Item<DB> = Either<<DB as Database>::QueryResult, <DB as Database>::Row>;

/// A database that can be traced: `Postgres`, `MySql`, `Sqlite` or `Any`, each behind the feature of its name.
///
/// Code that is generic over the database uses this bound instead of [`sqlx::Database`]. The trait is sealed. Its hidden methods repeat
/// those of `Executor` for the connection; a bound on `Executor` would have to be repeated wherever a wrapper is named.
///
/// ```
/// use opentracing_sqlx::{TracingDatabase, TracingPool};
///
/// async fn is_healthy<DB: TracingDatabase>(pool: &TracingPool<DB>) -> bool {
///     match pool.acquire().await {
///         Ok(mut conn) => conn.ping().await.is_ok(),
///         Err(_) => false,
///     }
/// }
/// ```
pub trait TracingDatabase: Database<Row: Unpin, QueryResult: Unpin> + sealed::Sealed {
    /// The target of connections with these options.
    #[doc(hidden)]
    fn target(options: &<Self::Connection as Connection>::Options) -> Target;

    #[doc(hidden)]
    fn rows_affected(result: &Self::QueryResult) -> u64;

    #[doc(hidden)]
    fn fetch_many<'e, 'q: 'e, E>(
        connection: &'e mut Self::Connection,
        query: E,
    ) -> BoxStream<'e, Result<Item<Self>, Error>>
    where
        E: Execute<'q, Self> + 'q;

    #[doc(hidden)]
    fn fetch_optional<'e, 'q: 'e, E>(
        connection: &'e mut Self::Connection,
        query: E,
    ) -> BoxFuture<'e, Result<Option<Self::Row>, Error>>
    where
        E: Execute<'q, Self> + 'q;

    #[doc(hidden)]
    fn prepare_with<'e>(
        connection: &'e mut Self::Connection,
        sql: SqlStr,
        parameters: &'e [Self::TypeInfo],
    ) -> BoxFuture<'e, Result<Self::Statement, Error>>;

    #[doc(hidden)]
    fn describe(connection: &mut Self::Connection, sql: SqlStr) -> BoxFuture<'_, Result<Describe<Self>, Error>>;
}

pub(crate) mod sealed {
    pub trait Sealed {}
}

/// Implements [`TracingDatabase`] with the `Executor` of the connection. `$target` is the function that reads the options. Every query
/// result has an inherent `rows_affected`, but no trait offers it.
#[cfg(any(feature = "any", feature = "mysql", feature = "postgres", feature = "sqlite"))]
macro_rules! tracing_database {
    ($database:ty, $target:expr) => {
        impl crate::database::sealed::Sealed for $database {}

        impl crate::database::TracingDatabase for $database {
            fn target(options: &<Self::Connection as sqlx::Connection>::Options) -> crate::database::target::Target {
                $target(options)
            }

            fn rows_affected(result: &Self::QueryResult) -> u64 {
                result.rows_affected()
            }

            fn fetch_many<'e, 'q: 'e, E>(
                connection: &'e mut Self::Connection,
                query: E,
            ) -> futures_core::stream::BoxStream<'e, Result<sqlx::Either<Self::QueryResult, Self::Row>, sqlx::Error>>
            where
                E: sqlx::Execute<'q, Self> + 'q,
            {
                sqlx::Executor::fetch_many(connection, query)
            }

            fn fetch_optional<'e, 'q: 'e, E>(
                connection: &'e mut Self::Connection,
                query: E,
            ) -> futures_core::future::BoxFuture<'e, Result<Option<Self::Row>, sqlx::Error>>
            where
                E: sqlx::Execute<'q, Self> + 'q,
            {
                sqlx::Executor::fetch_optional(connection, query)
            }

            fn prepare_with<'e>(
                connection: &'e mut Self::Connection,
                sql: sqlx::SqlStr,
                parameters: &'e [Self::TypeInfo],
            ) -> futures_core::future::BoxFuture<'e, Result<Self::Statement, sqlx::Error>> {
                sqlx::Executor::prepare_with(connection, sql, parameters)
            }

            fn describe(
                connection: &mut Self::Connection,
                sql: sqlx::SqlStr,
            ) -> futures_core::future::BoxFuture<'_, Result<sqlx::Describe<Self>, sqlx::Error>> {
                sqlx::Executor::describe(connection, sql)
            }
        }
    };
}

#[cfg(any(feature = "any", feature = "mysql", feature = "postgres", feature = "sqlite"))]
pub(crate) use tracing_database;
