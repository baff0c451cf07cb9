//! Lists of values after `IN`.

use crate::sql::keywords::is_one_of;
use crate::sql::lexer::{Lexeme, Token};

/// A list of values in parentheses.
pub(super) struct List {
    /// The position after the closing parenthesis.
    pub(super) end: usize,
    /// Whether it holds placeholders with numbers.
    pub(super) has_numbers: bool,
}

/// The list that opens at this position, if `IN` precedes it and it holds nothing but literals and placeholders, or rows of them.
pub(super) fn after_in(lexemes: &[Lexeme<'_>], open: usize) -> Option<List> {
    if lexemes[open].token != Token::Symbol(b'(') {
        return None;
    }
    let Token::Word(word) = lexemes[open.checked_sub(1)?].token else { return None };
    if !is_one_of(word, &["in"]) {
        return None;
    }
    let (mut depth, mut has_numbers, mut has_values) = (0u32, false, false);
    let mut previous = None;
    for (offset, lexeme) in lexemes[open..].iter().enumerate() {
        match lexeme.token {
            Token::Symbol(b'(') => depth += 1,
            Token::Symbol(b')') => depth -= 1,
            Token::Symbol(b',' | b'+' | b'-') | Token::Cast => {}
            Token::Literal => has_values = true,
            Token::Placeholder(text) => {
                has_values = true;
                has_numbers |= text.ends_with(|last: char| last.is_ascii_digit());
            }
            // A type, or a constant.
            Token::Word(_) if previous == Some(Token::Cast) => {}
            Token::Word(word) if is_one_of(word, &["null", "true", "false"]) => has_values = true,
            _ => return None,
        }
        if depth == 0 {
            return has_values.then_some(List { end: open + offset + 1, has_numbers });
        }
        previous = Some(lexeme.token);
    }
    None
}
