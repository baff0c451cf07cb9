//! The start of a statement: its verb, and the tables of those that are no queries.

use crate::sql::Dialect;
use crate::sql::keywords::{definition, operation};
use crate::sql::outline::{Clause, Outline};
use crate::sql::verbs::{BEFORE_TABLE, WRITES};

impl<'a> Outline<'a> {
    /// Reads the verb. A statement in parentheses has none here.
    pub(super) fn head(&mut self) {
        if self.cursor.is_symbol(b'(') {
            return;
        }
        let Some(word) = self.cursor.word() else { return self.cursor.move_to_end() };
        let Some(verb) = operation(word) else { return self.cursor.move_to_end() };
        match verb {
            "SELECT" | "WITH" => {}
            "VALUES" | "TABLE" => self.verb(word),
            _ if WRITES.contains(&verb) => self.verb(word),
            "EXPLAIN" | "DESCRIBE" | "DESC" => self.explain(verb, word),
            "COPY" => {
                self.start(verb, &[word]);
                if !self.cursor.is_symbol(b'(') {
                    self.target();
                    self.cursor.move_to_end();
                }
            }
            "CREATE" | "ALTER" | "DROP" => self.definition(verb, word),
            "TRUNCATE" | "LOCK" => {
                self.start(verb, &[word]);
                self.cursor.skip_words(BEFORE_TABLE);
                self.targets();
            }
            "CALL" => {
                self.start(verb, &[word]);
                self.target();
            }
            "LOAD" | "REFRESH" => self.named_by_two_words(verb, word),
            "START" | "RELEASE" | "ROLLBACK" | "BEGIN" => self.transaction(verb, word),
            _ => {
                self.start(verb, &[word]);
                self.cursor.move_to_end();
            }
        }
    }

    /// Starts the query of the statement, and moves past its first word.
    fn start(&mut self, operation: &'static str, words: &[&str]) {
        self.begin(operation);
        self.summary.push(&words.join(" "));
        self.cursor.advance();
    }

    /// A list of tables, which ends the statement.
    fn targets(&mut self) {
        self.target();
        while self.cursor.token().is_some() {
            let is_comma = self.cursor.is_symbol(b',');
            self.cursor.advance();
            if is_comma {
                self.target();
            }
        }
    }

    /// A statement that explains another one; in MySQL also a table.
    fn explain(&mut self, verb: &'static str, word: &'a str) {
        self.start(verb, &[word]);
        if !self.cursor.next_is_word(&["select", "with", "values", "table"]) {
            self.cursor.skip_parentheses();
        }
        self.cursor.skip_words(&["analyze", "verbose", "extended", "partitions", "query", "plan"]);
        if self.cursor.is_word(&["format"]) {
            self.cursor.advance();
            self.cursor.advance();
            self.cursor.advance();
        }
        let is_statement = self.cursor.is_word(WRITES)
            || self.cursor.is_word(&["select", "with", "values", "table", "for", "create", "declare", "execute"]);
        if self.cursor.name().is_some() && !is_statement && self.dialect == Dialect::MySql {
            self.target();
            self.cursor.move_to_end();
        }
    }

    fn definition(&mut self, verb: &'static str, word: &'a str) {
        self.start_of_definition();
        let Some(object) = self.cursor.word() else { return self.unknown_definition(verb, word) };
        let Some(definition) = definition(verb, object) else { return self.unknown_definition(verb, word) };
        self.start(definition, &[word, object]);
        match definition.split_once(' ').map(|(_, object)| object) {
            Some("TABLE" | "VIEW") => {
                self.cursor.skip_words(&["if", "not", "exists", "only", "concurrently"]);
                if verb == "DROP" {
                    return self.targets();
                }
                self.target();
                if verb == "CREATE" {
                    self.frame().clause = Clause::Definition;
                    return;
                }
            }
            Some("INDEX" | "TRIGGER" | "POLICY") => {
                self.cursor.move_past("on");
                self.cursor.skip_words(&["only"]);
                self.target();
            }
            // Names of functions, users and the like say little, and there may be many.
            _ => {}
        }
        self.cursor.move_to_end();
    }

    fn unknown_definition(&mut self, verb: &'static str, word: &'a str) {
        self.start(verb, &[word]);
        self.cursor.move_to_end();
    }

    /// Moves over the words between the verb and the kind of object.
    fn start_of_definition(&mut self) {
        self.cursor.advance();
        loop {
            self.cursor.skip_words(BEFORE_OBJECT);
            if self.cursor.is_word(&["algorithm"]) {
                self.cursor.advance();
                self.skip_value();
            } else if self.cursor.is_word(&["definer"]) {
                self.cursor.advance();
                self.skip_value();
                // CURRENT_USER(), user@host, `user`@`host`.
                self.cursor.skip_parentheses();
                if self.cursor.is_symbol(b'@') {
                    self.cursor.advance();
                    self.cursor.advance();
                } else if self.cursor.is_placeholder() {
                    self.cursor.advance();
                }
            } else if self.cursor.is_word(&["sql"]) && self.cursor.next_is_word(&["security"]) {
                self.cursor.advance();
                self.cursor.advance();
                self.cursor.advance();
            } else {
                return;
            }
        }
    }

    /// Moves past `= value`.
    fn skip_value(&mut self) {
        if self.cursor.is_symbol(b'=') {
            self.cursor.advance();
        }
        self.cursor.advance();
    }

    /// `LOAD DATA … INTO TABLE t`, `LOAD XML … INTO TABLE t` and `REFRESH MATERIALIZED VIEW v`.
    fn named_by_two_words(&mut self, verb: &'static str, word: &'a str) {
        let mut ahead = self.cursor;
        ahead.advance();
        let second = ahead.word().unwrap_or_default();
        let view = {
            ahead.advance();
            ahead.word().unwrap_or_default()
        };
        let is_data = second.eq_ignore_ascii_case("data");
        if verb == "LOAD" && (is_data || second.eq_ignore_ascii_case("xml")) {
            self.start(if is_data { "LOAD DATA" } else { "LOAD XML" }, &[word, second]);
            self.cursor.move_past("into");
            self.cursor.skip_words(&["table"]);
            self.target();
        } else if verb == "REFRESH" && second.eq_ignore_ascii_case("materialized") {
            self.start("REFRESH MATERIALIZED VIEW", &[word, second, view]);
            self.cursor.skip_words(&["materialized", "view", "concurrently"]);
            self.target();
        } else {
            self.start(verb, &[word]);
        }
        self.cursor.move_to_end();
    }

    fn transaction(&mut self, verb: &'static str, word: &'a str) {
        let mut ahead = self.cursor;
        ahead.advance();
        let operation = match verb {
            "START" if ahead.is_word(&["transaction"]) => "START TRANSACTION",
            "RELEASE" => "RELEASE SAVEPOINT",
            "BEGIN" if ahead.is_word(&["not"]) => "BEGIN NOT ATOMIC",
            "ROLLBACK" => {
                ahead.skip_words(&["work", "transaction"]);
                if ahead.is_word(&["to"]) { "ROLLBACK TO SAVEPOINT" } else { verb }
            }
            _ => verb,
        };
        // What is left out in the text is not added.
        let words = operation.split(' ').count();
        let mut as_written = vec![word];
        let mut ahead = self.cursor;
        ahead.advance();
        while let Some(next) = ahead.word().filter(|next| as_written.len() < words && is_part(next, operation)) {
            as_written.push(next);
            ahead.advance();
        }
        self.start(operation, &as_written);
        self.cursor.move_to_end();
    }
}

fn is_part(word: &str, operation: &str) -> bool {
    operation.split(' ').skip(1).any(|part| part.eq_ignore_ascii_case(word))
}

/// Words between `CREATE`, `ALTER` or `DROP` and the kind of object.
const BEFORE_OBJECT: &[&str] = &[
    "or",
    "replace",
    "temp",
    "temporary",
    "unique",
    "unlogged",
    "virtual",
    "materialized",
    "global",
    "local",
    "recursive",
    "foreign",
    "fulltext",
    "spatial",
    "constraint",
    "aggregate",
    "system",
];
