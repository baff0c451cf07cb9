//! Name, operation and table of a text that holds one or more statements.

use crate::sql::Dialect;
use crate::sql::keywords::is_one_of;
use crate::sql::lexer::{Lexeme, Token, lex};
use crate::sql::mask::mask;
use crate::sql::subject::{Subject, subject};

/// What is known of a text from reading it.
#[derive(Debug)]
pub(crate) struct Summary {
    /// `SELECT users`; empty if nothing is known. Several statements are separated by semicolons.
    pub(crate) name: Box<str>,
    /// The operation of the first statement.
    pub(crate) operation: Option<&'static str>,
    /// The table of the first statement.
    pub(crate) table: Option<Box<str>>,
    /// For each statement, whether it changes rows.
    changes: Box<[bool]>,
    pub(crate) masked: Box<str>,
    /// Where a comment can be inserted: after the last token. `None` if the text already has a comment, or is too long.
    pub(crate) comment_at: Option<usize>,
}

impl Summary {
    /// Reads a text. Only the first 16 KiB of a longer one.
    pub(crate) fn of(sql: &str, dialect: Dialect) -> Summary {
        let read = &sql[..sql.floor_char_boundary(MAX_READ_BYTES)];
        let lexed = lex(read, dialect);
        let is_semicolon = |lexeme: &Lexeme<'_>| lexeme.token == Token::Symbol(b';');
        let (mut first, mut name, mut last, mut named) = (None, String::new(), String::new(), 0);
        let mut changes = Vec::with_capacity(1);
        for statement in lexed.lexemes.split(is_semicolon).filter(|statement| !statement.is_empty()) {
            let subject = subject(statement);
            let next = subject.name();
            changes.push(changes_rows(subject.operation, dialect));
            let has_body = has_body(subject.operation, statement);
            let is_first = first.is_none();
            first.get_or_insert(subject);
            // Equal names in a row are written once, so a batch of inserts has one name.
            if is_first || !next.is_empty() && next != last {
                named += 1;
                match named {
                    1 => name.clone_from(&next),
                    2..=MAX_NAMES => name.extend(["; ", next.as_str()]),
                    TOO_MANY_NAMES => name.push_str("; …"),
                    _ => {}
                }
                last = next;
            }
            if has_body {
                break;
            }
        }
        let Subject { operation, table } = first.unwrap_or_default();
        Summary {
            name: name.into(),
            operation,
            table: table.map(Into::into),
            changes: changes.into(),
            masked: mask(&lexed.lexemes, dialect, MAX_MASKED_BYTES).into(),
            comment_at: Some(lexed.end).filter(|end| *end > 0 && !lexed.has_comment && read.len() == sql.len()),
        }
    }

    /// The number of statements.
    pub(crate) fn statements(&self) -> usize {
        self.changes.len()
    }

    /// Whether the statement with this index changes rows. Statements beyond what was read count as the last one that was read.
    pub(crate) fn changes_rows(&self, statement: usize) -> bool {
        self.changes.get(statement).or(self.changes.last()).copied().unwrap_or(false)
    }

    /// Whether the first statement returns rows.
    pub(crate) fn is_query(&self) -> bool {
        matches!(self.operation, Some("SELECT" | "VALUES" | "SHOW" | "EXPLAIN" | "PRAGMA" | "TABLE" | "DESCRIBE"))
    }
}

/// Whether the reported number of affected rows is meaningful. PostgreSQL also counts the rows of a SELECT, and SQLite repeats the number
/// of the last change.
fn changes_rows(operation: Option<&str>, dialect: Dialect) -> bool {
    match operation {
        Some(operation) => {
            is_one_of(operation, &["insert", "update", "delete", "replace", "merge", "call", "load", "execute"])
        }
        None => dialect != Dialect::Sqlite,
    }
}

/// Whether the semicolons that follow belong to the body of this statement.
fn has_body(operation: Option<&str>, statement: &[Lexeme<'_>]) -> bool {
    matches!(operation, Some("CREATE TRIGGER" | "CREATE PROCEDURE" | "CREATE FUNCTION"))
        && statement
            .iter()
            .any(|lexeme| matches!(lexeme.token, Token::Word(word) if word.eq_ignore_ascii_case("begin")))
}

/// Bounds the time to read a text to some tens of microseconds.
const MAX_READ_BYTES: usize = 16 * 1024;
/// The limit of a tag value.
const MAX_MASKED_BYTES: usize = 4096;
/// How many statements appear in a name.
const MAX_NAMES: u32 = 3;
const TOO_MANY_NAMES: u32 = MAX_NAMES + 1;
