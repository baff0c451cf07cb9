use sqlx::sqlite::SqlitePoolOptions;
use sqlx::{Acquire, FromRow, QueryBuilder, Sqlite, SqliteConnection, SqlitePool, Transaction};
