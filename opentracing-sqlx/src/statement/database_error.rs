//! Errors that a database returned: their kind, and their message without values.

use std::borrow::Cow;

use sqlx::error::{DatabaseError, ErrorKind};

use crate::options::StatementText;
#[cfg(feature = "mysql")]
use crate::statement::mysql_error;
#[cfg(feature = "postgres")]
use crate::statement::postgres_error;
#[cfg(feature = "sqlite")]
use crate::statement::sqlite_error;

/// The kind of an error that a user's code raised in the database.
const RAISED: &str = "raised";

/// The kind of the error, for the log field `error.kind`.
pub(super) fn kind(error: &dyn DatabaseError) -> &'static str {
    if is_raised(error) {
        return RAISED;
    }
    match error.kind() {
        ErrorKind::UniqueViolation => return "unique_violation",
        ErrorKind::ForeignKeyViolation => return "foreign_key_violation",
        ErrorKind::NotNullViolation => return "not_null_violation",
        ErrorKind::CheckViolation => return "check_violation",
        ErrorKind::ExclusionViolation => return "exclusion_violation",
        _ => {}
    }
    #[cfg(feature = "mysql")]
    if let Some(error) = error.try_downcast_ref::<sqlx::mysql::MySqlDatabaseError>() {
        return mysql_error::kind(error);
    }
    #[cfg(feature = "sqlite")]
    if let Some(error) = error.try_downcast_ref::<sqlx::sqlite::SqliteError>() {
        return sqlite_error::kind(error);
    }
    #[cfg(feature = "postgres")]
    if let Some(error) = error.try_downcast_ref::<sqlx::postgres::PgDatabaseError>() {
        return postgres_error::kind(error);
    }
    "database"
}

/// Whether a user's code raised the error: by `RAISE` or `SIGNAL`.
fn is_raised(error: &dyn DatabaseError) -> bool {
    #[cfg(feature = "mysql")]
    if let Some(error) = error.try_downcast_ref::<sqlx::mysql::MySqlDatabaseError>() {
        return mysql_error::is_raised(error);
    }
    #[cfg(feature = "sqlite")]
    if let Some(error) = error.try_downcast_ref::<sqlx::sqlite::SqliteError>() {
        return sqlite_error::is_raised(error);
    }
    #[cfg(feature = "postgres")]
    if let Some(error) = error.try_downcast_ref::<sqlx::postgres::PgDatabaseError>() {
        return postgres_error::is_raised(error);
    }
    let _ = error;
    false
}

/// The database's message, without the values of the statement that it may quote, bound ones too. `shown` is the masked statement: what
/// stands there may stand in the message. `None` for a text of the user's code.
pub(super) fn message<'e>(error: &'e dyn DatabaseError, text: StatementText, shown: &str) -> Option<Cow<'e, str>> {
    if text == StatementText::Full {
        return Some(Cow::Borrowed(error.message()));
    }
    if is_raised(error) {
        return None;
    }
    #[cfg(feature = "mysql")]
    if let Some(error) = error.try_downcast_ref::<sqlx::mysql::MySqlDatabaseError>() {
        return mysql_error::message(error, shown);
    }
    #[cfg(feature = "sqlite")]
    if let Some(error) = error.try_downcast_ref::<sqlx::sqlite::SqliteError>() {
        return Some(sqlite_error::message(error, shown));
    }
    #[cfg(feature = "postgres")]
    if let Some(error) = error.try_downcast_ref::<sqlx::postgres::PgDatabaseError>() {
        return postgres_error::message(error, shown);
    }
    Some(crate::sql::mask_quoted(error.message(), shown))
}
