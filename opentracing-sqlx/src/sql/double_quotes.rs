//! Double-quoted text of SQLite: an identifier, or a string if there is no such column.

use crate::sql::keywords::is_one_of;
use crate::sql::lexer::{Lexeme, Token};

/// Finds the positions where a value is expected. Double-quoted text there is masked. Call [`is_value`](Self::is_value) for each token
/// in turn.
#[derive(Default)]
pub(super) struct ValuePositions {
    /// For each open parenthesis, whether it holds a list of values.
    lists: Vec<bool>,
    is_after_between: bool,
}

impl ValuePositions {
    pub(super) fn is_value(&mut self, lexemes: &[Lexeme<'_>], at: usize) -> bool {
        let token = |at: Option<usize>| at.and_then(|at| lexemes.get(at)).map(|lexeme| lexeme.token);
        let before = at.checked_sub(1);
        match lexemes[at].token {
            Token::Symbol(b'(') => self.lists.push(before.is_none_or(|before| opens_values(lexemes, before))),
            Token::Symbol(b')') => drop(self.lists.pop()),
            Token::Word(word) if word.eq_ignore_ascii_case("between") => self.is_after_between = true,
            _ => {}
        }
        if token(Some(at + 1)) == Some(Token::Symbol(b'.')) {
            return false;
        }
        match token(before) {
            Some(Token::Symbol(b'=' | b'<' | b'>' | b'!' | b'|' | b'+' | b'-' | b'/' | b'%' | b'~' | b'&')) => true,
            Some(Token::Symbol(b'(' | b',')) => self.lists.last().copied().unwrap_or(false),
            Some(Token::Word(word)) if word.eq_ignore_ascii_case("and") => std::mem::take(&mut self.is_after_between),
            Some(Token::Word(word)) => is_one_of(word, BEFORE_VALUE),
            _ => false,
        }
    }
}

/// Whether a parenthesis after this token holds values, not columns.
fn opens_values(lexemes: &[Lexeme<'_>], before: usize) -> bool {
    let mut at = before;
    match lexemes[at].token {
        Token::Word(word) if is_one_of(word, BEFORE_COLUMNS) => return false,
        Token::Word(_) | Token::Quoted(..) => {}
        _ => return true,
    }
    // Step back over a qualified name, to the word that introduces a table.
    while at >= 2 && lexemes[at - 1].token == Token::Symbol(b'.') {
        at -= 2;
    }
    !matches!(at.checked_sub(1).map(|at| lexemes[at].token), Some(Token::Word(word)) if is_one_of(word, BEFORE_TABLE))
}

const BEFORE_VALUE: &[&str] = &[
    "like", "glob", "match", "regexp", "between", "is", "not", "then", "else", "when", "escape", "limit", "offset",
    "values", "default", "in",
];
const BEFORE_COLUMNS: &[&str] =
    &["key", "unique", "conflict", "using", "by", "over", "as", "from", "join", "select", "exists", "partition"];
const BEFORE_TABLE: &[&str] = &["into", "table", "exists", "references", "on", "update", "with", "recursive"];
