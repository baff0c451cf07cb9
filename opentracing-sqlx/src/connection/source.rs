//! Where the inner connection is.

#[cfg(feature = "postgres")]
use futures_core::future::BoxFuture;
use sqlx::Database;
#[cfg(feature = "postgres")]
use sqlx::Error;
use sqlx::pool::PoolConnection;

/// The inner connection of a [`TracingConnection`](crate::TracingConnection).
pub(crate) enum Source<DB: Database> {
    Owned(DB::Connection),
    Pooled(PoolConnection<DB>),
    /// In a guard that does something on the connection when it is dropped.
    #[cfg(feature = "postgres")]
    Held(Box<dyn Hold<DB>>),
    /// On its way to a guard or back. Nothing else can see the connection then.
    #[cfg(feature = "postgres")]
    Lent,
}

/// A guard of sqlx that owns the inner connection.
#[cfg(feature = "postgres")]
pub(crate) trait Hold<DB: Database>: Send + Sync {
    fn connection(&self) -> &DB::Connection;
    fn connection_mut(&mut self) -> &mut DB::Connection;
    fn release(self: Box<Self>) -> BoxFuture<'static, Result<(), Error>>;
    fn leak(self: Box<Self>);
}

impl<DB: Database> Source<DB> {
    pub(crate) fn connection(&self) -> &DB::Connection {
        match self {
            Source::Owned(connection) => connection,
            Source::Pooled(connection) => connection,
            #[cfg(feature = "postgres")]
            Source::Held(hold) => hold.connection(),
            #[cfg(feature = "postgres")]
            Source::Lent => unreachable!("{LENT}"),
        }
    }

    pub(crate) fn connection_mut(&mut self) -> &mut DB::Connection {
        match self {
            Source::Owned(connection) => connection,
            Source::Pooled(connection) => connection,
            #[cfg(feature = "postgres")]
            Source::Held(hold) => hold.connection_mut(),
            #[cfg(feature = "postgres")]
            Source::Lent => unreachable!("{LENT}"),
        }
    }
}

#[cfg(feature = "postgres")]
const LENT: &str = "the connection is unreachable while it is lent";
