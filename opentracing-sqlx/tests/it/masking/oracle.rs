//! What the databases themselves take for values.

use opentracing_sqlx::TracingDatabase;
use sqlx::{AssertSqlSafe, Pool};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Database {
    Postgres,
    MariaDb,
    Sqlite,
}

/// Asks a database which canaries of statements it took for values.
pub(crate) trait Oracle: TracingDatabase {
    const DATABASE: Database;

    /// Whether it can say so for several statements at once.
    const REMEMBERS: bool;

    /// Changes whether a backslash escapes a quote.
    const OTHER_MODE: &str;

    /// Prepares the connection. Returns `false` if the server does not say what it takes for a value.
    fn start(pool: &Pool<Self>) -> impl Future<Output = bool>;

    /// Forgets the statements so far.
    fn forget(pool: &Pool<Self>) -> impl Future<Output = ()>;

    /// The texts of the statements since then, without what the database takes for values. For SQLite, the values of this one.
    fn digests(pool: &Pool<Self>, sql: &str) -> impl Future<Output = String>;
}

const TABLES: &str = "
    CREATE TEMPORARY TABLE t (a TEXT, b TEXT, c TEXT);
    CREATE TEMPORARY TABLE u (a TEXT, b TEXT, c TEXT);
    INSERT INTO u VALUES ('x', 'y', 'z')";

impl Oracle for sqlx::Postgres {
    const DATABASE: Database = Database::Postgres;
    const OTHER_MODE: &str =
        "SET standard_conforming_strings = off; SET escape_string_warning = off; SET backslash_quote = on";
    const REMEMBERS: bool = true;

    /// `pg_stat_statements` replaces constants by `$1`. It keeps comments.
    async fn start(pool: &Pool<Self>) -> bool {
        sqlx::raw_sql(TABLES).execute(pool).await.unwrap();
        let extension = "CREATE EXTENSION IF NOT EXISTS pg_stat_statements";
        sqlx::raw_sql(extension).execute(pool).await.is_ok()
            && sqlx::raw_sql("SELECT count(*) FROM pg_stat_statements").execute(pool).await.is_ok()
    }

    async fn forget(pool: &Pool<Self>) {
        sqlx::raw_sql("SELECT pg_stat_statements_reset(); DELETE FROM t").execute(pool).await.unwrap();
    }

    async fn digests(pool: &Pool<Self>, _: &str) -> String {
        let query = "SELECT coalesce(string_agg(query, E'\\n'), '') FROM pg_stat_statements";
        sqlx::query_scalar(query).fetch_one(pool).await.unwrap()
    }
}

impl Oracle for sqlx::MySql {
    const DATABASE: Database = Database::MariaDb;
    const OTHER_MODE: &str = "SET sql_mode = 'NO_BACKSLASH_ESCAPES,ANSI_QUOTES'";
    const REMEMBERS: bool = true;

    /// The digests of the performance schema replace constants by `?`, and leave comments out.
    async fn start(pool: &Pool<Self>) -> bool {
        sqlx::raw_sql(TABLES).execute(pool).await.unwrap();
        let digest = "SELECT digest_text FROM performance_schema.events_statements_summary_by_digest LIMIT 1";
        sqlx::raw_sql(digest).fetch_one(pool).await.is_ok()
    }

    async fn forget(pool: &Pool<Self>) {
        let forget = "TRUNCATE performance_schema.events_statements_summary_by_digest; DELETE FROM t";
        sqlx::raw_sql(forget).execute(pool).await.unwrap();
    }

    async fn digests(pool: &Pool<Self>, _: &str) -> String {
        let query = "SELECT digest_text FROM performance_schema.events_statements_summary_by_digest";
        let digests: Vec<Option<String>> = sqlx::query_scalar(query).fetch_all(pool).await.unwrap();
        digests.into_iter().flatten().collect()
    }
}

impl Oracle for sqlx::Sqlite {
    const DATABASE: Database = Database::Sqlite;
    const OTHER_MODE: &str = "";
    const REMEMBERS: bool = false;

    async fn start(pool: &Pool<Self>) -> bool {
        sqlx::raw_sql(TABLES).execute(pool).await.unwrap();
        true
    }

    async fn forget(pool: &Pool<Self>) {
        sqlx::raw_sql("DELETE FROM t").execute(pool).await.unwrap();
    }

    /// The constants of the program that SQLite prepares for each statement of the text.
    async fn digests(pool: &Pool<Self>, sql: &str) -> String {
        let explain = format!("EXPLAIN {sql}");
        let mut values = String::new();
        let Ok(rows) = sqlx::query(AssertSqlSafe(explain)).fetch_all(pool).await else { return values };
        for row in rows {
            use sqlx::Row;
            let Ok(opcode) = row.try_get::<String, _>("opcode") else { break };
            if matches!(&*opcode, "String8" | "String" | "Blob" | "Real" | "Int64" | "Integer") {
                values.push_str(&row.try_get::<String, _>("p4").unwrap_or_default());
                values.push('\n');
            }
        }
        values
    }
}
