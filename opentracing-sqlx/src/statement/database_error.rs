//! Errors that a database returned: their kind, and their message without values.

use std::borrow::Cow;

use sqlx::error::{DatabaseError, ErrorKind};

use crate::options::StatementText;
use crate::sql::mask_quoted;

/// The kind of the error, for the log field `error.kind`.
pub(super) fn kind(error: &dyn DatabaseError) -> &'static str {
    match error.kind() {
        ErrorKind::UniqueViolation => return "unique_violation",
        ErrorKind::ForeignKeyViolation => return "foreign_key_violation",
        ErrorKind::NotNullViolation => return "not_null_violation",
        ErrorKind::CheckViolation => return "check_violation",
        ErrorKind::ExclusionViolation => return "exclusion_violation",
        _ => {}
    }
    // MySQL and MariaDB share one SQLSTATE among many error numbers.
    #[cfg(feature = "mysql")]
    if let Some(error) = error.try_downcast_ref::<sqlx::mysql::MySqlDatabaseError>() {
        match error.number() {
            1205 | 3572 => return "lock_timeout",
            1213 => return "deadlock",
            1317 => return "cancelled",
            1927 | 3169 => return "connection_killed",
            1969 | 3024 => return "statement_timeout",
            1053 => return "shutdown",
            _ => {}
        }
    }
    #[cfg(feature = "sqlite")]
    if error.try_downcast_ref::<sqlx::sqlite::SqliteError>().is_some() {
        // The primary code is in the lower eight bits (SQLite, "Result and Error Codes").
        let code = error.code().and_then(|code| code.parse::<i32>().ok()).unwrap_or(0);
        return match code & 0xff {
            5 => "busy",
            6 => "locked",
            8 => "read_only",
            9 => "cancelled",
            10 => "io",
            11 | 26 => "corrupt",
            13 => "disk_full",
            _ => "database",
        };
    }
    // PostgreSQL, "Error Codes".
    match error.code().as_deref() {
        // The code is the same, and so is the routine. With messages in another language, both are called cancelled.
        Some("57014") if error.message().contains("statement timeout") => "statement_timeout",
        Some("57014") => "cancelled",
        Some("57P01" | "57P02" | "57P03") => "shutdown",
        Some("40P01") => "deadlock",
        Some("40001") => "serialization_failure",
        Some("55P03") => "lock_timeout",
        Some("25P02" | "25P03" | "25P04") => "transaction",
        Some("70100") => "statement_timeout",
        _ => "database",
    }
}

/// The database's message. It may quote values of the statement, bound ones too, so quoted text is masked.
pub(super) fn message(error: &dyn DatabaseError, text: StatementText) -> Cow<'_, str> {
    if text == StatementText::Full || quotes_only_names(error) {
        return Cow::Borrowed(error.message());
    }
    mask_quoted(error.message())
}

/// Most messages of PostgreSQL quote only names of tables, columns and constraints. Messages about wrong data (class 22), about syntax
/// and those raised by users may quote values.
fn quotes_only_names(error: &dyn DatabaseError) -> bool {
    #[cfg(feature = "postgres")]
    if let Some(error) = error.try_downcast_ref::<sqlx::postgres::PgDatabaseError>() {
        let code = error.code();
        return ["08", "23", "25", "40", "53", "55", "57"].iter().any(|class| code.starts_with(class))
            || matches!(code, "42P01" | "42703" | "42501" | "3D000" | "28P01");
    }
    let _ = error;
    false
}
