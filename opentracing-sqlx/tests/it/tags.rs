//! The standard tags.

use crate::support::{error, span, tag};

on_each_database! {
    async fn records_statement_and_table(mock, pool) {
        sqlx::query("SELECT name FROM users WHERE name = 'ada' AND id < 5").fetch_all(&pool).await.unwrap();
        let span = span(&mock, "SELECT users");
        for (key, value) in [
            ("component", "sqlx"),
            ("db.type", "sql"),
            ("db.system.name", SYSTEM),
            ("db.operation.name", "SELECT"),
            ("db.collection.name", "users"),
            ("db.statement", "SELECT name FROM users WHERE name = ? AND id < ?"),
            ("db.response.returned_rows", "1"),
            ("peer.service", SYSTEM),
        ] {
            assert_eq!(tag(&span, key).as_deref(), Some(value), "{key}");
        }
        assert_eq!(span.kind, opentracing_core::SpanKind::Client);
        assert_eq!(tag(&span, "error"), None);
        assert!(!span.is_peer_service_derived);
    }

    async fn peer_service_can_be_set(mock, pool) {
        let pool = pool.peer_service("users-db");
        sqlx::query("SELECT 1 AS one").execute(&pool).await.unwrap();
        assert_eq!(tag(&span(&mock, "SELECT"), "peer.service").as_deref(), Some("users-db"));
    }

    /// Needs no server: the tags come from the connect options.
    async fn records_the_target_without_the_password(mock, pool) {
        drop(pool);
        let pool = closed(&mock).await;
        assert!(matches!(sqlx::query("SELECT 1").execute(&pool).await, Err(sqlx::Error::PoolClosed)));
        let span = span(&mock, "SELECT");
        let expected: &[(&str, Option<&str>)] = match SYSTEM {
            "sqlite" => &[("db.instance", Some("/nowhere/shop.db")), ("db.user", None), ("peer.hostname", None), ("peer.port", None)],
            system => &[
                ("db.instance", Some("shop")),
                ("db.user", Some("clerk")),
                ("peer.hostname", Some("db.example")),
                ("peer.port", Some(if system == "mysql" { "3307" } else { "6432" })),
            ],
        };
        for (key, value) in expected {
            assert_eq!(tag(&span, key).as_deref(), *value, "{key}");
        }
        assert_eq!(error(&span).0, "pool_closed");
        assert!(!format!("{span:?} {pool:?}").contains("sesame"));
    }
}

#[cfg(feature = "postgres")]
#[tokio::test]
async fn distinguishes_addresses_and_sockets() {
    for (url, key, value) in [
        ("postgres://u@127.0.0.1/d", "peer.ipv4", "127.0.0.1"),
        ("postgres://u@[::1]/d", "peer.ipv6", "::1"),
        ("postgres://u@db.example/d", "peer.hostname", "db.example"),
        ("postgres://u@%2Frun%2Fpostgresql/d", "peer.address", "unix:/run/postgresql"),
        ("postgres://u@db.example/", "db.instance", "u"),
    ] {
        let mock = opentracing_core::mock::MockTracer::new();
        let pool = sqlx::PgPool::connect_lazy(url).unwrap();
        pool.close().await;
        let pool = opentracing_sqlx::TracingPool::with_tracer(mock.tracer().clone(), pool);
        sqlx::query("SELECT 1").execute(&pool).await.unwrap_err();
        assert_eq!(tag(&span(&mock, "SELECT"), key).as_deref(), Some(value), "{url}");
    }
}

#[cfg(feature = "sqlite")]
#[tokio::test]
async fn names_a_database_in_memory() {
    let mock = opentracing_core::mock::MockTracer::new();
    let pool = crate::databases::sqlite::open(&mock, 1).await.unwrap();
    sqlx::query("SELECT 1").execute(&pool).await.unwrap();
    assert_eq!(tag(&span(&mock, "SELECT"), "db.instance").as_deref(), Some(":memory:"));
}
