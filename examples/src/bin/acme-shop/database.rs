//! The database of a service. Its URL chooses the kind.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use opentracing_core::Tracer;
use opentracing_sqlx::TracingPool;
use sqlx::any::{AnyPoolOptions, install_default_drivers};
use sqlx::{Any, AnyConnection, AnyPool, AssertSqlSafe, Connection, SqlSafeStr, SqlStr};

/// The URL of a database. By default each service has its own SQLite database in memory.
#[derive(Clone)]
pub(crate) struct DatabaseUrl(String);

impl DatabaseUrl {
    const IN_MEMORY: &str = "sqlite::memory:";
}

impl Default for DatabaseUrl {
    fn default() -> Self {
        DatabaseUrl(Self::IN_MEMORY.to_owned())
    }
}

impl FromStr for DatabaseUrl {
    type Err = InvalidDatabaseUrl;

    fn from_str(url: &str) -> Result<Self, Self::Err> {
        let is_known =
            ["sqlite:", "postgres:", "postgresql:", "mysql:", "mariadb:"].iter().any(|scheme| url.starts_with(scheme));
        if is_known { Ok(DatabaseUrl(url.to_owned())) } else { Err(InvalidDatabaseUrl) }
    }
}

/// Shows only the scheme, since the URL may hold a password.
impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DatabaseUrl").field(&self.0.split(':').next()).finish()
    }
}

#[derive(Debug)]
pub(crate) struct InvalidDatabaseUrl;

impl fmt::Display for InvalidDatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the URL of a database must start with sqlite:, postgres: or mysql:")
    }
}

impl std::error::Error for InvalidDatabaseUrl {}

/// The connections of a service.
#[derive(Clone)]
pub(crate) struct Database {
    /// Wrapping the pool is all that it takes to trace a database.
    pub(crate) pool: TracingPool<Any>,
    numbers_parameters: bool,
    /// Keeps a database in memory alive. It is never used; the lock only makes it `Sync`.
    _keeper: Option<Arc<Mutex<AnyConnection>>>,
}

impl Database {
    /// Connects, creates missing tables, and fills them if they are empty. Not traced.
    pub(crate) async fn open(url: &DatabaseUrl, tracer: Tracer, tables: &Tables) -> sqlx::Result<Database> {
        install_default_drivers();
        let mut options = AnyPoolOptions::new().acquire_timeout(Duration::from_secs(10));
        let mut url = Cow::Borrowed(&*url.0);
        let mut keeper = None;
        if url == DatabaseUrl::IN_MEMORY {
            // All connections to a name share one database, which is deleted with the last connection. The pool closes a connection
            // after a cancelled query.
            static COUNT: AtomicUsize = AtomicUsize::new(0);
            url = Cow::Owned(format!("sqlite:file:acme-shop-{}?mode=memory", COUNT.fetch_add(1, Ordering::Relaxed)));
            keeper = Some(Arc::new(Mutex::new(AnyConnection::connect(&url).await?)));
            // More connections would block each other by table locks.
            options = options.max_connections(1);
        }
        let pool = options.connect(&url).await?;
        tables.create(&pool).await?;
        let numbers_parameters = url.starts_with("postgres");
        Ok(Database { pool: TracingPool::with_tracer(tracer, pool), numbers_parameters, _keeper: keeper })
    }

    /// The statement in the syntax of the database: parameters are `?` in SQLite and MySQL, and numbered in PostgreSQL.
    pub(crate) fn sql(&self, statement: &'static str) -> SqlStr {
        if !self.numbers_parameters {
            return statement.into_sql_str();
        }
        let mut numbered = String::with_capacity(statement.len() + 8);
        for (number, part) in statement.split('?').enumerate() {
            if number > 0 {
                numbered.push_str(&format!("${number}"));
            }
            numbered.push_str(part);
        }
        AssertSqlSafe(numbered).into_sql_str()
    }
}

/// The tables of a service, in SQL that all databases understand.
pub(crate) struct Tables {
    pub(crate) definitions: &'static str,
    /// Counts the rows.
    pub(crate) count: &'static str,
    pub(crate) content: &'static str,
}

impl Tables {
    async fn create(&self, pool: &AnyPool) -> sqlx::Result<()> {
        sqlx::raw_sql(self.definitions).execute(pool).await?;
        let mut transaction = pool.begin().await?;
        let rows: i64 = sqlx::query_scalar(self.count).fetch_one(&mut *transaction).await?;
        if rows == 0 {
            sqlx::raw_sql(self.content).execute(&mut *transaction).await?;
        }
        transaction.commit().await
    }
}
