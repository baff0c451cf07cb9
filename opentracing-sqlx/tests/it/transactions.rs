//! Start and end of transactions.

use opentracing_core::InSpan;

use crate::support::{names, span, tag};

on_each_database! {
    async fn begins_and_commits(mock, pool) {
        let work = async {
            let mut transaction = pool.begin().await.unwrap();
            sqlx::query(INSERT).bind(4).bind("edith").execute(&mut *transaction).await.unwrap();
            transaction.commit().await.unwrap();
        };
        work.in_span(mock.tracer().span("order").start()).await;
        mock.assert_tree("
            order
              BEGIN (client)
              INSERT users (client)
              COMMIT (client)
        ");
        for name in ["BEGIN", "COMMIT"] {
            for key in ["db.operation.name", "db.query.summary"] {
                assert_eq!(tag(&span(&mock, name), key).as_deref(), Some(name));
            }
        }
        assert_eq!(tag(&span(&mock, "COMMIT"), "db.system.name").as_deref(), Some(SYSTEM));
        let kept: i64 = sqlx::query_scalar("SELECT count(*) FROM users").fetch_one(&pool).await.unwrap();
        assert_eq!(kept, 4);
    }

    async fn nested_transactions_are_savepoints(mock, pool) {
        let mut outer = pool.begin().await.unwrap();
        assert!(outer.is_in_transaction());
        let mut inner = outer.begin().await.unwrap();
        sqlx::query("DELETE FROM users").execute(&mut *inner).await.unwrap();
        inner.rollback().await.unwrap();
        let mut inner = outer.begin().await.unwrap();
        sqlx::query("DELETE FROM users WHERE id = 1").execute(&mut *inner).await.unwrap();
        inner.commit().await.unwrap();
        drop(outer.begin().await.unwrap());
        outer.commit().await.unwrap();
        assert_eq!(
            names(&mock),
            [
                "BEGIN", "SAVEPOINT", "DELETE users", "ROLLBACK TO SAVEPOINT", "SAVEPOINT", "DELETE users", "RELEASE SAVEPOINT",
                "SAVEPOINT", "ROLLBACK TO SAVEPOINT", "COMMIT",
            ]
        );
        let left: i64 = sqlx::query_scalar("SELECT count(*) FROM users").fetch_one(&pool).await.unwrap();
        assert_eq!(left, 2);
    }

    async fn records_an_implicit_rollback(mock, pool) {
        let work = async {
            let mut transaction = pool.begin().await.unwrap();
            sqlx::query("DELETE FROM users").execute(&mut *transaction).await.unwrap();
            transaction
        };
        let transaction = work.in_span(mock.tracer().span("order").start()).await;
        // Dropped where no span is active.
        drop(transaction);
        mock.assert_tree("
            order
              BEGIN (client)
              DELETE users (client)
              ROLLBACK (client)
        ");
        assert_eq!(tag(&span(&mock, "ROLLBACK"), "sqlx.implicit_rollback").as_deref(), Some("true"));
        let left: i64 = sqlx::query_scalar("SELECT count(*) FROM users").fetch_one(&pool).await.unwrap();
        assert_eq!(left, 3);
    }

    async fn records_the_rollback_after_a_panic(mock, pool) {
        let work = {
            let pool = pool.clone();
            async move {
                let mut transaction = pool.begin().await.unwrap();
                sqlx::query("DELETE FROM users").execute(&mut *transaction).await.unwrap();
                panic!("for the test");
            }
        };
        let panicked = tokio::spawn(work.in_span(mock.tracer().span("order").start())).await;
        assert!(panicked.unwrap_err().is_panic());
        mock.assert_tree("
            order !
              BEGIN (client)
              DELETE users (client)
              ROLLBACK (client)
        ");
        let rollback = span(&mock, "ROLLBACK");
        assert_eq!((tag(&rollback, "sqlx.implicit_rollback").as_deref(), rollback.is_failed), (Some("true"), false));
        assert!(span(&mock, "order").is_failed);
        let left: i64 = sqlx::query_scalar("SELECT count(*) FROM users").fetch_one(&pool).await.unwrap();
        assert_eq!(left, 3);
    }

    async fn implicit_rollback_ignores_the_active_span(mock, pool) {
        let transaction = pool.begin().await.unwrap();
        // An unrelated span.
        async { drop(transaction) }.in_span(mock.tracer().span("page").start()).await;
        mock.assert_tree("
            BEGIN (client)
            page
            ROLLBACK (client)
        ");
    }

    async fn explicit_rollback_is_not_marked_implicit(mock, pool) {
        pool.begin().await.unwrap().rollback().await.unwrap();
        assert_eq!(names(&mock), ["BEGIN", "ROLLBACK"]);
        assert_eq!(tag(&span(&mock, "ROLLBACK"), "sqlx.implicit_rollback"), None);
    }

    async fn begins_with_a_given_statement(mock, pool) {
        let transaction = pool.begin_with(BEGIN_WITH).await.unwrap();
        transaction.commit().await.unwrap();
        let begun = mock.finished_spans().remove(0);
        assert_eq!(tag(&begun, "db.statement").as_deref(), Some(BEGIN_WITH));
        let mut connection = pool.acquire().await.unwrap();
        let mut transaction = connection.begin_with(BEGIN_WITH).await.unwrap();
        let nested = transaction.begin_with(BEGIN_WITH).await.map(drop);
        assert!(matches!(nested, Err(sqlx::Error::InvalidSavePointStatement)), "{nested:?}");
        transaction.rollback().await.unwrap();
        let failed: Vec<_> = mock.finished_spans().into_iter().filter(|span| span.is_failed).collect();
        assert_eq!(failed.len(), 1);
    }

    async fn try_begin_needs_an_idle_connection(mock, pool) {
        let transaction = pool.try_begin().await.unwrap().unwrap();
        assert!(pool.try_begin().await.unwrap().is_none());
        assert!(pool.try_begin_with(BEGIN_WITH).await.unwrap().is_none());
        transaction.commit().await.unwrap();
        assert_eq!(names(&mock), ["BEGIN", "COMMIT"]);
    }
}
