//! Splits a statement into words, literals and symbols, without a grammar. It accepts any input; what it does not recognize becomes a
//! symbol.

use crate::sql::Dialect;

/// A token of a statement. Comments are not tokens.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Token<'a> {
    /// A keyword, an unquoted identifier, or a variable.
    Word(&'a str),
    /// A quoted identifier: first with its quotes, then without. Quotes inside stay doubled.
    Quoted(&'a str, &'a str),
    /// A string or number of any form.
    Literal,
    /// The placeholder of a bind value, with its number or name.
    Placeholder(&'a str),
    /// `::` of PostgreSQL.
    Cast,
    Symbol(u8),
}

/// A token and its spacing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lexeme<'a> {
    pub(crate) token: Token<'a>,
    /// Whether white space or a comment precedes it.
    pub(crate) spaced: bool,
}

pub(crate) struct Lexed<'a> {
    pub(crate) lexemes: Vec<Lexeme<'a>>,
    pub(crate) has_comment: bool,
    /// The byte position after the last token that is not a semicolon.
    pub(crate) end: usize,
}

pub(crate) fn lex(text: &str, dialect: Dialect) -> Lexed<'_> {
    let mut lexer = Lexer { text, bytes: text.as_bytes(), at: 0, dialect, has_comment: false };
    let (mut lexemes, mut end) = (Vec::with_capacity(text.len() / 4), 0);
    loop {
        let spaced = lexer.skip_space();
        let Some(token) = lexer.next() else { break };
        lexemes.push(Lexeme { token, spaced });
        if token != Token::Symbol(b';') {
            end = lexer.at;
        }
    }
    Lexed { lexemes, has_comment: lexer.has_comment, end }
}

struct Lexer<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    dialect: Dialect,
    has_comment: bool,
}

impl<'a> Lexer<'a> {
    fn peek(&self, ahead: usize) -> Option<u8> {
        self.bytes.get(self.at + ahead).copied()
    }

    /// Tokens start and end at ASCII characters, so always on a character boundary.
    fn slice(&self, start: usize, end: usize) -> &'a str {
        self.text.get(start..end).unwrap_or_default()
    }

    fn skip_while(&mut self, condition: impl Fn(u8) -> bool) {
        while self.peek(0).is_some_and(&condition) {
            self.at += 1;
        }
    }

    /// Skips white space and comments. Returns whether there were any.
    fn skip_space(&mut self) -> bool {
        let start = self.at;
        loop {
            match (self.peek(0), self.peek(1)) {
                (Some(b'-'), Some(b'-')) if self.dashes_start_comment() => self.skip_line(),
                (Some(b'#'), _) if self.dialect == Dialect::MySql => self.skip_line(),
                (Some(b'/'), Some(b'*')) => self.skip_block(),
                (Some(byte), _) if byte.is_ascii_whitespace() || byte == 0x0b => self.at += 1,
                _ => return self.at > start,
            }
        }
    }

    /// In MySQL a comment needs white space after the dashes: `5--3` is a subtraction.
    fn dashes_start_comment(&self) -> bool {
        self.dialect != Dialect::MySql
            || self.peek(2).is_none_or(|byte| byte.is_ascii_whitespace() || byte.is_ascii_control())
    }

    fn skip_line(&mut self) {
        self.has_comment = true;
        self.skip_while(|byte| byte != b'\n');
    }

    /// Comments nest in PostgreSQL.
    fn skip_block(&mut self) {
        self.has_comment = true;
        self.at += 2;
        let mut depth = 1;
        while depth > 0 && self.at < self.bytes.len() {
            match (self.peek(0), self.peek(1)) {
                (Some(b'*'), Some(b'/')) => (depth, self.at) = (depth - 1, self.at + 2),
                (Some(b'/'), Some(b'*')) if self.dialect == Dialect::Postgres => {
                    (depth, self.at) = (depth + 1, self.at + 2);
                }
                _ => self.at += 1,
            }
        }
    }

    fn next(&mut self) -> Option<Token<'a>> {
        let byte = self.peek(0)?;
        Some(match byte {
            b'\'' => self.string(b'\'', self.dialect == Dialect::MySql),
            b'"' if self.dialect == Dialect::MySql => self.string(b'"', true),
            b'"' | b'`' => self.quoted(byte),
            b'[' if self.dialect == Dialect::Sqlite => self.quoted(b']'),
            b'0'..=b'9' => self.number(),
            b'.' if self.peek(1).is_some_and(|next| next.is_ascii_digit()) && !self.follows_word() => self.number(),
            b'$' if self.dialect == Dialect::Postgres && self.dollar_tag().is_some() => self.dollar_string(),
            b'?' => self.placeholder(),
            b'$' | b'@' if self.peek(1).is_some_and(is_word) => self.placeholder(),
            b':' if self.peek(1) == Some(b':') => {
                self.at += 2;
                Token::Cast
            }
            b':' if self.peek(1).is_some_and(is_word_start) => self.placeholder(),
            _ if is_word_start(byte) => self.word(),
            _ => {
                self.at += 1;
                Token::Symbol(byte)
            }
        })
    }

    fn follows_word(&self) -> bool {
        self.at
            .checked_sub(1)
            .and_then(|at| self.bytes.get(at))
            .is_some_and(|byte| is_word(*byte) || matches!(byte, b'"' | b'`' | b']'))
    }

    /// Reads a string. An unterminated one reaches to the end of the text, so that all of it is masked.
    fn string(&mut self, quote: u8, escapes: bool) -> Token<'a> {
        self.at += 1;
        while let Some(byte) = self.peek(0) {
            self.at += 1;
            if byte == b'\\' && escapes {
                self.at += 1;
            } else if byte == quote {
                if self.peek(0) != Some(quote) {
                    break;
                }
                self.at += 1;
            }
        }
        self.at = self.at.min(self.bytes.len());
        Token::Literal
    }

    /// Reads a quoted identifier. An unterminated one counts as a string, so that all of it is masked.
    fn quoted(&mut self, end: u8) -> Token<'a> {
        let start = self.at;
        self.at += 1;
        while let Some(byte) = self.peek(0) {
            self.at += 1;
            if byte == end {
                if self.peek(0) != Some(end) || end == b']' {
                    return Token::Quoted(self.slice(start, self.at), self.slice(start + 1, self.at - 1));
                }
                self.at += 1;
            }
        }
        Token::Literal
    }

    fn number(&mut self) -> Token<'a> {
        let is_hex = self.peek(0) == Some(b'0') && matches!(self.peek(1), Some(b'x' | b'X'));
        while let Some(byte) = self.peek(0) {
            let is_sign_of_exponent = matches!(byte, b'+' | b'-')
                && !is_hex
                && matches!(self.bytes.get(self.at - 1), Some(b'e' | b'E'))
                && self.peek(1).is_some_and(|next| next.is_ascii_digit());
            if !is_word(byte) && byte != b'.' && !is_sign_of_exponent {
                break;
            }
            self.at += 1;
        }
        Token::Literal
    }

    fn placeholder(&mut self) -> Token<'a> {
        let start = self.at;
        let sign = self.peek(0);
        self.at += 1;
        match sign {
            Some(b'?') => self.skip_while(|byte| byte.is_ascii_digit()),
            _ => self.skip_while(is_word),
        }
        Token::Placeholder(self.slice(start, self.at))
    }

    /// The length of a tag such as `$$` or `$body$`.
    fn dollar_tag(&self) -> Option<usize> {
        let mut length = 1;
        loop {
            match self.peek(length)? {
                b'$' => return Some(length + 1),
                byte if is_word(byte) && !(length == 1 && byte.is_ascii_digit()) => length += 1,
                _ => return None,
            }
        }
    }

    fn dollar_string(&mut self) -> Token<'a> {
        let length = self.dollar_tag().unwrap_or(1);
        let tag = self.slice(self.at, self.at + length);
        self.at += length;
        match self.text.get(self.at..).and_then(|rest| rest.find(tag)) {
            Some(end) => self.at += end + length,
            None => self.at = self.bytes.len(),
        }
        Token::Literal
    }

    fn word(&mut self) -> Token<'a> {
        let start = self.at;
        self.skip_while(is_word);
        let word = self.slice(start, self.at);
        match (word, self.peek(0), self.peek(1)) {
            ("E" | "e", Some(b'\''), _) => self.string(b'\'', self.dialect != Dialect::Sqlite),
            ("N" | "n" | "X" | "x" | "B" | "b", Some(b'\''), _) => self.string(b'\'', self.dialect == Dialect::MySql),
            ("U" | "u", Some(b'&'), Some(b'\'')) => {
                self.at += 1;
                self.string(b'\'', false)
            }
            ("U" | "u", Some(b'&'), Some(b'"')) => {
                self.at += 1;
                self.quoted(b'"')
            }
            _ => Token::Word(word),
        }
    }
}

fn is_word_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80
}

fn is_word(byte: u8) -> bool {
    is_word_start(byte) || byte.is_ascii_digit() || byte == b'$'
}
