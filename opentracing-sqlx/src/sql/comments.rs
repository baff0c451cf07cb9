//! White space and comments.

use crate::sql::Dialect;
use crate::sql::lexer::Lexer;

impl Lexer<'_> {
    /// Skips white space and comments. Returns whether there were any.
    pub(super) fn skip_space(&mut self) -> bool {
        let start = self.at;
        loop {
            match (self.peek(0), self.peek(1)) {
                (Some(b'-'), Some(b'-')) if self.dashes_start_comment() => self.skip_line(),
                (Some(b'#'), _) if self.is(Dialect::MySql) => self.skip_line(),
                (Some(b'/'), Some(b'*')) => self.skip_block(),
                (Some(byte), _) if byte.is_ascii_whitespace() || byte == 0x0b => self.at += 1,
                _ => return self.at > start,
            }
        }
    }

    /// In MySQL a comment needs white space after the dashes: `5--3` is a subtraction.
    fn dashes_start_comment(&self) -> bool {
        !self.is(Dialect::MySql)
            || self.peek(2).is_none_or(|byte| byte.is_ascii_whitespace() || byte.is_ascii_control())
    }

    /// A carriage return ends a line in PostgreSQL only.
    pub(super) fn skip_line(&mut self) {
        self.has_comment = true;
        let (is_postgres, is_mysql) = (self.is(Dialect::Postgres), self.is(Dialect::MySql));
        self.skip_while(|byte| byte != b'\n' && !(byte == b'\r' && is_postgres) && !(byte == 0 && is_mysql));
        // MySQL stops behind the byte that ends the comment, as the line break is white space anyway.
        if is_mysql && self.peek(0) == Some(0) {
            self.at += 1;
        }
    }

    fn skip_block(&mut self) {
        // `/*+ … */` of all databases, and `/*! … */` or `/*M! … */` of MySQL.
        let is_executed = match (self.peek(2), self.peek(3)) {
            (Some(b'!'), _) | (Some(b'M'), Some(b'!')) => self.is(Dialect::MySql) && !self.is_in_comment,
            _ => false,
        };
        let is_hint = is_executed || self.peek(2) == Some(b'+');
        self.has_comment |= !is_hint;
        let start = self.at;
        self.skip_comment();
        if is_executed {
            self.end_of_executed(start);
        }
    }

    /// Comments nest in PostgreSQL.
    fn skip_comment(&mut self) {
        self.at += 2;
        let mut depth = 1;
        while depth > 0 && self.at < self.bytes.len() {
            match (self.peek(0), self.peek(1)) {
                (Some(b'*'), Some(b'/')) => (depth, self.at) = (depth - 1, self.at + 2),
                (Some(b'/'), Some(b'*')) if self.is(Dialect::Postgres) => {
                    (depth, self.at) = (depth + 1, self.at + 2);
                }
                _ => self.at += 1,
            }
        }
    }

    /// A server executes what is in the comment, or skips it if its version is older. If the comment would end elsewhere in one of the
    /// cases, for example because of a string that contains `*/`, the rest of the text counts as comment.
    fn end_of_executed(&mut self, start: usize) {
        let mut inside = Lexer { at: start + 3, is_in_comment: true, ..Lexer::new(self.text, self.rules) };
        loop {
            inside.skip_space();
            if (inside.peek(0), inside.peek(1)) == (Some(b'*'), Some(b'/')) {
                if inside.at + 2 == self.at {
                    return;
                }
                break;
            }
            if inside.token().is_none() {
                break;
            }
        }
        self.at = self.bytes.len();
    }
}
