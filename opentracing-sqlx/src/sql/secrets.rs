//! Values without quotes, in statements that set keys, passwords, paths and the like. To a lexer they look like names.

use crate::sql::keywords::is_one_of;
use crate::sql::lexer::{Lexeme, Token};

/// Turns such values into literals.
pub(super) fn hide(statement: &mut [Lexeme<'_>]) {
    let mut statement = Statement(statement);
    statement.hide_after_identified();
    let Some(verb) = statement.word(0) else { return };
    match verb {
        _ if is_one_of(verb, &["set"]) => statement.hide_assigned(1),
        _ if is_one_of(verb, &["create", "alter", "import"]) => statement.definition(),
        _ if is_one_of(verb, &["pragma"]) => statement.pragma(),
        _ if is_one_of(verb, &["attach"]) => statement.attach(),
        _ if is_one_of(verb, &["vacuum"]) => statement.hide_all_after("into"),
        _ if is_one_of(verb, &["copy"]) => statement.copy(),
        _ if is_one_of(verb, &["change", "start"]) => statement.hide_after_equals(1),
        _ if is_one_of(verb, &["comment", "security"]) => statement.hide_all_after("is"),
        _ => {}
    }
}

struct Statement<'s, 'a>(&'s mut [Lexeme<'a>]);

impl<'a> Statement<'_, 'a> {
    fn token(&self, at: usize) -> Option<Token<'a>> {
        self.0.get(at).map(|lexeme| lexeme.token)
    }

    fn word(&self, at: usize) -> Option<&'a str> {
        match self.token(at)? {
            Token::Word(word) => Some(word),
            _ => None,
        }
    }

    fn is_word(&self, at: usize, words: &[&str]) -> bool {
        self.word(at).is_some_and(|word| is_one_of(word, words))
    }

    fn is_symbol(&self, at: usize, symbol: u8) -> bool {
        self.token(at) == Some(Token::Symbol(symbol))
    }

    /// Hides a word or quoted name, unless the word is a keyword that many settings take.
    fn hide(&mut self, at: usize) {
        if !self.is_word(at, KEYWORDS) {
            self.hide_also_keywords(at);
        }
    }

    fn hide_also_keywords(&mut self, at: usize) {
        if let Some(Lexeme { token: token @ (Token::Word(_) | Token::Quoted(..)), .. }) = self.0.get_mut(at) {
            *token = Token::Literal;
        }
    }

    fn hide_all_after(&mut self, word: &str) {
        let Some(found) = (0..self.0.len()).find(|at| self.is_word(*at, &[word])) else { return };
        (found + 1..self.0.len()).for_each(|at| self.hide_also_keywords(at));
    }

    /// `IDENTIFIED BY password`, `IDENTIFIED WITH plugin AS hash`.
    fn hide_after_identified(&mut self) {
        for at in 0..self.0.len() {
            if !self.is_word(at, &["identified"]) {
                continue;
            }
            let mut next = at + 1;
            if self.is_word(next, &["with", "via"]) {
                next += 2;
            }
            if self.is_word(next, &["by", "as", "using"]) {
                next += 1 + usize::from(self.is_word(next + 1, &["password", "values"]));
                self.hide_also_keywords(next);
            }
        }
    }

    /// The values of `name = value, …` or `name TO value, …`, outside of parentheses. Functions stay.
    fn hide_assigned(&mut self, from: usize) {
        let (mut depth, mut is_value) = (0u32, false);
        let is_for_statement = self.is_word(1, &["statement"]);
        for at in from..self.0.len() {
            match self.token(at) {
                Some(Token::Symbol(b'(')) => depth += 1,
                Some(Token::Symbol(b')')) => depth = depth.saturating_sub(1),
                _ if depth > 0 => {}
                Some(Token::Symbol(b'=')) => is_value = true,
                Some(Token::Symbol(b',')) => is_value &= !self.is_assignment(at + 1),
                // MariaDB: SET STATEMENT name = value FOR statement.
                Some(Token::Word(word)) if is_for_statement && is_one_of(word, &["for"]) => return,
                Some(Token::Word(word)) if is_one_of(word, &["to"]) && !is_value => is_value = true,
                Some(Token::Word(word)) if is_one_of(word, &["zone"]) && !is_value => is_value = true,
                Some(Token::Word(_) | Token::Quoted(..)) if is_value && !self.is_symbol(at + 1, b'(') => self.hide(at),
                _ => {}
            }
        }
    }

    /// Whether a name and `=` are next.
    fn is_assignment(&self, mut at: usize) -> bool {
        if self.is_word(at, &["global", "session", "local"]) {
            at += 1;
        }
        self.is_symbol(at + 1, b'=') || self.is_symbol(at + 1, b':') || self.is_symbol(at + 1, b'.')
    }

    fn hide_after_equals(&mut self, from: usize) {
        for at in from..self.0.len() {
            if self.is_symbol(at, b'=') {
                self.hide(at + 1);
            }
        }
    }

    fn definition(&mut self) {
        let is_about = |objects: &[&str]| (1..self.0.len().min(6)).any(|at| self.is_word(at, objects));
        let has_password = is_about(&["user", "role", "group", "server", "subscription", "tablespace"]);
        let has_parameters = is_about(&["system", "user", "role", "database", "function", "procedure", "routine"]);
        let is_virtual = self.is_word(1, &["virtual"]);
        for at in 1..self.0.len() {
            let Some(word) = self.word(at) else { continue };
            if has_password && is_one_of(word, &["password", "until", "connection", "location"]) {
                let value = at + 1 + usize::from(self.is_symbol(at + 1, b'='));
                if !self.is_word(value, &["null", "expire", "require", "history", "reuse", "for"]) {
                    self.hide_also_keywords(value);
                }
            } else if is_one_of(word, &["begin"]) {
                return;
            } else if has_parameters && is_one_of(word, &["set"]) && self.sets_parameter(at + 1) {
                return self.hide_assigned(at + 1);
            } else if is_one_of(word, &["options", "with"]) && self.is_symbol(at + 1, b'(') {
                self.hide_options(at + 1);
            } else if is_virtual && is_one_of(word, &["using"]) {
                return self.hide_after_equals(at);
            }
        }
    }

    /// Whether a parameter and `=` or `TO` are next.
    fn sets_parameter(&self, mut at: usize) -> bool {
        while self.is_symbol(at + 1, b'.') {
            at += 2;
        }
        self.is_symbol(at + 1, b'=') || self.is_word(at + 1, &["to", "zone"])
    }

    /// `(name value, name = value, …)`.
    fn hide_options(&mut self, open: usize) {
        let (mut depth, mut words) = (0u32, 0);
        for at in open..self.0.len() {
            match self.token(at) {
                Some(Token::Symbol(b'(')) => depth += 1,
                Some(Token::Symbol(b')')) => depth -= 1,
                Some(Token::Symbol(b',')) if depth == 1 => words = 0,
                Some(Token::Word(word)) if depth == 1 && words == 0 && is_one_of(word, &["add", "set", "drop"]) => {}
                Some(Token::Word(_) | Token::Quoted(..)) if depth == 1 => {
                    words += 1;
                    // The name of a parameter may be qualified.
                    if words > 1 && !self.is_symbol(at - 1, b'.') {
                        self.hide(at);
                    }
                }
                _ => {}
            }
            if depth == 0 {
                return;
            }
        }
    }

    fn pragma(&mut self) {
        let name_at = if self.is_symbol(2, b'.') { 3 } else { 1 };
        let name = self.word(name_at).unwrap_or_default().to_ascii_lowercase();
        let is_secret = ["key", "pass", "secret", "cipher", "salt", "license"].iter().any(|part| name.contains(part))
            && !is_one_of(&name, ABOUT_SCHEMA)
            && name != "foreign_keys";
        for at in name_at + 1..self.0.len() {
            if is_secret {
                self.hide_also_keywords(at);
            } else if !is_one_of(&name, ABOUT_SCHEMA) {
                self.hide(at);
            }
        }
    }

    /// `ATTACH file AS name KEY key`: without quotes, file and key are strings as well.
    fn attach(&mut self) {
        let start = 1 + usize::from(self.is_word(1, &["database"]));
        let name = (start..self.0.len()).rfind(|at| self.is_word(*at, &["as"])).unwrap_or(self.0.len());
        (start..name).for_each(|at| self.hide_also_keywords(at));
        if let Some(key) = (name + 2..self.0.len()).find(|at| self.is_word(*at, &["key"])) {
            (key + 1..self.0.len()).for_each(|at| self.hide_also_keywords(at));
        }
    }

    fn copy(&mut self) {
        let mut depth = 0u32;
        for at in 1..self.0.len() {
            match self.token(at) {
                Some(Token::Symbol(b'(')) => depth += 1,
                Some(Token::Symbol(b')')) => depth = depth.saturating_sub(1),
                Some(Token::Word(word)) if depth == 0 && is_one_of(word, &["to", "from"]) => {
                    let target = at + 1 + usize::from(self.is_word(at + 1, &["program"]));
                    if !self.is_word(target, &["stdin", "stdout"]) {
                        self.hide_also_keywords(target);
                    }
                    if let Some(open) = (target + 1..self.0.len()).find(|at| self.is_symbol(*at, b'(')) {
                        self.hide_options(open);
                    }
                    return;
                }
                _ => {}
            }
        }
    }
}

/// Pragmas whose argument is a table or an index.
const ABOUT_SCHEMA: &[&str] = &[
    "table_info",
    "table_xinfo",
    "table_list",
    "index_info",
    "index_xinfo",
    "index_list",
    "foreign_key_list",
    "foreign_key_check",
    "integrity_check",
    "quick_check",
];
/// Words that are no secret wherever they stand.
const KEYWORDS: &[&str] = &[
    "on",
    "off",
    "true",
    "false",
    "yes",
    "no",
    "default",
    "null",
    "none",
    "local",
    "all",
    "and",
    "or",
    "not",
    "is",
    "select",
    "interval",
    "current",
    "read",
    "write",
    "only",
    "committed",
    "uncommitted",
    "repeatable",
    "serializable",
    "isolation",
    "level",
    "transaction",
    "wal",
    "delete",
    "truncate",
    "persist",
    "memory",
    "file",
    "full",
    "normal",
    "extra",
    "exclusive",
    "incremental",
    "passive",
    "restart",
    "fast",
    "csv",
    "text",
    "binary",
    "json",
    "xml",
    "yaml",
    "buffer",
    "both",
    "cascaded",
    "remote_apply",
    "remote_write",
    "utf8",
    "utf8mb4",
    "latin1",
    "iso",
    "utc",
    "origin",
    "replica",
    "warning",
    "notice",
    "error",
    "log",
    "force",
    "auto",
    "always",
    "never",
];
