//! Errors of PostgreSQL.

use std::borrow::Cow;

use sqlx::postgres::PgDatabaseError;

use crate::sql::mask_quoted;

/// PostgreSQL, "Error Codes".
pub(super) fn kind(error: &PgDatabaseError) -> &'static str {
    match error.code() {
        // The code is the same, and so is the routine. With messages in another language, both are called cancelled.
        "57014" if error.message().contains("statement timeout") => "statement_timeout",
        "57014" => "cancelled",
        "57P01" | "57P02" | "57P03" => "shutdown",
        "40P01" => "deadlock",
        "40001" => "serialization_failure",
        "55P03" => "lock_timeout",
        "25P02" | "25P03" | "25P04" => "transaction",
        _ => "database",
    }
}

/// Code in a procedural language can choose the code and all fields of an error, but not the routine of the server that reports it.
pub(super) fn is_raised(error: &PgDatabaseError) -> bool {
    error.code().starts_with("P0") || error.routine().is_some_and(|routine| RAISING_ROUTINES.contains(&routine))
}

/// Most messages quote only names of tables, columns and constraints.
pub(super) fn message<'e>(error: &'e PgDatabaseError, shown: &str) -> Option<Cow<'e, str>> {
    let (code, message) = (error.code(), error.message());
    if error.routine().is_some_and(|routine| FORWARDING_ROUTINES.contains(&routine)) {
        return None;
    }
    let has_only_names = ["08", "23", "25", "40", "53", "57"].iter().any(|class| code.starts_with(class))
        || matches!(code, "42501" | "3D000" | "28P01");
    Some(match code {
        _ if has_only_names => Cow::Borrowed(message),
        // Shows bytes of a text: 0xff 0x00.
        "22021" => Cow::Borrowed(message.split(':').next().unwrap_or_default()),
        _ => mask_quoted(message, shown),
    })
}

/// The routines that report the errors of PL/pgSQL, PL/Python, PL/Perl and PL/Tcl.
const RAISING_ROUTINES: &[&str] = &[
    "exec_stmt_raise",
    "exec_stmt_assert",
    "PLy_output",
    "PLy_elog_impl",
    "do_util_elog",
    "plperl_call_perl_func",
    "pltcl_elog",
    "throw_tcl_error",
];
/// The routines that report the errors of another server, whose code may have raised them.
const FORWARDING_ROUTINES: &[&str] = &["pgfdw_report_error", "dblink_res_error", "libpqrcv_exec"];
