//! The quoted tokens: strings and identifiers.

use crate::sql::Dialect;
use crate::sql::lexer::{Lexer, Token, is_word};

impl<'a> Lexer<'a> {
    /// Reads a string. An unterminated one reaches to the end of the text, so that all of it is masked.
    pub(super) fn string(&mut self, quote: u8, escapes: bool) -> Token<'a> {
        loop {
            self.one_string(quote, escapes);
            if self.dialect_continues_strings() && self.skip_to_continuation(quote) {
                continue;
            }
            return Token::Literal;
        }
    }

    fn one_string(&mut self, quote: u8, escapes: bool) {
        self.at += 1;
        while let Some(byte) = self.peek(0) {
            self.at += 1;
            if byte == b'\\' {
                // The settings of MySQL and PostgreSQL say whether this escapes the quote.
                self.is_ambiguous |= self.peek(0) == Some(quote) && !self.is(Dialect::Sqlite);
                self.at += usize::from(escapes);
            } else if byte == quote {
                if self.peek(0) != Some(quote) {
                    return;
                }
                self.at += 1;
            }
        }
        self.at = self.bytes.len();
        self.is_unterminated = true;
    }

    fn dialect_continues_strings(&self) -> bool {
        self.is(Dialect::Postgres) && !self.is_unterminated
    }

    /// In PostgreSQL a string goes on in the next string if only white space with a line break, or line comments, are between them. It
    /// keeps the rules for escapes (manual, section 4.1.2).
    fn skip_to_continuation(&mut self, quote: u8) -> bool {
        let (start, had_comment) = (self.at, self.has_comment);
        let mut has_line_break = false;
        loop {
            match (self.peek(0), self.peek(1)) {
                (Some(b'\n' | b'\r'), _) => {
                    has_line_break = true;
                    self.at += 1;
                }
                (Some(b' ' | b'\t' | 0x0b | 0x0c), _) => self.at += 1,
                (Some(b'-'), Some(b'-')) => self.skip_line(),
                (Some(byte), _) if byte == quote && has_line_break => return true,
                _ => {
                    (self.at, self.has_comment) = (start, had_comment);
                    return false;
                }
            }
        }
    }

    /// Reads a quoted identifier that begins at `start`, maybe with a prefix. An unterminated one counts as a string, so that all of it
    /// is masked.
    pub(super) fn quoted(&mut self, end: u8, start: usize) -> Token<'a> {
        let open = self.at;
        self.at += 1;
        while let Some(byte) = self.peek(0) {
            self.at += 1;
            if byte == end {
                if self.peek(0) != Some(end) || end == b']' {
                    return Token::Quoted(self.slice(start, self.at), self.slice(open + 1, self.at - 1));
                }
                self.at += 1;
            }
        }
        self.is_unterminated = true;
        Token::Literal
    }

    /// The length of a tag such as `$$` or `$body$`.
    pub(super) fn dollar_tag(&self) -> Option<usize> {
        let mut length = 1;
        loop {
            match self.peek(length)? {
                b'$' => return Some(length + 1),
                byte if is_word(byte) && !(length == 1 && byte.is_ascii_digit()) => length += 1,
                _ => return None,
            }
        }
    }

    pub(super) fn dollar_string(&mut self) -> Token<'a> {
        let length = self.dollar_tag().unwrap_or(1);
        let tag = self.slice(self.at, self.at + length);
        self.at += length;
        match self.text.get(self.at..).and_then(|rest| rest.find(tag)) {
            Some(end) => self.at += end + length,
            None => {
                self.at = self.bytes.len();
                self.is_unterminated = true;
            }
        }
        Token::Literal
    }
}
