//! Servers that cancel, and servers that go away.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use opentracing_core::mock::MockTracer;
use opentracing_sqlx::TracingPool;

use crate::support::{error, tag};

/// A server of the test's own, on a port of its own; stopped and deleted at the end.
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

    /// What the script exports.
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

            /// Another connection cancels what ours is at.
            #[tokio::test]
            async fn tells_of_a_statement_that_was_cancelled() {
                let mock = MockTracer::new();
                let (Some(pool), Some(other)) = (open(&mock, 1).await, open(&MockTracer::new(), 1).await) else {
                    return;
                };
                let mut connection = pool.acquire().await.unwrap();
                let id: i64 = sqlx::query_scalar($pid).fetch_one(&mut *connection).await.unwrap();
                sqlx::raw_sql($setup).execute(connection.get_mut()).await.unwrap();
                mock.reset();
                let long = tokio::spawn(async move { sqlx::raw_sql(LONG).execute(&mut *connection).await });
                let begun = Instant::now();
                // Before it works there is nothing to be cancelled.
                while !long.is_finished() {
                    assert!(begun.elapsed() < Duration::from_secs(20), "nothing is cancelled");
                    sqlx::raw_sql(sqlx::AssertSqlSafe(format!($cancel, id))).execute(&other).await.unwrap();
                }
                assert!(matches!(long.await.unwrap(), Err(sqlx::Error::Database(_))));
                let span = mock.finished_spans().pop().unwrap();
                assert_eq!((&*span.operation_name, span.is_failed), ("SELECT", true));
                assert_eq!(error(&span).0, "cancelled");
                assert_eq!(tag(&span, "sqlx.outcome"), None);
            }

            /// Another connection ends ours.
            #[tokio::test]
            async fn tells_of_a_backend_that_was_killed() {
                let mock = MockTracer::new();
                let (Some(pool), Some(other)) = (open(&mock, 1).await, open(&MockTracer::new(), 1).await) else {
                    return;
                };
                let mut connection = pool.acquire().await.unwrap();
                let id: i64 = sqlx::query_scalar($pid).fetch_one(&mut *connection).await.unwrap();
                mock.reset();
                sqlx::raw_sql(sqlx::AssertSqlSafe(format!($kill, id))).execute(&other).await.unwrap();
                // The end may take a moment to come.
                let begun = Instant::now();
                while sqlx::query(BY_ID).bind(1).fetch_one(&mut *connection).await.is_ok() {
                    assert!(begun.elapsed() < Duration::from_secs(20), "the connection still lives");
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
                // The pool opens another one.
                sqlx::query(BY_ID).bind(1).fetch_one(&pool).await.unwrap();
                assert!(!mock.finished_spans().pop().unwrap().is_failed);
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn goes_on_after_a_restart() {
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
                // The transaction is gone, and says so.
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
