//! What may be chosen, apart from what is just switched.

/// What of a statement becomes the tag `db.statement`. [`Masked`](StatementText::Masked) by default.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[non_exhaustive]
pub enum StatementText {
    /// The statement with `?` in the place of every literal, and without comments.
    #[default]
    Masked,
    /// The statement as it is. Literals in it show wherever spans go, and so do messages of the database that quote values.
    Full,
    /// Nothing. Operation and table are told all the same.
    Off,
}

/// How the time is told that a statement waited for a connection of the pool. [`Tag`](PoolWait::Tag) by default.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[non_exhaustive]
pub enum PoolWait {
    /// As the tag `sqlx.pool_wait_ms` of the span of the statement, which then covers the wait. What waited in
    /// [`acquire`](crate::TracingPool::acquire) is told by the connection's first span.
    #[default]
    Tag,
    /// As a span of its own, `acquire`, which ends when that of the statement begins.
    Span,
    /// Not at all. The span of the statement covers the wait.
    Off,
}

/// What is written into statements as a comment in the form of sqlcommenter, for logs and views of the database such as
/// `pg_stat_activity`. [`Off`](Commenter::Off) by default.
///
/// A statement that has a comment already is left as it is, and so are one that was prepared by hand and one of over 16 KiB.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub enum Commenter {
    /// Nothing.
    #[default]
    Off,
    /// What is the same for every execution: `application`, the service of the tracer, `db_driver`, and those pairs, by name. The text
    /// of a statement does not vary, so it is prepared once as ever. Costs a copy of the statement.
    Static(Vec<(String, String)>),
    /// The same, and for spans that are sampled the `traceparent`. Their text is never the same twice, so they are executed without
    /// being kept in the cache of prepared statements, which costs a round trip for preparing each: on PostgreSQL on one machine twice
    /// to two and a half times the time. Kept in the cache, they would drive everything else out of it. Meant for low sampling rates.
    Full(Vec<(String, String)>),
}

impl Commenter {
    /// The static comment, without pairs of one's own. What one wants, as a rule.
    pub fn fixed() -> Self {
        Commenter::Static(Vec::new())
    }
}
