//! What became of transactions and connections, also where sqlx returns no error.

use std::time::Duration;

use opentracing_core::OwnedSpan;
use opentracing_sqlx::PoolWait;

use crate::support::{names, poll_once, span, tag};

fn outcome(span: &OwnedSpan) -> Option<String> {
    tag(span, "sqlx.outcome")
}

/// The message of the log that explains the outcome.
#[track_caller]
fn explanation(span: &OwnedSpan) -> String {
    let log = span.logs.iter().find(|log| log.field("event") == span.tag("sqlx.outcome"));
    log.and_then(|log| log.field("message")).unwrap_or_else(|| panic!("no explanation: {span:?}")).to_string()
}

fn behind_cancelled(span: &OwnedSpan) -> bool {
    tag(span, "sqlx.behind_cancelled").as_deref() == Some("true")
}

on_each_database! {
    async fn a_commit_that_is_dropped_is_unknown(mock, pool) {
        let mut transaction = pool.begin().await.unwrap();
        sqlx::query("DELETE FROM users").execute(&mut *transaction).await.unwrap();
        let held = stall(transaction.get_mut()).await;
        poll_once(transaction.commit());
        held.let_go();
        let commit = span(&mock, "COMMIT");
        assert_eq!(outcome(&commit).as_deref(), Some("unknown"));
        assert_eq!(explanation(&commit), "dropped before the database answered: the transaction may be committed or not");
        assert!(!commit.is_failed);
        assert_eq!(names(&mock), ["BEGIN", "DELETE users", "COMMIT"]);
    }

    async fn a_commit_that_is_never_polled_is_a_rollback(mock, pool) {
        let transaction = pool.begin().await.unwrap();
        drop(transaction.commit());
        assert_eq!(names(&mock), ["BEGIN", "ROLLBACK"]);
        assert_eq!(tag(&span(&mock, "ROLLBACK"), "sqlx.implicit_rollback").as_deref(), Some("true"));
    }

    async fn a_released_savepoint_that_is_dropped_is_unknown(mock, pool) {
        let mut outer = pool.begin().await.unwrap();
        let mut inner = outer.begin().await.unwrap();
        let held = stall(inner.get_mut()).await;
        poll_once(inner.commit());
        held.let_go();
        assert_eq!(outcome(&span(&mock, "RELEASE SAVEPOINT")).as_deref(), Some("unknown"));
        assert_eq!(names(&mock), ["BEGIN", "SAVEPOINT", "RELEASE SAVEPOINT"]);
    }

    async fn a_rollback_that_is_dropped_is_cancelled(mock, pool) {
        let mut transaction = pool.begin().await.unwrap();
        let held = stall(transaction.get_mut()).await;
        poll_once(transaction.rollback());
        held.let_go();
        let rollbacks: Vec<_> = mock.finished_spans().into_iter().filter(|span| &*span.operation_name == "ROLLBACK").collect();
        let outcomes: Vec<_> = rollbacks.iter().map(|span| (outcome(span), tag(span, "sqlx.implicit_rollback"))).collect();
        // sqlx sends a second one.
        assert_eq!(outcomes, [(Some("cancelled".to_owned()), None), (None, Some("true".to_owned()))]);
    }

    async fn a_begin_that_is_dropped_may_leave_a_transaction(mock, pool) {
        let mut connection = pool.acquire().await.unwrap();
        let held = stall(connection.get_mut()).await;
        poll_once(connection.begin());
        held.let_go();
        let begin = span(&mock, "BEGIN");
        assert_eq!(outcome(&begin).as_deref(), Some("cancelled"));
        let expected = match SYSTEM {
            "sqlite" => "dropped before the database answered",
            _ => "dropped before the database answered: the connection may still be in a transaction",
        };
        assert_eq!(explanation(&begin), expected);
        assert_eq!(names(&mock), ["BEGIN"]);
    }

    async fn a_young_pool_does_not_blame_the_database(mock, pool) {
        let young = sqlx::Pool::<Db>::connect_lazy_with((*pool.connect_options()).clone());
        let young = opentracing_sqlx::TracingPool::with_tracer(mock.tracer().clone(), young);
        // Connecting takes several polls, between which this span starts.
        let mut begin = Box::pin(young.begin());
        let cx = &mut std::task::Context::from_waker(std::task::Waker::noop());
        assert!(begin.as_mut().poll(cx).is_pending());
        mock.tracer().span("meanwhile").start().finish();
        begin.await.unwrap().rollback().await.unwrap();
        assert_eq!(names(&mock), ["meanwhile", "BEGIN", "ROLLBACK"]);
        let wait = tag(&span(&mock, "BEGIN"), "sqlx.pool_wait_ms").unwrap();
        assert!(wait.parse::<f64>().unwrap() > 0.0, "{wait}");
        assert_eq!(mock.tracer().stats().pools[1].waits.count(), 1);
    }

    async fn a_savepoint_that_is_dropped_rolls_the_transaction_back(mock, pool) {
        let mut outer = pool.begin().await.unwrap();
        sqlx::query("DELETE FROM users").execute(&mut *outer).await.unwrap();
        let held = stall(outer.get_mut()).await;
        poll_once(outer.begin());
        held.let_go();
        let savepoint = span(&mock, "SAVEPOINT");
        assert_eq!(explanation(&savepoint), "dropped before the database answered: sqlx rolls back the transaction around it");
        // sqlx returns no error.
        outer.commit().await.unwrap();
        let commit = span(&mock, "COMMIT");
        assert_eq!(outcome(&commit).as_deref(), Some("rolled_back"));
        assert_eq!(explanation(&commit), "sqlx rolled the transaction back when a savepoint in it was not created");
        let left: i64 = sqlx::query_scalar("SELECT count(*) FROM users").fetch_one(&pool).await.unwrap();
        assert_eq!(left, 3);
    }

    async fn a_statement_behind_a_cancelled_one_says_so(mock, pool) {
        let mut connection = pool.acquire().await.unwrap();
        sqlx::query(BY_ID).bind(1).fetch_one(&mut *connection).await.unwrap();
        let held = stall(connection.get_mut()).await;
        poll_once(sqlx::raw_sql("SELECT count(*) FROM users").fetch_one(&mut *connection));
        held.let_go();
        sqlx::query("DELETE FROM users WHERE id = 9").execute(&mut *connection).await.unwrap();
        sqlx::query("UPDATE users SET id = id").execute(&mut *connection).await.unwrap();
        let behind: Vec<_> = mock.finished_spans().iter().map(behind_cancelled).collect();
        assert_eq!(behind, [false, false, true, false]);
    }

    async fn a_statement_behind_an_aborted_stream_says_so(mock, pool) {
        use futures_util::StreamExt;

        let mut transaction = pool.begin().await.unwrap();
        sqlx::query("SELECT id FROM users ORDER BY id").fetch(&mut *transaction).next().await.unwrap().unwrap();
        transaction.commit().await.unwrap();
        assert!(behind_cancelled(&span(&mock, "COMMIT")));
        // The pool reads the rest before it lends the connection again.
        sqlx::query(BY_ID).bind(1).fetch_one(&mut *pool.acquire().await.unwrap()).await.unwrap();
        assert_eq!(mock.finished_spans().iter().filter(|span| behind_cancelled(span)).count(), 1);
    }

    async fn a_savepoint_tells_its_transaction_of_a_cancelled_statement(mock, pool) {
        let mut outer = pool.begin().await.unwrap();
        let mut inner = outer.begin().await.unwrap();
        let held = stall(inner.get_mut()).await;
        poll_once(sqlx::raw_sql("SELECT count(*) FROM users").fetch_one(&mut *inner));
        held.let_go();
        drop(inner);
        sqlx::query("DELETE FROM users WHERE id = 9").execute(&mut *outer).await.unwrap();
        assert!(behind_cancelled(&span(&mock, "DELETE users")));
    }

    async fn a_ping_reads_the_rest(mock, pool) {
        let mut connection = pool.acquire().await.unwrap();
        let held = stall(connection.get_mut()).await;
        poll_once(sqlx::raw_sql("SELECT count(*) FROM users").fetch_one(&mut *connection));
        held.let_go();
        connection.ping().await.unwrap();
        sqlx::query("DELETE FROM users WHERE id = 9").execute(&mut *connection).await.unwrap();
        assert!(!behind_cancelled(&span(&mock, "DELETE users")));
    }

    async fn waits_are_not_part_of_the_statement(mock, pool) {
        let taken = pool.acquire().await.unwrap();
        let work = tokio::spawn({
            let pool = pool.clone();
            async move {
                sqlx::query(BY_ID).bind(1).fetch_one(&pool).await.unwrap();
                pool.begin().await.unwrap().commit().await.unwrap();
            }
        });
        tokio::task::yield_now().await;
        // The statement waits in the queue: a span that included the wait would have started.
        let held = mock.tracer().span("held").start();
        drop(taken);
        held.finish();
        work.await.unwrap();
        let [held, query] = [span(&mock, "held"), span(&mock, "SELECT users")];
        assert!(query.start_unix_ns >= held.start_unix_ns, "{query:?}");
        assert!(tag(&query, "sqlx.pool_wait_ms").is_some());
    }

    async fn waits_can_be_included(mock, pool) {
        let pool = pool.pool_wait(PoolWait::Included);
        let taken = pool.acquire().await.unwrap();
        let work = tokio::spawn({
            let pool = pool.clone();
            async move { sqlx::query(BY_ID).bind(1).fetch_one(&pool).await.map(drop) }
        });
        tokio::task::yield_now().await;
        let held = mock.tracer().span("held").start();
        drop(taken);
        held.finish();
        work.await.unwrap().unwrap();
        let [held, query] = [span(&mock, "held"), span(&mock, "SELECT users")];
        assert!(query.start_unix_ns <= held.start_unix_ns, "{query:?}");
        assert!(tag(&query, "sqlx.pool_wait_ms").is_some());
    }

    async fn a_dropped_wait_has_no_duration(mock, pool) {
        let _taken = pool.acquire().await.unwrap();
        assert!(tokio::time::timeout(Duration::ZERO, sqlx::query(BY_ID).bind(1).fetch_one(&pool)).await.is_err());
        let query = span(&mock, "SELECT users");
        assert_eq!(explanation(&query), "dropped while waiting for a connection");
        assert!(tag(&query, "sqlx.pool_wait_ms").is_some());
    }
}

/// A transaction in which a statement has failed.
#[cfg(feature = "postgres")]
mod postgres_alone {
    use opentracing_core::Span;
    use opentracing_core::mock::MockTracer;
    use opentracing_sqlx::{StatementDecorator, StatementFailure};

    use super::*;
    use crate::databases::postgres::*;

    const ABORTED: &str = "the database rolled the transaction back, because a statement in it had failed";

    #[tokio::test]
    async fn a_commit_after_a_failure_is_a_rollback() {
        let mock = MockTracer::new();
        let Some(pool) = open(&mock, 1).await else { return };
        let mut transaction = pool.begin().await.unwrap();
        sqlx::query("DELETE FROM users").execute(&mut *transaction).await.unwrap();
        sqlx::query(INSERT).bind(1).bind("ada").fetch_all(&mut *transaction).await.unwrap_or_default();
        sqlx::query("SELECT 1 / 0").execute(&mut *transaction).await.unwrap_err();
        transaction.commit().await.unwrap();
        let commit = span(&mock, "COMMIT");
        assert_eq!((outcome(&commit).as_deref(), commit.is_failed), (Some("rolled_back"), false));
        assert_eq!(explanation(&commit), ABORTED);
        // The next transaction on the connection is a new one.
        pool.begin().await.unwrap().commit().await.unwrap();
        let outcomes: Vec<_> = mock.finished_spans().iter().filter_map(outcome).collect();
        assert_eq!(outcomes, ["rolled_back"]);
        let left: i64 = sqlx::query_scalar("SELECT count(*) FROM users").fetch_one(&pool).await.unwrap();
        assert_eq!(left, 3);
    }

    #[tokio::test]
    async fn a_commit_by_hand_after_a_failure_is_a_rollback() {
        let mock = MockTracer::new();
        let Some(pool) = open(&mock, 1).await else { return };
        let mut connection = pool.acquire().await.unwrap();
        for end in ["COMMIT", "END"] {
            mock.reset();
            sqlx::raw_sql("BEGIN").execute(&mut *connection).await.unwrap();
            sqlx::raw_sql("SELECT 1 / 0").execute(&mut *connection).await.unwrap_err();
            sqlx::raw_sql(end).execute(&mut *connection).await.unwrap();
            assert_eq!(outcome(&span(&mock, end)).as_deref(), Some("rolled_back"), "{end}");
        }
    }

    #[tokio::test]
    async fn a_savepoint_saves_the_transaction() {
        let mock = MockTracer::new();
        let Some(pool) = open(&mock, 1).await else { return };
        type Way = &'static str;
        for way in ["rollback", "drop", "by hand"] as [Way; 3] {
            mock.reset();
            let mut outer = pool.begin().await.unwrap();
            if way == "by hand" {
                sqlx::query("SAVEPOINT here").execute(&mut *outer).await.unwrap();
                sqlx::query("SELECT 1 / 0").execute(&mut *outer).await.unwrap_err();
                sqlx::query("ROLLBACK TO SAVEPOINT here").execute(&mut *outer).await.unwrap();
            } else {
                let mut inner = outer.begin().await.unwrap();
                sqlx::query("SELECT 1 / 0").execute(&mut *inner).await.unwrap_err();
                match way {
                    "rollback" => inner.rollback().await.unwrap(),
                    _ => drop(inner),
                }
            }
            outer.commit().await.unwrap();
            assert_eq!(outcome(&span(&mock, "COMMIT")), None, "{way}");
        }
    }

    #[tokio::test]
    async fn a_closure_that_hides_an_error_commits_nothing() {
        let mock = MockTracer::new();
        let Some(pool) = open(&mock, 1).await else { return };
        let mut connection = pool.acquire().await.unwrap();
        let hide = connection.transaction(|tx| {
            Box::pin(async move {
                sqlx::query("DELETE FROM users").execute(&mut **tx).await?;
                let _ = sqlx::query("SELECT 1 / 0").execute(&mut **tx).await;
                Ok::<_, sqlx::Error>(())
            })
        });
        hide.await.unwrap();
        assert_eq!(outcome(&span(&mock, "COMMIT")).as_deref(), Some("rolled_back"));
    }

    #[cfg(feature = "any")]
    #[tokio::test]
    async fn a_commit_after_a_failure_is_a_rollback_with_any_database() {
        let Some(url) = crate::support::server("POSTGRES_URL") else { return };
        sqlx::any::install_default_drivers();
        let mock = MockTracer::new();
        let pool = sqlx::AnyPool::connect(&url).await.unwrap();
        let pool = opentracing_sqlx::TracingPool::with_tracer(mock.tracer().clone(), pool);
        let mut transaction = pool.begin().await.unwrap();
        sqlx::query("SELECT 1 / 0").execute(&mut *transaction).await.unwrap_err();
        transaction.commit().await.unwrap();
        assert_eq!(outcome(&span(&mock, "COMMIT")).as_deref(), Some("rolled_back"));
    }

    #[tokio::test]
    async fn errors_of_sqlx_itself_do_not_abort() {
        let mock = MockTracer::new();
        let Some(pool) = open(&mock, 1).await else { return };
        let mut transaction = pool.begin().await.unwrap();
        let missing = sqlx::query(BY_ID).bind(9).fetch_one(&mut *transaction).await;
        assert!(matches!(missing, Err(sqlx::Error::RowNotFound)));
        let undecodable = sqlx::query_scalar::<_, i32>(BY_ID).bind(1).fetch_one(&mut *transaction).await;
        assert!(matches!(undecodable, Err(sqlx::Error::ColumnDecode { .. })), "{undecodable:?}");
        transaction.commit().await.unwrap();
        assert_eq!(outcome(&span(&mock, "COMMIT")), None);
    }

    #[tokio::test]
    async fn nothing_is_claimed_after_untraced_statements() {
        let mock = MockTracer::new();
        let Some(pool) = open(&mock, 1).await else { return };
        let mut transaction = pool.begin().await.unwrap();
        sqlx::query("SAVEPOINT here").execute(&mut *transaction).await.unwrap();
        sqlx::query("SELECT 1 / 0").execute(&mut *transaction).await.unwrap_err();
        sqlx::raw_sql("ROLLBACK TO SAVEPOINT here").execute(transaction.get_mut()).await.unwrap();
        transaction.commit().await.unwrap();
        assert_eq!(outcome(&span(&mock, "COMMIT")), None);
    }

    #[tokio::test]
    async fn a_failed_savepoint_loses_the_transaction() {
        let mock = MockTracer::new();
        let Some(pool) = open(&mock, 1).await else { return };
        let mut transaction = pool.begin().await.unwrap();
        sqlx::query("SELECT 1 / 0").execute(&mut *transaction).await.unwrap_err();
        transaction.begin().await.map(drop).unwrap_err();
        transaction.commit().await.unwrap();
        assert_eq!(outcome(&span(&mock, "COMMIT")).as_deref(), Some("rolled_back"));
    }

    #[tokio::test]
    async fn decorators_see_the_rollback() {
        struct MarkLost;
        impl StatementDecorator for MarkLost {
            fn on_error(&self, span: &mut Span, failure: &StatementFailure<'_>) {
                if matches!(failure, StatementFailure::RolledBack | StatementFailure::Unknown) {
                    span.set_tag("error", true);
                }
            }
        }
        let mock = MockTracer::new();
        let Some(pool) = open(&mock, 1).await else { return };
        let pool = pool.decorator(MarkLost);
        let mut transaction = pool.begin().await.unwrap();
        sqlx::query("SELECT 1 / 0").execute(&mut *transaction).await.unwrap_err();
        transaction.commit().await.unwrap();
        assert!(span(&mock, "COMMIT").is_failed);
    }

    /// A request of the user and a time-out have the same code.
    #[tokio::test]
    async fn tells_a_time_out_from_a_cancel() {
        let mock = MockTracer::new();
        let Some(pool) = open(&mock, 1).await else { return };
        let mut connection = pool.acquire().await.unwrap();
        sqlx::query("SET statement_timeout = 20").execute(connection.get_mut()).await.unwrap();
        sqlx::raw_sql(SLOW).execute(&mut *connection).await.unwrap_err();
        sqlx::query("SET statement_timeout = 0").execute(connection.get_mut()).await.unwrap();
        let itself = "SELECT pg_cancel_backend(pg_backend_pid()), pg_sleep(20)";
        sqlx::raw_sql(itself).execute(&mut *connection).await.unwrap_err();
        let kinds: Vec<_> = mock.finished_spans().iter().map(|span| crate::support::error(span).0).collect();
        assert_eq!(kinds, ["statement_timeout", "cancelled"]);
    }
}

#[cfg(feature = "mysql")]
#[tokio::test]
async fn a_deadlock_rolls_the_transaction_back() {
    use opentracing_core::mock::MockTracer;

    use crate::databases::mysql::*;

    let mock = MockTracer::new();
    let Some(pool) = open(&mock, 2).await else { return };
    let table = format!("facts_deadlock_{}", std::process::id());
    let run = |sql: String| sqlx::AssertSqlSafe(sql.replace("LEDGER", &table));
    let raw = pool.get_ref();
    sqlx::raw_sql(run("CREATE TABLE LEDGER (id INT PRIMARY KEY, amount INT) ENGINE = InnoDB".into()))
        .execute(raw)
        .await
        .unwrap();
    sqlx::raw_sql(run("INSERT INTO LEDGER VALUES (1, 0), (2, 0), (3, 0), (4, 0)".into())).execute(raw).await.unwrap();
    let mut first = pool.begin().await.unwrap();
    let mut second = pool.begin().await.unwrap();
    // The second transaction is the larger one, so the first is the victim.
    sqlx::query(run("UPDATE LEDGER SET amount = 1 WHERE id = 1".into())).execute(&mut *first).await.unwrap();
    sqlx::query(run("UPDATE LEDGER SET amount = 2 WHERE id > 1".into())).execute(&mut *second).await.unwrap();
    let update = run("UPDATE LEDGER SET amount = 3 WHERE id = 1".into());
    let blocked = async {
        let done = sqlx::query(update).execute(&mut *second).await;
        done.map(|_| second)
    };
    let failing = async {
        let failed = sqlx::query(run("UPDATE LEDGER SET amount = 4 WHERE id = 2".into())).execute(&mut *first).await;
        (failed, first)
    };
    let (second, (failed, mut first)) = tokio::join!(blocked, failing);
    // The server chose one of them.
    match (second, failed) {
        (Ok(second), Err(_)) => {
            let failed = mock.finished_spans().into_iter().find(|span| span.is_failed).unwrap();
            let (kind, message) = crate::support::error(&failed);
            let words = "Deadlock found when trying to get lock; try restarting transaction";
            assert_eq!((kind.as_str(), message.as_str()), ("deadlock", words));
            sqlx::query("SELECT 1").execute(&mut *first).await.unwrap();
            second.commit().await.unwrap();
            mock.reset();
            first.commit().await.unwrap();
        }
        (second, failed) => panic!("no deadlock: {second:?}, {failed:?}"),
    }
    let commit = span(&mock, "COMMIT");
    assert_eq!(outcome(&commit).as_deref(), Some("rolled_back"));
    assert!(explanation(&commit).contains("deadlock"));
    mock.reset();
    pool.begin().await.unwrap().commit().await.unwrap();
    assert_eq!(outcome(&span(&mock, "COMMIT")), None);
    sqlx::raw_sql(run("DROP TABLE LEDGER".into())).execute(raw).await.unwrap();
}

/// SQLite ends some transactions itself. Then the commit fails.
#[cfg(feature = "sqlite")]
#[tokio::test]
async fn sqlite_reports_a_lost_transaction() {
    use opentracing_core::mock::MockTracer;

    use crate::databases::sqlite::*;

    let mock = MockTracer::new();
    let pool = open(&mock, 1).await.unwrap();
    let mut transaction = pool.begin().await.unwrap();
    sqlx::query("DELETE FROM users WHERE id = 3").execute(&mut *transaction).await.unwrap();
    sqlx::query("INSERT OR ROLLBACK INTO users VALUES (1, 'ada')").execute(&mut *transaction).await.unwrap_err();
    transaction.commit().await.unwrap_err();
    assert!(span(&mock, "COMMIT").is_failed);
    assert_eq!(names(&mock), ["BEGIN", "DELETE users", "INSERT users", "COMMIT", "ROLLBACK"]);
}
