//! What a statement does, and to which table.

use crate::sql::cursor::Cursor;
use crate::sql::keywords::{definition, operation};
use crate::sql::lexer::Lexeme;

/// The operation and table of one statement, where they are known.
#[derive(Default)]
pub(super) struct Subject {
    pub(super) operation: Option<&'static str>,
    pub(super) table: Option<String>,
}

impl Subject {
    pub(super) fn name(&self) -> String {
        match (self.operation, &self.table) {
            (Some(operation), Some(table)) => format!("{operation} {table}"),
            (Some(operation), None) => operation.to_owned(),
            (None, _) => String::new(),
        }
    }
}

/// Reads one statement, without its semicolon.
pub(super) fn subject(statement: &[Lexeme<'_>]) -> Subject {
    Reader { cursor: Cursor::new(statement), ctes: &[], depth: 0 }.read()
}

/// A common table expression: its name, and the statement in its parentheses.
type Cte<'a> = (&'a str, &'a [Lexeme<'a>]);

/// Reads one statement. It cannot fail: what it does not find stays `None`.
struct Reader<'a, 'c> {
    cursor: Cursor<'a>,
    /// The common table expressions in scope.
    ctes: &'c [Cte<'a>],
    depth: u32,
}

impl<'a> Reader<'a, '_> {
    fn read(mut self) -> Subject {
        self.cursor.skip_symbols(b'(');
        let Some(verb) = self.cursor.word().and_then(operation) else { return Subject::default() };
        if verb == "WITH" {
            return self.with();
        }
        self.cursor.advance();
        let mut operation = verb;
        let table = match verb {
            "SELECT" => self.from(),
            "INSERT" | "REPLACE" | "UPDATE" | "MERGE" | "TRUNCATE" | "LOCK" | "COPY" | "CALL" | "TABLE" => {
                self.cursor.skip_words(BEFORE_TABLE);
                self.table()
            }
            "DELETE" => {
                self.cursor.skip_words(&["low_priority", "quick", "ignore"]);
                // MySQL can list the tables to delete from first: DELETE a FROM a JOIN b.
                if self.cursor.is_word(&["from"]) {
                    self.cursor.skip_words(&["from", "only"]);
                } else {
                    self.cursor.move_past("from");
                }
                self.table()
            }
            "CREATE" | "ALTER" | "DROP" => {
                self.cursor.skip_words(BEFORE_OBJECT);
                match self.cursor.word().and_then(|object| definition(verb, object)) {
                    Some(definition) => {
                        operation = definition;
                        self.cursor.advance();
                        self.table_of_definition(definition)
                    }
                    None => None,
                }
            }
            "EXPLAIN" => {
                self.cursor.move_to(STATEMENT_STARTS);
                Reader { depth: self.depth + 1, ..self }.read_nested().table
            }
            "START" => {
                operation = "START TRANSACTION";
                None
            }
            "RELEASE" => {
                operation = "RELEASE SAVEPOINT";
                None
            }
            "ROLLBACK" => {
                self.cursor.skip_words(&["work", "transaction"]);
                if self.cursor.is_word(&["to"]) {
                    operation = "ROLLBACK TO SAVEPOINT";
                }
                None
            }
            _ => None,
        };
        Subject { operation: Some(operation), table }
    }

    /// Stops at a fixed depth of nesting.
    fn read_nested(self) -> Subject {
        if self.depth > MAX_DEPTH { Subject::default() } else { self.read() }
    }

    /// `WITH name (columns) AS (statement), … statement`.
    fn with(mut self) -> Subject {
        let mut ctes: Vec<Cte<'a>> = self.ctes.to_vec();
        self.cursor.advance();
        self.cursor.skip_words(&["recursive"]);
        while let Some(name) = self.cursor.name() {
            self.cursor.advance();
            self.cursor.parenthesized();
            self.cursor.skip_words(&["as", "not", "materialized"]);
            let Some(inside) = self.cursor.parenthesized() else { break };
            ctes.push((name, inside));
            if !self.cursor.is_symbol(b',') {
                break;
            }
            self.cursor.advance();
        }
        // PostgreSQL allows SEARCH and CYCLE before the statement.
        self.cursor.move_to(STATEMENT_STARTS);
        let subject = Reader { cursor: self.cursor, ctes: &ctes, depth: self.depth + 1 }.read_nested();
        Subject { operation: subject.operation.or(Some("WITH")), ..subject }
    }

    /// The table after the FROM of this level.
    fn from(&mut self) -> Option<String> {
        self.cursor.move_past("from");
        while self.cursor.is_symbol(b'(') {
            if self.cursor.next_is_word(STATEMENT_STARTS) {
                let inside = self.cursor.parenthesized()?;
                return self.nested(inside, self.ctes).read_nested().table;
            }
            self.cursor.advance();
        }
        self.cursor.skip_words(&["only", "lateral"]);
        self.table()
    }

    /// The table that a definition creates or belongs to.
    fn table_of_definition(&mut self, definition: &str) -> Option<String> {
        match definition.split_once(' ')?.1 {
            "TABLE" | "VIEW" => {
                self.cursor.skip_words(&["if", "not", "exists", "only", "concurrently"]);
                self.table()
            }
            "INDEX" | "TRIGGER" | "POLICY" => {
                self.cursor.move_past("on");
                self.cursor.skip_words(&["only"]);
                self.table()
            }
            // Names of functions, users and the like say little, and there may be many.
            _ => None,
        }
    }

    /// A table with its schema. A common table expression is replaced by the table that it reads.
    fn table(&mut self) -> Option<String> {
        let first = self.cursor.name()?;
        self.cursor.advance();
        if !self.cursor.is_symbol(b'.') {
            let cte = self.ctes.iter().rposition(|(name, _)| name.eq_ignore_ascii_case(first));
            if let Some(at) = cte {
                let (_, inside) = self.ctes[at];
                let visible = self.ctes.get(..at).unwrap_or_default();
                let table = self.nested(inside, visible).read_nested().table;
                // A recursive expression also reads itself.
                return table.filter(|table| !table.eq_ignore_ascii_case(first));
            }
        }
        let mut path = first.to_owned();
        while self.cursor.is_symbol(b'.') {
            self.cursor.advance();
            let Some(next) = self.cursor.name() else { break };
            path.push('.');
            path.push_str(next);
            self.cursor.advance();
        }
        path.truncate(path.floor_char_boundary(MAX_TABLE_BYTES));
        Some(path)
    }

    fn nested<'c>(&self, lexemes: &'a [Lexeme<'a>], ctes: &'c [Cte<'a>]) -> Reader<'a, 'c> {
        Reader { cursor: Cursor::new(lexemes), ctes, depth: self.depth + 1 }
    }
}

/// Words between the verb and the table.
const BEFORE_TABLE: &[&str] = &[
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
    "event",
];
/// The verbs of statements that can stand inside another statement.
const STATEMENT_STARTS: &[&str] =
    &["select", "insert", "update", "delete", "replace", "merge", "with", "values", "table"];
/// Databases allow 63 or 64 bytes per name.
const MAX_TABLE_BYTES: usize = 200;
const MAX_DEPTH: u32 = 8;
