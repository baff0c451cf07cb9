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

mod newsletter_plain {
    include!("newsletter/imports.rs");
    include!("newsletter/app.rs");
}

mod newsletter_traced {
    include!("newsletter/imports_traced.rs");
    include!("newsletter/app.rs");
}

#[cfg(feature = "sqlite")]
mod repository_plain {
    include!("repository/imports.rs");
    include!("repository/app.rs");
}

#[cfg(feature = "sqlite")]
mod repository_traced {
    include!("repository/imports_traced.rs");
    include!("repository/app.rs");
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

const SNIPPETS: usize = 47;

/// The compiler warns about a snippet that does not run.
#[test]
fn all_snippets_are_there() {
    let comments = include_str!("snippets.rs").lines().filter_map(|line| line.strip_prefix("// "));
    let numbers = comments.flat_map(|text| text.split([',', ':']).map_while(|part| part.trim().parse::<usize>().ok()));
    assert_eq!(numbers.collect::<Vec<_>>(), (1..=SNIPPETS).collect::<Vec<_>>());
}

#[tokio::test]
async fn all_snippets_run_with_sqlx_itself() {
    let Some((pool, url)) = pool("plain").await else { return };
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
    assert!(spans.len() > SNIPPETS, "{}", spans.len());
    assert!(spans.iter().all(|span| !span.is_failed), "{spans:?}");
    mock.reset();
    assert_eq!(snippets_traced::run_migrations(traced).await.unwrap(), 4);
    assert_eq!(crate::support::names(&mock), ["migrate 1 create books", "migrate 2 fill books"]);
    drop_schema(&pool).await;
}

/// The lines of the imports that differ; the rest of an application is one file.
fn changed(plain: &str, traced: &str) -> usize {
    traced.lines().filter(|line| !plain.lines().any(|same| same == *line)).count()
}

#[test]
fn ported_applications_change_few_lines() {
    let newsletter = changed(include_str!("newsletter/imports.rs"), include_str!("newsletter/imports_traced.rs"));
    let repository = changed(include_str!("repository/imports.rs"), include_str!("repository/imports_traced.rs"));
    assert_eq!((newsletter, repository), (3, 2));
}

/// The same run of the newsletter service on a schema of its own.
macro_rules! newsletter {
    ($service:ident, $application:expr) => {{
        use $service::{Application, DatabaseSettings, ExecutionOutcome, configure_database, remove_database, run};

        let Some(url) = crate::support::server("POSTGRES_URL") else { return };
        let settings = DatabaseSettings { url, schema: format!("{}_{}", stringify!($service), std::process::id()) };
        let migrated = configure_database(&settings).await.unwrap();
        let application: Application = $application(&settings, migrated);
        let delivered = |email| ExecutionOutcome::TaskCompleted(format!("First issue to {email}"));
        let expected = [delivered("ada@example"), delivered("grace@example"), ExecutionOutcome::EmptyQueue];
        assert_eq!(run(&application).await.unwrap(), expected);
        application.pool.close().await;
        remove_database(&settings).await.unwrap();
    }};
}

#[tokio::test]
async fn the_newsletter_service_runs_with_sqlx_itself() {
    newsletter!(newsletter_plain, |settings, _| Application::build(settings).unwrap());
}

#[tokio::test]
async fn the_newsletter_service_runs_traced() {
    let mock = opentracing_core::mock::MockTracer::new();
    newsletter!(newsletter_traced, |settings, migrated: opentracing_sqlx::PgPool| {
        // It builds its pool on the global tracer, which tests do not set.
        drop(Application::build(settings).unwrap());
        let tracer = mock.tracer().clone();
        Application { pool: opentracing_sqlx::TracingPool::with_tracer(tracer, migrated.into_inner()) }
    });
    let names = crate::support::names(&mock);
    let subscribe = ["BEGIN", "INSERT subscriptions", "INSERT subscription_tokens", "COMMIT"];
    let confirm = ["SELECT subscription_tokens", "UPDATE subscriptions"];
    assert_eq!(names[..6], [&subscribe[..], &confirm].concat());
    let publish = ["BEGIN", "INSERT idempotency", "INSERT newsletter_issues", "INSERT issue_delivery_queue"];
    assert_eq!(names[13..17], publish);
    // The repeated request finds the saved response, and drops its transaction.
    assert_eq!(
        names[17..23],
        ["UPDATE idempotency", "COMMIT", "BEGIN", "INSERT idempotency", "SELECT idempotency", "ROLLBACK"]
    );
    assert_eq!(
        names[23..28],
        ["BEGIN", "SELECT issue_delivery_queue", "SELECT newsletter_issues", "DELETE issue_delivery_queue", "COMMIT"]
    );
    assert!(mock.finished_spans().iter().all(|span| !span.is_failed));
}

#[cfg(feature = "sqlite")]
#[tokio::test]
async fn the_shop_with_repositories_runs_both_ways() {
    use crate::ported::{repository_plain as plain, repository_traced as traced};

    plain::run(&plain::Shop::new(plain::open().await.unwrap())).await.unwrap();
    traced::run(&traced::Shop::new(traced::open().await.unwrap())).await.unwrap();
    let mock = opentracing_core::mock::MockTracer::new();
    let options = opentracing_sqlx::SqlitePoolOptions::with_tracer(mock.tracer().clone()).max_connections(1);
    let pool = options.connect("sqlite::memory:").await.unwrap();
    traced::create_tables(&pool).await.unwrap();
    mock.reset();
    traced::run(&traced::Shop::new(pool)).await.unwrap();
    mock.assert_tree(
        "
        INSERT books (client)
        SELECT books (client)
        SELECT books (client)
        BEGIN (client)
        UPDATE books (client)
        INSERT orders (client)
        COMMIT (client)
        BEGIN (client)
        UPDATE books (client)
        ROLLBACK (client)
        SELECT books (client)
    ",
    );
}
