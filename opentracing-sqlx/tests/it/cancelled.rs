//! Statements that are dropped or cancelled.

use std::time::Duration;

use futures_util::StreamExt;
use opentracing_core::InSpan;

use crate::support::{error, only_span, poll_once, returned, span, tag};

on_each_database! {
    async fn is_cancelled_when_dropped_before_the_first_row(mock, pool) {
        let mut connection = pool.acquire().await.unwrap();
        let held = hold(connection.get_mut()).await;
        poll_once(sqlx::raw_sql(SLOW).fetch_one(&mut *connection));
        let slow = only_span(&mock);
        assert_eq!(tag(&slow, "sqlx.outcome").as_deref(), Some("cancelled"));
        assert_eq!(slow.logs[0].field("event"), Some("cancelled".into()));
        assert!(!slow.is_failed);
        release(connection.get_mut(), held).await;
        // The connection still works.
        sqlx::query(BY_ID).bind(1).fetch_one(&mut *connection).await.unwrap();
    }

    async fn is_cancelled_by_a_time_out_during_execution(mock, pool) {
        let mut connection = pool.acquire().await.unwrap();
        let held = hold(connection.get_mut()).await;
        let work = async {
            let late = tokio::time::timeout(Duration::ZERO, sqlx::raw_sql(SLOW).fetch_all(&mut *connection)).await;
            assert!(late.is_err());
        };
        work.in_span(mock.tracer().span("page").start()).await;
        mock.assert_tree("
            page
              SELECT (client)
        ");
        let slow = span(&mock, "SELECT");
        assert_eq!((tag(&slow, "sqlx.outcome").as_deref(), slow.is_failed), (Some("cancelled"), false));
        release(connection.get_mut(), held).await;
        sqlx::query(BY_ID).bind(1).fetch_one(&mut *connection).await.unwrap();
    }

    async fn is_aborted_when_the_row_stream_is_dropped(mock, pool) {
        {
            let mut rows = sqlx::query("SELECT id FROM users ORDER BY id").fetch(&pool);
            rows.next().await.unwrap().unwrap();
            rows.next().await.unwrap().unwrap();
        }
        let span = span(&mock, "SELECT users");
        assert_eq!(tag(&span, "sqlx.outcome").as_deref(), Some("aborted"));
        assert_eq!(returned(&span), Some(2.into()));
        assert!(!span.is_failed);
        sqlx::query(BY_ID).bind(1).fetch_one(&pool).await.unwrap();
    }

    async fn is_cancelled_by_a_time_out_of_the_pool_wait(mock, pool) {
        let _taken = pool.acquire().await.unwrap();
        let late = tokio::time::timeout(Duration::ZERO, sqlx::query(BY_ID).bind(1).fetch_one(&pool)).await;
        assert!(late.is_err());
        assert_eq!(tag(&only_span(&mock), "sqlx.outcome").as_deref(), Some("cancelled"));
    }

    async fn is_cancelled_when_begin_is_dropped(mock, pool) {
        let taken = pool.acquire().await.unwrap();
        poll_once(pool.begin());
        assert_eq!(tag(&only_span(&mock), "sqlx.outcome").as_deref(), Some("cancelled"));
        drop(taken);
        sqlx::query(BY_ID).bind(1).fetch_one(&pool).await.unwrap();
    }

    async fn fails_when_the_server_cancels_it(mock, pool) {
        let mut connection = pool.acquire().await.unwrap();
        limit_statement_time(connection.get_mut()).await;
        let result = sqlx::raw_sql(SLOW).execute(&mut *connection).await;
        assert!(matches!(result, Err(sqlx::Error::Database(_))), "{result:?}");
        let span = only_span(&mock);
        assert!(span.is_failed);
        assert_eq!(error(&span).0, CANCELLED);
        assert_eq!(tag(&span, "db.response.status_code").as_deref(), Some(CODE));
    }
}
