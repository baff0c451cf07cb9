//! Replaces literals by question marks, in statements and in messages.

use std::borrow::Cow;

use crate::sql::Dialect;
use crate::sql::double_quotes::ValuePositions;
use crate::sql::lexer::{Lexeme, Token};

/// The statement with `?` for each literal. White space and comments become one space. Stops after about `max_bytes`.
pub(super) fn mask(lexemes: &[Lexeme<'_>], dialect: Dialect, max_bytes: usize) -> String {
    let mut masked = String::with_capacity(lexemes.len() * 4);
    let mut positions = ValuePositions::default();
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

/// The message with one `?` for everything from the first quote to the last. Quoted text may be a value, and a value may contain quotes.
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
