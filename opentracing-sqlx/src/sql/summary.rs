//! Operation, table and name of a statement, or of several.

use crate::sql::Dialect;
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
    /// How many statements there are.
    pub(crate) statements: u32,
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
        let mut subjects = lexed.lexemes.split(is_semicolon).filter(|statement| !statement.is_empty()).map(subject);
        let first = subjects.next();
        let mut name = first.as_ref().map(Subject::name).unwrap_or_default();
        let (mut last, mut statements, mut named) = (name.clone(), u32::from(first.is_some()), 1);
        for next in subjects {
            statements += 1;
            let next = next.name();
            // A batch of inserts has one name, however many they are.
            if next.is_empty() || next == last {
                continue;
            }
            named += 1;
            if named <= MOST_NAMED {
                name.push_str("; ");
                name.push_str(&next);
            } else if named == MOST_NAMED + 1 {
                name.push_str("; …");
            }
            last = next;
        }
        let Subject { operation, table } = first.unwrap_or_default();
        Summary {
            name: name.into(),
            operation,
            table: table.map(Into::into),
            statements,
            masked: mask(&lexed.lexemes, dialect, MOST_MASKED).into(),
            comment_at: Some(lexed.end).filter(|end| *end > 0 && !lexed.has_comment && read.len() == sql.len()),
        }
    }

    /// Whether the statement asks for rows, so that their number is worth telling when it is zero, and none is changed.
    pub(crate) fn is_reading(&self) -> bool {
        matches!(self.operation, Some("SELECT" | "VALUES" | "SHOW" | "EXPLAIN" | "PRAGMA" | "TABLE" | "DESCRIBE"))
    }
}

/// In bytes, so that no statement takes more than some tens of microseconds.
const MOST_READ: usize = 16 * 1024;
/// In bytes: what the value of a tag may have.
const MOST_MASKED: usize = 4096;
/// Of several statements.
const MOST_NAMED: usize = 3;
