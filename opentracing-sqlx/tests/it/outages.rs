//! Servers that cancel statements, end connections, or restart.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use opentracing_core::mock::MockTracer;
use opentracing_sqlx::TracingPool;

use crate::support::{error, tag};

/// A server for one test, on a free port. Dropping it stops the server and deletes its data.
struct OwnServer {
    script: &'static str,
    root: std::path::PathBuf,
}

impl OwnServer {
    fn start(script: &'static str) -> Self {
        let root = std::env::temp_dir().join(format!("opentracing-sqlx-{script}-{}", std::process::id()));
        let server = OwnServer { script, root };
        server.run("up");
        server
    }

    #[track_caller]
    fn run(&self, command: &str) -> String {
        let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/services");
        let output = Command::new(scripts.join(format!("{}.sh", self.script)))
            .arg(command)
            .env("SVC_ROOT", &self.root)
            .env("SVC_PORTS", "free")
            .env_remove("POSTGRES_PORT")
            .env_remove("MARIADB_PORT")
            .output()
            .unwrap();
        assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// The address that the script exports.
    fn url(&self) -> String {
        let exported = self.run("env");
        exported.trim().split_once('=').unwrap().1.trim_matches('\'').to_owned()
    }
}

impl Drop for OwnServer {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.run("down");
        } else {
            let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/services");
            let _ = Command::new(scripts.join(format!("{}.sh", self.script)))
                .arg("down")
                .env("SVC_ROOT", &self.root)
                .status();
        }
        let _ = std::fs::remove_dir_all(&self.root);
    }
}

macro_rules! outages {
    ($feature:literal $database:ident $variable:literal $script:literal $pid:literal $setup:literal $cancel:literal $kill:literal) => {
        #[cfg(feature = $feature)]
        mod $database {
            use super::*;
            use crate::databases::$database::*;

            /// Another connection cancels the statement.
            #[tokio::test]
            async fn records_a_statement_cancelled_by_the_server() {
                let mock = MockTracer::new();
                let (Some(pool), Some(other)) = (open(&mock, 1).await, open(&MockTracer::new(), 1).await) else {
                    return;
                };
                let mut connection = pool.acquire().await.unwrap();
                let id: i64 = sqlx::query_scalar($pid).fetch_one(&mut *connection).await.unwrap();
                sqlx::raw_sql($setup).execute(connection.get_mut()).await.unwrap();
                mock.reset();
                let slow = tokio::spawn(async move { sqlx::raw_sql(SLOW).execute(&mut *connection).await });
                let begun = Instant::now();
                // Cancelling has no effect before the statement runs, so repeat it.
                while !slow.is_finished() {
                    assert!(begun.elapsed() < Duration::from_secs(20), "the statement was not cancelled");
                    sqlx::raw_sql(sqlx::AssertSqlSafe(format!($cancel, id))).execute(&other).await.unwrap();
                }
                assert!(matches!(slow.await.unwrap(), Err(sqlx::Error::Database(_))));
                let span = mock.finished_spans().pop().unwrap();
                assert_eq!((&*span.operation_name, span.is_failed), ("SELECT", true));
                assert_eq!(error(&span).0, "cancelled");
                assert_eq!(tag(&span, "sqlx.outcome"), None);
            }

            /// Another connection terminates this one.
            #[tokio::test]
            async fn records_a_terminated_connection() {
                let mock = MockTracer::new();
                let (Some(pool), Some(other)) = (open(&mock, 1).await, open(&MockTracer::new(), 1).await) else {
                    return;
                };
                let mut connection = pool.acquire().await.unwrap();
                let id: i64 = sqlx::query_scalar($pid).fetch_one(&mut *connection).await.unwrap();
                mock.reset();
                sqlx::raw_sql(sqlx::AssertSqlSafe(format!($kill, id))).execute(&other).await.unwrap();
                // The termination may take a moment.
                let begun = Instant::now();
                while sqlx::query(BY_ID).bind(1).fetch_one(&mut *connection).await.is_ok() {
                    assert!(begun.elapsed() < Duration::from_secs(20), "the connection is still open");
                    mock.reset();
                }
                let span = mock.finished_spans().pop().unwrap();
                assert_eq!((&*span.operation_name, span.is_failed), ("SELECT users", true));
                let (kind, message) = error(&span);
                assert!(
                    ["shutdown", "io", "connection_killed", "protocol"].contains(&kind.as_str()),
                    "{kind}: {message}"
                );
                drop(connection);
                // The pool opens a new connection.
                sqlx::query(BY_ID).bind(1).fetch_one(&pool).await.unwrap();
                assert!(!mock.finished_spans().pop().unwrap().is_failed);
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn recovers_after_a_restart() {
                if crate::support::server($variable).is_none() {
                    return;
                }
                let server = tokio::task::spawn_blocking(|| OwnServer::start($script)).await.unwrap();
                let mock = MockTracer::new();
                let raw = options(4).acquire_timeout(Duration::from_secs(5)).connect(&server.url()).await.unwrap();
                let pool = TracingPool::with_tracer(mock.tracer().clone(), raw);
                sqlx::query(BY_ID).bind(1).fetch_one(&pool).await.unwrap();
                let transaction = pool.begin().await.unwrap();

                let server = tokio::task::spawn_blocking(move || {
                    server.run("stop");
                    server
                })
                .await
                .unwrap();
                mock.reset();
                sqlx::query(BY_ID).bind(1).fetch_one(&pool).await.unwrap_err();
                transaction.commit().await.unwrap_err();
                let spans = mock.finished_spans();
                let failed: Vec<_> =
                    spans.iter().filter(|span| span.is_failed).map(|span| &*span.operation_name).collect();
                assert_eq!(failed, ["SELECT users", "COMMIT"]);
                // The transaction is lost, which is recorded.
                assert_eq!(tag(spans.last().unwrap(), "sqlx.implicit_rollback").as_deref(), Some("true"));

                let server = tokio::task::spawn_blocking(move || {
                    server.run("up");
                    server
                })
                .await
                .unwrap();
                mock.reset();
                sqlx::query(BY_ID).bind(1).fetch_one(&pool).await.unwrap();
                let span = mock.finished_spans().pop().unwrap();
                assert_eq!((&*span.operation_name, span.is_failed), ("SELECT users", false));
                pool.close().await;
                tokio::task::spawn_blocking(move || drop(server)).await.unwrap();
            }
        }
    };
}

outages!(
    "postgres" postgres "POSTGRES_URL" "postgres"
    "SELECT pg_backend_pid()::bigint" "SELECT 1" "SELECT pg_cancel_backend({})" "SELECT pg_terminate_backend({})"
);
outages!(
    "mysql" mysql "MYSQL_URL" "mariadb"
    "SELECT CAST(connection_id() AS SIGNED)" "SET max_recursive_iterations = 4294967295" "KILL QUERY {}" "KILL {}"
);
