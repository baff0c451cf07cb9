//! What a database of sqlx must tell to be traced, and where its connections go to.

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
use sqlx::{Connection, Database, Describe, Error, Execute, SqlStr};

use crate::database::target::Target;
use crate::statement::rows::Step;

/// A database whose pools, connections and transactions can be traced: `Postgres`, `MySql`, `Sqlite` and `Any`, each with the feature
/// of its name. Code that is generic over the database asks for this in the place of [`sqlx::Database`].
///
/// It is implemented here only. What it requires is for the wrappers: `Executor` of a connection cannot be asked for where the
/// database is a parameter without saying so wherever a wrapper is named.
pub trait TracingDatabase: Database<Row: Unpin, QueryResult: Unpin> + sealed::Sealed {
    /// Where a connection with those options goes to.
    #[doc(hidden)]
    fn target(options: &<Self::Connection as Connection>::Options) -> Target;

    #[doc(hidden)]
    fn rows_affected(result: &Self::QueryResult) -> u64;

    #[doc(hidden)]
    fn fetch_many<'e, 'q: 'e, E>(connection: &'e mut Self::Connection, query: E) -> BoxStream<'e, Step<Self>>
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

/// Implements [`TracingDatabase`] by the `Executor` of the connection. What the databases differ in are `target`, a function, and
/// `rows_affected`, which every result has and no trait tells of.
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
