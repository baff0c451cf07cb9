//! The execution of one statement: its span, its text on the way to the driver, its rows, and its errors.

pub(crate) mod comment;
#[cfg(feature = "postgres")]
mod copy;
pub(crate) mod database_error;
pub(crate) mod error;
#[cfg(feature = "mysql")]
mod mysql_error;
#[cfg(feature = "mysql")]
mod mysql_wordings;
#[cfg(feature = "postgres")]
mod postgres_error;
pub(crate) mod query;
pub(crate) mod row_stream;
mod run;
pub(crate) mod span;
#[cfg(feature = "sqlite")]
mod sqlite_error;
mod start;
