//! Options of the settings that are more than a switch.

/// What the tag `db.statement` holds. [`Masked`](StatementText::Masked) by default.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[non_exhaustive]
pub enum StatementText {
    /// The statement with `?` in place of each literal, without comments.
    #[default]
    Masked,
    /// The unchanged statement. Its literals become visible wherever spans go, as do values that the database quotes in error messages.
    Full,
    /// No text. Operation and table are still recorded.
    Off,
}

/// How the wait for a connection of the pool is recorded, be it in the queue or until a new connection is open.
/// [`Tag`](PoolWait::Tag) by default.
///
/// The span of a statement starts when its connection is there, unless this is [`Included`](PoolWait::Included). A statement whose wait
/// fails or is dropped has a span without duration, or with [`Span`](PoolWait::Span) only the span of the wait.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[non_exhaustive]
pub enum PoolWait {
    /// As the tag `sqlx.pool_wait_ms` on the span of the statement: the time before the span starts. The wait of
    /// [`acquire`](crate::TracingPool::acquire) is recorded on the first span of the connection.
    #[default]
    Tag,
    /// As a span named `acquire`, which finishes before the span of the statement starts.
    Span,
    /// As the tag `sqlx.pool_wait_ms` on the span of the statement, which includes the wait.
    Included,
    /// Not recorded.
    Off,
}

/// Whether statements carry a comment in the sqlcommenter format, for the database's logs and for views such as `pg_stat_activity`.
/// [`Off`](SqlCommenter::Off) by default.
///
/// Statements that already have a comment other than a hint (`/*+ … */`, `/*! … */`), statements that the caller prepared, and statements over 16 KiB stay unchanged.
///
/// ```
/// use opentracing_sqlx::{SqlCommenter, TracingDatabase, TracingPool};
///
/// fn commented<DB: TracingDatabase>(pool: TracingPool<DB>) -> TracingPool<DB> {
///     pool.sqlcommenter(SqlCommenter::Static).sqlcommenter_tag("controller", "books")
/// }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[non_exhaustive]
pub enum SqlCommenter {
    /// No comment.
    #[default]
    Off,
    /// The service name of the tracer as `application`, `db_driver`, and the tags that
    /// [`sqlcommenter_tag`](crate::TracingPool::sqlcommenter_tag) adds. The text of a statement is the same on each execution, so the
    /// cache of prepared statements works as before. Costs a copy of the statement.
    Static,
    /// The same, and `traceparent` for sampled spans. Such a text is unique, so the statement is executed without the cache of prepared
    /// statements, which would otherwise fill up with it. Each execution then costs another round trip to prepare it: with PostgreSQL on
    /// the same machine, 2 to 2.5 times the time. Use it with low sampling rates.
    Full,
}
