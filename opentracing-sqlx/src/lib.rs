//! OpenTracing for sqlx: a span of every statement, from its start to the last row, with the code that a user of sqlx already has.
//!
//! ```no_run
//! use opentracing_core::{InSpan, Tracer};
//! use opentracing_sqlx::TracingPool;
//! # #[cfg(not(feature = "sqlite"))] fn main() {}
//! # #[cfg(feature = "sqlite")]
//! use sqlx::sqlite::SqlitePoolOptions;
//!
//! # #[cfg(feature = "sqlite")]
//! #[tokio::main(flavor = "current_thread")]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     // `opentracing-reporter` makes a tracer whose spans go somewhere.
//!     let (tracer, _drain) = Tracer::builder("shop").build();
//!     let pool = SqlitePoolOptions::new().max_connections(8).connect("sqlite:shop.db").await?;
//!     let pool = TracingPool::with_tracer(tracer.clone(), pool);
//!
//!     let order = async {
//!         let mut tx = pool.begin().await?;
//!         sqlx::query("UPDATE books SET stock = stock - 1 WHERE id = ?").bind(42).execute(&mut *tx).await?;
//!         tx.commit().await?;
//!         sqlx::query_scalar::<_, i64>("SELECT stock FROM books WHERE id = ?").bind(42).fetch_one(&pool).await
//!     };
//!     println!("{} left", order.in_span(tracer.span("order").start()).await?);
//!     Ok(())
//! }
//! ```
//!
//! `&pool`, `&mut *tx`, `&mut *conn` of a pool's connection and `&mut conn` of one's own are executors, as those of sqlx: with
//! `query`, `query_as`, `query_scalar`, `raw_sql`, the macros, and statements that were prepared. A function that takes a `PgPool` or
//! `&mut PgConnection` takes a [`TracingPool`] or `&mut` [`TracingConnection`] instead; one that takes an `impl PgExecutor<'_>` takes
//! both as it is.
//!
//! # What a span says
//!
//! It is named after what the statement does, and to which table: `SELECT books`, `BEGIN`. Its kind is `client`.
//!
//! | tag | value |
//! |---|---|
//! | `component` | `sqlx` |
//! | `db.type`, `db.system.name` | `sql`; `postgresql`, `mysql` (also for MariaDB) or `sqlite` |
//! | `db.instance`, `db.user` | the database and the user, of the options; of SQLite the file |
//! | `db.statement` | the statement with `?` in the place of every literal, without comments; [in full, or not at all](StatementText) |
//! | `db.operation.name`, `db.collection.name` | operation and table, of the first one if there are several statements |
//! | `db.operation.batch.size` | how many statements there are, if there are several |
//! | `db.response.returned_rows` | the number of rows that came back |
//! | `sqlx.rows_affected` | the number of rows that were changed, of what changes rows; not after `fetch_one` and `fetch_optional`, which do not ask |
//! | `db.response.status_code` | the SQLSTATE of a failure; of SQLite the extended result code |
//! | `error` | `true` if the statement failed; `RowNotFound` is no failure |
//! | `peer.service` | [as you say](TracingPool::peer_service), else as `db.system.name` |
//! | `peer.hostname`, `peer.ipv4`, `peer.ipv6`, `peer.port`, `peer.address` | of the options; the last one is of a socket in the file system |
//! | `sqlx.pool_wait_ms` | how long the statement waited for a connection of the pool; [as a span of its own, or not at all](PoolWait) |
//! | `sqlx.outcome` | `cancelled` if nobody waited for the first row, or for a connection; `aborted` if nobody did for the last row |
//! | `sqlx.implicit_rollback` | `true` of a transaction that was dropped without an end |
//!
//! A failure writes a log `event=error` with `error.kind` and `message`. Kinds are `unique_violation`, `foreign_key_violation`,
//! `not_null_violation`, `check_violation`, `exclusion_violation`, `cancelled` (by the server), `statement_timeout`, `lock_timeout`,
//! `deadlock`, `serialization_failure`, `transaction`, `shutdown`, `connection_killed`, `busy`, `locked`, `read_only`, `corrupt`,
//! `disk_full`, `pool_timeout`, `pool_closed`, `io`, `tls`, `protocol`, `encode`, `decode`, `column_not_found`, `type_not_found`,
//! `configuration`, `worker_crashed`, `database` for the rest of what a database says, and `other`. Databases quote values in their
//! messages, so what is quoted is masked as literals are. What is in `sqlx.outcome` is a log `event` too. A [`SpanDecorator`] writes
//! what else you want. Bind values never become a tag.
//!
//! | what happens | when the span ends |
//! |---|---|
//! | the last row was read, or the result is there | then |
//! | the statement fails | then |
//! | the future or the stream is dropped: by a time limit, by `select!`, or because the rows are enough | then, `cancelled` or `aborted`; that is no error |
//! | `acquire` fails or is dropped | a span `acquire`, which ends then; one that succeeds is told by the connection's first span |
//! | a transaction is dropped, by a panic too | a span `ROLLBACK` without duration: the database is told when the connection is used next |
//! | a future or stream is never polled | there is no span |
//!
//! # Names
//!
//! A statement is read by a lexer, so nothing is asked of the database, and no literal gets into a name. Common table expressions
//! stand for the table that they read, `INSERT … SELECT` for the one that it fills, several statements are parted by semicolons
//! (three at most). What is not understood is named after the database. Each thread remembers what it has read of the last statements.
//!
//! In MySQL, text in double quotes is a string; in SQLite it is one where a value is expected. Strings are taken to be as the databases
//! have them by default: with `NO_BACKSLASH_ESCAPES` or `ANSI_QUOTES` of MySQL, or without `standard_conforming_strings` of PostgreSQL,
//! the masked text may be wrong, so choose [`StatementText::Off`] if there are literals in your statements.
//!
//! # What it does not
//!
//! - `Acquire` cannot be implemented: it asks for sqlx's own connection, which would not be traced. So `migrate!` and libraries that
//!   ask for `Acquire` or for a `Pool` get [`pool.get_ref()`](TracingPool::get_ref), and what they do is not traced.
//! - `PgListener::connect_with(pool.get_ref())` listens, untraced.
//! - `COPY` is of PostgreSQL's own connection: [`conn.get_mut()`](TracingConnection::get_mut)`.copy_in_raw(…)`, untraced. So is what else
//!   a driver has of its own, such as SQLite's hooks and backups.
//! - `Connection::transaction` with a closure has no counterpart; `begin` and `commit` have.
//! - A row that does not fit the type that it is read into is found by sqlx behind the statement, and is no failure of that one.
//! - Connections that are opened, tested and closed are not traced, nor what hooks such as `after_connect` execute.
//! - [`get_ref`](TracingPool::get_ref) and [`get_mut`](TracingConnection::get_mut) are the only ways to what is not traced: nothing
//!   dereferences to a handle of sqlx.
//!
//! # Features
//!
//! | feature | adds |
//! |---|---|
//! | `postgres` | `TracingPool<Postgres>` and the rest for PostgreSQL |
//! | `mysql` | for MySQL and MariaDB |
//! | `sqlite` | for SQLite, with the library that sqlx bundles |
//! | `any` | for `sqlx::Any`: what the URL names, of those that are switched on |
//!
//! None is on by default. Each switches on sqlx's feature of the same name. Runtime and TLS are features of sqlx, and yours to choose;
//! its feature `macros` is needed, and comes with this crate.

mod connection;
mod database;
mod decorator;
mod executor;
mod options;
mod pool;
mod settings;
mod sql;
mod statement;
mod transaction;

pub use crate::connection::{TracingConnection, TracingPoolConnection};
pub use crate::database::TracingDatabase;
pub use crate::decorator::{Failure, Rows, SpanDecorator};
pub use crate::options::{Commenter, PoolWait, StatementText};
pub use crate::pool::pool::TracingPool;
pub use crate::transaction::TracingTransaction;

#[cfg(all(doctest, feature = "postgres", feature = "sqlite"))]
#[doc = include_str!("../README.md")]
struct Readme;
