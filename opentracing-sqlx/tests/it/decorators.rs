//! Hooks.

use std::sync::{Arc, Mutex};

use opentracing_core::Span;
use opentracing_sqlx::{Failure, Rows, SpanDecorator};

use crate::support::{names, span, tag};

/// Writes down what it is told.
#[derive(Clone, Default)]
struct Diary(Arc<Mutex<Vec<String>>>);

impl Diary {
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }

    fn write(&self, entry: String) {
        self.0.lock().unwrap().push(entry);
    }
}

impl SpanDecorator for Diary {
    fn on_statement(&self, span: &mut Span, sql: &str) {
        span.set_tag("length", sql.len());
        self.write(format!("statement {sql}"));
    }

    fn on_end(&self, _: &mut Span, rows: Rows) {
        self.write(format!("end {} {}", rows.returned, rows.affected.is_some()));
    }

    fn on_error(&self, span: &mut Span, failure: &Failure<'_>) {
        span.set_tag("error", true);
        self.write(match failure {
            Failure::Error(error) => format!("error {}", error.as_database_error().is_some()),
            Failure::Cancelled => "cancelled".to_owned(),
            Failure::Aborted => "aborted".to_owned(),
            _ => "other".to_owned(),
        });
    }
}

on_each_database! {
    async fn are_told_of_each_station(mock, pool) {
        use futures_util::StreamExt;

        let diary = Diary::default();
        let pool = pool.decorator(diary.clone());
        sqlx::query("SELECT 'a' AS letter").fetch_one(&pool).await.unwrap();
        assert_eq!(diary.take(), ["statement SELECT 'a' AS letter", "end 1 false"]);
        assert_eq!(tag(&span(&mock, "SELECT"), "length").as_deref(), Some("20"));
        sqlx::query("SELECT id FROM users").execute(&pool).await.unwrap();
        assert_eq!(diary.take(), ["statement SELECT id FROM users", "end 3 false"]);
        sqlx::query("UPDATE users SET id = id + 10").execute(&pool).await.unwrap();
        assert_eq!(diary.take()[1..], ["end 0 true"]);
        sqlx::query("SELECT id FROM nowhere").execute(&pool).await.unwrap_err();
        assert_eq!(diary.take(), ["statement SELECT id FROM nowhere", "error true"]);
        sqlx::query("SELECT id FROM users").fetch(&pool).next().await.unwrap().unwrap();
        assert_eq!(diary.take()[1..], ["aborted"]);
        pool.begin().await.unwrap().commit().await.unwrap();
        assert_eq!(diary.take(), ["statement BEGIN", "end 0 false", "statement COMMIT", "end 0 false"]);
        assert_eq!(names(&mock).len(), 7);
        assert_eq!(mock.finished_spans().iter().filter(|span| span.is_failed).count(), 2);
    }
}
