//! The tables that a query names.

use crate::sql::Dialect;
use crate::sql::outline::{Clause, Outline, Slot};

impl Outline<'_> {
    /// Reads a list of tables from its first one.
    pub(super) fn tables(&mut self) {
        self.frame().clause = Clause::Tables;
        self.source();
    }

    /// Reads what stands in place of a table: a table, a query in parentheses, or a function.
    pub(super) fn source(&mut self) {
        self.cursor.skip_words(&["only", "lateral"]);
        if self.cursor.is_word(&["rows"]) && self.cursor.next_is_word(&["from"]) {
            self.cursor.advance();
            return self.cursor.advance();
        }
        if self.cursor.is_symbol(b'(') {
            return self.open(Slot::Table);
        }
        if self.cursor.is_word(AFTER_TABLES) || self.cursor.is_word(&["select"]) {
            return;
        }
        let start = self.cursor;
        let Some(first) = self.cursor.name() else { return self.quoted_target() };
        self.cursor.skip_path();
        // The arguments of a function follow in the next frame.
        if self.cursor.is_symbol(b'(') || self.dialect == Dialect::MySql && first.eq_ignore_ascii_case("dual") {
            return;
        }
        let is_qualified = start.next_is_symbol(b'.');
        let cte = self.ctes.iter().rfind(|(name, _)| !is_qualified && is_same(name, first));
        let table = match cte {
            Some((_, table)) => table.clone(),
            None => {
                self.summary.push(&start.path());
                start.unquoted_path(MAX_TABLE_BYTES)
            }
        };
        if let (Some(query), Some(table)) = (self.frame().query, table) {
            self.queries[query].table.get_or_insert(table);
        }
    }

    /// Reads the table that a statement names.
    pub(super) fn target(&mut self) {
        let start = self.cursor;
        if start.name().is_none() {
            return self.quoted_target();
        }
        self.cursor.skip_path();
        self.summary.push(&start.path());
        if let (Some(query), Some(table)) = (self.frame().query, start.unquoted_path(MAX_TABLE_BYTES)) {
            self.queries[query].table.get_or_insert(table);
        }
    }

    /// SQLite takes a string in single quotes for a name where only a table can stand.
    fn quoted_target(&mut self) {
        let written = self.cursor.literal(self.text).filter(|_| self.dialect == Dialect::Sqlite);
        let Some(name) = written.and_then(|written| written.strip_prefix('\'')?.strip_suffix('\'')) else { return };
        self.cursor.advance();
        self.summary.push(&format!("'{name}'"));
        if let Some(query) = self.frame().query {
            let mut table = name.replace("''", "'");
            table.truncate(table.floor_char_boundary(MAX_TABLE_BYTES));
            self.queries[query].table.get_or_insert(table);
        }
    }

    /// Whether `USING` is followed by tables, not by columns.
    pub(super) fn is_using_tables(&mut self) -> bool {
        let operation = self.frame().query.map(|query| self.queries[query].operation);
        let mut ahead = self.cursor;
        ahead.advance();
        matches!(operation, Some("DELETE" | "MERGE" | "EXPLAIN"))
            && (!ahead.is_symbol(b'(') || ahead.next_is_word(&["select", "values", "with"]))
    }
}

/// Whether two names are equal but for quotes and case.
fn is_same(a: &str, b: &str) -> bool {
    let unquoted = |name: &'_ str| name.trim_matches(['"', '`', '[', ']']).to_ascii_lowercase();
    unquoted(a) == unquoted(b)
}

/// Words after a list of tables.
pub(super) const AFTER_TABLES: &[&str] = &[
    "where",
    "set",
    "group",
    "order",
    "having",
    "limit",
    "window",
    "returning",
    "union",
    "intersect",
    "except",
    "values",
    "offset",
    "fetch",
    "when",
    "do",
];
/// Databases allow 63 or 64 bytes per name.
const MAX_TABLE_BYTES: usize = 200;
