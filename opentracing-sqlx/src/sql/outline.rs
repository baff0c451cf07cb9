//! What the queries of a statement do, and to which tables. A query is a statement inside another one.

use crate::sql::Dialect;
use crate::sql::cursor::Cursor;
use crate::sql::keywords::is_one_of;
use crate::sql::lexer::{Lexeme, Token};
use crate::sql::query_summary::QuerySummary;
use crate::sql::tables::AFTER_TABLES;
use crate::sql::verbs::WRITES;

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
    pub(super) text: &'a str,
    pub(super) cursor: Cursor<'a>,
    pub(super) dialect: Dialect,
    pub(super) frames: Vec<Frame<'a>>,
    pub(super) queries: Vec<Query>,
    pub(super) summary: QuerySummary,
    /// The common table expressions in scope, with the table that each one reads.
    pub(super) ctes: Vec<(&'a str, Option<String>)>,
}

/// What is known of an open parenthesis, or of the statement itself.
pub(super) struct Frame<'a> {
    /// The query at this level.
    pub(super) query: Option<usize>,
    pub(super) clause: Clause,
    pub(super) slot: Slot<'a>,
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
pub(super) enum Slot<'a> {
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

    pub(super) fn open(&mut self, slot: Slot<'a>) {
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
}
