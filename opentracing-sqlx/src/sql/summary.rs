//! Operation, table and name of a statement, or of several.

use crate::sql::Dialect;
use crate::sql::keywords::is_one_of;
use crate::sql::lexer::{Lexeme, Token, lex};
use crate::sql::mask::mask;
use crate::sql::tables::{Subject, subject};

/// What a statement says of itself.
#[derive(Debug)]
pub(crate) struct Summary {
    /// `SELECT users`; empty if nothing is known. Several statements are parted by semicolons.
    pub(crate) name: Box<str>,
    /// Of the first statement.
    pub(crate) operation: Option<&'static str>,
    /// Of the first statement.
    pub(crate) table: Option<Box<str>>,
    /// Of each statement, whether it changes rows.
    changes: Box<[bool]>,
    pub(crate) masked: Box<str>,
    /// Where a comment may be put in: behind the last token. `None` if there is a comment already.
    pub(crate) comment_at: Option<usize>,
}

impl Summary {
    /// Reads a statement. Of a very long one only the beginning.
    pub(crate) fn of(sql: &str, dialect: Dialect) -> Summary {
        let read = &sql[..sql.floor_char_boundary(MOST_READ)];
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
            // A batch of inserts has one name, however many they are.
            if is_first || !next.is_empty() && next != last {
                named += 1;
                match named {
                    1 => name.clone_from(&next),
                    2..=MOST_NAMED => name.extend(["; ", next.as_str()]),
                    TOO_MANY_NAMED => name.push_str("; …"),
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
            masked: mask(&lexed.lexemes, dialect, MOST_MASKED).into(),
            comment_at: Some(lexed.end).filter(|end| *end > 0 && !lexed.has_comment && read.len() == sql.len()),
        }
    }

    /// How many statements there are.
    pub(crate) fn statements(&self) -> usize {
        self.changes.len()
    }

    /// Whether the statement of that number changes rows. Those that were not read are taken to be like the last one that was.
    pub(crate) fn changes_rows(&self, statement: usize) -> bool {
        self.changes.get(statement).or(self.changes.last()).copied().unwrap_or(false)
    }

    /// Whether the first statement asks for rows.
    pub(crate) fn is_reading(&self) -> bool {
        matches!(self.operation, Some("SELECT" | "VALUES" | "SHOW" | "EXPLAIN" | "PRAGMA" | "TABLE" | "DESCRIBE"))
    }
}

/// PostgreSQL counts the rows of a SELECT as well. SQLite says of what changes nothing what it has said of the last change.
fn changes_rows(operation: Option<&str>, dialect: Dialect) -> bool {
    match operation {
        Some(operation) => {
            is_one_of(operation, &["insert", "update", "delete", "replace", "merge", "call", "load", "execute"])
        }
        None => dialect != Dialect::Sqlite,
    }
}

/// Whether the semicolons behind are those of statements within this one.
fn has_body(operation: Option<&str>, statement: &[Lexeme<'_>]) -> bool {
    matches!(operation, Some("CREATE TRIGGER" | "CREATE PROCEDURE" | "CREATE FUNCTION"))
        && statement
            .iter()
            .any(|lexeme| matches!(lexeme.token, Token::Word(word) if word.eq_ignore_ascii_case("begin")))
}

/// In bytes, so that no statement takes more than some tens of microseconds.
const MOST_READ: usize = 16 * 1024;
/// In bytes: what the value of a tag may have.
const MOST_MASKED: usize = 4096;
/// Of several statements.
const MOST_NAMED: u32 = 3;
const TOO_MANY_NAMED: u32 = MOST_NAMED + 1;
