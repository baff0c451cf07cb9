//! What a pool does beside executing.

use std::time::Duration;

use opentracing_core::InSpan;
use opentracing_sqlx::{PoolWait, TracingPool};

use crate::support::{error, names, only_span, span, tag};

on_each_database! {
    async fn hands_out_connections(mock, pool) {
        assert_eq!(pool.options().get_max_connections(), 1);
        let connection = pool.acquire().await.unwrap();
        assert_eq!((pool.size(), pool.num_idle()), (1, 0));
        assert!(pool.try_acquire().is_none());
        let mut own = connection.detach();
        sqlx::query(BY_ID).bind(1).fetch_one(&mut own).await.unwrap();
        own.close().await.unwrap();
        let mut connection = pool.acquire().await.unwrap();
        connection.close_on_drop();
        drop(connection);
        pool.acquire().await.unwrap().close().await.unwrap();
        assert!(!pool.is_closed());
        pool.close().await;
        pool.close_event().await;
        assert!(pool.is_closed());
        assert_eq!(names(&mock), ["SELECT users"]);
    }

    async fn tells_how_long_a_statement_waited(mock, pool) {
        sqlx::query(BY_ID).bind(1).fetch_one(&pool).await.unwrap();
        pool.begin().await.unwrap().commit().await.unwrap();
        let mut connection = pool.acquire().await.unwrap();
        sqlx::query("DELETE FROM users").execute(&mut *connection).await.unwrap();
        sqlx::query("UPDATE users SET id = 1").execute(&mut *connection).await.unwrap();
        for (name, has_waited) in
            [("SELECT users", true), ("BEGIN", true), ("COMMIT", false), ("DELETE users", true), ("UPDATE users", false)]
        {
            let wait = tag(&span(&mock, name), "sqlx.pool_wait_ms").map(|wait| wait.parse::<f64>().unwrap());
            assert_eq!(wait.is_some_and(|wait| wait >= 0.0), has_waited, "{name}: {wait:?}");
        }
    }

    async fn has_a_span_of_waiting_if_asked(mock, pool) {
        let pool = pool.pool_wait(PoolWait::Span);
        let work = async {
            sqlx::query(BY_ID).bind(1).fetch_one(&pool).await.unwrap();
            pool.begin().await.unwrap().commit().await.unwrap();
            let mut connection = pool.acquire().await.unwrap();
            sqlx::query("DELETE FROM users").execute(&mut *connection).await.unwrap();
        };
        work.in_span(mock.tracer().span("order").start()).await;
        mock.assert_tree("
            order
              acquire
              SELECT users (client)
              acquire
              BEGIN (client)
              COMMIT (client)
              acquire
              DELETE users (client)
        ");
        assert!(mock.finished_spans().iter().all(|span| span.tag("sqlx.pool_wait_ms").is_none()));
    }

    async fn is_silent_of_waiting_if_asked(mock, pool) {
        let pool = pool.pool_wait(PoolWait::Off);
        sqlx::query(BY_ID).bind(1).fetch_one(&pool).await.unwrap();
        assert_eq!(tag(&only_span(&mock), "sqlx.pool_wait_ms"), None);
    }

    async fn tells_of_a_pool_that_is_exhausted(mock, pool) {
        for wait in [PoolWait::Tag, PoolWait::Span] {
            let raw = options(1).acquire_timeout(Duration::from_millis(20)).connect_with((*pool.connect_options()).clone());
            // Connecting may take its time; what is tested is the wait for one that is taken.
            let Ok(raw) = raw.await else { continue };
            let small = TracingPool::with_tracer(mock.tracer().clone(), raw).pool_wait(wait);
            let _taken = small.try_acquire().unwrap();
            mock.reset();
            let late = sqlx::query(BY_ID).bind(1).fetch_one(&small).await;
            assert!(matches!(late, Err(sqlx::Error::PoolTimedOut)), "{late:?}");
            small.acquire().await.unwrap_err();
            let expected: &[&str] = if wait == PoolWait::Tag { &["SELECT users", "acquire"] } else { &["acquire", "acquire"] };
            let mut spans = mock.finished_spans();
            spans.sort_by(|a, b| a.operation_name.cmp(&b.operation_name));
            for (span, name) in spans.iter().zip(expected) {
                assert_eq!((&*span.operation_name, span.is_failed), (*name, true));
                assert_eq!(error(span).0, "pool_timeout");
            }
            assert_eq!(spans.len(), 2);
        }
    }

    async fn lends_the_raw_handles(mock, pool) {
        sqlx::raw_sql("SELECT 1").execute(pool.get_ref()).await.unwrap();
        let mut connection = pool.acquire().await.unwrap();
        sqlx::raw_sql("SELECT 1").execute(connection.get_mut()).await.unwrap();
        drop(connection);
        pool.set_connect_options((*pool.connect_options()).clone());
        sqlx::raw_sql("SELECT 1").execute(&pool.into_inner()).await.unwrap();
        assert_eq!(mock.finished_spans(), []);
    }
}
