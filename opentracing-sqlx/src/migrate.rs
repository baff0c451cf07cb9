//! Migrations, with a span for each.

use std::ops::{Deref, DerefMut};
use std::time::Duration;

use futures_core::future::BoxFuture;
use sqlx::migrate::{AppliedMigration, Migrate, MigrateError, Migration, Migrator};
use sqlx::{Database, Error};

use crate::connection::acquire::Acquire;
use crate::connection::connection::TracingConnection;
use crate::database::TracingDatabase;
use crate::statement::span::StatementSpan;

/// Embeds migrations, as [`sqlx::migrate!`] does, as a [`TracingMigrator`]. Takes the same argument.
#[macro_export]
macro_rules! migrate {
    ($directory:literal) => {
        $crate::TracingMigrator::new(::sqlx::migrate!($directory))
    };
    () => {
        $crate::TracingMigrator::new(::sqlx::migrate!())
    };
}

/// Applies migrations to a traced pool, connection or transaction. Made by [`migrate!`](crate::migrate!), or from sqlx's [`Migrator`].
///
/// Each migration that is applied or reverted has a span named `migrate` with version and description. It ends when the migration is noted
/// as applied. Statements for the table of migrations and its lock are not traced.
///
/// Dereferences to [`Migrator`], for its settings and to list migrations.
///
/// ```
/// # #[cfg(feature = "sqlite")]
/// # async fn example(pool: opentracing_sqlx::SqlitePool) -> Result<(), Box<dyn std::error::Error>> {
/// use std::path::Path;
///
/// use opentracing_sqlx::TracingMigrator;
/// use sqlx::migrate::Migrator;
///
/// let migrator = TracingMigrator::new(Migrator::new(Path::new("./migrations")).await?);
/// migrator.run(&pool).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct TracingMigrator {
    migrator: Migrator,
}

impl TracingMigrator {
    /// Wraps a migrator.
    pub const fn new(migrator: Migrator) -> Self {
        TracingMigrator { migrator }
    }

    /// Applies all pending migrations.
    ///
    /// # Errors
    ///
    /// Those of [`Migrator::run`].
    pub async fn run<'a, A>(&self, database: A) -> Result<(), MigrateError>
    where
        A: Acquire<'a, Database: Database<Connection: Migrate>>,
    {
        self.migrator.run_direct(None, &mut *database.acquire().await?, false).await
    }

    /// Applies pending migrations up to a version.
    ///
    /// # Errors
    ///
    /// Those of [`Migrator::run_to`].
    pub async fn run_to<'a, A>(&self, target: i64, database: A) -> Result<(), MigrateError>
    where
        A: Acquire<'a, Database: Database<Connection: Migrate>>,
    {
        self.migrator.run_direct(Some(target), &mut *database.acquire().await?, false).await
    }

    /// Notes migrations as applied without running them. Not traced.
    ///
    /// # Errors
    ///
    /// Those of [`Migrator::skip`].
    pub async fn skip<'a, A>(&self, database: A, target: Option<i64>) -> Result<(), MigrateError>
    where
        A: Acquire<'a, Database: Database<Connection: Migrate>>,
    {
        self.migrator.run_direct(target, &mut *database.acquire().await?, true).await
    }

    /// Unwraps the migrator.
    pub fn into_inner(self) -> Migrator {
        self.migrator
    }
}

impl From<Migrator> for TracingMigrator {
    fn from(migrator: Migrator) -> Self {
        TracingMigrator::new(migrator)
    }
}

impl Deref for TracingMigrator {
    type Target = Migrator;

    fn deref(&self) -> &Self::Target {
        &self.migrator
    }
}

impl DerefMut for TracingMigrator {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.migrator
    }
}

/// Applying and reverting a migration has a span; everything else passes on to the inner connection.
impl<DB: TracingDatabase<Connection: Migrate>> Migrate for TracingConnection<DB> {
    fn create_schema_if_not_exists<'e>(&'e mut self, name: &'e str) -> BoxFuture<'e, Result<(), MigrateError>> {
        self.get_mut().create_schema_if_not_exists(name)
    }

    fn ensure_migrations_table<'e>(&'e mut self, name: &'e str) -> BoxFuture<'e, Result<(), MigrateError>> {
        self.get_mut().ensure_migrations_table(name)
    }

    fn dirty_version<'e>(&'e mut self, name: &'e str) -> BoxFuture<'e, Result<Option<i64>, MigrateError>> {
        self.get_mut().dirty_version(name)
    }

    fn list_applied_migrations<'e>(
        &'e mut self,
        name: &'e str,
    ) -> BoxFuture<'e, Result<Vec<AppliedMigration>, MigrateError>> {
        self.get_mut().list_applied_migrations(name)
    }

    fn lock(&mut self) -> BoxFuture<'_, Result<(), MigrateError>> {
        self.get_mut().lock()
    }

    fn unlock(&mut self) -> BoxFuture<'_, Result<(), MigrateError>> {
        self.get_mut().unlock()
    }

    fn apply<'e>(
        &'e mut self,
        table: &'e str,
        migration: &'e Migration,
    ) -> BoxFuture<'e, Result<Duration, MigrateError>> {
        Box::pin(async move {
            let span = self.start_migration("migrate", migration);
            run(span, self.get_mut().apply(table, migration)).await
        })
    }

    fn revert<'e>(
        &'e mut self,
        table: &'e str,
        migration: &'e Migration,
    ) -> BoxFuture<'e, Result<Duration, MigrateError>> {
        Box::pin(async move {
            let span = self.start_migration("revert", migration);
            run(span, self.get_mut().revert(table, migration)).await
        })
    }

    fn skip<'e>(&'e mut self, table: &'e str, migration: &'e Migration) -> BoxFuture<'e, Result<(), MigrateError>> {
        self.get_mut().skip(table, migration)
    }
}

impl<DB: TracingDatabase> TracingConnection<DB> {
    fn start_migration(&mut self, verb: &str, migration: &Migration) -> StatementSpan {
        let name = format!("{verb} {} {}", migration.version, migration.description);
        let mut span = StatementSpan::named(&self.settings, name.trim_end(), migration.sql.as_str());
        self.start(&mut span);
        span
    }
}

async fn run(
    mut span: StatementSpan,
    work: BoxFuture<'_, Result<Duration, MigrateError>>,
) -> Result<Duration, MigrateError> {
    let result = span.run(work).await;
    match &result {
        Ok(_) => span.succeed(),
        Err(MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _)) => span.fail(error),
        Err(error) => span.fail(&Error::Protocol(error.to_string())),
    }
    result
}
