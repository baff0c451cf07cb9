//! Texts with many statements, and long texts.

use opentracing_core::Limits;
use opentracing_core::mock::MockTracer;
use opentracing_sqlx::{StatementText, TracingPool};
use sqlx::AssertSqlSafe;

use crate::support::{only_span, tag};

on_each_database! {
    async fn long_batches_are_counted(mock, pool) {
        let inserts: String = (0..2_000).map(|id| format!("INSERT INTO users VALUES ({}, 'name {id}');\n", id + 10)).collect();
        assert!(inserts.len() > 64 * 1024);
        let done = sqlx::raw_sql(AssertSqlSafe(inserts)).execute(&pool).await.unwrap();
        let span = only_span(&mock);
        assert_eq!(done.rows_affected(), 2_000);
        assert_eq!(tag(&span, "db.operation.batch.size").as_deref(), Some("2000"));
        assert_eq!(tag(&span, "sqlx.rows_affected").as_deref(), Some("2000"));
        assert_eq!(tag(&span, "sqlx.statement_truncated").as_deref(), Some("true"));
        assert_eq!(&*span.operation_name, "INSERT users");
    }

    async fn mixed_batches_are_counted(mock, pool) {
        let mut batch: String = (0..1_000).map(|id| format!("INSERT INTO users VALUES ({}, ';{id}'); SELECT 1;", id + 10)).collect();
        batch.push_str("WITH one AS (SELECT 1 AS id) SELECT id FROM one; UPDATE users SET name = 'x;' WHERE id = 1; DELETE FROM users");
        sqlx::raw_sql(AssertSqlSafe(batch)).execute(&pool).await.unwrap();
        let span = only_span(&mock);
        assert_eq!(tag(&span, "db.operation.batch.size").as_deref(), Some("2003"));
        assert_eq!(tag(&span, "sqlx.rows_affected").as_deref(), Some("2004"));
    }

    /// No number is better than a wrong one.
    async fn longer_batches_have_no_counts(mock, pool) {
        let fill = "x".repeat(30);
        let inserts: String =
            (0..5_000).map(|id| format!("INSERT INTO users VALUES ({}, '{fill}{id}');\n", id + 10)).collect();
        assert!(inserts.len() > 256 * 1024);
        sqlx::raw_sql(AssertSqlSafe(inserts)).execute(&pool).await.unwrap();
        let span = only_span(&mock);
        assert_eq!(tag(&span, "db.operation.batch.size"), None);
        assert_eq!(tag(&span, "sqlx.rows_affected"), None);
    }

    async fn one_long_statement_counts_its_rows(mock, pool) {
        let rows: Vec<String> = (10..9_000).map(|id| format!("({id}, 'name that is longer than {id}')")).collect();
        let insert = format!("INSERT INTO users VALUES {}", rows.join(","));
        assert!(insert.len() > 256 * 1024);
        sqlx::raw_sql(AssertSqlSafe(insert)).execute(&pool).await.unwrap();
        let span = only_span(&mock);
        assert_eq!(tag(&span, "sqlx.rows_affected").as_deref(), Some("8990"));
        assert_eq!(tag(&span, "db.query.summary").as_deref(), Some("INSERT users"));
    }

    async fn truncated_texts_say_so(mock, pool) {
        let select = |values: usize| format!("SELECT {}1", "1,".repeat(values));
        let short = Limits::default().value_bytes(100);
        let narrow = MockTracer::with(|tracer| tracer.limits(short));
        let narrow_pool = TracingPool::with_tracer(narrow.tracer().clone(), pool.get_ref().clone());
        for (mock, pool, values, is_truncated) in [
            (&mock, pool.clone(), 100, false),
            (&mock, pool.clone().statement_text(StatementText::Full), 1_000, false),
            (&narrow, narrow_pool.statement_text(StatementText::Full), 100, true),
        ] {
            sqlx::raw_sql(AssertSqlSafe(select(values))).execute(&pool).await.unwrap();
            let span = only_span(mock);
            assert_eq!(tag(&span, "sqlx.statement_truncated").is_some(), is_truncated, "{values}: {span:?}");
            mock.reset();
        }
        let pool = pool.statement_text(StatementText::Off);
        sqlx::raw_sql(AssertSqlSafe(select(1_000).replace('1', "12345678901"))).execute(&pool).await.unwrap();
        assert_eq!(tag(&only_span(&mock), "sqlx.statement_truncated"), None);
    }
}
