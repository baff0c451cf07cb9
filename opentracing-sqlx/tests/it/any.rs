//! `sqlx::Any`: the database that the URL names.

use opentracing_core::mock::MockTracer;
use opentracing_sqlx::TracingPool;
use sqlx::any::AnyPoolOptions;

use crate::support::{only_span, span, tag};

#[cfg(feature = "sqlite")]
#[tokio::test]
async fn any_traces_the_database_behind_it() {
    sqlx::any::install_default_drivers();
    let mock = MockTracer::new();
    let pool = AnyPoolOptions::new().max_connections(1).connect("sqlite::memory:").await.unwrap();
    let pool = TracingPool::with_tracer(mock.tracer().clone(), pool);
    let mut transaction = pool.begin().await.unwrap();
    sqlx::query("CREATE TABLE users (id INTEGER)").execute(&mut *transaction).await.unwrap();
    sqlx::query("INSERT INTO users VALUES (1), (2)").execute(&mut *transaction).await.unwrap();
    transaction.commit().await.unwrap();
    let (count,): (i64,) = sqlx::query_as("SELECT count(*) FROM users").fetch_one(&pool).await.unwrap();
    assert_eq!(count, 2);
    let insert = span(&mock, "INSERT users");
    for (key, value) in [("db.system.name", "sqlite"), ("db.instance", ":memory:"), ("sqlx.rows_affected", "2")] {
        assert_eq!(tag(&insert, key).as_deref(), Some(value), "{key}");
    }
}

#[tokio::test]
async fn any_reads_the_target_from_the_url() {
    sqlx::any::install_default_drivers();
    for (url, expected) in [
        ("postgres://clerk:sesame@db.example/shop", [Some("postgresql"), Some("shop"), Some("clerk"), Some("5432")]),
        ("mariadb://clerk:sesame@db.example:3307/shop", [Some("mariadb"), Some("shop"), Some("clerk"), Some("3307")]),
        ("sqlite://shop.db?mode=rwc", [Some("sqlite"), Some("shop.db"), None, None]),
    ] {
        let mock = MockTracer::new();
        let pool = sqlx::AnyPool::connect_lazy(url).unwrap();
        pool.close().await;
        let pool = TracingPool::with_tracer(mock.tracer().clone(), pool);
        sqlx::query("SELECT 1").execute(&pool).await.unwrap_err();
        let span = only_span(&mock);
        let keys = ["db.system.name", "db.instance", "db.user", "peer.port"];
        assert_eq!(keys.map(|key| tag(&span, key)), expected.map(|value| value.map(str::to_owned)), "{url}");
    }
}
