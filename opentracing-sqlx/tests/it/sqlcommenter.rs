//! sqlcommenter comments, as the database sees them.

use opentracing_core::ConstSampler;
use opentracing_sqlx::{SqlCommenter, TracingPool};
use sqlx::Connection;

use crate::support::tag;

on_each_database! {
    /// A static text is the same on each execution, so it is prepared once.
    async fn static_comments_keep_the_statement_cache(mock, pool) {
        for (commenter, kept) in
            [(SqlCommenter::Off, 1), (SqlCommenter::Static, 1), (SqlCommenter::Full, 0)]
        {
            let pool = pool.clone().sqlcommenter(commenter);
            let mut connection = pool.acquire().await.unwrap();
            connection.get_mut().clear_cached_statements().await.unwrap();
            for id in 1..4 {
                sqlx::query(BY_ID).bind(id).fetch_one(&mut *connection).await.unwrap();
            }
            assert_eq!(connection.get_ref().cached_statements_size(), kept, "{commenter:?}");
        }
        assert!(mock.finished_spans().iter().all(|span| tag(span, "db.statement").as_deref() == Some(BY_ID)));
    }

    async fn unsampled_statements_stay_in_the_cache(mock, pool) {
        drop(mock);
        let unsampled = opentracing_core::mock::MockTracer::with(|tracer| tracer.sampler(ConstSampler::off()));
        let pool = TracingPool::with_tracer(unsampled.tracer().clone(), pool.into_inner()).sqlcommenter(SqlCommenter::Full);
        let mut connection = pool.acquire().await.unwrap();
        connection.get_mut().clear_cached_statements().await.unwrap();
        sqlx::query(BY_ID).bind(1).fetch_one(&mut *connection).await.unwrap();
        sqlx::query(BY_ID).bind(2).fetch_one(&mut *connection).await.unwrap();
        assert_eq!(connection.get_ref().cached_statements_size(), 1);
    }
}

/// Databases that can show the running statement.
#[cfg(any(feature = "postgres", feature = "mysql"))]
macro_rules! running_statement {
    ($module:ident, $database:ident, $statement:literal) => {
        mod $module {
            use opentracing_core::mock::MockTracer;

            use super::*;
            use crate::databases::$database::*;
            use crate::support::only_span;

            async fn received(pool: &TracingPool<Db>) -> String {
                sqlx::query_scalar($statement).fetch_one(pool).await.unwrap()
            }

            #[tokio::test]
            async fn writes_comments() {
                let mock = MockTracer::new();
                let Some(pool) = open(&mock, 1).await else { return };
                assert_eq!(received(&pool).await, $statement);

                let pool = pool.sqlcommenter(SqlCommenter::Static);
                assert_eq!(received(&pool).await, concat!($statement, " /*application='mock',db_driver='sqlx'*/"));

                let pool = pool.sqlcommenter_tag("route", "/a b?'*/").sqlcommenter_tag("application", "shop");
                let expected =
                    concat!($statement, " /*application='shop',db_driver='sqlx',route='%2Fa%20b%3F%27%2A%2F'*/");
                assert_eq!(received(&pool).await, expected);

                let pool = pool.sqlcommenter(SqlCommenter::Full);
                mock.reset();
                let received = received(&pool).await;
                let span = only_span(&mock);
                let traceparent =
                    format!(",traceparent='00-{}-{}-01'*/", span.context.trace_id(), span.context.span_id());
                assert!(received.ends_with(&traceparent), "{received}");
                assert_eq!(tag(&span, "db.statement"), Some($statement.to_owned()));
            }

            #[tokio::test]
            async fn keeps_existing_comments_and_prepared_statements() {
                let mock = MockTracer::new();
                let Some(pool) = open(&mock, 1).await else { return };
                let pool = pool.sqlcommenter(SqlCommenter::Full);
                let commented = concat!("/* own */ ", $statement);
                let received: String = sqlx::query_scalar(commented).fetch_one(&pool).await.unwrap();
                assert_eq!(received, commented);

                // A hint is meant for the database.
                let hinted = concat!("/*+ MAX_EXECUTION_TIME(1000) */ ", $statement);
                let received: String = sqlx::query_scalar(hinted).fetch_one(&pool).await.unwrap();
                assert!(received.contains(" /*application='mock'"), "{received}");

                use sqlx::{Executor as _, Statement as _};
                let statement = (&pool).prepare(sqlx::SqlStr::from_static($statement)).await.unwrap();
                let received: String = statement.query_scalar().fetch_one(&pool).await.unwrap();
                assert_eq!(received, $statement);
            }
        }
    };
}

#[cfg(feature = "postgres")]
running_statement!(on_postgres, postgres, "SELECT query FROM pg_stat_activity WHERE pid = pg_backend_pid()");
#[cfg(feature = "mysql")]
running_statement!(
    on_mysql,
    mysql,
    "SELECT CAST(info AS CHAR) FROM information_schema.processlist WHERE id = connection_id()"
);
