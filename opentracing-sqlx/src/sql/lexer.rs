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

/// A token and where it stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lexeme<'a> {
    pub(crate) token: Token<'a>,
    /// Whether white space or a comment precedes it.
    pub(crate) spaced: bool,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// Where the lexical rules of a database depend on its settings.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    pub(super) dialect: Dialect,
    /// Whether a backslash escapes a quote in a string without a prefix.
    pub(super) escapes: bool,
    /// The same in double-quoted text of MySQL.
    pub(super) escapes_in_double_quotes: bool,
}

impl Rules {
    /// The rules of a database in its default configuration.
    pub(super) fn default_of(dialect: Dialect) -> Self {
        let is_mysql = dialect == Dialect::MySql;
        Rules { dialect, escapes: is_mysql, escapes_in_double_quotes: is_mysql }
    }
}

pub(super) struct Lexer<'a> {
    pub(super) text: &'a str,
    pub(super) bytes: &'a [u8],
    pub(super) at: usize,
    pub(super) rules: Rules,
    /// Whether the lexer reads the inside of an executed comment.
    pub(super) is_in_comment: bool,
    /// Whether there was a comment that is no hint for the database.
    pub(super) has_comment: bool,
    /// Whether a literal or a quoted identifier was not closed.
    pub(super) is_unterminated: bool,
    /// Whether other settings of the database might close a string elsewhere.
    pub(super) is_ambiguous: bool,
}

impl<'a> Iterator for Lexer<'a> {
    type Item = Lexeme<'a>;

    fn next(&mut self) -> Option<Lexeme<'a>> {
        let spaced = self.skip_space();
        let start = self.at;
        let token = self.token()?;
        Some(Lexeme { token, spaced, start, end: self.at })
    }
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a str, rules: Rules) -> Self {
        Lexer {
            text,
            bytes: text.as_bytes(),
            at: 0,
            rules,
            is_in_comment: false,
            has_comment: false,
            is_unterminated: false,
            is_ambiguous: false,
        }
    }

    pub(super) fn is(&self, dialect: Dialect) -> bool {
        self.rules.dialect == dialect
    }

    pub(super) fn peek(&self, ahead: usize) -> Option<u8> {
        self.bytes.get(self.at + ahead).copied()
    }

    /// Tokens start and end at ASCII characters, so always on a character boundary.
    pub(super) fn slice(&self, start: usize, end: usize) -> &'a str {
        self.text.get(start..end).unwrap_or_default()
    }

    pub(super) fn skip_while(&mut self, condition: impl Fn(u8) -> bool) {
        while self.peek(0).is_some_and(&condition) {
            self.at += 1;
        }
    }

    pub(super) fn token(&mut self) -> Option<Token<'a>> {
        let byte = self.peek(0)?;
        Some(match byte {
            b'\'' => self.string(b'\'', self.rules.escapes),
            b'"' if self.is(Dialect::MySql) => self.string(b'"', self.rules.escapes_in_double_quotes),
            b'"' => self.quoted(byte, self.at),
            // An operator in PostgreSQL.
            b'`' if !self.is(Dialect::Postgres) => self.quoted(byte, self.at),
            b'[' if self.is(Dialect::Sqlite) => self.quoted(b']', self.at),
            b'0'..=b'9' => self.number(),
            b'.' if self.peek(1).is_some_and(|next| next.is_ascii_digit()) && !self.follows_word() => self.number(),
            b'$' if self.is(Dialect::Postgres) && self.dollar_tag().is_some() => self.dollar_string(),
            b'?' => self.placeholder(|byte| byte.is_ascii_digit()),
            b'$' | b'@' | b':' if self.starts_placeholder(byte) => match self.rules.dialect {
                Dialect::Postgres => self.placeholder(|byte| byte.is_ascii_digit()),
                _ => self.placeholder(is_word),
            },
            b':' if self.peek(1) == Some(b':') => {
                self.at += 2;
                Token::Cast
            }
            _ if is_word_start(byte) || byte == b'$' && self.is(Dialect::MySql) => self.word(),
            _ => {
                self.at += 1;
                Token::Symbol(byte)
            }
        })
    }

    fn starts_placeholder(&self, sign: u8) -> bool {
        let Some(next) = self.peek(1) else { return false };
        match self.rules.dialect {
            // `@` and `:` are an operator and a separator.
            Dialect::Postgres => sign == b'$' && next.is_ascii_digit(),
            // `$` starts an identifier. A variable whose name is a number looks like a value.
            Dialect::MySql => {
                sign == b'@' && is_word(next) && !next.is_ascii_digit() || sign == b':' && is_word_start(next)
            }
            Dialect::Sqlite => is_word(next) && (sign != b':' || is_word_start(next)),
        }
    }

    fn follows_word(&self) -> bool {
        self.at
            .checked_sub(1)
            .and_then(|at| self.bytes.get(at))
            .is_some_and(|byte| is_word(*byte) || matches!(byte, b'"' | b'`' | b']'))
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

    fn placeholder(&mut self, condition: impl Fn(u8) -> bool) -> Token<'a> {
        let start = self.at;
        self.at += 1;
        // `?` has a number only in SQLite. In PostgreSQL it is an operator, and a number after it a value.
        if self.bytes[start] != b'?' || self.is(Dialect::Sqlite) {
            self.skip_while(condition);
        }
        Token::Placeholder(self.slice(start, self.at))
    }

    fn word(&mut self) -> Token<'a> {
        let start = self.at;
        self.skip_while(is_word);
        let word = self.slice(start, self.at);
        match (word, self.peek(0), self.peek(1)) {
            ("E" | "e", Some(b'\''), _) if self.is(Dialect::Postgres) => self.string(b'\'', true),
            ("N" | "n", Some(b'\''), _) => self.string(b'\'', self.rules.escapes),
            ("X" | "x" | "B" | "b", Some(b'\''), _) => self.string(b'\'', self.is(Dialect::MySql)),
            ("U" | "u", Some(b'&'), Some(b'\'')) if self.is(Dialect::Postgres) => {
                self.at += 1;
                self.string(b'\'', false)
            }
            ("U" | "u", Some(b'&'), Some(b'"')) if self.is(Dialect::Postgres) => {
                self.at += 1;
                self.quoted(b'"', start)
            }
            _ => Token::Word(word),
        }
    }
}

pub(super) fn is_word_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80
}

pub(super) fn is_word(byte: u8) -> bool {
    is_word_start(byte) || byte.is_ascii_digit() || byte == b'$'
}
