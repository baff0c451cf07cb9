//! The text of a statement without its literals.

use crate::sql::lexer::{Lexeme, Token};
use crate::sql::lists;

/// The statement with `?` for each literal. White space and comments become one space. Stops after about `max_bytes`; then the second
/// result is `true`. With `fold_in_lists`, a list of values after `IN` becomes one `?`.
pub(super) fn mask(lexemes: &[Lexeme<'_>], fold_in_lists: bool, max_bytes: usize) -> (String, bool) {
    let mut masked = String::with_capacity(lexemes.len() * 4);
    let mut has_folded_numbers = false;
    let mut at = 0;
    while let Some(lexeme) = lexemes.get(at) {
        if masked.len() >= max_bytes {
            return (masked, true);
        }
        if lexeme.spaced && at > 0 {
            masked.push(' ');
        }
        if fold_in_lists && let Some(list) = lists::after_in(lexemes, at) {
            has_folded_numbers |= list.has_numbers;
            masked.push_str("(?)");
            at = list.end;
            continue;
        }
        match lexeme.token {
            // The numbers that follow depend on the length of the list.
            Token::Placeholder(text) if has_folded_numbers && text.len() > 1 => masked.push('?'),
            Token::Word(text) | Token::Quoted(text, _) | Token::Placeholder(text) => masked.push_str(text),
            Token::Literal => masked.push('?'),
            Token::Cast => masked.push_str("::"),
            Token::Symbol(byte) if byte.is_ascii() => masked.push(byte.into()),
            Token::Symbol(_) => {}
        }
        at += 1;
    }
    (masked, false)
}
