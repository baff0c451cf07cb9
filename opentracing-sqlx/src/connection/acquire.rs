//! Acquiring a connection or a transaction from whatever can offer one.

use std::ops::DerefMut;

use futures_core::future::BoxFuture;
use sqlx::Error;

use crate::connection::connection::TracingConnection;
use crate::connection::transaction::TracingTransaction;
use crate::database::TracingDatabase;

/// Acquires a connection or begins a transaction: [`sqlx::Acquire`] for traced handles. Functions with `impl Acquire` change only the
/// import.
///
/// Implemented for `&TracingPool` and for `&mut` of a connection, a pool's connection, and a transaction.
///
/// ```
/// # #[cfg(feature = "sqlite")]
/// # mod example {
/// use opentracing_sqlx::Acquire;
/// use sqlx::Sqlite;
///
/// async fn restock<'a, A>(db: A) -> sqlx::Result<i64>
/// where
///     A: Acquire<'a, Database = Sqlite>,
/// {
///     let mut conn = db.acquire().await?;
///     sqlx::query("UPDATE books SET stock = stock + 1").execute(&mut *conn).await?;
///     sqlx::query_scalar("SELECT sum(stock) FROM books").fetch_one(&mut *conn).await
/// }
/// # }
/// ```
pub trait Acquire<'c> {
    /// The database.
    type Database: TracingDatabase;

    /// The connection, which returns to where it came from when it is dropped.
    type Connection: DerefMut<Target = TracingConnection<Self::Database>> + Send;

    /// Acquires a connection. Waits if it comes from a pool.
    fn acquire(self) -> BoxFuture<'c, Result<Self::Connection, Error>>;

    /// Begins a transaction, or inside a transaction creates a savepoint.
    fn begin(self) -> BoxFuture<'c, Result<TracingTransaction<'c, Self::Database>, Error>>;
}

impl<'c, DB: TracingDatabase> Acquire<'c> for &'c mut TracingConnection<DB> {
    type Database = DB;
    type Connection = &'c mut TracingConnection<DB>;

    fn acquire(self) -> BoxFuture<'c, Result<Self::Connection, Error>> {
        Box::pin(std::future::ready(Ok(self)))
    }

    fn begin(self) -> BoxFuture<'c, Result<TracingTransaction<'c, DB>, Error>> {
        Box::pin(TracingConnection::begin(self))
    }
}

impl<'c, DB: TracingDatabase> Acquire<'c> for &'c mut TracingTransaction<'_, DB> {
    type Database = DB;
    type Connection = &'c mut TracingConnection<DB>;

    fn acquire(self) -> BoxFuture<'c, Result<Self::Connection, Error>> {
        Acquire::acquire(&mut **self)
    }

    fn begin(self) -> BoxFuture<'c, Result<TracingTransaction<'c, DB>, Error>> {
        Acquire::begin(&mut **self)
    }
}
