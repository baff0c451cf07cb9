//! What is known of a text that holds one or more statements.

use crate::sql::keywords::is_one_of;
use crate::sql::lexer::{Lexeme, Lexer, Rules, Token};
use crate::sql::mask::mask;
use crate::sql::readings::lex;
use crate::sql::splitter::Splitter;
use crate::sql::subject::{Subject, subject};
use crate::sql::{Dialect, Reading, double_quotes, secrets};

/// What is known of a text from reading it.
#[derive(Debug)]
pub(crate) struct Summary {
    /// `SELECT users`; empty if nothing is known. Several statements are separated by semicolons.
    pub(crate) name: Box<str>,
    /// The operation of the first statement.
    pub(crate) operation: Option<&'static str>,
    /// The table of the first statement.
    pub(crate) table: Option<Box<str>>,
    /// The operations and tables of all queries in the text, as they are written. Empty if nothing is known.
    pub(crate) query_summary: Box<str>,
    /// For each statement, whether it changes rows.
    changes: Box<[bool]>,
    /// Whether `changes` has all statements.
    is_complete: bool,
    /// The outermost operation of the first statement.
    outermost: Option<&'static str>,
    pub(crate) masked: Box<str>,
    /// Whether `masked` is only the start of the text.
    pub(crate) is_truncated: bool,
    /// Where a comment can be inserted: after the last token. `None` if the text already has a comment, or is too long.
    pub(crate) comment_at: Option<usize>,
}

impl Summary {
    /// Reads a text. Of a longer one, only the first 16 KiB and the number of its statements.
    pub(crate) fn of(sql: &str, reading: Reading) -> Summary {
        let Reading { dialect, folds_in_lists } = reading;
        let read = &sql[..sql.floor_char_boundary(MAX_READ_BYTES)];
        let is_cut = read.len() < sql.len();
        let mut lexed = lex(read, dialect, is_cut);
        let mut names = Names::default();
        let mut changes = Vec::with_capacity(1);
        for statement in statements(&mut lexed.lexemes) {
            secrets::hide(statement);
            if dialect == Dialect::Sqlite {
                double_quotes::hide(statement);
            }
            let subject = subject(read, statement, dialect);
            changes.push(changes_rows(subject.outermost, dialect));
            names.push(subject);
        }
        let is_complete = !is_cut || count(sql, dialect, &mut changes);
        let (masked, is_truncated) = mask(&lexed.lexemes, folds_in_lists, MAX_MASKED_BYTES);
        let query_summary = names.query_summary(is_complete);
        let Names { name, first, .. } = names;
        let Subject { operation, table, outermost, .. } = first.unwrap_or_default();
        Summary {
            name: name.into(),
            operation,
            table: table.map(Into::into),
            query_summary: query_summary.into(),
            changes: changes.into(),
            is_complete,
            outermost,
            masked: masked.into(),
            is_truncated: is_truncated || is_cut,
            comment_at: Some(lexed.end).filter(|end| *end > 0 && !lexed.has_comment && !is_cut),
        }
    }

    /// The number of statements, if the text was read to its end.
    pub(crate) fn statements(&self) -> Option<usize> {
        self.is_complete.then_some(self.changes.len())
    }

    /// Whether the statement with this index changes rows. `None` if it was not read.
    pub(crate) fn changes_rows(&self, statement: usize) -> Option<bool> {
        match self.changes.get(statement) {
            Some(changes) => Some(*changes),
            // A statement can have several results, for example a call of a procedure.
            None if self.is_complete => Some(self.changes.last().copied().unwrap_or(false)),
            None => None,
        }
    }

    /// Whether the first statement returns rows.
    pub(crate) fn is_query(&self) -> bool {
        matches!(
            self.outermost,
            Some("SELECT" | "VALUES" | "SHOW" | "EXPLAIN" | "PRAGMA" | "TABLE" | "DESCRIBE" | "DESC")
        )
    }
}

/// The names of the statements of a text.
#[derive(Default)]
struct Names {
    name: String,
    last: String,
    count: u32,
    first: Option<Subject>,
    /// The number of statements.
    statements: usize,
    /// Whether all of them have the summary of the first one.
    differs: bool,
}

impl Names {
    fn push(&mut self, subject: Subject) {
        let next = subject.name();
        self.statements += 1;
        let is_first = self.first.is_none();
        self.differs |= self.first.as_ref().is_some_and(|first| first.summary != subject.summary);
        self.first.get_or_insert(subject);
        // Equal names in a row are written once, so a batch of inserts has one name.
        if is_first || !next.is_empty() && next != self.last {
            self.count += 1;
            match self.count {
                1 => self.name.clone_from(&next),
                2..=MAX_NAMES => self.name.extend(["; ", next.as_str()]),
                TOO_MANY_NAMES => self.name.push_str("; …"),
                _ => {}
            }
            self.last = next;
        }
    }

    /// Of several statements, as OpenTelemetry's conventions define it for batches.
    fn query_summary(&mut self, is_complete: bool) -> String {
        let summary = self.first.as_mut().map(|first| std::mem::take(&mut first.summary)).unwrap_or_default();
        match self.statements {
            0 | 1 => summary,
            _ if self.differs || summary.is_empty() || !is_complete => "BATCH".to_owned(),
            _ => format!("BATCH {summary}"),
        }
    }
}

/// Splits the tokens of a text into its statements, without the semicolons between them.
fn statements<'s, 'a>(mut lexemes: &'s mut [Lexeme<'a>]) -> impl Iterator<Item = &'s mut [Lexeme<'a>]> {
    let mut splitter = Splitter::default();
    let next = move || {
        loop {
            let rest = std::mem::take(&mut lexemes);
            if rest.is_empty() {
                return None;
            }
            let end = rest.iter().position(|lexeme| splitter.ends_statement(lexeme.token));
            let (statement, rest) = rest.split_at_mut(end.unwrap_or(rest.len()));
            lexemes = rest.get_mut(1..).unwrap_or_default();
            if !statement.is_empty() {
                return Some(statement);
            }
        }
    };
    std::iter::from_fn(next)
}

/// Counts the statements of a text that was not read to its end. Returns `false` if it is too long for that as well.
fn count(sql: &str, dialect: Dialect, changes: &mut Vec<bool>) -> bool {
    if sql.len() > MAX_COUNTED_BYTES {
        // The last statement that was read may be incomplete, but its operation is known.
        return false;
    }
    changes.clear();
    let mut splitter = Splitter::default();
    let (mut verb, mut depth, mut is_open) = (None, 0u32, false);
    for lexeme in Lexer::new(sql, Rules::default_of(dialect)) {
        if splitter.ends_statement(lexeme.token) {
            if is_open {
                changes.push(changes_rows(verb, dialect));
            }
            (verb, depth, is_open) = (None, 0, false);
            continue;
        }
        match lexeme.token {
            Token::Symbol(b'(') => depth += 1,
            Token::Symbol(b')') => depth = depth.saturating_sub(1),
            // The verb is the first word, or the first one after common table expressions.
            Token::Word(word) if !is_open => verb = Some(word),
            Token::Word(word)
                if depth == 0
                    && verb.is_some_and(|verb| is_one_of(verb, &["with"]))
                    && is_one_of(word, &["select", "insert", "update", "delete", "merge"]) =>
            {
                verb = Some(word);
            }
            _ => {}
        }
        is_open = true;
    }
    if is_open {
        changes.push(changes_rows(verb, dialect));
    }
    true
}

/// Whether the reported number of affected rows is meaningful. PostgreSQL also counts the rows of a SELECT, and SQLite repeats the number
/// of the last change.
fn changes_rows(operation: Option<&str>, dialect: Dialect) -> bool {
    match operation {
        Some(operation) => is_one_of(
            operation,
            &[
                "insert",
                "update",
                "delete",
                "replace",
                "merge",
                "call",
                "load",
                "load data",
                "load xml",
                "execute",
                "begin not atomic",
            ],
        ),
        None => dialect != Dialect::Sqlite,
    }
}

/// Bounds the time to read a text to some tens of microseconds.
const MAX_READ_BYTES: usize = 16 * 1024;
/// Bounds the time to count statements to about a millisecond.
const MAX_COUNTED_BYTES: usize = 256 * 1024;
/// The limit of a tag value.
const MAX_MASKED_BYTES: usize = 4096;
/// How many statements appear in a name.
const MAX_NAMES: u32 = 3;
const TOO_MANY_NAMES: u32 = MAX_NAMES + 1;
