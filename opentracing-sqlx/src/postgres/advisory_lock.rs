//! Advisory locks on traced connections.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, PoisonError};

use futures_core::future::BoxFuture;
use sqlx::postgres::{PgAdvisoryLock, PgAdvisoryLockGuard, PgAdvisoryLockKey, PgConnection};
use sqlx::{Either, Error, Postgres};

use crate::connection::connection::TracingConnection;
use crate::connection::source::{Hold, Source};
use crate::statement::span::StatementSpan;

/// [`PgAdvisoryLock`] for traced connections. Acquiring and releasing are spans, as are the statements on the guard.
///
/// ```
/// use opentracing_sqlx::{PgPool, TracingPgAdvisoryLock};
///
/// async fn restock(pool: &PgPool) -> sqlx::Result<()> {
///     let lock = TracingPgAdvisoryLock::new("restock");
///     let mut guard = lock.acquire(pool.acquire().await?).await?;
///     sqlx::query("UPDATE books SET stock = 10").execute(&mut *guard).await?;
///     guard.release_now().await?;
///     Ok(())
/// }
/// ```
#[derive(Clone, Debug)]
pub struct TracingPgAdvisoryLock {
    lock: PgAdvisoryLock,
}

impl TracingPgAdvisoryLock {
    /// Makes a lock whose key is derived from a name. See [`PgAdvisoryLock::new`].
    pub fn new(name: impl AsRef<str>) -> Self {
        TracingPgAdvisoryLock { lock: PgAdvisoryLock::new(name) }
    }

    /// Makes a lock with a key.
    pub fn with_key(key: PgAdvisoryLockKey) -> Self {
        TracingPgAdvisoryLock { lock: PgAdvisoryLock::with_key(key) }
    }

    /// The key.
    pub fn key(&self) -> &PgAdvisoryLockKey {
        self.lock.key()
    }

    /// Waits for the lock.
    ///
    /// # Errors
    ///
    /// Those of [`PgAdvisoryLock::acquire`].
    pub async fn acquire<C: AsMut<TracingConnection<Postgres>>>(
        &self,
        connection: C,
    ) -> Result<TracingPgAdvisoryLockGuard<C>, Error> {
        let (mut loan, lent, span) = Loan::of(connection, "SELECT pg_advisory_lock($1)");
        let result = span.run_to_end(self.lock.acquire(lent)).await;
        loan.finish(&result);
        result.map(|guard| loan.lock(guard))
    }

    /// Acquires the lock if it is free. Otherwise returns the connection.
    ///
    /// # Errors
    ///
    /// Those of [`PgAdvisoryLock::try_acquire`].
    pub async fn try_acquire<C: AsMut<TracingConnection<Postgres>>>(
        &self,
        connection: C,
    ) -> Result<Either<TracingPgAdvisoryLockGuard<C>, C>, Error> {
        let (mut loan, lent, span) = Loan::of(connection, "SELECT pg_try_advisory_lock($1)");
        let result = span.run_to_end(self.lock.try_acquire(lent)).await;
        loan.finish(&result);
        Ok(match result? {
            Either::Left(guard) => Either::Left(loan.lock(guard)),
            Either::Right(lent) => {
                drop(lent);
                Either::Right(loan.end())
            }
        })
    }

    /// Releases a lock that the connection holds without a guard. Returns whether it was held.
    ///
    /// # Errors
    ///
    /// Those of [`PgAdvisoryLock::force_release`].
    pub async fn force_release<C: AsMut<TracingConnection<Postgres>>>(
        &self,
        connection: C,
    ) -> Result<(C, bool), Error> {
        let (mut loan, lent, span) = Loan::of(connection, UNLOCK);
        let result = span.run_to_end(self.lock.force_release(lent)).await;
        loan.finish(&result);
        let (lent, was_held) = result?;
        drop(lent);
        Ok((loan.end(), was_held))
    }
}

/// A connection that holds an advisory lock. Dereferences to the [`TracingConnection`].
///
/// Dropping it releases the lock when the connection is used next, or returns to its pool, as in sqlx. That is not traced.
pub struct TracingPgAdvisoryLockGuard<C: AsMut<TracingConnection<Postgres>>> {
    loan: Loan<C>,
}

impl<C: AsMut<TracingConnection<Postgres>>> TracingPgAdvisoryLockGuard<C> {
    /// Releases the lock, and returns the connection.
    ///
    /// # Errors
    ///
    /// Those of [`PgAdvisoryLockGuard::release_now`].
    pub async fn release_now(mut self) -> Result<C, Error> {
        let connection = self.loan.connection_mut();
        let mut span = StatementSpan::text(&connection.settings, UNLOCK);
        connection.start(&mut span);
        if let Source::Held(hold) = connection.take_source() {
            let result = span.run_to_end(hold.release()).await;
            self.loan.finish(&result);
            result?;
        }
        Ok(self.loan.end())
    }

    /// Keeps the lock until the connection is closed, and returns the connection.
    pub fn leak(mut self) -> C {
        if let Source::Held(hold) = self.loan.connection_mut().take_source() {
            hold.leak();
        }
        self.loan.end()
    }
}

impl<C: AsMut<TracingConnection<Postgres>> + AsRef<TracingConnection<Postgres>>> Deref
    for TracingPgAdvisoryLockGuard<C>
{
    type Target = TracingConnection<Postgres>;

    fn deref(&self) -> &Self::Target {
        self.loan.connection.as_ref().expect(PRESENT).as_ref()
    }
}

impl<C: AsMut<TracingConnection<Postgres>> + AsRef<TracingConnection<Postgres>>> DerefMut
    for TracingPgAdvisoryLockGuard<C>
{
    fn deref_mut(&mut self) -> &mut Self::Target {
        self.loan.connection_mut()
    }
}

impl<C: AsMut<TracingConnection<Postgres>>> AsMut<TracingConnection<Postgres>> for TracingPgAdvisoryLockGuard<C> {
    fn as_mut(&mut self) -> &mut TracingConnection<Postgres> {
        self.loan.connection_mut()
    }
}

/// Only sqlx's guard can queue the release of a lock. It owns the connection that it guards, so the inner connection is lent to it, and
/// comes back when the guard is dropped.
struct Loan<C: AsMut<TracingConnection<Postgres>>> {
    connection: Option<C>,
    back: Arc<Mutex<Option<Source<Postgres>>>>,
}

impl<C: AsMut<TracingConnection<Postgres>>> Loan<C> {
    fn of(mut connection: C, sql: &str) -> (Self, Lent, StatementSpan) {
        let inner = connection.as_mut();
        let mut span = StatementSpan::text(&inner.settings, sql);
        inner.start(&mut span);
        let back = Arc::default();
        let lent = Lent { source: Some(inner.take_source()), back: Arc::clone(&back) };
        (Loan { connection: Some(connection), back }, lent, span)
    }

    fn lock(mut self, guard: PgAdvisoryLockGuard<Lent>) -> TracingPgAdvisoryLockGuard<C> {
        self.connection_mut().put_source(Source::Held(Box::new(Locked(guard))));
        TracingPgAdvisoryLockGuard { loan: self }
    }

    /// Notes the result of a statement.
    fn finish<T>(&mut self, result: &Result<T, Error>) {
        self.connection_mut().finish(result);
    }

    /// Returns the connection, once sqlx's guard is gone.
    fn end(mut self) -> C {
        self.take_back();
        self.connection.take().expect(PRESENT)
    }

    fn take_back(&mut self) {
        let source = self.back.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let (Some(source), Some(connection)) = (source, &mut self.connection) {
            connection.as_mut().put_source(source);
        }
    }

    fn connection_mut(&mut self) -> &mut TracingConnection<Postgres> {
        self.connection.as_mut().expect(PRESENT).as_mut()
    }
}

impl<C: AsMut<TracingConnection<Postgres>>> Drop for Loan<C> {
    fn drop(&mut self) {
        if let Some(connection) = &mut self.connection {
            // Dropping sqlx's guard queues the release, and gives the inner connection back.
            match connection.as_mut().take_source() {
                Source::Held(hold) => drop(hold),
                Source::Lent => {}
                source => connection.as_mut().put_source(source),
            }
            self.take_back();
        }
    }
}

/// The inner connection in sqlx's guard.
struct Lent {
    source: Option<Source<Postgres>>,
    back: Arc<Mutex<Option<Source<Postgres>>>>,
}

impl AsRef<PgConnection> for Lent {
    fn as_ref(&self) -> &PgConnection {
        self.source.as_ref().expect(PRESENT).connection()
    }
}

impl AsMut<PgConnection> for Lent {
    fn as_mut(&mut self) -> &mut PgConnection {
        self.source.as_mut().expect(PRESENT).connection_mut()
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        *self.back.lock().unwrap_or_else(PoisonError::into_inner) = self.source.take();
    }
}

struct Locked(PgAdvisoryLockGuard<Lent>);

impl Hold<Postgres> for Locked {
    fn connection(&self) -> &PgConnection {
        self.0.as_ref()
    }

    fn connection_mut(&mut self) -> &mut PgConnection {
        self.0.as_mut()
    }

    fn release(self: Box<Self>) -> BoxFuture<'static, Result<(), Error>> {
        Box::pin(async move { self.0.release_now().await.map(drop) })
    }

    fn leak(self: Box<Self>) {
        drop(self.0.leak());
    }
}

impl<C: AsMut<TracingConnection<Postgres>>> fmt::Debug for TracingPgAdvisoryLockGuard<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TracingPgAdvisoryLockGuard").finish_non_exhaustive()
    }
}

const PRESENT: &str = "the connection is taken only when the guard is consumed";
const UNLOCK: &str = "SELECT pg_advisory_unlock($1)";
