//! A position among the tokens of a statement.

use std::borrow::Cow;

use crate::sql::keywords::is_one_of;
use crate::sql::lexer::{Lexeme, Token};

/// Moves over the tokens of one statement. Past the end there is no token, so no method fails.
#[derive(Clone, Copy)]
pub(super) struct Cursor<'a> {
    lexemes: &'a [Lexeme<'a>],
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(lexemes: &'a [Lexeme<'a>]) -> Self {
        Cursor { lexemes, at: 0 }
    }

    pub(super) fn token(&self) -> Option<Token<'a>> {
        self.lexemes.get(self.at).map(|lexeme| lexeme.token)
    }

    /// The keyword or unquoted identifier at this position.
    pub(super) fn word(&self) -> Option<&'a str> {
        match self.token()? {
            Token::Word(word) => Some(word),
            _ => None,
        }
    }

    /// The literal at this position, as it is written in the text.
    pub(super) fn literal(&self, text: &'a str) -> Option<&'a str> {
        let lexeme = self.lexemes.get(self.at).filter(|lexeme| lexeme.token == Token::Literal)?;
        text.get(lexeme.start..lexeme.end)
    }

    /// The identifier at this position, as it is written.
    pub(super) fn name(&self) -> Option<&'a str> {
        match self.token()? {
            Token::Word(name) | Token::Quoted(name, _) => Some(name),
            _ => None,
        }
    }

    /// The identifier at this position, without quotes.
    pub(super) fn unquoted_name(&self) -> Option<Cow<'a, str>> {
        match self.token()? {
            Token::Word(name) => Some(Cow::Borrowed(name)),
            Token::Quoted(text, name) => Some(match text.chars().last() {
                // A quote inside is written twice.
                Some(quote @ ('"' | '`')) if name.contains(quote) => {
                    Cow::Owned(name.replace(&format!("{quote}{quote}"), &quote.to_string()))
                }
                _ => Cow::Borrowed(name),
            }),
            _ => None,
        }
    }

    pub(super) fn is_symbol(&self, symbol: u8) -> bool {
        self.token() == Some(Token::Symbol(symbol))
    }

    pub(super) fn is_word(&self, words: &[&str]) -> bool {
        self.word().is_some_and(|word| is_one_of(word, words))
    }

    /// Whether the token after this one is one of the words.
    pub(super) fn next_is_word(&self, words: &[&str]) -> bool {
        Cursor { at: self.at + 1, ..*self }.is_word(words)
    }

    /// Whether the token after this one is the symbol.
    pub(super) fn next_is_symbol(&self, symbol: u8) -> bool {
        Cursor { at: self.at + 1, ..*self }.is_symbol(symbol)
    }

    pub(super) fn advance(&mut self) {
        self.at += 1;
    }

    pub(super) fn skip_words(&mut self, words: &[&str]) {
        while self.is_word(words) {
            self.advance();
        }
    }

    /// Moves past the next such word that is not inside parentheses.
    pub(super) fn move_past(&mut self, word: &str) {
        while let Some(token) = self.token() {
            match token {
                Token::Symbol(b'(') => self.skip_parentheses(),
                Token::Word(found) if found.eq_ignore_ascii_case(word) => return self.advance(),
                _ => self.advance(),
            }
        }
    }

    /// Moves past the parentheses that open here.
    pub(super) fn skip_parentheses(&mut self) {
        if !self.is_symbol(b'(') {
            return;
        }
        let mut depth = 0u32;
        while let Some(token) = self.token() {
            self.advance();
            match token {
                Token::Symbol(b'(') => depth += 1,
                Token::Symbol(b')') => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth == 0 {
                return;
            }
        }
    }

    pub(super) fn is_placeholder(&self) -> bool {
        matches!(self.token(), Some(Token::Placeholder(_)))
    }

    pub(super) fn is_first(&self) -> bool {
        self.at == 0
    }

    /// Moves past the last token.
    pub(super) fn move_to_end(&mut self) {
        self.at = self.lexemes.len();
    }

    /// Moves past a name that may be qualified.
    pub(super) fn skip_path(&mut self) {
        self.advance();
        while self.is_symbol(b'.') {
            self.advance();
            if self.name().is_none() {
                break;
            }
            self.advance();
        }
    }

    /// The name at this position with its qualifiers, as it is written.
    pub(super) fn path(mut self) -> String {
        let mut path = self.name().unwrap_or_default().to_owned();
        while let Some(next) = self.next_of_path() {
            path.extend([".", next.name().unwrap_or_default()]);
        }
        path
    }

    /// The name at this position with its qualifiers, without quotes.
    pub(super) fn unquoted_path(mut self, max_bytes: usize) -> Option<String> {
        let mut path = self.unquoted_name()?.into_owned();
        while let Some(next) = self.next_of_path() {
            path.extend([".", &*next.unquoted_name().unwrap_or_default()]);
        }
        path.truncate(path.floor_char_boundary(max_bytes));
        Some(path)
    }

    /// Moves to the next name of a path.
    fn next_of_path(&mut self) -> Option<Self> {
        let next = Cursor { at: self.at + 2, ..*self };
        (self.next_is_symbol(b'.') && next.name().is_some()).then(|| {
            *self = next;
            next
        })
    }

    pub(super) fn previous_is_symbol(&self, symbol: u8) -> bool {
        self.at.checked_sub(1).is_some_and(|at| Cursor { at, ..*self }.is_symbol(symbol))
    }

    pub(super) fn second_previous_is(&self, words: &[&str]) -> bool {
        self.at.checked_sub(2).is_some_and(|at| Cursor { at, ..*self }.is_word(words))
    }

    pub(super) fn previous_is(&self, words: &[&str]) -> bool {
        self.at.checked_sub(1).is_some_and(|at| Cursor { at, ..*self }.is_word(words))
    }
}
