//! What a statement does, and to which table.

use crate::sql::keywords::{definition, is_one_of, operation};
use crate::sql::lexer::{Lexeme, Token};

/// Operation and table of one statement, as far as they are known.
#[derive(Default)]
pub(crate) struct Subject {
    pub(crate) operation: Option<&'static str>,
    pub(crate) table: Option<String>,
}

impl Subject {
    pub(crate) fn name(&self) -> String {
        match (self.operation, &self.table) {
            (Some(operation), Some(table)) => format!("{operation} {table}"),
            (Some(operation), None) => operation.to_owned(),
            (None, _) => String::new(),
        }
    }
}

/// Reads one statement, without semicolons.
pub(crate) fn subject(statement: &[Lexeme<'_>]) -> Subject {
    Reader { lexemes: statement, at: 0, named: &[], depth: 0 }.read()
}

/// A common table expression: its name, and the statement in its parentheses.
type Named<'a> = (&'a str, &'a [Lexeme<'a>]);

/// Goes through one statement. Nothing here can fail: what is not found is not told.
struct Reader<'a, 'n> {
    lexemes: &'a [Lexeme<'a>],
    at: usize,
    /// The common table expressions that may be meant.
    named: &'n [Named<'a>],
    depth: u32,
}

impl<'a> Reader<'a, '_> {
    fn read(mut self) -> Subject {
        while self.token() == Some(Token::Symbol(b'(')) {
            self.at += 1;
        }
        let Some(verb) = self.word().and_then(operation) else { return Subject::default() };
        if verb == "WITH" {
            return self.with();
        }
        self.at += 1;
        let mut operation = verb;
        let table = match verb {
            "SELECT" => self.from(),
            "INSERT" | "REPLACE" | "UPDATE" | "MERGE" | "TRUNCATE" | "LOCK" | "COPY" | "CALL" | "TABLE" => {
                self.skip(BEFORE_TABLE);
                self.table()
            }
            "DELETE" => {
                self.skip(&["low_priority", "quick", "ignore"]);
                // MySQL also says from which of several tables: DELETE a FROM a JOIN b.
                if self.is("from") {
                    self.skip(&["from", "only"]);
                } else {
                    self.to("from");
                }
                self.table()
            }
            "CREATE" | "ALTER" | "DROP" => {
                self.skip(BEFORE_OBJECT);
                match self.word().and_then(|object| definition(verb, object)) {
                    Some(definition) => {
                        operation = definition;
                        self.at += 1;
                        self.defined(definition)
                    }
                    None => None,
                }
            }
            "EXPLAIN" => {
                while self.token().is_some() && !self.word().is_some_and(|word| is_one_of(word, EXPLAINED)) {
                    self.at += 1;
                }
                Reader { depth: self.depth + 1, ..self }.read_deeper().table
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
                self.skip(&["work", "transaction"]);
                if self.is("to") {
                    operation = "ROLLBACK TO SAVEPOINT";
                }
                None
            }
            _ => None,
        };
        Subject { operation: Some(operation), table }
    }

    /// Parentheses and expressions within one another are followed so far.
    fn read_deeper(self) -> Subject {
        if self.depth > 8 { Subject::default() } else { self.read() }
    }

    /// `WITH name (columns) AS (statement), … statement`.
    fn with(mut self) -> Subject {
        let mut named: Vec<Named<'a>> = self.named.to_vec();
        self.at += 1;
        self.skip(&["recursive"]);
        while let Some(name) = self.name() {
            self.at += 1;
            self.parenthesis();
            self.skip(&["as", "not", "materialized"]);
            let Some(inside) = self.parenthesis() else { break };
            named.push((name, inside));
            if self.token() != Some(Token::Symbol(b',')) {
                break;
            }
            self.at += 1;
        }
        // PostgreSQL's SEARCH and CYCLE may stand between.
        while self.token().is_some() && !self.word().is_some_and(|word| is_one_of(word, EXPLAINED)) {
            self.at += 1;
        }
        let subject = Reader { named: &named, depth: self.depth + 1, lexemes: self.lexemes, at: self.at }.read_deeper();
        Subject { operation: subject.operation.or(Some("WITH")), ..subject }
    }

    /// The table behind the FROM of this level.
    fn from(&mut self) -> Option<String> {
        self.to("from");
        while self.token() == Some(Token::Symbol(b'(')) {
            let inside = self.lexemes.get(self.at + 1..)?;
            if matches!(inside.first()?.token, Token::Word(word) if is_one_of(word, EXPLAINED)) {
                let inside = self.parenthesis()?;
                return Reader { lexemes: inside, at: 0, named: self.named, depth: self.depth + 1 }.read_deeper().table;
            }
            self.at += 1;
        }
        self.skip(&["only", "lateral"]);
        self.table()
    }

    /// Goes behind the next such word that is not within parentheses.
    fn to(&mut self, word: &str) {
        while let Some(token) = self.token() {
            match token {
                Token::Symbol(b'(') => drop(self.parenthesis()),
                // IS DISTINCT FROM, IS NOT DISTINCT FROM.
                Token::Word(found) if found.eq_ignore_ascii_case("distinct") && self.follows(&["is", "not"]) => {
                    self.at += 2;
                }
                Token::Word(found) if found.eq_ignore_ascii_case(word) => return self.at += 1,
                _ => self.at += 1,
            }
        }
    }

    /// The table of a definition: what is made, or what something is made for.
    fn defined(&mut self, definition: &str) -> Option<String> {
        match definition.split_once(' ')?.1 {
            "TABLE" | "VIEW" => {
                self.skip(&["if", "not", "exists", "only", "concurrently"]);
                self.table()
            }
            "INDEX" | "TRIGGER" | "POLICY" => {
                self.to("on");
                self.skip(&["only"]);
                self.table()
            }
            // Names of functions, users and the like say little, and may be many.
            _ => None,
        }
    }

    /// A table with its schema. A common table expression stands for the table that it reads.
    fn table(&mut self) -> Option<String> {
        let first = self.name()?;
        self.at += 1;
        if self.token() != Some(Token::Symbol(b'.')) {
            let expression = self.named.iter().rposition(|(name, _)| name.eq_ignore_ascii_case(first));
            if let Some(at) = expression {
                let (_, inside) = self.named[at];
                let named = self.named.get(..at).unwrap_or_default();
                let table = Reader { lexemes: inside, at: 0, named, depth: self.depth + 1 }.read_deeper().table;
                // A recursive one names itself, too.
                return table.filter(|table| !table.eq_ignore_ascii_case(first));
            }
        }
        let mut path = first.to_owned();
        while self.token() == Some(Token::Symbol(b'.')) {
            self.at += 1;
            let Some(next) = self.name() else { break };
            path.push('.');
            path.push_str(next);
            self.at += 1;
        }
        path.truncate(path.floor_char_boundary(LONGEST));
        Some(path)
    }

    /// What is in the parenthesis that begins here, and goes behind it.
    fn parenthesis(&mut self) -> Option<&'a [Lexeme<'a>]> {
        if self.token() != Some(Token::Symbol(b'(')) {
            return None;
        }
        let start = self.at + 1;
        let mut depth = 0u32;
        while let Some(token) = self.token() {
            self.at += 1;
            match token {
                Token::Symbol(b'(') => depth += 1,
                Token::Symbol(b')') => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth == 0 {
                return self.lexemes.get(start..self.at - 1);
            }
        }
        self.lexemes.get(start..)
    }

    fn token(&self) -> Option<Token<'a>> {
        self.lexemes.get(self.at).map(|lexeme| lexeme.token)
    }

    fn word(&self) -> Option<&'a str> {
        match self.token()? {
            Token::Word(word) => Some(word),
            _ => None,
        }
    }

    fn name(&self) -> Option<&'a str> {
        match self.token()? {
            Token::Word(name) | Token::Quoted(_, name) => Some(name),
            _ => None,
        }
    }

    fn is(&self, word: &str) -> bool {
        self.word().is_some_and(|found| found.eq_ignore_ascii_case(word))
    }

    fn follows(&self, words: &[&str]) -> bool {
        let before = self.at.checked_sub(1).and_then(|at| self.lexemes.get(at)).map(|lexeme| lexeme.token);
        matches!(before, Some(Token::Word(word)) if is_one_of(word, words))
    }

    fn skip(&mut self, words: &[&str]) {
        while self.word().is_some_and(|word| is_one_of(word, words)) {
            self.at += 1;
        }
    }
}

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
const EXPLAINED: &[&str] = &["select", "insert", "update", "delete", "replace", "merge", "with", "values", "table"];
/// In bytes. Databases allow 63 or 64 a name.
const LONGEST: usize = 200;
