//! OpenTracing for sqlx: traces every statement, from its start to the last row. Queries stay as they are; only the pool changes.
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
//!     // `opentracing-reporter` builds a tracer that sends its spans to a backend.
//!     let (tracer, _drain) = Tracer::builder("shop").build();
//!     let pool = SqlitePoolOptions::new().max_connections(8).connect("sqlite:shop.db").await?;
//!     let pool = TracingPool::with_tracer(tracer.clone(), pool);
//!
//!     let order = async {
//!         let mut tx = pool.begin().await?;
//!         sqlx::query("UPDATE books SET stock = stock - 1 WHERE id = ?")
//!             .bind(42)
//!             .execute(&mut *tx)
//!             .await?;
//!         tx.commit().await?;
//!         sqlx::query_scalar::<_, i64>("SELECT stock FROM books WHERE id = ?")
//!             .bind(42)
//!             .fetch_one(&pool)
//!             .await
//!     };
//!     println!("{} left", order.in_span(tracer.span("order").start()).await?);
//!     Ok(())
//! }
//! ```
//!
//! `&pool`, `&mut *tx`, `&mut *conn` of a pool's connection and `&mut conn` of a connection outside a pool execute statements as in
//! sqlx: with `query`, `query_as`, `query_scalar`, `raw_sql`, the macros, and prepared statements.
//!
//! # Porting a program
//!
//! The types have aliases with sqlx's names, so that a program changes its imports, and nothing else:
//!
//! | instead of | import from this crate |
//! |---|---|
//! | `PgPool`, `PgPoolOptions`, `PgConnection`, `PgTransaction`, and those of `MySql…`, `Sqlite…` and `Any…` | the same name |
//! | `Pool`, `PoolOptions`, `PoolConnection`, `Transaction` | the same name |
//! | the traits `Acquire` and `Connection` | [`Acquire`], [`Connection`] |
//! | `DB: Database` in generic code | [`TracingDatabase`] |
//! | `migrate!`, `migrate::Migrator` | [`migrate!`](crate::migrate!), [`TracingMigrator`] (feature `migrate`) |
//! | `PgListener`, `PgNotification`, `PgAdvisoryLock`, `PgAdvisoryLockGuard` | the same name |
//! | `PgPoolCopyExt` | nothing: `copy_in_raw` and `copy_out_raw` are methods of the pool |
//!
//! `Executor`, `PgExecutor`, `QueryBuilder`, the options of connections, rows, values and errors stay those of sqlx. Pools and connections
//! that connect themselves use the [global tracer](opentracing_core::Tracer::set_global); a ready-made pool is wrapped by
//! [`TracingPool::with_tracer`] or by `into`.
//!
//! A test with `#[sqlx::test]` receives a pool of sqlx. Wrap it in the first line:
//!
//! ```
//! # #[cfg(feature = "postgres")]
//! # mod example {
//! use opentracing_sqlx::PgPool;
//!
//! // #[sqlx::test]
//! async fn counts_orders(pool: sqlx::PgPool) {
//!     let pool = PgPool::from(pool);
//!     // …
//! #   drop(pool);
//! }
//! # }
//! ```
//!
//! # Spans and tags
//!
//! Each statement has one span of kind `client`, named after its operation and table: `SELECT books`, `BEGIN`.
//!
//! | tag | value |
//! |---|---|
//! | `component` | `sqlx`, or set by [`component`](TracingPool::component) |
//! | `db.type` | `sql` |
//! | `db.system.name` | `postgresql`, `mysql` or `sqlite`; `mariadb` and `cockroachdb` if the URL says so or [`system_name`](TracingPool::system_name) sets it |
//! | `db.instance`, `db.user` | database and user from the connect options; for SQLite the file |
//! | `db.statement` | the statement with `?` for each literal, without comments; see [`StatementText`] |
//! | `sqlx.statement_truncated` | `true` if `db.statement` is only the start of a long statement |
//! | `db.query.summary` | all operations and tables, as they are written: `INSERT orders SELECT carts`; for several statements that agree `BATCH INSERT orders`, otherwise `BATCH` |
//! | `db.operation.name`, `db.collection.name` | operation and table, of the first statement if there are several |
//! | `db.operation.batch.size` | the number of statements, if there are several; absent for texts over 256 KiB |
//! | `db.response.returned_rows` | the number of returned rows |
//! | `sqlx.copied_bytes` | the number of bytes that a `COPY` sent or received |
//! | `sqlx.rows_affected` | the number of changed rows, for statements that change rows; absent after `fetch_one` and `fetch_optional`, where sqlx does not report it |
//! | `db.response.status_code` | the SQLSTATE of an error; for SQLite the extended result code |
//! | `error` | `true` if the statement failed; `RowNotFound` is no failure |
//! | `peer.service` | set by [`peer_service`](TracingPool::peer_service), otherwise the value of `db.system.name` |
//! | `peer.hostname`, `peer.ipv4`, `peer.ipv6`, `peer.port` | from the connect options |
//! | `peer.address` | the path of a Unix socket, from the connect options |
//! | `sqlx.pool_wait_ms` | how long the statement waited for a connection of the pool before the span started; see [`PoolWait`] |
//! | `sqlx.outcome` | `cancelled` if the caller dropped the statement before the first row, or while it waited for a connection; `aborted` if it was dropped before the last row; `unknown` and `rolled_back` of a commit: see [Transactions](#transactions) |
//! | `sqlx.behind_cancelled` | `true` if an earlier statement on this connection was dropped, so that this one reads the rest of its result first. Its duration includes that |
//! | `sqlx.implicit_rollback` | `true` on the rollback of a transaction that was dropped while open |
//!
//! Bind values are never recorded. A [`StatementDecorator`] can add tags.
//!
//! # Statements without an active span
//!
//! A statement that runs while no span is active begins a trace of its own. That is useful for a program whose handlers have spans: the
//! statement shows that one of them lost its span, usually in a spawned task. For a program that polls a table every second it is noise.
//! [`require_parent`](TracingPool::require_parent) leaves such statements untraced, and [`skip`](TracingPool::skip) those with a certain
//! text. Better is a span for each run of the job, so that its statements are one trace.
//!
//! # Errors
//!
//! An error adds a log `event=error` with `error.kind` and `message`. A database may quote values in its messages, so quoted text is
//! masked like literals, unless it is a name or stands in the masked statement. Messages of the user's own code (`RAISE` in PostgreSQL and
//! SQLite, `SIGNAL` in MySQL) are left out, as are messages of MySQL and MariaDB that are not in a common wording of these servers.
//! [`StatementText::Full`] shows all messages unchanged. The kinds are:
//!
//! | from | `error.kind` |
//! |---|---|
//! | constraints | `unique_violation`, `foreign_key_violation`, `not_null_violation`, `check_violation`, `exclusion_violation` |
//! | the user's code in the database | `raised` |
//! | concurrency | `deadlock`, `serialization_failure`, `lock_timeout`, `busy`, `locked`, `transaction` |
//! | the server's limits | `cancelled`, `statement_timeout`, `shutdown`, `connection_killed`, `disk_full`, `read_only`, `corrupt` |
//! | any other error of a database | `database` |
//! | the pool | `pool_timeout`, `pool_closed` |
//! | the connection | `io`, `tls`, `protocol`, `configuration`, `worker_crashed` |
//! | values and columns | `encode`, `decode`, `column_not_found`, `type_not_found` |
//! | anything else | `other` |
//!
//! # Transactions
//!
//! A transaction can end in another way than its result says. The span records how, and a log of the same name explains it. None of these
//! is an error.
//!
//! | event | span |
//! |---|---|
//! | PostgreSQL: a commit after a statement has failed. The server rolls back, and sqlx returns `Ok` | `COMMIT` with the outcome `rolled_back` |
//! | MySQL: a commit after a deadlock. The server has rolled back, and has committed later statements one by one | `COMMIT` with the outcome `rolled_back` |
//! | a commit after a nested `begin` has failed or was dropped: sqlx then rolls back the outer transaction | `COMMIT` with the outcome `rolled_back` |
//! | a commit is dropped before the database answers | `COMMIT` with the outcome `unknown`, and no `ROLLBACK` |
//! | a `begin` is dropped before the database answers. The server may have begun the transaction, which sqlx does not end (except with SQLite) | `BEGIN` with the outcome `cancelled` and a message that says so |
//! | an open transaction is dropped | `ROLLBACK` with `sqlx.implicit_rollback` |
//!
//! sqlx does not expose the server's state of a transaction, so it is derived from the results of statements on the connection. Nothing is
//! claimed after [`get_mut`](TracingConnection::get_mut), which may run statements unseen.
//!
//! # When a span finishes
//!
//! | event | span |
//! |---|---|
//! | the last row is read, or the result is there | finishes |
//! | the statement fails | finishes with `error` |
//! | the future or stream is dropped: by a time-out, by `select!`, or because enough rows were read | finishes as `cancelled` or `aborted`, without `error`; logged as an event of the same name |
//! | a statement or `begin` on the pool waits for a connection | starts when the connection is there |
//! | that wait fails or is dropped | starts and finishes at once |
//! | `acquire` succeeds | no span; the connection's first span records the wait |
//! | `acquire` fails or is dropped | a span `acquire` finishes |
//! | an open transaction is dropped, also by a panic | a span `ROLLBACK` without duration, since sqlx sends the rollback when the connection is used next |
//! | a future or stream is never polled | no span |
//!
//! # Span names
//!
//! A lexer reads the text of each statement. It asks the database nothing and puts no literal into a name. A statement that writes
//! anywhere, also in a common table expression, is named after the first table that it writes: `INSERT … SELECT` after the table that it
//! fills. Otherwise a common table expression is replaced by the table that it reads. Functions in `FROM` are no tables. The names of
//! several statements are separated by semicolons, up to three. A trigger or routine is one statement, with all statements in its body.
//! A statement that the lexer does not understand is named after the database. Each thread caches what it has read of recent statements.
//!
//! # Masked text
//!
//! Literals follow the lexical rules of each database. What cannot be told apart is masked:
//!
//! - Whether a backslash escapes a quote depends on `NO_BACKSLASH_ESCAPES` and `ANSI_QUOTES` of MySQL, and on
//!   `standard_conforming_strings` of PostgreSQL. Where this makes a difference, the text stays only where it is no value in any case.
//! - Double-quoted text is a string in MySQL. SQLite takes it for a string if there is no such column, so it stays only where a name must
//!   be: behind `FROM`, `JOIN`, `INTO`, `UPDATE`, `AS` and a dot, before a dot, and in lists of columns.
//! - Comments are left out, also those that MySQL executes.
//! - Statements that set keys, passwords, paths or parameters may hold values without quotes, as `SET app.key = value` and
//!   `PRAGMA key = value` do. They are masked as well.
//!
//! The text without values is 4 KiB at most, and of a statement over 16 KiB only the first 16 KiB are read.
//! [`fold_in_lists`](TracingPool::fold_in_lists) writes lists after `IN` as one placeholder.
//!
//! # Limits
//!
//! - sqlx's own `Acquire` is not implemented, since it returns sqlx's connection, which would not be traced. Pass
//!   [`pool.get_ref()`](TracingPool::get_ref) to libraries that need it or a `Pool`. What they execute is not traced.
//! - Other features of a single database need the inner connection, untraced: [`conn.get_mut()`](TracingConnection::get_mut).
//! - The context of a trace does not travel with `NOTIFY`. Each notification begins a trace.
//! - A row that cannot be decoded into the requested type is no error of the statement: sqlx decodes it after the statement.
//! - Opening, testing and closing connections is not traced, nor are statements in hooks such as `after_connect`.
//! - [`get_ref`](TracingPool::get_ref) and [`get_mut`](TracingConnection::get_mut) are the only ways to the untraced handles. No type
//!   dereferences to a handle of sqlx.
//!
//! # Figures of pools
//!
//! Connections, waiting requests, the length of waits and time-outs of each pool are in `tracer.stats().pools`, in `tracer.report()`, and
//! among the [metrics](opentracing_core::Metrics). [`pool_name`](TracingPool::pool_name) names the pool there.
//!
//! # Features
//!
//! | feature | adds |
//! |---|---|
//! | `postgres` | PostgreSQL |
//! | `mysql` | MySQL and MariaDB |
//! | `sqlite` | SQLite, with the library that sqlx bundles |
//! | `migrate` | [`migrate!`](crate::migrate!) and [`TracingMigrator`] |
//! | `any` | `sqlx::Any`: the database that the URL names, of those that are enabled |
//!
//! No feature is on by default. Each enables sqlx's feature of the same name. Choose runtime and TLS by sqlx's own features. This crate
//! enables sqlx's feature `macros`, which it needs.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod aliases;
mod connection;
mod database;
mod decorator;
mod executor;
#[cfg(feature = "migrate")]
mod migrate;
mod options;
mod pool;
#[cfg(feature = "postgres")]
mod postgres;
mod settings;
mod sql;
mod statement;

#[cfg(feature = "any")]
pub use crate::aliases::{AnyConnection, AnyPool, AnyPoolOptions, AnyTransaction};
#[cfg(feature = "mysql")]
pub use crate::aliases::{MySqlConnection, MySqlPool, MySqlPoolOptions, MySqlTransaction};
#[cfg(feature = "postgres")]
pub use crate::aliases::{
    PgAdvisoryLock, PgAdvisoryLockGuard, PgConnection, PgListener, PgNotification, PgPool, PgPoolOptions, PgTransaction,
};
pub use crate::aliases::{Pool, PoolConnection, PoolOptions, Transaction};
#[cfg(feature = "sqlite")]
pub use crate::aliases::{SqliteConnection, SqlitePool, SqlitePoolOptions, SqliteTransaction};
pub use crate::connection::acquire::Acquire;
pub use crate::connection::connection::TracingConnection;
pub use crate::connection::generic::Connection;
pub use crate::connection::transaction::TracingTransaction;
pub use crate::database::TracingDatabase;
pub use crate::decorator::{RowCounts, StatementDecorator, StatementFailure};
#[cfg(feature = "migrate")]
pub use crate::migrate::TracingMigrator;
pub use crate::options::{PoolWait, SqlCommenter, StatementText};
pub use crate::pool::connection::TracingPoolConnection;
pub use crate::pool::options::TracingPoolOptions;
pub use crate::pool::pool::TracingPool;
#[cfg(feature = "postgres")]
pub use crate::postgres::{
    advisory_lock::{TracingPgAdvisoryLock, TracingPgAdvisoryLockGuard},
    copy::TracingPgCopyIn,
    listener::TracingPgListener,
    notification::TracingPgNotification,
};

#[cfg(all(doctest, feature = "postgres", feature = "sqlite"))]
#[doc = include_str!("../README.md")]
struct Readme;
