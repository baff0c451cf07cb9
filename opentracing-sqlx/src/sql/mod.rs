//! Reads the text of a statement: its name of low cardinality, and its text without literals.

mod cache;
mod comments;
mod cursor;
mod double_quotes;
mod head;
mod keywords;
mod lexer;
mod lists;
mod mask;
pub(crate) mod message;
mod outline;
mod query_summary;
mod quotes;
mod readings;
mod secrets;
mod splitter;
mod subject;
mod summary;
mod tables;
mod verbs;

pub(crate) use self::cache::summary;
pub(crate) use self::message::mask_quoted;
pub(crate) use self::summary::Summary;

/// The SQL dialects, where they differ for the lexer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Dialect {
    Postgres,
    MySql,
    Sqlite,
}

/// How to read statements.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Reading {
    pub(crate) dialect: Dialect,
    /// Whether a list of values after `IN` becomes one placeholder in the masked text.
    pub(crate) folds_in_lists: bool,
}
