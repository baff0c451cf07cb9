//! A position among the tokens of a statement.

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

    /// The identifier at this position, quoted or not.
    pub(super) fn name(&self) -> Option<&'a str> {
        match self.token()? {
            Token::Word(name) | Token::Quoted(_, name) => Some(name),
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

    pub(super) fn advance(&mut self) {
        self.at += 1;
    }

    pub(super) fn skip_symbols(&mut self, symbol: u8) {
        while self.is_symbol(symbol) {
            self.advance();
        }
    }

    pub(super) fn skip_words(&mut self, words: &[&str]) {
        while self.is_word(words) {
            self.advance();
        }
    }

    /// Moves to the next of these words, at any depth of parentheses.
    pub(super) fn move_to(&mut self, words: &[&str]) {
        while self.token().is_some() && !self.is_word(words) {
            self.advance();
        }
    }

    /// Moves past the next such word that is not inside parentheses.
    pub(super) fn move_past(&mut self, word: &str) {
        while let Some(token) = self.token() {
            match token {
                Token::Symbol(b'(') => drop(self.parenthesized()),
                // IS DISTINCT FROM, IS NOT DISTINCT FROM.
                Token::Word(found) if found.eq_ignore_ascii_case("distinct") && self.previous_is(&["is", "not"]) => {
                    self.at += 2;
                }
                Token::Word(found) if found.eq_ignore_ascii_case(word) => return self.advance(),
                _ => self.advance(),
            }
        }
    }

    /// Returns what is inside the parentheses that open here, and moves past them.
    pub(super) fn parenthesized(&mut self) -> Option<&'a [Lexeme<'a>]> {
        if !self.is_symbol(b'(') {
            return None;
        }
        let start = self.at + 1;
        let mut depth = 0u32;
        while let Some(token) = self.token() {
            self.advance();
            match token {
                Token::Symbol(b'(') => depth += 1,
                Token::Symbol(b')') => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth == 0 {
                return self.lexemes.get(start..self.at - 1);
            }
        }
        self.lexemes.get(start..)
    }

    fn previous_is(&self, words: &[&str]) -> bool {
        self.at.checked_sub(1).is_some_and(|at| Cursor { at, ..*self }.is_word(words))
    }
}
