//! What a statement does, and to which table.

use crate::sql::Dialect;
use crate::sql::lexer::Lexeme;
use crate::sql::outline::{Outline, Query};
use crate::sql::verbs::WRITES;

/// What is known of one statement.
#[derive(Default)]
pub(super) struct Subject {
    /// The operation that the statement is named after: the first one that writes, otherwise the outermost.
    pub(super) operation: Option<&'static str>,
    /// The first table of that operation.
    pub(super) table: Option<String>,
    /// The outermost operation, which decides what the database returns.
    pub(super) outermost: Option<&'static str>,
    pub(super) summary: String,
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

/// Reads one statement of the text, without its semicolon.
pub(super) fn subject<'a>(text: &'a str, statement: &'a [Lexeme<'a>], dialect: Dialect) -> Subject {
    let Outline { queries, summary, frames, .. } = Outline::of(text, statement, dialect);
    let summary = summary.into_text();
    let of_statement = frames.first().and_then(|frame| frame.query);
    let outermost = of_statement.or_else(|| queries.iter().position(|query| !query.is_in_cte));
    let Some(outermost) = outermost else {
        // Only the start of a statement, such as a common table expression without an end.
        let operation = (!queries.is_empty()).then_some("WITH");
        return Subject { operation, outermost: operation, table: None, summary };
    };
    let is_read = |query: &Query| matches!(query.operation, "SELECT" | "VALUES" | "TABLE" | "COPY");
    let named = match queries.iter().position(|query| WRITES.contains(&query.operation)) {
        Some(write) if is_read(&queries[outermost]) => write,
        _ => outermost,
    };
    let Query { operation, table, .. } = &queries[named];
    Subject { operation: Some(operation), table: table.clone(), outermost: Some(queries[outermost].operation), summary }
}
