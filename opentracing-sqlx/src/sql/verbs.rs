//! The verbs that a query can start with.

use crate::sql::keywords::is_one_of;
use crate::sql::outline::{Clause, Outline, Slot};

impl<'a> Outline<'a> {
    pub(super) fn select(&mut self, word: &'a str) {
        self.begin("SELECT");
        self.summary.push(word);
        self.frame().clause = Clause::Select;
        self.cursor.advance();
    }

    /// `SELECT … INTO new_table FROM …` of PostgreSQL.
    pub(super) fn select_into(&mut self) {
        self.cursor.advance();
        self.cursor.skip_words(&["temp", "temporary", "unlogged", "table"]);
        if let Some(query) = self.frame().query
            && self.queries[query].operation == "SELECT"
        {
            self.queries[query].operation = "SELECT INTO";
        }
        self.target();
    }

    /// Whether a statement starts here. Only some parentheses can hold one that writes; elsewhere such words are functions.
    pub(super) fn starts_statement(&mut self, word: &str) -> bool {
        let can_write = self.frames.len() == 1 || self.frame().slot != Slot::Expression;
        is_one_of(word, &["values", "table"]) && self.is_at_start()
            || can_write && is_one_of(word, WRITES) && !self.cursor.next_is_symbol(b'(')
    }

    /// Whether the statement or a parenthesis starts here, or common table expressions end.
    fn is_at_start(&self) -> bool {
        self.cursor.is_first() || self.cursor.previous_is_symbol(b'(') || self.cursor.previous_is_symbol(b')')
    }

    /// Reads the verb of a statement and its first table.
    pub(super) fn verb(&mut self, word: &'a str) {
        let operation = WRITES.iter().chain(&["VALUES", "TABLE"]).find(|verb| verb.eq_ignore_ascii_case(word));
        let Some(operation) = operation else { return };
        self.begin(operation);
        self.cursor.advance();
        if *operation == "VALUES" {
            if self.frames.len() == 1 {
                self.summary.push(word);
            }
            self.frame().clause = Clause::Other;
            return;
        }
        self.summary.push(word);
        match *operation {
            "DELETE" => {
                self.cursor.skip_words(&["low_priority", "quick", "ignore"]);
                // MySQL can list the tables to delete from first: DELETE a FROM a JOIN b.
                if !self.cursor.is_word(&["from"]) {
                    self.frame().clause = Clause::Other;
                    return;
                }
                self.cursor.advance();
                self.tables();
            }
            "INSERT" | "REPLACE" => {
                self.cursor.skip_words(BEFORE_TABLE);
                self.target();
                self.frame().clause = Clause::Other;
            }
            _ => {
                self.cursor.skip_words(BEFORE_TABLE);
                self.tables();
            }
        }
    }
}

/// The verbs of statements that change rows.
pub(super) const WRITES: &[&str] = &["INSERT", "UPDATE", "DELETE", "MERGE", "REPLACE"];
/// Words between the verb and the table.
pub(super) const BEFORE_TABLE: &[&str] = &[
    "into",
    "or",
    "replace",
    "ignore",
    "abort",
    "fail",
    "rollback",
    "only",
    "low_priority",
    "high_priority",
    "delayed",
    "table",
    "tables",
];
