//! Settings of the pool.

use opentracing_core::mock::MockTracer;
use opentracing_core::{ConstSampler, InSpan, Tracer};
use opentracing_sqlx::{PoolWait, StatementText, TracingPool};

use crate::support::{names, only_span, span, tag};

on_each_database! {
    async fn require_parent_traces_no_roots(mock, pool) {
        let pool = pool.require_parent();
        sqlx::query(BY_ID).bind(1).fetch_one(&pool).await.unwrap();
        drop(pool.begin().await.unwrap());
        let transaction = pool.begin().await.unwrap();
        async { drop(transaction) }.in_span(mock.tracer().span("elsewhere").start()).await;
        assert_eq!(names(&mock), ["elsewhere"]);
        mock.reset();
        let work = async {
            sqlx::query(BY_ID).bind(1).fetch_one(&pool).await.unwrap();
            pool.begin().await.unwrap()
        };
        let transaction = work.in_span(mock.tracer().span("page").start()).await;
        drop(transaction);
        mock.assert_tree("
            page
              SELECT users (client)
              BEGIN (client)
              ROLLBACK (client)
        ");
    }

    async fn skips_statements_by_their_text(mock, pool) {
        let pool = pool.skip(|sql| sql.starts_with("DELETE")).skip(|sql| sql == "BEGIN");
        let mut transaction = pool.begin().await.unwrap();
        let deleted = sqlx::query("DELETE FROM users WHERE id = 3").execute(&mut *transaction).await.unwrap();
        assert_eq!(deleted.rows_affected(), 1);
        sqlx::query(BY_ID).bind(1).fetch_one(&mut *transaction).await.unwrap();
        transaction.rollback().await.unwrap();
        assert_eq!(names(&mock), ["SELECT users", "ROLLBACK"]);
    }

    async fn database_system_can_be_named(mock, pool) {
        let pool = pool.system_name("yugabytedb");
        sqlx::query(BY_ID).bind(1).fetch_one(&pool).await.unwrap();
        sqlx::raw_sql("gibberish").execute(&pool).await.unwrap_err();
        let spans = mock.finished_spans();
        for key in ["db.system.name", "peer.service"] {
            assert_eq!(tag(&spans[0], key).as_deref(), Some("yugabytedb"));
        }
        assert_eq!(&*spans[1].operation_name, "yugabytedb");
        let pool = pool.peer_service("shop-db");
        mock.reset();
        sqlx::query(BY_ID).bind(1).fetch_one(&pool).await.unwrap();
        assert_eq!(tag(&only_span(&mock), "peer.service").as_deref(), Some("shop-db"));
    }

    async fn component_can_be_set(mock, pool) {
        let pool = pool.component("ledger").pool_wait(PoolWait::Span);
        sqlx::query(BY_ID).bind(1).fetch_one(&pool).await.unwrap();
        for span in mock.finished_spans() {
            assert_eq!(tag(&span, "component").as_deref(), Some("ledger"), "{}", span.operation_name);
        }
        assert_eq!(names(&mock), ["acquire", "SELECT users"]);
    }

    async fn statement_text_can_be_off(mock, pool) {
        let pool = pool.statement_text(StatementText::Off);
        sqlx::query(BY_ID).bind(1).fetch_one(&pool).await.unwrap();
        let span = only_span(&mock);
        assert_eq!(tag(&span, "db.statement"), None);
        assert_eq!(tag(&span, "db.collection.name").as_deref(), Some("users"));
    }

    async fn statement_text_can_be_full(mock, pool) {
        let pool = pool.statement_text(StatementText::Full);
        let sql = "SELECT name FROM users WHERE name = 'ada' -- who else";
        sqlx::query(sql).fetch_one(&pool).await.unwrap();
        assert_eq!(tag(&span(&mock, "SELECT users"), "db.statement").as_deref(), Some(sql));
    }

    async fn works_without_a_tracer_and_unsampled(mock, pool) {
        let unsampled = MockTracer::with(|tracer| tracer.sampler(ConstSampler::off()));
        for tracer in [Tracer::noop(), unsampled.tracer().clone()] {
            let pool = TracingPool::with_tracer(tracer, pool.get_ref().clone());
            let mut transaction = pool.begin().await.unwrap();
            let name: String = sqlx::query_scalar(BY_ID).bind(2).fetch_one(&mut *transaction).await.unwrap();
            assert_eq!(name, "grace");
            drop(transaction);
            sqlx::query("SELECT * FROM nowhere").execute(&pool).await.unwrap_err();
        }
        assert_eq!(unsampled.finished_spans(), []);
        assert_eq!(names(&mock), [""; 0]);
    }
}

#[cfg(feature = "mysql")]
#[tokio::test]
async fn the_url_names_mariadb() {
    let mock = MockTracer::new();
    let options = || opentracing_sqlx::TracingPoolOptions::<sqlx::MySql>::with_tracer(mock.tracer().clone());
    for (url, name) in [("mysql://db.example/shop", "mysql"), ("mariadb://db.example/shop", "mariadb")] {
        let pool = options().connect_lazy(url).unwrap();
        pool.close().await;
        mock.reset();
        sqlx::query("SELECT 1").execute(&pool).await.unwrap_err();
        assert_eq!(tag(&only_span(&mock), "db.system.name").as_deref(), Some(name));
    }
    let Some(url) = crate::support::server("MYSQL_URL") else { return };
    let pool = options().connect(&url.replacen("mysql:", "mariadb:", 1)).await.unwrap();
    mock.reset();
    sqlx::query("SELECT 1").execute(&pool).await.unwrap();
    assert_eq!(tag(&only_span(&mock), "db.system.name").as_deref(), Some("mariadb"));
}

#[cfg(feature = "postgres")]
#[tokio::test]
async fn the_url_names_cockroachdb() {
    let mock = MockTracer::new();
    let pool = opentracing_sqlx::TracingPoolOptions::<sqlx::Postgres>::with_tracer(mock.tracer().clone())
        .connect_lazy("cockroachdb://db.example/shop")
        .unwrap();
    pool.close().await;
    sqlx::query("SELECT 1").execute(&pool).await.unwrap_err();
    let span = only_span(&mock);
    for key in ["db.system.name", "peer.service"] {
        assert_eq!(tag(&span, key).as_deref(), Some("cockroachdb"));
    }
}
