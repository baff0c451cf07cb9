//! Comments in the form of sqlcommenter, as the database sees them.

use opentracing_core::ConstSampler;
use opentracing_sqlx::{SqlCommenter, TracingPool};
use sqlx::Connection;

use crate::support::tag;

on_each_database! {
    /// The text is the same each time, so there is one statement to be prepared.
    async fn leaves_the_cache_of_statements_alone_unless_it_is_full(mock, pool) {
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

    async fn keeps_statements_of_spans_that_are_not_sampled(mock, pool) {
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

/// The databases that show the statement that they are executing.
#[cfg(any(feature = "postgres", feature = "mysql"))]
macro_rules! shows {
    ($module:ident, $database:ident, $statement:literal) => {
        mod $module {
            use opentracing_core::mock::MockTracer;

            use super::*;
            use crate::databases::$database::*;
            use crate::support::only_span;

            async fn seen(pool: &TracingPool<Db>) -> String {
                sqlx::query_scalar($statement).fetch_one(pool).await.unwrap()
            }

            #[tokio::test]
            async fn writes_what_was_chosen() {
                let mock = MockTracer::new();
                let Some(pool) = open(&mock, 1).await else { return };
                assert_eq!(seen(&pool).await, $statement);

                let pool = pool.sqlcommenter(SqlCommenter::Static);
                assert_eq!(seen(&pool).await, concat!($statement, " /*application='mock',db_driver='sqlx'*/"));

                let pool = pool.sqlcommenter_tag("route", "/a b?'*/").sqlcommenter_tag("application", "shop");
                let expected =
                    concat!($statement, " /*application='shop',db_driver='sqlx',route='%2Fa%20b%3F%27%2A%2F'*/");
                assert_eq!(seen(&pool).await, expected);

                let pool = pool.sqlcommenter(SqlCommenter::Full);
                mock.reset();
                let seen = seen(&pool).await;
                let span = only_span(&mock);
                let traceparent =
                    format!(",traceparent='00-{}-{}-01'*/", span.context.trace_id(), span.context.span_id());
                assert!(seen.ends_with(&traceparent), "{seen}");
                assert_eq!(tag(&span, "db.statement"), Some($statement.to_owned()));
            }

            #[tokio::test]
            async fn leaves_comments_and_prepared_statements_alone() {
                let mock = MockTracer::new();
                let Some(pool) = open(&mock, 1).await else { return };
                let pool = pool.sqlcommenter(SqlCommenter::Full);
                let commented = concat!("/* mine */ ", $statement);
                let seen: String = sqlx::query_scalar(commented).fetch_one(&pool).await.unwrap();
                assert_eq!(seen, commented);

                use sqlx::{Executor as _, Statement as _};
                let statement = (&pool).prepare(sqlx::SqlStr::from_static($statement)).await.unwrap();
                let seen: String = statement.query_scalar().fetch_one(&pool).await.unwrap();
                assert_eq!(seen, $statement);
            }
        }
    };
}

#[cfg(feature = "postgres")]
shows!(on_postgres, postgres, "SELECT query FROM pg_stat_activity WHERE pid = pg_backend_pid()");
#[cfg(feature = "mysql")]
shows!(on_mysql, mysql, "SELECT CAST(info AS CHAR) FROM information_schema.processlist WHERE id = connection_id()");
