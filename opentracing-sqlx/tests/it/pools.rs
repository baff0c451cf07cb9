//! Pools: connections, waiting, and the inner handles.

use std::time::Duration;

use opentracing_core::InSpan;
use opentracing_sqlx::{PoolWait, TracingPool};

use crate::support::{error, names, only_span, span, tag};

on_each_database! {
    async fn hands_out_connections(mock, pool) {
        assert_eq!(pool.options().get_max_connections(), 1);
        let connection = pool.try_acquire().unwrap();
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

    async fn records_the_pool_wait_as_a_tag(mock, pool) {
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

    async fn records_the_pool_wait_as_a_span(mock, pool) {
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

    async fn pool_wait_can_be_off(mock, pool) {
        let pool = pool.pool_wait(PoolWait::Off);
        sqlx::query(BY_ID).bind(1).fetch_one(&pool).await.unwrap();
        assert_eq!(tag(&only_span(&mock), "sqlx.pool_wait_ms"), None);
    }

    async fn records_a_pool_time_out(mock, pool) {
        for wait in [PoolWait::Tag, PoolWait::Span] {
            let raw = options(1).connect_with((*pool.connect_options()).clone()).await.unwrap();
            let _taken = raw.acquire().await.unwrap();
            let small = TracingPool::with_tracer(mock.tracer().clone(), raw).pool_wait(wait);
            mock.reset();
            // The paused clock advances while all tasks wait.
            tokio::time::pause();
            let late = sqlx::query(BY_ID).bind(1).fetch_one(&small).await;
            assert!(matches!(late, Err(sqlx::Error::PoolTimedOut)), "{late:?}");
            small.acquire().await.unwrap_err();
            tokio::time::resume();
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

    async fn records_a_cancelled_wait(mock, pool) {
        let _taken = pool.acquire().await.unwrap();
        for wait in [PoolWait::Tag, PoolWait::Span, PoolWait::Off] {
            let pool = pool.clone().pool_wait(wait);
            let work = tokio::time::timeout(Duration::ZERO, pool.acquire());
            assert!(work.in_span(mock.tracer().span("page").start()).await.is_err());
            mock.assert_tree("
                page
                  acquire
            ");
            let acquire = span(&mock, "acquire");
            assert_eq!(tag(&acquire, "sqlx.outcome").as_deref(), Some("cancelled"));
            assert_eq!(tag(&acquire, "db.system.name").as_deref(), Some(SYSTEM));
            assert!(!acquire.is_failed);
            mock.reset();
        }
        let pool = pool.pool_wait(PoolWait::Span);
        assert!(tokio::time::timeout(Duration::ZERO, sqlx::query(BY_ID).bind(1).fetch_one(&pool)).await.is_err());
        assert_eq!((names(&mock), tag(&only_span(&mock), "sqlx.outcome").as_deref()), (vec!["acquire".to_owned()], Some("cancelled")));
        mock.reset();
        assert!(tokio::time::timeout(Duration::ZERO, pool.require_parent().acquire()).await.is_err());
        assert_eq!(mock.finished_spans(), []);
    }

    async fn figures_are_in_the_statistics(mock, pool) {
        let figures = || {
            let mut pools = mock.tracer().stats().pools;
            assert_eq!(pools.len(), 1);
            pools.remove(0)
        };
        let pool = pool.pool_name("ledger");
        let before = figures();
        assert_eq!((before.name.as_str(), before.open, before.max, before.waits.count()), ("ledger", 1, 1, 0));
        let taken = pool.clone().acquire().await.unwrap();
        assert_eq!((figures().open, figures().idle, figures().waits.count()), (1, 0, 1));
        assert!(tokio::time::timeout(Duration::ZERO, pool.acquire()).await.is_err());
        assert!(tokio::time::timeout(Duration::ZERO, sqlx::query(BY_ID).bind(1).fetch_one(&pool)).await.is_err());
        assert_eq!((figures().cancelled, figures().waiting), (2, 0));
        let mut waiting = Box::pin(pool.begin());
        let cx = &mut std::task::Context::from_waker(std::task::Waker::noop());
        assert!(waiting.as_mut().poll(cx).is_pending());
        assert_eq!(figures().waiting, 1);
        drop(taken);
        waiting.await.unwrap().commit().await.unwrap();
        sqlx::query(BY_ID).bind(1).fetch_one(&pool).await.unwrap();
        assert_eq!((figures().waiting, figures().waits.count()), (0, 3));
        pool.close().await;
        pool.acquire().await.map(drop).unwrap_err();
        assert_eq!((figures().failed, figures().timed_out), (1, 0));
        drop(pool);
        assert_eq!(mock.tracer().stats().pools, []);
    }

    async fn counts_time_outs_of_the_pool(mock, pool) {
        let raw = options(1).connect_with((*pool.connect_options()).clone()).await.unwrap();
        let _taken = raw.acquire().await.unwrap();
        let small = TracingPool::with_tracer(mock.tracer().clone(), raw).pool_name("small");
        tokio::time::pause();
        sqlx::query(BY_ID).bind(1).fetch_one(&small).await.unwrap_err();
        small.begin().await.map(drop).unwrap_err();
        tokio::time::resume();
        let stats = mock.tracer().stats();
        let figures = stats.pools.iter().find(|pool| pool.name == "small").unwrap();
        assert_eq!((figures.timed_out, figures.failed, figures.cancelled), (2, 0, 0));
        assert!(mock.tracer().report().to_string().contains("small: 1 of 1 open, 0 idle, 2 timed out"));
    }

    async fn a_pool_is_named_after_its_database(mock, _pool) {
        let name = mock.tracer().stats().pools[0].name.clone();
        assert!(name == ":memory:" || name.starts_with("127.0.0.1:") && name.ends_with("/app"), "{name}");
    }

    async fn inner_handles_are_not_traced(mock, pool) {
        sqlx::raw_sql("SELECT 1").execute(pool.get_ref()).await.unwrap();
        let mut connection = pool.acquire().await.unwrap();
        sqlx::raw_sql("SELECT 1").execute(connection.get_mut()).await.unwrap();
        drop(connection);
        pool.set_connect_options((*pool.connect_options()).clone());
        sqlx::raw_sql("SELECT 1").execute(&pool.into_inner()).await.unwrap();
        assert_eq!(mock.finished_spans(), []);
    }
}

/// Features of PostgreSQL alone.
#[cfg(feature = "postgres")]
mod postgres_alone {
    use opentracing_core::mock::MockTracer;
    use sqlx::postgres::PgListener;

    use super::*;
    use crate::databases::postgres::*;

    #[tokio::test]
    async fn listens_and_copies_with_the_inner_handles() {
        let mock = MockTracer::new();
        let Some(pool) = open(&mock, 2).await else { return };
        let mut listener = PgListener::connect_with(pool.get_ref()).await.unwrap();
        let channel = format!("orders_{}", std::process::id());
        listener.listen(&channel).await.unwrap();
        sqlx::query("SELECT pg_notify($1, 'new')").bind(&channel).execute(&pool).await.unwrap();
        assert_eq!(listener.recv().await.unwrap().payload(), "new");

        let mut connection = pool.acquire().await.unwrap();
        let mut copy = connection.get_mut().copy_in_raw("COPY users FROM STDIN (FORMAT csv)").await.unwrap();
        copy.send(&b"4,edith\n5,frances\n"[..]).await.unwrap();
        assert_eq!(copy.finish().await.unwrap(), 2);
        let count: i64 = sqlx::query_scalar("SELECT count(*) FROM users").fetch_one(&mut *connection).await.unwrap();
        assert_eq!(count, 5);
        assert_eq!(names(&mock), ["SELECT", "SELECT users"]);
    }
}
