//! Errors of MySQL and MariaDB.

use std::borrow::Cow;

use sqlx::mysql::MySqlDatabaseError;

use crate::sql::mask_quoted;
use crate::statement::mysql_wordings::{self, Part};

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

/// `SIGNAL` can imitate any number and SQLSTATE. So a message is left out unless it is worded as the server words it for this number.
pub(super) fn message<'e>(error: &'e MySqlDatabaseError, shown: &str) -> Option<Cow<'e, str>> {
    let message = error.message();
    match mysql_wordings::part(error.number(), error.code(), message)? {
        Part::Whole => Some(Cow::Borrowed(message)),
        Part::Masked => Some(mask_quoted(message, shown)),
        Part::Key => value_before(message, "' for key "),
        Part::Column => value_before(message, "' for column "),
        Part::Start => message.split(':').next().map(Cow::Borrowed),
    }
}

/// The message with `?` for the value between the first quote and the last such part, behind which only names follow.
fn value_before<'m>(message: &'m str, part: &str) -> Option<Cow<'m, str>> {
    let value = message.find('\'')?;
    Some(match message.rfind(part).filter(|end| *end > value) {
        Some(end) => Cow::Owned(format!("{}?{}", &message[..value], message[end..].trim_start_matches('\''))),
        None => Cow::Owned(format!("{}?", &message[..value])),
    })
}
