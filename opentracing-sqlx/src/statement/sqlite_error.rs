//! Errors of SQLite.

use std::borrow::Cow;

use sqlx::error::DatabaseError;
use sqlx::sqlite::SqliteError;

use crate::sql::mask_quoted;
use crate::sql::message::is_shown;

/// SQLite, "Result and Error Codes". The primary code is in the lower eight bits.
pub(super) fn kind(error: &SqliteError) -> &'static str {
    match code(error) & 0xff {
        5 => "busy",
        6 => "locked",
        8 => "read_only",
        9 => "cancelled",
        10 => "io",
        11 | 26 => "corrupt",
        13 => "disk_full",
        _ => "database",
    }
}

/// `RAISE` in a trigger.
pub(super) fn is_raised(error: &SqliteError) -> bool {
    code(error) == CONSTRAINT_TRIGGER
}

/// Values and names stand in quotes, in brackets or behind a colon.
pub(super) fn message<'e>(error: &'e SqliteError, shown: &str) -> Cow<'e, str> {
    let message = error.message();
    if let Some((start, rest)) = message.split_once(": ")
        && !message.starts_with("near ")
    {
        let is_name = CONSTRAINTS.contains(&start) || WITH_NAMES.contains(&start) && !rest.contains(['\'', '"', ' ']);
        return if is_name || is_shown(rest, shown) {
            Cow::Borrowed(message)
        } else {
            Cow::Owned(format!("{start}: ?"))
        };
    }
    match message.find('[') {
        Some(bracket) => Cow::Owned(format!("{}?", &message[..bracket])),
        None => mask_quoted(message, shown),
    }
}

fn code(error: &SqliteError) -> i32 {
    error.code().and_then(|code| code.parse().ok()).unwrap_or(0)
}

/// `SQLITE_CONSTRAINT_TRIGGER`.
const CONSTRAINT_TRIGGER: i32 = 1811;
/// What stands before the columns of a constraint.
const CONSTRAINTS: &[&str] = &["UNIQUE constraint failed", "NOT NULL constraint failed"];
/// What stands before the name of a part of the schema. A check without a name is called by its expression, which may have values.
const WITH_NAMES: &[&str] = &[
    "CHECK constraint failed",
    "no such table",
    "no such view",
    "no such index",
    "no such trigger",
    "no such function",
    "no such module",
    "no such collation sequence",
    "ambiguous column name",
];
