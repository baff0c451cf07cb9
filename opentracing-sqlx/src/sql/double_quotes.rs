//! Double-quoted text of SQLite: an identifier, or a string if there is no such column.

use crate::sql::keywords::is_one_of;
use crate::sql::lexer::{Lexeme, Token};

/// Turns double-quoted text into literals wherever SQLite might take it for a string. It stays behind the words and in the lists that
/// only a name can follow.
pub(super) fn hide(statement: &mut [Lexeme<'_>]) {
    let mut reader = Reader { statement, levels: vec![Level::default()], has_select: false };
    let mut values = Vec::new();
    for at in 0..reader.statement.len() {
        match reader.statement[at].token {
            Token::Symbol(b'(') => {
                reader.levels.push(Level { is_columns: reader.opens_columns(at), clause: Clause::Other });
            }
            Token::Symbol(b')') => drop(reader.levels.pop()),
            Token::Word(word) => reader.word(word, at),
            Token::Quoted(text, _) if text.starts_with('"') && !reader.is_name(at) => values.push(at),
            _ => {}
        }
    }
    for at in values {
        statement[at].token = Token::Literal;
    }
}

struct Reader<'s, 'a> {
    statement: &'s [Lexeme<'a>],
    /// The open parentheses, after the statement itself.
    levels: Vec<Level>,
    has_select: bool,
}

#[derive(Clone, Copy, Default)]
struct Level {
    /// Whether it lists columns.
    is_columns: bool,
    clause: Clause,
}

#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum Clause {
    Tables,
    Assignments,
    #[default]
    Other,
}

impl<'a> Reader<'_, 'a> {
    fn token(&self, at: Option<usize>) -> Option<Token<'a>> {
        self.statement.get(at?).map(|lexeme| lexeme.token)
    }

    fn is_word(&self, at: Option<usize>, words: &[&str]) -> bool {
        matches!(self.token(at), Some(Token::Word(word)) if is_one_of(word, words))
    }

    fn is_symbol(&self, at: usize, symbol: u8) -> bool {
        self.token(Some(at)) == Some(Token::Symbol(symbol))
    }

    fn starts_with(&self, words: &[&str]) -> bool {
        self.is_word(Some(0), words)
    }

    fn word(&mut self, word: &str, at: usize) {
        self.has_select |= is_one_of(word, &["select"]);
        let is_comparison = self.is_word(at.checked_sub(1), &["distinct"]);
        let clause = match word {
            _ if is_one_of(word, &["from", "join"]) && !is_comparison => Clause::Tables,
            _ if is_one_of(word, &["set"]) => Clause::Assignments,
            _ if is_one_of(word, AFTER_CLAUSE) => Clause::Other,
            _ => return,
        };
        if let Some(level) = self.levels.last_mut() {
            level.clause = clause;
        }
    }

    fn is_name(&self, at: usize) -> bool {
        let before = at.checked_sub(1);
        let is_qualified = |at: Option<usize>| self.token(at) == Some(Token::Symbol(b'.'));
        if is_qualified(before) || is_qualified(Some(at + 1)) {
            return true;
        }
        let level = self.levels.last().copied().unwrap_or_default();
        match self.token(before) {
            Some(Token::Word(word)) => self.is_name_after(word, at),
            Some(Token::Symbol(b',')) => {
                level.is_columns
                    || level.clause == Clause::Tables
                    || level.clause == Clause::Assignments && self.is_symbol(at + 1, b'=')
                    // The next common table expression.
                    || self.starts_with(&["with"]) && self.is_word(Some(at + 1), &["as"]) && self.is_symbol(at + 2, b'(')
            }
            Some(Token::Symbol(b'(')) => {
                let is_comparison = self.is_word(at.checked_sub(3), &["distinct"]);
                level.is_columns || self.is_word(at.checked_sub(2), &["from", "join"]) && !is_comparison
            }
            _ => false,
        }
    }

    fn is_name_after(&self, word: &str, at: usize) -> bool {
        let second = at.checked_sub(2);
        let is_definition = self.starts_with(&["create", "alter", "drop"]);
        match word {
            _ if is_one_of(word, BEFORE_NAME) => true,
            _ if is_one_of(word, &["from"]) => !self.is_word(second, &["distinct"]),
            _ if is_one_of(word, &["into"]) => !self.starts_with(&["vacuum"]),
            _ if is_one_of(word, &["by"]) => self.is_word(second, &["indexed"]),
            _ if is_one_of(word, &["set"]) => self.is_symbol(at + 1, b'='),
            _ if is_one_of(word, &["to"]) => self.starts_with(&["alter", "rollback"]),
            _ if is_one_of(word, &["on", "of"]) => is_definition && !self.has_select,
            _ if is_one_of(word, BEFORE_NAME_IN_DEFINITION) => is_definition,
            // UPDATE OR IGNORE.
            _ if is_one_of(word, &["ignore", "replace", "abort", "fail", "rollback"]) => {
                self.is_word(second, &["or"]) && self.is_word(at.checked_sub(3), &["update"])
            }
            _ => false,
        }
    }

    /// Whether the parenthesis at this position opens a list of columns.
    fn opens_columns(&self, at: usize) -> bool {
        let Some(before) = at.checked_sub(1) else { return false };
        let is_definition = self.starts_with(&["create", "alter"]);
        if self.is_word(Some(before), &["conflict", "using"]) {
            return true;
        }
        if self.is_word(Some(before), &["key", "unique"]) {
            return is_definition;
        }
        // Step back over a qualified name, to the word that introduces a table.
        let mut name = before;
        while name >= 2 && self.is_symbol(name - 1, b'.') {
            name -= 2;
        }
        let introduction = name.checked_sub(1);
        self.is_word(introduction, &["into", "references", "with", "recursive"])
            || is_definition && self.is_word(introduction, &["table", "view", "exists"])
    }
}

const BEFORE_NAME: &[&str] =
    &["join", "update", "as", "references", "collate", "savepoint", "release", "with", "recursive"];
const BEFORE_NAME_IN_DEFINITION: &[&str] =
    &["table", "index", "view", "trigger", "column", "constraint", "rename", "add", "drop", "exists", "using"];
/// Words that end a list of tables or assignments.
const AFTER_CLAUSE: &[&str] = &[
    "where",
    "group",
    "order",
    "having",
    "limit",
    "window",
    "returning",
    "union",
    "intersect",
    "except",
    "values",
    "select",
];
