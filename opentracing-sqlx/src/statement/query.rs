//! The text of a query on its way from the caller to the driver.

use sqlx::error::BoxDynError;
use sqlx::{AssertSqlSafe, Database, Execute, SqlSafeStr, SqlStr, Statement};

use crate::statement::comment::Comment;

/// A query whose text can be read and changed before it is executed. [`Execute::sql`] consumes the query, so the text is taken out first.
pub(crate) enum Query<E, A> {
    /// Prepared by the caller, so its text is fixed.
    Prepared(E),
    Text {
        sql: SqlStr,
        arguments: Result<Option<A>, BoxDynError>,
        is_persistent: bool,
    },
}

impl<E, A> Query<E, A> {
    pub(crate) fn new<'q, DB>(mut query: E) -> Self
    where
        DB: Database<Arguments = A>,
        E: Execute<'q, DB>,
    {
        if query.statement().is_some() {
            return Query::Prepared(query);
        }
        // In the order of the drivers: taking the arguments of a mapped query makes it non-persistent.
        let arguments = query.take_arguments();
        let is_persistent = query.persistent();
        Query::Text { sql: query.sql(), arguments, is_persistent }
    }

    /// Reads the text.
    pub(super) fn with_sql<'q, DB, R>(&self, f: impl FnOnce(&str) -> R) -> R
    where
        DB: Database<Arguments = A>,
        E: Execute<'q, DB>,
    {
        match self {
            Query::Prepared(query) => f(query.statement().map_or("", |statement| statement.sql().as_str())),
            Query::Text { sql, .. } => f(sql.as_str()),
        }
    }

    /// Inserts a comment at a byte position of the text. A unique comment keeps the statement out of the cache of prepared statements.
    pub(super) fn insert_comment(&mut self, at: usize, comment: &Comment) {
        if let Query::Text { sql, is_persistent, .. } = self
            && let Some((statement, rest)) = sql.as_str().split_at_checked(at)
        {
            *sql = AssertSqlSafe([statement, &comment.text, rest].concat()).into_sql_str();
            *is_persistent &= !comment.is_unique;
        }
    }
}

impl<'q, DB, E> Execute<'q, DB> for Query<E, DB::Arguments>
where
    DB: Database,
    E: Execute<'q, DB>,
{
    fn sql(self) -> SqlStr {
        match self {
            Query::Prepared(query) => query.sql(),
            Query::Text { sql, .. } => sql,
        }
    }

    fn statement(&self) -> Option<&DB::Statement> {
        match self {
            Query::Prepared(query) => query.statement(),
            Query::Text { .. } => None,
        }
    }

    fn take_arguments(&mut self) -> Result<Option<DB::Arguments>, BoxDynError> {
        match self {
            Query::Prepared(query) => query.take_arguments(),
            Query::Text { arguments, .. } => std::mem::replace(arguments, Ok(None)),
        }
    }

    fn persistent(&self) -> bool {
        match self {
            Query::Prepared(query) => query.persistent(),
            Query::Text { is_persistent, .. } => *is_persistent,
        }
    }
}
