//! What is told of a failure.

use std::borrow::Cow;

use opentracing_core::{Span, Value, logs, tags};
use sqlx::Error;
use sqlx::error::{DatabaseError, ErrorKind};

use crate::options::StatementText;
use crate::sql::mask_quoted;

/// Marks the span as failed, unless there was just no row.
pub(crate) fn record(span: &mut Span, error: &Error, text: StatementText) {
    if matches!(error, Error::RowNotFound) || !span.is_recording() {
        return;
    }
    span.set(tags::ERROR, true);
    let (kind, message) = match error {
        Error::Database(database) => {
            if let Some(code) = database.code() {
                span.set(tags::DB_RESPONSE_STATUS_CODE, &code);
            }
            (database_kind(&**database), database_message(&**database, text))
        }
        // In the words of whoever wrote the conversion, who may quote the value.
        Error::Encode(_) | Error::Decode(_) | Error::ColumnDecode { .. } if text != StatementText::Full => {
            (kind(error), Cow::Owned(mask_quoted(&error.to_string()).into_owned()))
        }
        _ => (kind(error), Cow::Owned(error.to_string())),
    };
    span.log_kv(&[
        (logs::EVENT, Value::Static("error")),
        (logs::ERROR_KIND, Value::Static(kind)),
        (logs::MESSAGE, Value::Message(&message)),
    ]);
}

fn kind(error: &Error) -> &'static str {
    match error {
        Error::Configuration(_) | Error::InvalidArgument(_) => "configuration",
        Error::Io(_) => "io",
        Error::Tls(_) => "tls",
        Error::Protocol(_) => "protocol",
        Error::TypeNotFound { .. } => "type_not_found",
        Error::ColumnIndexOutOfBounds { .. } | Error::ColumnNotFound(_) => "column_not_found",
        Error::ColumnDecode { .. } | Error::Decode(_) => "decode",
        Error::Encode(_) => "encode",
        Error::PoolTimedOut => "pool_timeout",
        Error::PoolClosed => "pool_closed",
        Error::WorkerCrashed => "worker_crashed",
        Error::InvalidSavePointStatement | Error::BeginFailed => "transaction",
        _ => "other",
    }
}

fn database_kind(error: &dyn DatabaseError) -> &'static str {
    match error.kind() {
        ErrorKind::UniqueViolation => return "unique_violation",
        ErrorKind::ForeignKeyViolation => return "foreign_key_violation",
        ErrorKind::NotNullViolation => return "not_null_violation",
        ErrorKind::CheckViolation => return "check_violation",
        ErrorKind::ExclusionViolation => return "exclusion_violation",
        _ => {}
    }
    // MySQL and MariaDB number their errors, and give many of them one SQLSTATE.
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

/// The database's own message. Values of a statement, bound ones too, may be quoted in it.
fn database_message(error: &dyn DatabaseError, text: StatementText) -> Cow<'_, str> {
    if text == StatementText::Full || quotes_names_only(error) {
        return Cow::Borrowed(error.message());
    }
    mask_quoted(error.message())
}

/// PostgreSQL quotes the names of tables, columns and constraints in most of its messages, and values in those of wrong data (class
/// 22), of syntax, and in those that users raise.
fn quotes_names_only(error: &dyn DatabaseError) -> bool {
    #[cfg(feature = "postgres")]
    if let Some(error) = error.try_downcast_ref::<sqlx::postgres::PgDatabaseError>() {
        let code = error.code();
        return ["08", "23", "25", "40", "53", "55", "57"].iter().any(|class| code.starts_with(class))
            || matches!(code, "42P01" | "42703" | "42501" | "3D000" | "28P01");
    }
    let _ = error;
    false
}
