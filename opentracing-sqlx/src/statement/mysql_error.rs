//! Errors of MySQL and MariaDB.

use std::borrow::Cow;

use sqlx::mysql::MySqlDatabaseError;

use crate::sql::mask_quoted;

/// MySQL and MariaDB share one SQLSTATE among many error numbers.
pub(super) fn kind(error: &MySqlDatabaseError) -> &'static str {
    match error.number() {
        1205 | 3572 => "lock_timeout",
        1213 => "deadlock",
        1317 => "cancelled",
        1927 | 3169 => "connection_killed",
        1969 | 3024 => "statement_timeout",
        1053 => "shutdown",
        _ => "database",
    }
}

/// `SIGNAL` has numbers of its own, and SQLSTATE 45000 by convention. The numbers of the servers are below 6000.
pub(super) fn is_raised(error: &MySqlDatabaseError) -> bool {
    let number = error.number();
    let is_of_server = matches!(number, 1000..=1999 | 3000..=5999);
    matches!(number, 1642..=1644) || !is_of_server || error.code().is_some_and(|code| code.starts_with("45"))
}

/// `SIGNAL` can imitate any number and SQLSTATE. So a message with a known number is left out if it does not begin as the server's does.
pub(super) fn message<'e>(error: &'e MySqlDatabaseError, shown: &str) -> Option<Cow<'e, str>> {
    let message = error.message();
    if let Some((_, start)) = WITH_NAMES.iter().find(|(number, _)| *number == error.number()) {
        return message.starts_with(start).then_some(Cow::Borrowed(message));
    }
    match error.number() {
        1062 | 1586 => value_before(message, "Duplicate entry '", "' for key "),
        1366 | 1292 => value_before(message, "Incorrect ", " for column ")
            .or_else(|| message.starts_with("Truncated incorrect ").then(|| mask_quoted(message, shown))),
        // A number of the statement without quotes.
        1094 => Some(Cow::Borrowed("Unknown thread id")),
        _ => Some(mask_quoted(message, shown)),
    }
}

/// The message with `?` for the value between its start and the last such part, behind which only names follow.
fn value_before<'m>(message: &'m str, start: &str, part: &str) -> Option<Cow<'m, str>> {
    if !message.starts_with(start) {
        return None;
    }
    let value = message.find('\'')?;
    Some(match message.rfind(part).filter(|end| *end > value) {
        Some(end) => Cow::Owned(format!("{}?{}", &message[..value], message[end..].trim_start_matches('\''))),
        None => Cow::Owned(format!("{}?", &message[..value])),
    })
}

/// Errors whose messages quote only names, and how these begin.
const WITH_NAMES: &[(u16, &str)] = &[
    (1044, "Access denied for user '"),
    (1045, "Access denied for user '"),
    (1048, "Column '"),
    (1049, "Unknown database '"),
    (1050, "Table '"),
    (1051, "Unknown table '"),
    (1052, "Column '"),
    (1060, "Duplicate column name '"),
    (1061, "Duplicate key name '"),
    (1091, "Can't DROP "),
    (1142, ""),
    (1143, ""),
    (1146, "Table '"),
    (1216, "Cannot add or update a child row"),
    (1217, "Cannot delete or update a parent row"),
    (1264, "Out of range value for column '"),
    (1364, "Field '"),
    (1406, "Data too long for column '"),
    (1451, "Cannot delete or update a parent row"),
    (1452, "Cannot add or update a child row"),
    (3819, "Check constraint '"),
    (4025, "CONSTRAINT `"),
];
