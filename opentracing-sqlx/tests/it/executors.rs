//! Code as users of sqlx write it.

use futures_util::TryStreamExt;
use opentracing_core::InSpan;
use opentracing_sqlx::{PoolWait, TracingConnection};
use sqlx::{Connection, Either, Executor, Row, Statement};

use crate::support::{names, only_span, returned, span, tag};

/// Calls every method of an executor, and expects one span with row counts for each.
macro_rules! call_every_method {
    ($mock:ident, $executor:expr) => {{
        const ALL: &str = "SELECT id FROM users ORDER BY id";
        $executor.execute(ALL).await.unwrap();
        let results: Vec<_> = $executor.execute_many(ALL).try_collect().await.unwrap();
        assert_eq!(results.len(), 1);
        let rows: Vec<_> = $executor.fetch(ALL).try_collect().await.unwrap();
        assert_eq!(rows.len(), 3);
        let steps: Vec<_> = $executor.fetch_many(ALL).try_collect().await.unwrap();
        assert_eq!(steps.iter().filter(|step| step.is_right()).count(), 3);
        assert_eq!($executor.fetch_all(ALL).await.unwrap().len(), 3);
        let first: i32 = $executor.fetch_one(ALL).await.unwrap().get(0);
        let same: i32 = $executor.fetch_optional(ALL).await.unwrap().unwrap().get(0);
        assert_eq!((first, same), (1, 1));
        $executor.prepare(sqlx::SqlStr::from_static(ALL)).await.unwrap();
        $executor.prepare_with(sqlx::SqlStr::from_static(ALL), &[]).await.unwrap();
        let mut spans = $mock.finished_spans();
        spans.retain(|span| !["BEGIN", "COMMIT"].contains(&&*span.operation_name));
        spans.sort_by_key(|span| span.start_unix_ns);
        let recorded: Vec<_> =
            spans.iter().map(|span| (&*span.operation_name, tag(span, "db.response.returned_rows"))).collect();
        let selected = |rows: &str| ("SELECT users", Some(rows.to_owned()));
        assert_eq!(recorded[..5], std::array::from_fn::<_, 5, _>(|_| selected("3")));
        assert_eq!(recorded[5..7], [selected("1"), selected("1")]);
        assert_eq!(recorded[7..], [("PREPARE users", None), ("PREPARE users", None)]);
        $mock.reset();
    }};
}

on_each_database! {
    async fn fetches_with_a_pool(mock, pool) {
        let work = async {
            let name: String = sqlx::query(BY_ID).bind(2).fetch_one(&pool).await.unwrap().get(0);
            assert_eq!(name, "grace");
            let all = sqlx::query_as::<_, (i32, String)>("SELECT id, name FROM users ORDER BY id").fetch_all(&pool).await.unwrap();
            assert_eq!(all[2], (3, "barbara".to_owned()));
            let count: i64 = sqlx::query_scalar("SELECT count(*) FROM users").fetch_one(&pool).await.unwrap();
            assert_eq!(count, 3);
            assert!(sqlx::query(BY_ID).bind(9).fetch_optional(&pool).await.unwrap().is_none());
            let names: Vec<String> =
                sqlx::query_scalar("SELECT name FROM users ORDER BY name").fetch(&pool).try_collect().await.unwrap();
            assert_eq!(names, ["ada", "barbara", "grace"]);
        };
        work.in_span(mock.tracer().span("page").start()).await;
        mock.assert_tree("
            page
              SELECT users (client)
              SELECT users (client)
              SELECT users (client)
              SELECT users (client)
              SELECT users (client)
        ");
        let mut spans = mock.finished_spans();
        spans.sort_by_key(|span| span.start_unix_ns);
        let rows: Vec<_> = spans.iter().skip(1).map(|span| returned(span).unwrap().to_string()).collect();
        assert_eq!(rows, ["1", "3", "1", "0", "3"]);
    }

    async fn executes_with_a_pool(mock, pool) {
        let result = sqlx::query(INSERT).bind(4).bind("edith").execute(&pool).await.unwrap();
        assert_eq!(result.rows_affected(), 1);
        let inserted = span(&mock, "INSERT users");
        assert_eq!(tag(&inserted, "sqlx.rows_affected").as_deref(), Some("1"));
        assert_eq!(returned(&inserted), None);
        let result = sqlx::query("UPDATE users SET name = 'x' || id WHERE id > 1 AND 1 = 0").execute(&pool).await.unwrap();
        assert_eq!(result.rows_affected(), 0);
        assert_eq!(tag(&span(&mock, "UPDATE users"), "sqlx.rows_affected").as_deref(), Some("0"));
    }

    async fn fetches_many_results(mock, pool) {
        let steps: Vec<_> = sqlx::raw_sql("DELETE FROM users WHERE id = 3; SELECT id FROM users")
            .fetch_many(&pool)
            .try_collect()
            .await
            .unwrap();
        assert_eq!(steps.iter().filter(|step| step.is_right()).count(), 2);
        let batch = only_span(&mock);
        assert_eq!(&*batch.operation_name, "DELETE users; SELECT users");
        assert_eq!(tag(&batch, "db.operation.batch.size").as_deref(), Some("2"));
        assert_eq!(tag(&batch, "db.operation.name").as_deref(), Some("DELETE"));
        assert_eq!(returned(&batch), Some(2.into()));
        assert_eq!(tag(&batch, "sqlx.rows_affected").as_deref(), Some("1"));
        let ended = matches!(steps.last(), Some(Either::Left(_)));
        assert!(ended, "the last step is a result");
    }

    async fn executes_on_connections_and_transactions(mock, pool) {
        let mut connection = pool.acquire().await.unwrap();
        sqlx::query(BY_ID).bind(1).fetch_one(&mut *connection).await.unwrap();
        {
            let mut transaction = connection.begin().await.unwrap();
            sqlx::query(INSERT).bind(4).bind("edith").execute(&mut *transaction).await.unwrap();
            let rows = sqlx::query("SELECT id FROM users").fetch_all(&mut *transaction).await.unwrap();
            assert_eq!(rows.len(), 4);
            transaction.commit().await.unwrap();
        }
        drop(connection);
        let mut transaction = pool.begin().await.unwrap();
        sqlx::query("DELETE FROM users").execute(&mut *transaction).await.unwrap();
        transaction.rollback().await.unwrap();
        assert_eq!(
            names(&mock),
            ["SELECT users", "BEGIN", "INSERT users", "SELECT users", "COMMIT", "BEGIN", "DELETE users", "ROLLBACK"]
        );
    }

    async fn executes_on_a_connection_outside_a_pool(mock, pool) {
        let options = pool.connect_options();
        let raw = <Db as sqlx::Database>::Connection::connect_with(&options).await.unwrap();
        let mut connection = TracingConnection::<Db>::with_tracer(mock.tracer().clone(), raw, &options);
        let one: i32 = sqlx::query_scalar("SELECT 1").fetch_one(&mut connection).await.unwrap();
        assert_eq!(one, 1);
        connection.ping().await.unwrap();
        connection.close().await.unwrap();
        assert_eq!(tag(&only_span(&mock), "db.system.name").as_deref(), Some(SYSTEM));
    }

    async fn traces_every_method_of_executor(mock, pool) {
        call_every_method!(mock, (&pool));
        call_every_method!(mock, pool);
        let mut connection = pool.acquire().await.unwrap();
        call_every_method!(mock, (&mut *connection));
        call_every_method!(mock, connection);
        {
            let mut transaction = connection.begin().await.unwrap();
            call_every_method!(mock, (&mut *transaction));
            call_every_method!(mock, transaction);
            let mut savepoint = transaction.begin().await.unwrap();
            mock.reset();
            call_every_method!(mock, (&mut *savepoint));
        }
        let mut own = connection.detach();
        mock.reset();
        call_every_method!(mock, (&mut own));
        call_every_method!(mock, own);
    }

    async fn counts_rows_of_returning_clauses(mock, pool) {
        let ids: Vec<i32> = sqlx::query_scalar("INSERT INTO users (id, name) VALUES (4, 'edith'), (5, 'frances') RETURNING id")
            .fetch_all(&pool)
            .await
            .unwrap();
        assert_eq!(ids, [4, 5]);
        let inserted = span(&mock, "INSERT users");
        assert_eq!(returned(&inserted), Some(2.into()));
        assert!(tag(&inserted, "sqlx.rows_affected").is_some());
    }

    async fn counts_affected_rows_of_changes_only(mock, pool) {
        // Otherwise SQLite repeats the number of the last change, and PostgreSQL counts selected rows.
        sqlx::query("UPDATE users SET name = name WHERE id < 3").execute(&pool).await.unwrap();
        for sql in ["SELECT id FROM users", "CREATE TEMPORARY TABLE orders (id INT)", "DROP TABLE orders"] {
            mock.reset();
            sqlx::query(sql).execute(&pool).await.unwrap();
            assert_eq!(tag(&only_span(&mock), "sqlx.rows_affected"), None, "{sql}");
        }
        mock.reset();
        sqlx::raw_sql("SELECT id FROM users WHERE id = 9; DELETE FROM users WHERE id > 1").execute(&pool).await.unwrap();
        let batch = only_span(&mock);
        assert_eq!(tag(&batch, "sqlx.rows_affected").as_deref(), Some("2"));
        assert_eq!(returned(&batch), Some(0.into()));
    }

    async fn works_where_an_executor_is_expected(mock, pool) {
        async fn second(executor: impl Executor<'_, Database = Db>) -> String {
            sqlx::query_scalar("SELECT name FROM users WHERE id = 2").fetch_one(executor).await.unwrap()
        }
        /// Takes a connection, as untraced code takes sqlx's own.
        async fn move_up(connection: &mut TracingConnection<Db>) {
            let mut savepoint = connection.begin().await.unwrap();
            sqlx::query("UPDATE users SET id = id + 10").execute(&mut *savepoint).await.unwrap();
            savepoint.commit().await.unwrap();
            sqlx::query("UPDATE users SET id = id - 10").execute(connection).await.unwrap();
        }
        assert_eq!(second(&pool).await, "grace");
        let mut connection = pool.acquire().await.unwrap();
        assert_eq!(second(&mut *connection).await, "grace");
        let mut transaction = connection.begin().await.unwrap();
        move_up(&mut transaction).await;
        assert_eq!(second(&mut *transaction).await, "grace");
        transaction.commit().await.unwrap();
        let found = names(&mock);
        assert_eq!(found.iter().filter(|name| *name == "SELECT users").count(), 3);
        assert_eq!(found[3..7], ["SAVEPOINT", "UPDATE users", "RELEASE SAVEPOINT", "UPDATE users"]);
    }

    async fn executes_prepared_statements(mock, pool) {
        let mut connection = pool.acquire().await.unwrap();
        let statement = (&mut *connection).prepare(sqlx::SqlStr::from_static(BY_ID)).await.unwrap();
        assert_eq!(statement.columns().len(), 1);
        let name: String = statement.query_scalar().bind(3).fetch_one(&mut *connection).await.unwrap();
        assert_eq!(name, "barbara");
        drop(connection);
        let names_of_all: Vec<String> = statement.query_scalar().bind(1).fetch_all(&pool).await.unwrap();
        assert_eq!(names_of_all, ["ada"]);
        assert_eq!(names(&mock), ["PREPARE users", "SELECT users", "SELECT users"]);
        assert_eq!(tag(&span(&mock, "PREPARE users"), "db.statement").as_deref(), Some(BY_ID));
        assert_eq!(tag(&span(&mock, "PREPARE users"), "db.query.summary").as_deref(), Some("PREPARE SELECT users"));
    }

    async fn runs_in_spawned_tasks(mock, pool) {
        let task = tokio::spawn({
            let pool = pool.clone();
            async move {
                let mut transaction = pool.begin().await?;
                let names: Vec<String> = sqlx::query_scalar("SELECT name FROM users").fetch(&mut *transaction).try_collect().await?;
                transaction.commit().await?;
                sqlx::Result::<usize>::Ok(names.len())
            }
        });
        assert_eq!(task.await.unwrap().unwrap(), 3);
        assert_eq!(names(&mock), ["BEGIN", "SELECT users", "COMMIT"]);
    }

    async fn span_is_active_during_execution(mock, pool) {
        // A hook of the pool runs during the wait, which the statement's span includes here, and starts a child.
        let tracer = mock.tracer().clone();
        let options = options(1).before_acquire(move |_, _| {
            tracer.span("check").start().finish();
            Box::pin(async { Ok(true) })
        });
        let raw = options.connect_with((*pool.connect_options()).clone()).await.unwrap();
        let checked = opentracing_sqlx::TracingPool::with_tracer(mock.tracer().clone(), raw).pool_wait(PoolWait::Included);
        sqlx::query("SELECT 1 AS one").execute(&checked).await.unwrap();
        mock.assert_tree("
            SELECT (client)
              check
        ");
    }

    async fn unpolled_statements_have_no_span(mock, pool) {
        drop(sqlx::query(BY_ID).bind(1).fetch(&pool));
        drop(sqlx::query(BY_ID).bind(1).fetch_one(&pool));
        assert_eq!(mock.finished_spans(), []);
    }
}

/// Generic over the database, with the bounds that a user writes.
#[cfg_attr(not(feature = "sqlite"), expect(dead_code, reason = "only called with SQLite"))]
async fn count<DB>(pool: &opentracing_sqlx::TracingPool<DB>) -> sqlx::Result<i64>
where
    DB: opentracing_sqlx::TracingDatabase,
    DB::Arguments: sqlx::IntoArguments<DB>,
    (i64,): for<'r> sqlx::FromRow<'r, DB::Row>,
{
    let (count,) = sqlx::query_as("SELECT count(*) FROM users").fetch_one(pool).await?;
    Ok(count)
}

#[cfg(feature = "sqlite")]
#[tokio::test]
async fn works_in_generic_code() {
    let mock = opentracing_core::mock::MockTracer::new();
    let pool = crate::databases::sqlite::open(&mock, 1).await.unwrap();
    assert_eq!(count(&pool).await.unwrap(), 3);
    assert_eq!(names(&mock), ["SELECT users"]);
}
