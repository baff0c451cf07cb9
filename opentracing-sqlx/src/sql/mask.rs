//! The statement with a question mark in the place of every literal.

use std::borrow::Cow;

use crate::sql::Dialect;
use crate::sql::keywords::is_one_of;
use crate::sql::lexer::{Lexeme, Token};

/// White space and comments become one space each. No more than about that many bytes.
pub(crate) fn mask(lexemes: &[Lexeme<'_>], dialect: Dialect, max_bytes: usize) -> String {
    let mut masked = String::with_capacity(lexemes.len() * 4);
    let mut positions = Positions::default();
    for (at, lexeme) in lexemes.iter().enumerate() {
        if masked.len() >= max_bytes {
            break;
        }
        if lexeme.spaced && at > 0 {
            masked.push(' ');
        }
        let is_value = dialect == Dialect::Sqlite && positions.is_value(lexemes, at);
        match lexeme.token {
            Token::Quoted(text, _) if is_value && text.starts_with('"') => masked.push('?'),
            Token::Word(text) | Token::Quoted(text, _) | Token::Placeholder(text) => masked.push_str(text),
            Token::Literal => masked.push('?'),
            Token::Cast => masked.push_str("::"),
            Token::Symbol(byte) if byte.is_ascii() => masked.push(byte.into()),
            Token::Symbol(_) => {}
        }
    }
    masked
}

/// The message with a question mark in the place of everything from the first quote to the last: what is quoted may be a value, and
/// a value may have quotes in it.
pub(crate) fn quoted(message: &str) -> Cow<'_, str> {
    let is_quote = |c: char| matches!(c, '\'' | '"' | '`' | '“' | '”' | '«' | '»');
    match (message.find(is_quote), message.char_indices().rfind(|(_, c)| is_quote(*c))) {
        (Some(first), Some((last, quote))) if last > first => {
            Cow::Owned(format!("{}?{}", &message[..first], &message[last + quote.len_utf8()..]))
        }
        (Some(first), _) => Cow::Owned(format!("{}?", &message[..first])),
        _ => Cow::Borrowed(message),
    }
}

/// Where values stand. SQLite takes an identifier in double quotes for a string if there is no column of that name, so there such a
/// one is masked too.
#[derive(Default)]
struct Positions {
    /// Of each open parenthesis, whether a list of values is in it.
    lists: Vec<bool>,
    between: bool,
}

impl Positions {
    fn is_value(&mut self, lexemes: &[Lexeme<'_>], at: usize) -> bool {
        let token = |at: Option<usize>| at.and_then(|at| lexemes.get(at)).map(|lexeme| lexeme.token);
        let before = at.checked_sub(1);
        match lexemes[at].token {
            Token::Symbol(b'(') => self.lists.push(before.is_none_or(|before| begins_values(lexemes, before))),
            Token::Symbol(b')') => drop(self.lists.pop()),
            Token::Word(word) if word.eq_ignore_ascii_case("between") => self.between = true,
            _ => {}
        }
        if token(Some(at + 1)) == Some(Token::Symbol(b'.')) {
            return false;
        }
        match token(before) {
            Some(Token::Symbol(b'=' | b'<' | b'>' | b'!' | b'|' | b'+' | b'-' | b'/' | b'%' | b'~' | b'&')) => true,
            Some(Token::Symbol(b'(' | b',')) => self.lists.last().copied().unwrap_or(false),
            Some(Token::Word(word)) if word.eq_ignore_ascii_case("and") => std::mem::take(&mut self.between),
            Some(Token::Word(word)) => is_one_of(word, VALUE_FOLLOWS),
            _ => false,
        }
    }
}

/// Whether what is in the parenthesis behind this token are values, not columns.
fn begins_values(lexemes: &[Lexeme<'_>], before: usize) -> bool {
    let mut at = before;
    match lexemes[at].token {
        Token::Word(word) if is_one_of(word, COLUMNS_FOLLOW) => return false,
        Token::Word(_) | Token::Quoted(..) => {}
        _ => return true,
    }
    // Back over a path, to what says that a table is named.
    while at >= 2 && lexemes[at - 1].token == Token::Symbol(b'.') {
        at -= 2;
    }
    !matches!(at.checked_sub(1).map(|at| lexemes[at].token), Some(Token::Word(word)) if is_one_of(word, TABLE_FOLLOWS))
}

const VALUE_FOLLOWS: &[&str] = &[
    "like", "glob", "match", "regexp", "between", "is", "not", "then", "else", "when", "escape", "limit", "offset",
    "values", "default", "in",
];
const COLUMNS_FOLLOW: &[&str] =
    &["key", "unique", "conflict", "using", "by", "over", "as", "from", "join", "select", "exists", "partition"];
const TABLE_FOLLOWS: &[&str] = &["into", "table", "exists", "references", "on", "update", "with", "recursive"];
