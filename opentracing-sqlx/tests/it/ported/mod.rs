//! Code for sqlx, compiled with sqlx's types and with the traced ones. Only the imports differ.

mod snippets_plain {
    use sqlx::migrate::{MigrateError, Migrator};
    use sqlx::pool::PoolConnection;
    use sqlx::postgres::{PgAdvisoryLock, PgListener, PgPoolCopyExt, PgPoolOptions};
    use sqlx::{Acquire, Connection, Database, PgConnection, PgPool, PgTransaction, Pool, Transaction, migrate};

    include!("shared_imports.rs");
    include!("snippets.rs");
}

mod snippets_traced {
    use opentracing_sqlx::{Acquire, Connection, PgConnection, PgPool, PgTransaction, Pool, Transaction, migrate};
    use opentracing_sqlx::{PgAdvisoryLock, PgListener, PgPoolOptions};
    use opentracing_sqlx::{PoolConnection, TracingDatabase as Database, TracingMigrator as Migrator};
    use sqlx::migrate::MigrateError;

    include!("shared_imports.rs");
    include!("snippets.rs");
}

/// A pool of one connection that has the table `users` and a schema of its own; `None` without a server.
async fn pool(schema: &'static str) -> Option<(sqlx::PgPool, String)> {
    let url = crate::support::server("POSTGRES_URL")?;
    let options: sqlx::postgres::PgConnectOptions = url.parse().unwrap();
    let schema = format!("ported_{schema}_{}", std::process::id());
    let create = format!("DROP SCHEMA IF EXISTS {schema} CASCADE; CREATE SCHEMA {schema}");
    let mut connection = <sqlx::PgConnection as sqlx::Connection>::connect(&url).await.unwrap();
    sqlx::raw_sql(sqlx::AssertSqlSafe(create)).execute(&mut connection).await.unwrap();
    let pool = crate::databases::postgres::options(4).connect_with(options.options([("search_path", schema)]));
    Some((pool.await.unwrap(), url))
}

async fn drop_schema(pool: &sqlx::PgPool) {
    let schema: String = sqlx::query_scalar("SELECT current_schema()").fetch_one(pool).await.unwrap();
    sqlx::raw_sql(sqlx::AssertSqlSafe(format!("DROP SCHEMA {schema} CASCADE"))).execute(pool).await.unwrap();
}

#[tokio::test]
async fn all_snippets_run_with_sqlx_itself() {
    let Some((pool, url)) = pool("plain").await else { return };
    assert_eq!(snippets_plain::COUNT, snippets_traced::COUNT);
    snippets_plain::run(pool.clone(), &url).await.unwrap();
    assert_eq!(snippets_plain::run_migrations(pool.clone()).await.unwrap(), 4);
    drop_schema(&pool).await;
}

#[tokio::test]
async fn all_snippets_run_traced() {
    let mock = opentracing_core::mock::MockTracer::new();
    let Some((pool, url)) = pool("traced").await else { return };
    let traced = opentracing_sqlx::TracingPool::with_tracer(mock.tracer().clone(), pool.clone());
    snippets_traced::run(traced.clone(), &url).await.unwrap();
    let spans = mock.finished_spans();
    assert!(spans.len() > snippets_traced::COUNT, "{}", spans.len());
    assert!(spans.iter().all(|span| !span.is_failed), "{spans:?}");
    mock.reset();
    assert_eq!(snippets_traced::run_migrations(traced).await.unwrap(), 4);
    assert_eq!(crate::support::names(&mock), ["migrate 1 create books", "migrate 2 fill books"]);
    drop_schema(&pool).await;
}
