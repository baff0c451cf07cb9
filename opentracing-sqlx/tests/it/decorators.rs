//! The hooks of decorators.

use std::sync::{Arc, Mutex};

use opentracing_core::Span;
use opentracing_sqlx::{RowCounts, StatementDecorator, StatementFailure};

use crate::support::{names, span, tag};

/// Records its calls.
#[derive(Clone, Default)]
struct Recorder(Arc<Mutex<Vec<String>>>);

impl Recorder {
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }

    fn record(&self, entry: String) {
        self.0.lock().unwrap().push(entry);
    }
}

impl StatementDecorator for Recorder {
    fn on_statement(&self, span: &mut Span, sql: &str) {
        span.set_tag("length", sql.len());
        self.record(format!("statement {sql}"));
    }

    fn on_success(&self, _: &mut Span, rows: RowCounts) {
        self.record(format!("success {} {}", rows.returned, rows.affected.is_some()));
    }

    fn on_error(&self, span: &mut Span, failure: &StatementFailure<'_>) {
        span.set_tag("error", true);
        self.record(match failure {
            StatementFailure::Error(error) => format!("error {}", error.as_database_error().is_some()),
            StatementFailure::Cancelled => "cancelled".to_owned(),
            StatementFailure::Aborted => "aborted".to_owned(),
            _ => "other".to_owned(),
        });
    }
}

on_each_database! {
    async fn decorator_hooks_run_in_order(mock, pool) {
        use futures_util::StreamExt;

        let recorder = Recorder::default();
        let pool = pool.decorator(recorder.clone());
        sqlx::query("SELECT 'a' AS letter").fetch_one(&pool).await.unwrap();
        assert_eq!(recorder.take(), ["statement SELECT 'a' AS letter", "success 1 false"]);
        assert_eq!(tag(&span(&mock, "SELECT"), "length").as_deref(), Some("20"));
        sqlx::query("SELECT id FROM users").execute(&pool).await.unwrap();
        assert_eq!(recorder.take(), ["statement SELECT id FROM users", "success 3 false"]);
        sqlx::query("UPDATE users SET id = id + 10").execute(&pool).await.unwrap();
        assert_eq!(recorder.take()[1..], ["success 0 true"]);
        sqlx::query("SELECT id FROM nowhere").execute(&pool).await.unwrap_err();
        assert_eq!(recorder.take(), ["statement SELECT id FROM nowhere", "error true"]);
        sqlx::query("SELECT id FROM users").fetch(&pool).next().await.unwrap().unwrap();
        assert_eq!(recorder.take()[1..], ["aborted"]);
        pool.begin().await.unwrap().commit().await.unwrap();
        assert_eq!(recorder.take(), ["statement BEGIN", "success 0 false", "statement COMMIT", "success 0 false"]);
        assert_eq!(names(&mock).len(), 7);
        assert_eq!(mock.finished_spans().iter().filter(|span| span.is_failed).count(), 2);
    }
}
