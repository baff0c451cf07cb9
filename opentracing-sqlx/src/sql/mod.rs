//! What a statement says of itself: a name of low cardinality, and its text without literals.

mod cache;
mod keywords;
mod lexer;
mod mask;
mod summary;
mod tables;

pub(crate) use self::cache::summary;
pub(crate) use self::mask::quoted as mask_quoted;
pub(crate) use self::summary::Summary;

/// Where the databases read SQL differently.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Dialect {
    Postgres,
    MySql,
    Sqlite,
}
