//! Reads the text of a statement: its name of low cardinality, and its text without literals.

mod cache;
mod cursor;
mod double_quotes;
mod keywords;
mod lexer;
mod mask;
mod subject;
mod summary;

pub(crate) use self::cache::summary;
pub(crate) use self::mask::quoted as mask_quoted;
pub(crate) use self::summary::Summary;

/// The SQL dialects, where they differ for the lexer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Dialect {
    Postgres,
    MySql,
    Sqlite,
}
