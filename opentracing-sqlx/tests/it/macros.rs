//! The macros. Their statements are described in `.sqlx`, so that they compile without a database. To write a description, compile the
//! statement with `DATABASE_URL` set to a database that has the table, and `SQLX_OFFLINE_DIR` set to the folder.

/// The statements differ between the databases, because `.sqlx` is looked up by their text.
macro_rules! execute {
    ($feature:literal $database:ident $id:ident $by_id:tt $count:tt) => {
        #[cfg(feature = $feature)]
        #[tokio::test]
        async fn $database() {
            use crate::databases::$database::open;
            use crate::support::{names, returned, tag};

            struct User {
                id: $id,
                name: String,
            }

            let mock = opentracing_core::mock::MockTracer::new();
            let Some(pool) = open(&mock, 1).await else { return };
            let ada = sqlx::query!($by_id, 1).fetch_one(&pool).await.unwrap();
            assert_eq!((ada.id, ada.name.as_str()), (1, "ada"));
            let mut connection = pool.acquire().await.unwrap();
            let grace = sqlx::query_as!(User, $by_id, 2).fetch_one(&mut *connection).await.unwrap();
            assert_eq!((grace.id, grace.name.as_str()), (2, "grace"));
            let mut transaction = connection.begin().await.unwrap();
            let count = sqlx::query_scalar!($count).fetch_one(&mut *transaction).await.unwrap();
            assert_eq!(count, 3);
            transaction.commit().await.unwrap();

            assert_eq!(names(&mock), ["SELECT users", "SELECT users", "BEGIN", "SELECT users", "COMMIT"]);
            let first = &mock.finished_spans()[0];
            assert_eq!(tag(first, "db.statement").as_deref(), Some($by_id));
            assert_eq!(returned(first), Some(1.into()));
        }
    };
}

execute!("sqlite" sqlite i64 "SELECT id, name FROM users WHERE id = ?" "SELECT count(*) FROM users");
execute!("postgres" postgres i32 "SELECT id, name FROM users WHERE id = $1" r#"SELECT count(*) AS "count!" FROM users"#);
execute!("mysql" mysql i32 "SELECT `id`, `name` FROM `users` WHERE `id` = ?" "SELECT count(*) AS `count!` FROM `users`");
