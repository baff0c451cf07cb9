//! The databases that the tests run on, and where their SQL differs.
//!
//! Each connection has its own temporary table `users` with the rows ada, grace and barbara.

/// Runs each test on every available database. `mock` and `pool` name the test's tracer and its pool of one connection. Inside the
/// test, `Db` is the database, and the constants of its module are in scope.
macro_rules! on_each_database {
    ($($(#[$meta:meta])* async fn $name:ident($mock:ident, $pool:ident) $body:block)+) => {
        on_each_database!(@ "sqlite" sqlite $($(#[$meta])* $name $mock $pool $body)+);
        on_each_database!(@ "postgres" postgres $($(#[$meta])* $name $mock $pool $body)+);
        on_each_database!(@ "mysql" mysql $($(#[$meta])* $name $mock $pool $body)+);
    };
    (@ $feature:literal $database:ident $($(#[$meta:meta])* $name:ident $mock:ident $pool:ident $body:block)+) => {
        #[cfg(feature = $feature)]
        mod $database {
            use super::*;
            use crate::databases::$database::*;

            $(
                $(#[$meta])*
                #[tokio::test]
                async fn $name() {
                    let $mock = opentracing_core::mock::MockTracer::new();
                    let Some($pool) = open(&$mock, 1).await else { return };
                    $body
                }
            )+
        }
    };
}

/// The items that every module has.
macro_rules! database {
    ($database:ty, $url:expr) => {
        use opentracing_core::mock::MockTracer;
        use opentracing_sqlx::TracingPool;
        use sqlx::pool::PoolOptions;

        pub(crate) type Db = $database;

        /// Opens a pool with this number of connections; `None` without a server.
        pub(crate) async fn open(mock: &MockTracer, connections: u32) -> Option<TracingPool<Db>> {
            let url = $url?;
            let pool = options(connections).connect(&url).await.unwrap();
            Some(TracingPool::with_tracer(mock.tracer().clone(), pool))
        }

        pub(crate) fn options(connections: u32) -> PoolOptions<Db> {
            PoolOptions::new().max_connections(connections).after_connect(|connection, _| {
                Box::pin(async move { sqlx::raw_sql(crate::databases::USERS).execute(connection).await.map(drop) })
            })
        }

        /// A closed pool: each statement starts its span and fails.
        pub(crate) async fn closed(mock: &MockTracer) -> TracingPool<Db> {
            let pool = sqlx::Pool::<Db>::connect_lazy(NOWHERE).unwrap();
            pool.close().await;
            TracingPool::with_tracer(mock.tracer().clone(), pool)
        }
    };
}

pub(crate) const USERS: &str = "
    CREATE TEMPORARY TABLE users (id INTEGER PRIMARY KEY, name VARCHAR(40) NOT NULL UNIQUE);
    INSERT INTO users VALUES (1, 'ada'), (2, 'grace'), (3, 'barbara')";

#[cfg(feature = "sqlite")]
pub(crate) mod sqlite {
    use std::sync::mpsc::{Receiver, Sender, channel};

    database!(sqlx::Sqlite, Some("sqlite::memory:".to_owned()));

    pub(crate) const NOWHERE: &str = "sqlite:/nowhere/shop.db";
    pub(crate) const SYSTEM: &str = "sqlite";
    pub(crate) const BY_ID: &str = "SELECT name FROM users WHERE id = ?";
    pub(crate) const INSERT: &str = "INSERT INTO users (id, name) VALUES (?, ?)";
    pub(crate) const BEGIN_WITH: &str = "BEGIN IMMEDIATE";
    pub(crate) const UNIQUE: &str = "2067";
    pub(crate) const NO_TABLE: &str = "1";
    /// Returns one row and then fails.
    pub(crate) const FAILS_AT_SECOND_ROW: &str = "SELECT abs(-9223372036854775807 - (id = 2)) FROM users ORDER BY id";
    /// Takes long; then the kind and code of the error when the database cancels it.
    pub(crate) const SLOW: &str = "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 1000000000) \
                                   SELECT max(n) FROM numbers";
    pub(crate) const CANCELLED: &str = "cancelled";
    pub(crate) const CODE: &str = "9";

    /// Makes the database cancel slow statements.
    pub(crate) async fn limit_statement_time(connection: &mut sqlx::SqliteConnection) {
        drop(hold(connection).await);
    }

    /// Keeps statements running until it is dropped.
    pub(crate) struct Held {
        _guard: Sender<()>,
        working: Receiver<()>,
    }

    impl Held {
        pub(crate) fn let_go(self) {}
    }

    /// Makes statements run until the guard is dropped, which cancels them.
    pub(crate) async fn hold(connection: &mut sqlx::SqliteConnection) -> Held {
        let ((guard, dropped), (begun, working)) = (channel(), channel());
        let mut was_dropped = false;
        let work_on = move || {
            if was_dropped {
                // Only one statement is cancelled.
                return true;
            }
            // The receiver may be gone.
            let _ = begun.send(());
            was_dropped = dropped.recv().is_err();
            !was_dropped
        };
        connection.lock_handle().await.unwrap().set_progress_handler(1, work_on);
        Held { _guard: guard, working }
    }

    /// Keeps SQLite's thread busy, so that later work waits until the guard is dropped.
    pub(crate) async fn stall(connection: &mut sqlx::SqliteConnection) -> Held {
        let held = hold(connection).await;
        crate::support::poll_once(sqlx::raw_sql(SLOW).fetch_one(connection));
        held
    }

    pub(crate) async fn release(connection: &mut sqlx::SqliteConnection, held: Held) {
        // The statement runs. Dropping the guard makes the database cancel it.
        held.working.recv().unwrap();
        drop(held);
        connection.lock_handle().await.unwrap().remove_progress_handler();
    }
}

#[cfg(feature = "postgres")]
pub(crate) mod postgres {
    database!(sqlx::Postgres, crate::support::server("POSTGRES_URL"));

    pub(crate) const NOWHERE: &str = "postgres://clerk:sesame@db.example:6432/shop";
    pub(crate) const SYSTEM: &str = "postgresql";
    pub(crate) const BY_ID: &str = "SELECT name FROM users WHERE id = $1";
    pub(crate) const INSERT: &str = "INSERT INTO users (id, name) VALUES ($1, $2)";
    pub(crate) const BEGIN_WITH: &str = "BEGIN ISOLATION LEVEL SERIALIZABLE";
    pub(crate) const UNIQUE: &str = "23505";
    pub(crate) const NO_TABLE: &str = "42P01";
    /// Returns one row and then fails.
    pub(crate) const FAILS_AT_SECOND_ROW: &str =
        "SELECT id * 9223372036854775807 FROM (SELECT id FROM users ORDER BY id) AS u";
    /// Takes long; then the kind and code of the error when the database cancels it.
    pub(crate) const SLOW: &str = "SELECT pg_sleep(60)";
    pub(crate) const CANCELLED: &str = "statement_timeout";
    pub(crate) const CODE: &str = "57014";

    /// Makes the database cancel slow statements.
    pub(crate) async fn limit_statement_time(connection: &mut sqlx::PgConnection) {
        sqlx::query("SET statement_timeout = 500").execute(connection).await.unwrap();
    }

    /// The server cancels slow statements by itself.
    pub(crate) struct Held;

    impl Held {
        pub(crate) fn let_go(self) {}
    }

    /// Makes the server cancel slow statements after a short time.
    pub(crate) async fn hold(connection: &mut sqlx::PgConnection) -> Held {
        limit_statement_time(connection).await;
        Held
    }

    /// Keeps the server busy for a moment, so that later work waits.
    pub(crate) async fn stall(connection: &mut sqlx::PgConnection) -> Held {
        crate::support::poll_once(sqlx::raw_sql("SELECT pg_sleep(0.3)").fetch_one(connection));
        Held
    }

    pub(crate) async fn release(connection: &mut sqlx::PgConnection, _: Held) {
        // The next statement receives the error of the dropped one.
        sqlx::query("SET statement_timeout = 0").execute(&mut *connection).await.unwrap_err();
        sqlx::query("SET statement_timeout = 0").execute(connection).await.unwrap();
    }
}

#[cfg(feature = "mysql")]
pub(crate) mod mysql {
    database!(sqlx::MySql, crate::support::server("MYSQL_URL"));

    pub(crate) const NOWHERE: &str = "mysql://clerk:sesame@db.example:3307/shop";
    pub(crate) const SYSTEM: &str = "mysql";
    pub(crate) const BY_ID: &str = "SELECT name FROM users WHERE id = ?";
    pub(crate) const INSERT: &str = "INSERT INTO users (id, name) VALUES (?, ?)";
    pub(crate) const BEGIN_WITH: &str = "START TRANSACTION READ WRITE";
    pub(crate) const UNIQUE: &str = "23000";
    pub(crate) const NO_TABLE: &str = "42S02";
    /// Returns one row and then fails.
    pub(crate) const FAILS_AT_SECOND_ROW: &str = "SELECT id * 9223372036854775807 FROM users ORDER BY id";
    /// Takes long; then the kind and code of the error when the database cancels it.
    pub(crate) const SLOW: &str = "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 1000000000) \
                                   SELECT max(n) FROM numbers";
    pub(crate) const CANCELLED: &str = "statement_timeout";
    pub(crate) const CODE: &str = "70100";

    /// Makes the database cancel slow statements.
    pub(crate) async fn limit_statement_time(connection: &mut sqlx::MySqlConnection) {
        sqlx::raw_sql("SET max_statement_time = 0.5, max_recursive_iterations = 4294967295")
            .execute(connection)
            .await
            .unwrap();
    }

    /// The server cancels slow statements by itself.
    pub(crate) struct Held;

    impl Held {
        pub(crate) fn let_go(self) {}
    }

    /// Makes the server cancel slow statements after a short time.
    pub(crate) async fn hold(connection: &mut sqlx::MySqlConnection) -> Held {
        limit_statement_time(connection).await;
        Held
    }

    /// Keeps the server busy for a moment, so that later work waits.
    pub(crate) async fn stall(connection: &mut sqlx::MySqlConnection) -> Held {
        crate::support::poll_once(sqlx::raw_sql("SELECT sleep(0.3)").fetch_one(connection));
        Held
    }

    pub(crate) async fn release(connection: &mut sqlx::MySqlConnection, _: Held) {
        // The next statement receives the error of the dropped one.
        sqlx::query("SET max_statement_time = 0").execute(&mut *connection).await.unwrap_err();
        sqlx::query("SET max_statement_time = 0").execute(connection).await.unwrap();
    }
}
