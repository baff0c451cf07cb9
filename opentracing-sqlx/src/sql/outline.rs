//! What the queries of a statement do, and to which tables. A query is a statement inside another one.

use crate::sql::Dialect;
use crate::sql::cursor::Cursor;
use crate::sql::keywords::is_one_of;
use crate::sql::lexer::{Lexeme, Token};
use crate::sql::query_summary::QuerySummary;

/// One query: its operation, and the first table that it reads or writes.
#[derive(Default)]
pub(super) struct Query {
    pub(super) operation: &'static str,
    pub(super) table: Option<String>,
    /// Whether it is a common table expression, or inside of one.
    pub(super) is_in_cte: bool,
}

/// Reads one statement from its first token to its last. Each open parenthesis is a frame, so nesting needs no recursion. It cannot
/// fail: what it does not find stays empty.
pub(super) struct Outline<'a> {
    text: &'a str,
    pub(super) cursor: Cursor<'a>,
    pub(super) dialect: Dialect,
    pub(super) frames: Vec<Frame<'a>>,
    pub(super) queries: Vec<Query>,
    pub(super) summary: QuerySummary,
    /// The common table expressions in scope, with the table that each one reads.
    ctes: Vec<(&'a str, Option<String>)>,
}

/// What is known of an open parenthesis, or of the statement itself.
pub(super) struct Frame<'a> {
    /// The query at this level.
    pub(super) query: Option<usize>,
    pub(super) clause: Clause,
    slot: Slot<'a>,
    /// How many common table expressions were in scope when it opened.
    ctes: usize,
}

/// The part of the query at which the reader is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Clause {
    /// Before the verb, or in an expression.
    Start,
    /// In a definition, before its query.
    Definition,
    /// Between `SELECT` and `FROM`.
    Select,
    /// In a list of tables.
    Tables,
    Other,
}

/// Where a parenthesis stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Slot<'a> {
    Expression,
    /// In place of a table, or around the query of a statement such as `COPY`.
    Table,
    /// After this name of a common table expression.
    Cte {
        name: &'a str,
        is_recursive: bool,
    },
}

impl<'a> Outline<'a> {
    pub(super) fn of(text: &'a str, statement: &'a [Lexeme<'a>], dialect: Dialect) -> Self {
        let mut outline = Outline {
            text,
            cursor: Cursor::new(statement),
            dialect,
            frames: vec![Frame { query: None, clause: Clause::Start, slot: Slot::Expression, ctes: 0 }],
            queries: Vec::with_capacity(1),
            summary: QuerySummary::default(),
            ctes: Vec::new(),
        };
        outline.head();
        outline.body();
        outline
    }

    /// Reads to the end of the statement, wherever queries can be.
    fn body(&mut self) {
        while let Some(token) = self.cursor.token() {
            match token {
                Token::Symbol(b'(') => {
                    let is_of_statement = self.frame().clause == Clause::Start && self.frame().query.is_some();
                    self.open(if is_of_statement { Slot::Table } else { Slot::Expression });
                }
                Token::Symbol(b')') => self.close(),
                Token::Symbol(b',') if self.frame().clause == Clause::Tables => {
                    self.cursor.advance();
                    self.source();
                }
                Token::Word(word) if !self.cursor.previous_is_symbol(b'.') => self.word(word),
                _ => self.cursor.advance(),
            }
        }
    }

    pub(super) fn frame(&mut self) -> &mut Frame<'a> {
        // `close` keeps the outermost frame.
        self.frames.last_mut().expect("there is a frame for the statement")
    }

    fn word(&mut self, word: &'a str) {
        let frame = self.frame();
        let (clause, has_query) = (frame.clause, frame.query.is_some());
        if is_one_of(word, &["select"]) {
            self.select(word);
        } else if is_one_of(word, &["with"]) {
            self.with();
        } else if clause == Clause::Start && self.starts_statement(word) {
            self.verb(word);
        } else if is_one_of(word, &["from"]) && has_query && !matches!(clause, Clause::Start | Clause::Definition) {
            // IS DISTINCT FROM, IS NOT DISTINCT FROM: the second word stands two tokens before.
            let is_comparison =
                self.cursor.previous_is(&["distinct"]) && self.cursor.second_previous_is(&["is", "not"]);
            self.cursor.advance();
            if !is_comparison {
                self.tables();
            }
        } else if is_one_of(word, &["join", "straight_join"]) && has_query && clause != Clause::Select {
            // MySQL: USE INDEX FOR JOIN.
            let is_hint = self.cursor.previous_is(&["for"]);
            self.cursor.advance();
            if !is_hint {
                self.tables();
            }
        } else if is_one_of(word, &["using"]) && clause == Clause::Tables && self.is_using_tables() {
            self.cursor.advance();
            self.tables();
        } else if is_one_of(word, &["into"]) && clause == Clause::Select && self.dialect == Dialect::Postgres {
            self.select_into();
        } else {
            let ends = is_one_of(word, AFTER_TABLES)
                || is_one_of(word, &["for"]) && self.cursor.next_is_word(&["update", "share", "no", "key"]);
            if ends && clause == Clause::Tables {
                self.frame().clause = Clause::Other;
            }
            self.cursor.advance();
        }
    }

    /// Starts a query at this level, if there is none.
    pub(super) fn begin(&mut self, operation: &'static str) -> usize {
        if let Some(query) = self.frame().query {
            return query;
        }
        let query = self.queries.len();
        let is_in_cte = self.frames.iter().any(|frame| matches!(frame.slot, Slot::Cte { .. }));
        self.queries.push(Query { operation, table: None, is_in_cte });
        self.frame().query = Some(query);
        query
    }

    fn select(&mut self, word: &'a str) {
        self.begin("SELECT");
        self.summary.push(word);
        self.frame().clause = Clause::Select;
        self.cursor.advance();
    }

    /// `SELECT … INTO new_table FROM …` of PostgreSQL.
    fn select_into(&mut self) {
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
    fn starts_statement(&mut self, word: &str) -> bool {
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

    /// `WITH name (columns) AS (statement), … statement`. Other uses of the word are left out.
    fn with(&mut self) {
        let mut ahead = self.cursor;
        ahead.advance();
        let is_recursive = ahead.is_word(&["recursive"]);
        ahead.skip_words(&["recursive"]);
        self.cursor.advance();
        if !self.cte(ahead, is_recursive) {
            return;
        }
        // The statement follows.
        if let Some(frame) = self.frames.iter_mut().rev().nth(1)
            && frame.query.is_none()
        {
            frame.clause = Clause::Start;
        }
    }

    /// Opens the parenthesis of a common table expression whose name is ahead. Returns whether there is one.
    fn cte(&mut self, mut ahead: Cursor<'a>, is_recursive: bool) -> bool {
        let Some(name) = ahead.name() else { return false };
        ahead.advance();
        ahead.skip_parentheses();
        if !ahead.is_word(&["as"]) {
            return false;
        }
        ahead.skip_words(&["as", "not", "materialized"]);
        if !ahead.is_symbol(b'(') {
            return false;
        }
        self.cursor = ahead;
        let ctes = self.ctes.len();
        if is_recursive {
            self.ctes.push((name, None));
        }
        self.open(Slot::Cte { name, is_recursive });
        self.frame().ctes = ctes;
        true
    }

    fn open(&mut self, slot: Slot<'a>) {
        self.cursor.advance();
        let outer = self.frame().query;
        let frame = Frame { query: None, clause: Clause::Start, slot, ctes: self.ctes.len() };
        self.frames.push(frame);
        let starts_query = self.cursor.is_word(&["select", "with", "values", "table"])
            || self.cursor.is_word(WRITES) && !self.cursor.next_is_symbol(b'(');
        if slot == Slot::Table && !starts_query {
            self.frame().query = outer;
            self.tables();
        }
    }

    fn close(&mut self) {
        self.cursor.advance();
        if self.frames.len() == 1 {
            return;
        }
        let Some(frame) = self.frames.pop() else { return };
        self.ctes.truncate(frame.ctes);
        let table = frame.query.and_then(|query| self.queries[query].table.clone());
        match frame.slot {
            Slot::Expression => {}
            Slot::Table => {
                if let (Some(outer), Some(table)) = (self.frame().query, table) {
                    self.queries[outer].table.get_or_insert(table);
                }
            }
            Slot::Cte { name, is_recursive } => {
                self.ctes.push((name, table));
                if self.cursor.is_symbol(b',') {
                    let mut ahead = self.cursor;
                    ahead.advance();
                    self.cte(ahead, is_recursive);
                }
            }
        }
    }

    /// Reads a list of tables from its first one.
    pub(super) fn tables(&mut self) {
        self.frame().clause = Clause::Tables;
        self.source();
    }

    /// Reads what stands in place of a table: a table, a query in parentheses, or a function.
    fn source(&mut self) {
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
        let cte = self.ctes.iter().rfind(|(name, _)| !is_qualified && name.eq_ignore_ascii_case(first));
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
    fn is_using_tables(&mut self) -> bool {
        let operation = self.frame().query.map(|query| self.queries[query].operation);
        let mut ahead = self.cursor;
        ahead.advance();
        matches!(operation, Some("DELETE" | "MERGE" | "EXPLAIN"))
            && (!ahead.is_symbol(b'(') || ahead.next_is_word(&["select", "values", "with"]))
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
/// Words after a list of tables.
const AFTER_TABLES: &[&str] = &[
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
