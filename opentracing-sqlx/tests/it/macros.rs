//! The macros, whose statements are described in `.sqlx`, so that compiling them takes no database.

use opentracing_core::mock::MockTracer;

use crate::databases::sqlite::open;
use crate::support::{names, returned, tag};

struct User {
    id: i64,
    name: String,
}

#[tokio::test]
async fn execute_on_pools_connections_and_transactions() {
    let mock = MockTracer::new();
    let pool = open(&mock, 1).await.unwrap();
    let ada = sqlx::query!("SELECT id, name FROM users WHERE id = ?", 1).fetch_one(&pool).await.unwrap();
    assert_eq!((ada.id, ada.name.as_str()), (1, "ada"));
    let mut connection = pool.acquire().await.unwrap();
    let grace =
        sqlx::query_as!(User, "SELECT id, name FROM users WHERE id = ?", 2).fetch_one(&mut *connection).await.unwrap();
    assert_eq!((grace.id, grace.name.as_str()), (2, "grace"));
    let mut transaction = connection.begin().await.unwrap();
    let count = sqlx::query_scalar!("SELECT count(*) FROM users").fetch_one(&mut *transaction).await.unwrap();
    assert_eq!(count, 3);
    transaction.commit().await.unwrap();

    assert_eq!(names(&mock), ["SELECT users", "SELECT users", "BEGIN", "SELECT users", "COMMIT"]);
    let first = &mock.finished_spans()[0];
    assert_eq!(tag(first, "db.statement").as_deref(), Some("SELECT id, name FROM users WHERE id = ?"));
    assert_eq!(returned(first), Some(1.into()));
}
