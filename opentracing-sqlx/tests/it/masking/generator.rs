//! Statements with a canary in every place where the grammar allows a value, a name or a comment.

use crate::masking::oracle::Database;
use crate::masking::random::Random;

/// What a canary was generated as. The database has the last word.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Intent {
    Value,
    Name,
    Comment,
}

#[derive(Clone, Debug)]
pub(crate) struct Canary {
    pub(crate) text: String,
    pub(crate) intent: Intent,
}

#[derive(Clone, Debug)]
pub(crate) struct Statement {
    pub(crate) sql: String,
    pub(crate) canaries: Vec<Canary>,
    /// Changed at random places, so that the intents say nothing any more.
    pub(crate) is_mutated: bool,
}

pub(crate) struct Generator {
    pub(crate) random: Random,
    pub(crate) database: Database,
    /// Whether a backslash escapes in a string without a prefix.
    pub(crate) escapes: bool,
    /// The number of the next canary.
    next: u64,
    canaries: Vec<Canary>,
}

impl Generator {
    pub(crate) fn new(database: Database, is_default: bool, seed: u64) -> Self {
        let escapes = (database == Database::MariaDb) == is_default && database != Database::Sqlite;
        Generator { random: Random(seed), database, escapes, next: 1, canaries: vec![] }
    }

    pub(crate) fn statement(&mut self) -> Statement {
        self.canaries.clear();
        let mut sql = self.query();
        if self.database == Database::Postgres && self.random.one_in(12) {
            sql = format!("{sql};{}{}", self.space(), self.query());
        }
        let is_mutated = self.random.one_in(3);
        if is_mutated {
            sql = self.mutated(sql);
        }
        Statement { sql, canaries: self.canaries.clone(), is_mutated }
    }

    pub(crate) fn canary(&mut self, intent: Intent, text: impl FnOnce(u64) -> String) -> String {
        let text = text(self.next);
        self.next += 1;
        self.canaries.push(Canary { text: text.clone(), intent });
        text
    }

    pub(crate) fn number_of_canaries(&self) -> usize {
        self.canaries.len()
    }

    pub(crate) fn canaries_from(&self, first: usize) -> &[Canary] {
        &self.canaries[first..]
    }

    /// Joins the parts with white space and comments.
    fn join(&mut self, parts: &[&str]) -> String {
        let mut text = if self.random.one_in(8) { self.space() } else { String::new() };
        for (at, part) in parts.iter().enumerate() {
            if at > 0 {
                text.push_str(&self.space());
            }
            text.push_str(part);
        }
        text
    }

    fn query(&mut self) -> String {
        match self.random.below(10) {
            0 => {
                let (a, b) = (self.text(2), self.text(2));
                let values = format!("({a}, {b})");
                let end = self.end_of_insert();
                self.join(&["INSERT INTO t (a, b)", "VALUES", &values, &end])
            }
            1 => {
                let select = self.select(2);
                self.join(&["INSERT INTO t (a)", &select])
            }
            2 => {
                let (a, b, condition) = (self.text(2), self.text(2), self.condition(2));
                let assignments = format!("a = {a}, b = {b}");
                let from = if self.database != Database::MariaDb && self.random.one_in(3) { "FROM u" } else { "" };
                let assignments = format!("{assignments}, c = {}", self.text(1));
                self.join(&["UPDATE t SET", &assignments, from, "WHERE", &condition])
            }
            3 => {
                let condition = self.condition(2);
                self.join(&["DELETE FROM t", "WHERE", &condition])
            }
            4 => {
                let (name, inner, outer) = (self.name(), self.select(1), self.text(1));
                let (cte, from) = (format!("{name} AS ({inner})"), format!("SELECT {outer} FROM {name}"));
                self.join(&["WITH", &cte, &from])
            }
            5 => {
                let (first, last) = (self.select(1), self.select(1));
                self.join(&[&first, "UNION ALL", &last])
            }
            _ => self.columns(),
        }
    }

    /// One column, as text.
    fn select(&mut self, depth: usize) -> String {
        let (column, condition) = (self.text(depth), self.condition(depth));
        self.join(&["SELECT", &column, "FROM u", "WHERE", &condition])
    }

    /// What can follow the rows of an `INSERT`.
    fn end_of_insert(&mut self) -> String {
        match (self.database, self.random.below(3)) {
            (Database::MariaDb, 0) => format!("ON DUPLICATE KEY UPDATE a = {}, b = {}", self.text(1), self.text(1)),
            (Database::Sqlite, 0) => {
                format!(
                    "ON CONFLICT DO UPDATE SET a = {}, b = {} WHERE {}",
                    self.text(1),
                    self.text(1),
                    self.condition(1)
                )
            }
            (_, 1) => format!("RETURNING {}, {} AS {}", self.text(1), self.text(1), self.name()),
            _ => String::new(),
        }
    }

    /// A list of columns of any type.
    fn columns(&mut self) -> String {
        let mut columns = vec![];
        for _ in 0..=self.random.below(3) {
            let value = if self.random.one_in(2) { self.value() } else { self.text(2) };
            let alias =
                if self.random.one_in(2) { format!("{}AS {}", self.space(), self.name()) } else { String::new() };
            columns.push(format!("{value}{alias}"));
        }
        let columns = columns.join(",");
        let mut parts = vec!["SELECT".to_owned(), columns];
        if self.random.one_in(2) {
            parts.push(format!("FROM u AS {}", self.name()));
            if self.random.one_in(2) {
                parts.push(format!("WHERE {}", self.condition(2)));
            }
            if self.random.one_in(5) {
                parts.push(format!("GROUP BY a, b, c, a || {} HAVING {}", self.text(1), self.condition(1)));
            }
            if self.random.one_in(3) {
                parts.push(format!("ORDER BY a || {}", self.text(1)));
            }
            if self.random.one_in(5) {
                parts.push(format!("LIMIT {}", self.number_of_eight()));
            }
        } else if self.random.one_in(4) {
            let (condition, other) = (self.condition(1), self.condition(1));
            let (name, last) = (self.name(), self.select(1));
            parts.push(format!("FROM u JOIN u AS {name} ON {condition}, ({last}) AS v WHERE {other}"));
        }
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        self.join(&parts)
    }

    /// An expression that every database takes for text.
    fn text(&mut self, depth: usize) -> String {
        if depth == 0 || self.random.one_in(2) {
            let value = self.value();
            return if self.database == Database::Postgres { format!("concat({value})") } else { value };
        }
        let depth = depth - 1;
        match self.random.below(8) {
            0 => format!("coalesce({}, {})", self.text(depth), self.text(depth)),
            1 => format!("CASE WHEN {} THEN {} ELSE {} END", self.condition(depth), self.text(depth), self.text(depth)),
            2 => format!("(SELECT {}{})", self.text(depth), self.space()),
            3 => format!("({} || {})", self.text(depth), self.text(depth)),
            4 => format!(
                "CAST({} AS {})",
                self.text(depth),
                if self.database == Database::MariaDb { "CHAR" } else { "text" }
            ),
            5 => format!("{}a", self.space()),
            6 => format!("CASE {} WHEN {} THEN {} END", self.text(depth), self.text(depth), self.text(depth)),
            _ => self.special(depth),
        }
    }

    /// Forms of one database.
    fn special(&mut self, depth: usize) -> String {
        let (first, last) = (self.text(depth), self.text(depth));
        match (self.database, self.random.below(6)) {
            (Database::Postgres, 0) => format!("(ARRAY[{first}, {last}])[1:2]::text"),
            (Database::Postgres, 1) => format!("substring({first} from 1 for 3)"),
            (Database::Postgres, 2) => format!("concat(array_to_json(ARRAY[{first}]) ->> 0, '{{}}'::jsonb ? {last})"),
            (Database::Postgres, 3) => format!("trim(both {first} from {last})"),
            (Database::Postgres, 4) => {
                format!("concat(-@ {}, to_tsvector({first}) @@to_tsquery('x'))", self.number_of_eight())
            }
            (Database::Postgres, _) => format!("({first})::varchar(9)"),
            (Database::MariaDb, 0) => format!("IF({first}, {last}, NULL)"),
            (Database::MariaDb, 1) => format!("CONVERT({first} USING utf8mb4)"),
            (Database::MariaDb, 2) => format!("({first} REGEXP {last})"),
            (Database::MariaDb, 3) => format!("(@v := {first})"),
            (Database::MariaDb, 4) => format!("(- {first}- -{last})"),
            (Database::MariaDb, _) => format!("(BINARY {first} DIV {last})"),
            (Database::Sqlite, 0) => format!("({first} COLLATE nocase)"),
            (Database::Sqlite, 1) => format!("({first} GLOB {last})"),
            (Database::Sqlite, 2) => format!("(- {first} * {last})"),
            (Database::Sqlite, 3) => format!("iif({first}, {last}, NULL)"),
            (Database::Sqlite, 4) => format!("({first} ISNULL OR {last} NOTNULL)"),
            (Database::Sqlite, _) => format!("(u.a = {first} AND {last})").replace("u.a", "'a'"),
        }
    }

    fn number_of_eight(&mut self) -> String {
        self.canary(Intent::Value, |n| format!("8{n:011}"))
    }

    fn condition(&mut self, depth: usize) -> String {
        let (first, second) = (self.text(depth), self.text(depth));
        let space = self.space();
        match self.random.below(8) {
            0 => format!("{first} LIKE{space}{second}"),
            1 => format!("{first} IN{space}({second}, {})", self.text(depth)),
            2 => format!("{first} BETWEEN{space}{second} AND {}", self.text(depth)),
            3 if depth > 0 => format!("NOT ({} AND {})", self.condition(depth - 1), self.condition(depth - 1)),
            4 if depth > 0 => format!("({}{space}OR {})", self.condition(depth - 1), self.condition(depth - 1)),
            5 => format!("EXISTS (SELECT {first}{space}WHERE {second} IS NOT NULL)"),
            6 if self.database != Database::MariaDb => format!("{first} IS{space}DISTINCT FROM {second}"),
            _ => format!("{first}{space}<>{second}"),
        }
    }

    /// Removes, repeats or inserts characters that move the ends of tokens.
    fn mutated(&mut self, mut sql: String) -> String {
        for _ in 0..=self.random.below(2) {
            let at = sql.floor_char_boundary(self.random.below(sql.len()));
            let tricky = *self.random.pick(&[
                "'", "\"", "`", "\\", "\\'", "''", "$$", "$a$", "--", "/*", "*/", "/*!", "#", ";", "[", "]", "(", ")",
                "\n", "\r", "E", "N", "x", "0", "5", ".", "?", "@", ":", "::", "&", "U&", "-", " ", "e'", "$1",
            ]);
            match self.random.below(4) {
                0 => drop(sql.remove(at)),
                // A quote with its character.
                1 => {
                    if let Some(quote) = sql[at..].find(['\'', '"', '\\', '$', '`']) {
                        sql.remove(at + quote);
                    }
                }
                2 => {
                    if let Some(quote) = sql[at..].find(['\'', '"', '\\', '$', '`']) {
                        sql.insert_str(at + quote, tricky);
                    }
                }
                _ => sql.insert_str(at, tricky),
            }
            if sql.is_empty() {
                sql.push(' ');
            }
        }
        sql
    }
}
