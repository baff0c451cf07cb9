//! The keywords that identify a statement.

/// Whether the word is in the list. Ignores case.
pub(crate) fn is_one_of(word: &str, list: &[&str]) -> bool {
    list.iter().any(|candidate| word.eq_ignore_ascii_case(candidate))
}

/// The operation of a statement that starts with this word, in capitals; `None` if no statement does.
pub(crate) fn operation(word: &str) -> Option<&'static str> {
    OPERATIONS.iter().copied().find(|operation| word.eq_ignore_ascii_case(operation))
}

/// The operation on a kind of object: `CREATE TABLE`.
pub(crate) fn definition(verb: &str, object: &str) -> Option<&'static str> {
    let is_match = |definition: &&&str| {
        definition.split_once(' ').is_some_and(|(v, o)| v.eq_ignore_ascii_case(verb) && o.eq_ignore_ascii_case(object))
    };
    DEFINITIONS.iter().find(is_match).copied()
}

/// Most frequent first, since the list is searched in order.
const OPERATIONS: &[&str] = &[
    "SELECT",
    "INSERT",
    "UPDATE",
    "DELETE",
    "WITH",
    "BEGIN",
    "COMMIT",
    "ROLLBACK",
    "SET",
    "SAVEPOINT",
    "RELEASE",
    "REPLACE",
    "MERGE",
    "VALUES",
    "CREATE",
    "ALTER",
    "DROP",
    "TRUNCATE",
    "CALL",
    "COPY",
    "EXPLAIN",
    "SHOW",
    "PRAGMA",
    "START",
    "END",
    "ABORT",
    "LOCK",
    "UNLOCK",
    "ANALYZE",
    "VACUUM",
    "REINDEX",
    "REFRESH",
    "LISTEN",
    "UNLISTEN",
    "NOTIFY",
    "DECLARE",
    "FETCH",
    "MOVE",
    "CLOSE",
    "PREPARE",
    "EXECUTE",
    "DEALLOCATE",
    "DISCARD",
    "RESET",
    "USE",
    "DO",
    "GRANT",
    "REVOKE",
    "COMMENT",
    "DESCRIBE",
    "TABLE",
    "ATTACH",
    "DETACH",
    "KILL",
    "LOAD",
    "OPTIMIZE",
    "HANDLER",
    "CHECKPOINT",
    "IMPORT",
    "RENAME",
];

const DEFINITIONS: &[&str] = &[
    "CREATE TABLE",
    "CREATE INDEX",
    "CREATE VIEW",
    "CREATE SCHEMA",
    "CREATE DATABASE",
    "CREATE SEQUENCE",
    "CREATE TYPE",
    "CREATE FUNCTION",
    "CREATE PROCEDURE",
    "CREATE TRIGGER",
    "CREATE EXTENSION",
    "CREATE ROLE",
    "CREATE USER",
    "CREATE DOMAIN",
    "CREATE POLICY",
    "ALTER TABLE",
    "ALTER INDEX",
    "ALTER VIEW",
    "ALTER SCHEMA",
    "ALTER DATABASE",
    "ALTER SEQUENCE",
    "ALTER TYPE",
    "ALTER FUNCTION",
    "ALTER PROCEDURE",
    "ALTER TRIGGER",
    "ALTER EXTENSION",
    "ALTER ROLE",
    "ALTER USER",
    "ALTER DOMAIN",
    "ALTER POLICY",
    "DROP TABLE",
    "DROP INDEX",
    "DROP VIEW",
    "DROP SCHEMA",
    "DROP DATABASE",
    "DROP SEQUENCE",
    "DROP TYPE",
    "DROP FUNCTION",
    "DROP PROCEDURE",
    "DROP TRIGGER",
    "DROP EXTENSION",
    "DROP ROLE",
    "DROP USER",
    "DROP DOMAIN",
    "DROP POLICY",
];
