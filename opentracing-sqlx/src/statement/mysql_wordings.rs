//! How MySQL and MariaDB word their errors.

/// What shows of a message in the server's words.
#[derive(Clone, Copy)]
pub(super) enum Part {
    /// All of it, since it quotes only names.
    Whole,
    /// All but what it quotes from the values of the statement.
    Masked,
    /// All but the value before the name of a key.
    Key,
    /// All but the value before the name of a column.
    Column,
    /// What stands before the colon.
    Start,
}

/// What shows of the message. `None` if the server does not word this error so, or has another SQLSTATE for it.
pub(super) fn part(number: u16, state: Option<&str>, message: &str) -> Option<Part> {
    let mut wordings = WORDINGS.iter().filter(|wording| wording.0 == number);
    // Errors before the handshake ends have no SQLSTATE.
    let is_of = |expected: &str| expected.is_empty() || state.is_none_or(|state| state == expected);
    wordings.find(|(_, state, _, pattern)| is_of(state) && is_worded(message, pattern)).map(|(_, _, part, _)| *part)
}

/// Whether a message follows a pattern. A `%` in quotes stands for any text. Without quotes it stands for a number at the end, for words
/// in capitals at the start, and for one word or words in capitals between.
fn is_worded(message: &str, pattern: &str) -> bool {
    let Some((first, mut parts)) = pattern.split_once('%') else { return message == pattern };
    let Some(mut rest) = message.strip_prefix(first) else { return false };
    let mut before = first;
    loop {
        let (part, next) = match parts.split_once('%') {
            Some((part, next)) => (part, Some(next)),
            None => (parts, None),
        };
        let end = if next.is_some() { rest.find(part) } else { rest.strip_suffix(part).map(str::len) };
        let Some(end) = end else { return false };
        let text = &rest[..end];
        let fits = if before.ends_with(['\'', '`']) {
            true
        } else if part.is_empty() {
            !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
        } else {
            are_capitals(text) || !before.is_empty() && !text.contains(char::is_whitespace)
        };
        if !fits {
            return false;
        }
        let Some(next) = next else { return true };
        (rest, before, parts) = (&rest[end + part.len()..], part, next);
    }
}

fn are_capitals(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_uppercase() || matches!(byte, b' ' | b',' | b'_'))
}

/// Number, SQLSTATE or nothing if the servers differ, and wording. Only these messages show.
#[rustfmt::skip]
const WORDINGS: &[(u16, &str, Part, &str)] = &[
    (1020, "HY000", Part::Whole, "Record has changed since last read in table '%'"),
    (1040, "08004", Part::Whole, "Too many connections"),
    (1044, "42000", Part::Whole, "Access denied for user '%'@'%' to database '%'"),
    (1045, "28000", Part::Whole, "Access denied for user '%'@'%' (using password: %)"),
    (1046, "3D000", Part::Whole, "No database selected"),
    (1047, "08S01", Part::Whole, "Unknown command"),
    (1047, "08S01", Part::Whole, "WSREP has not yet prepared node for application use"),
    (1048, "23000", Part::Whole, "Column '%' cannot be null"),
    (1049, "42000", Part::Whole, "Unknown database '%'"),
    (1050, "42S01", Part::Whole, "Table '%' already exists"),
    (1051, "42S02", Part::Whole, "Unknown table '%'"),
    (1052, "23000", Part::Whole, "Column '%' in % is ambiguous"),
    (1052, "23000", Part::Whole, "Column '%' in % clause is ambiguous"),
    (1052, "23000", Part::Whole, "Column '%' in field list is ambiguous"),
    (1053, "08S01", Part::Whole, "Server shutdown in progress"),
    (1054, "42S22", Part::Masked, "Unknown column '%' in '%'"),
    (1055, "42000", Part::Masked, "'%' isn't in GROUP BY"),
    (1055, "42000", Part::Masked, "Expression #% of % list is not in GROUP BY clause and contains nonaggregated column '%' which is not functionally dependent on columns in GROUP BY clause; this is incompatible with sql_mode=only_full_group_by"),
    (1060, "42S21", Part::Whole, "Duplicate column name '%'"),
    (1061, "42000", Part::Whole, "Duplicate key name '%'"),
    (1062, "23000", Part::Key, "Duplicate entry '%' for key '%'"),
    (1064, "42000", Part::Masked, "You have an error in your SQL syntax; check the manual that corresponds to your % server version for the right syntax to use near '%' at line %"),
    (1065, "42000", Part::Whole, "Query was empty"),
    (1066, "42000", Part::Masked, "Not unique table/alias: '%'"),
    (1068, "42000", Part::Whole, "Multiple primary key defined"),
    (1071, "42000", Part::Whole, "Specified key was too long; max key length is % bytes"),
    (1072, "42000", Part::Masked, "Key column '%' doesn't exist in table"),
    (1091, "42000", Part::Whole, "Can't DROP % `%`; check that it exists"),
    (1091, "42000", Part::Whole, "Can't DROP '%'; check that column/key exists"),
    // A number of the statement without quotes.
    (1094, "HY000", Part::Start, "Unknown thread id: %"),
    (1109, "42S02", Part::Masked, "Unknown table '%' in SELECT"),
    (1109, "42S02", Part::Masked, "Unknown table '%' in field list"),
    (1111, "HY000", Part::Whole, "Invalid use of group function"),
    (1114, "HY000", Part::Whole, "The table '%' is full"),
    (1136, "21S01", Part::Whole, "Column count doesn't match value count at row %"),
    (1142, "42000", Part::Whole, "% command denied to user '%'@'%' for table `%`"),
    (1142, "42000", Part::Whole, "% command denied to user '%'@'%' for table '%'"),
    (1143, "42000", Part::Whole, "% command denied to user '%'@'%' for column '%' in table '%'"),
    (1146, "42S02", Part::Whole, "Table '%' doesn't exist"),
    (1153, "08S01", Part::Whole, "Got a packet bigger than 'max_allowed_packet' bytes"),
    (1193, "HY000", Part::Masked, "Unknown system variable '%'"),
    (1203, "42000", Part::Whole, "User % already has more than 'max_user_connections' active connections"),
    (1205, "HY000", Part::Whole, "Lock wait timeout exceeded; try restarting transaction"),
    (1213, "40001", Part::Whole, "Deadlock found when trying to get lock; try restarting transaction"),
    (1216, "23000", Part::Whole, "Cannot add or update a child row: a foreign key constraint fails"),
    (1217, "23000", Part::Whole, "Cannot delete or update a parent row: a foreign key constraint fails"),
    (1222, "21000", Part::Whole, "The used SELECT statements have a different number of columns"),
    (1226, "42000", Part::Whole, "User '%' has exceeded the '%' resource (current value: %)"),
    (1227, "42000", Part::Whole, "Access denied; you need (at least one of) the % privilege(s) for this operation"),
    (1231, "42000", Part::Masked, "Variable '%' can't be set to the value of '%'"),
    (1241, "21000", Part::Whole, "Operand should contain % column(s)"),
    (1242, "21000", Part::Whole, "Subquery returns more than 1 row"),
    (1243, "HY000", Part::Masked, "Unknown prepared statement handler (%) given to EXECUTE"),
    (1264, "22003", Part::Whole, "Out of range value for column '%' at row %"),
    (1265, "01000", Part::Whole, "Data truncated for column '%' at row %"),
    (1267, "HY000", Part::Masked, "Illegal mix of collations (%,%) and (%,%) for operation '%'"),
    (1290, "HY000", Part::Whole, "The % server is running with the % option so it cannot execute this statement"),
    (1292, "22007", Part::Column, "Incorrect % value: '%' for column % at row %"),
    (1292, "22007", Part::Masked, "Incorrect % value: '%'"),
    (1292, "22007", Part::Masked, "Truncated incorrect % value: '%'"),
    (1295, "HY000", Part::Whole, "This command is not supported in the prepared statement protocol yet"),
    (1304, "42000", Part::Whole, "PROCEDURE % already exists"),
    (1304, "42000", Part::Whole, "FUNCTION % already exists"),
    (1305, "42000", Part::Whole, "PROCEDURE % does not exist"),
    (1305, "42000", Part::Whole, "FUNCTION % does not exist"),
    (1305, "42000", Part::Whole, "SAVEPOINT % does not exist"),
    (1317, "70100", Part::Whole, "Query execution was interrupted"),
    (1364, "HY000", Part::Whole, "Field '%' doesn't have a default value"),
    (1365, "22012", Part::Whole, "Division by 0"),
    (1366, "", Part::Column, "Incorrect % value: '%' for column % at row %"),
    (1370, "42000", Part::Whole, "% command denied to user '%'@'%' for routine '%'"),
    (1406, "22001", Part::Whole, "Data too long for column '%' at row %"),
    (1412, "HY000", Part::Whole, "Table definition has changed, please retry transaction"),
    (1451, "23000", Part::Whole, "Cannot delete or update a parent row: a foreign key constraint fails (`%)"),
    (1452, "23000", Part::Whole, "Cannot add or update a child row: a foreign key constraint fails (`%)"),
    (1461, "42000", Part::Whole, "Can't create more than max_prepared_stmt_count statements (current value: %)"),
    (1582, "42000", Part::Masked, "Incorrect parameter count in the call to native function '%'"),
    (1586, "23000", Part::Key, "Duplicate entry '%' for key '%'"),
    (1615, "HY000", Part::Whole, "Prepared statement needs to be re-prepared"),
    (1690, "22003", Part::Masked, "% value is out of range in '%'"),
    (1698, "28000", Part::Whole, "Access denied for user '%'@'%'"),
    (1792, "25006", Part::Whole, "Cannot execute statement in a READ ONLY transaction"),
    (1792, "25006", Part::Whole, "Cannot execute statement in a READ ONLY transaction."),
    (1836, "HY000", Part::Whole, "Running in read-only mode"),
    (1927, "70100", Part::Whole, "Connection was killed"),
    (1969, "70100", Part::Whole, "Query execution was interrupted (max_statement_time exceeded)"),
    (3024, "HY000", Part::Whole, "Query execution was interrupted, maximum statement execution time exceeded"),
    (3572, "HY000", Part::Whole, "Statement aborted because lock(s) could not be acquired immediately and NOWAIT is set."),
    (3819, "HY000", Part::Whole, "Check constraint '%' is violated."),
    (4025, "23000", Part::Whole, "CONSTRAINT `%` failed for `%`.`%`"),
];
