use opentracing_sqlx::{Acquire, SqliteConnection, SqlitePool, SqlitePoolOptions, Transaction};
use sqlx::{FromRow, QueryBuilder, Sqlite};
