//! The values of tags and logs for readers: JSON, SQL and stack traces in lines.

use crate::model::{Text, Value};

/// A tag or a field of a log.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) key: String,
    pub(super) value: Shown,
}

/// How a value is shown.
#[derive(Debug)]
pub(super) enum Shown {
    /// One line.
    Line(String),
    /// An address of the web, as a link.
    Link(String),
    /// Several lines, and whether they are folded at first.
    Block(String, bool),
}

/// Longer text is folded at first.
const FOLD_ABOVE: usize = 600;

pub(super) fn fields(fields: &[(Text, Value)]) -> Vec<Field> {
    fields.iter().map(|(key, value)| Field { key: key.to_string(), value: shown(key, value) }).collect()
}

fn shown(key: &str, value: &Value) -> Shown {
    let Some(text) = value.as_text() else { return Shown::Line(value.to_string()) };
    if is_link(text) {
        return Shown::Link(text.to_owned());
    }
    let lines = if is_json(text) {
        serde_json::from_str::<serde_json::Value>(text).and_then(|json| serde_json::to_string_pretty(&json)).ok()
    } else if matches!(key, "db.statement" | "db.query.text") {
        Some(in_lines(text))
    } else {
        None
    };
    match lines {
        Some(lines) if lines.contains('\n') => Shown::Block(lines, text.len() > FOLD_ABOVE),
        _ if text.contains('\n') || text.len() > FOLD_ABOVE => {
            Shown::Block(text.to_owned(), text.len() > FOLD_ABOVE * 4)
        }
        _ => Shown::Line(text.to_owned()),
    }
}

/// Only the schemes of the web, so that no script can be a link.
fn is_link(text: &str) -> bool {
    let rest = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
    rest.is_some_and(|rest| !rest.is_empty()) && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"')
}

fn is_json(text: &str) -> bool {
    let text = text.trim();
    (text.starts_with('{') && text.ends_with('}')) || (text.starts_with('[') && text.ends_with(']'))
}

/// Breaks a statement before the words that begin its clauses, outside of quotes. The text stays the same otherwise.
fn in_lines(statement: &str) -> String {
    const CLAUSES: [&str; 14] = [
        "FROM",
        "WHERE",
        "GROUP BY",
        "ORDER BY",
        "HAVING",
        "LIMIT",
        "VALUES",
        "SET",
        "RETURNING",
        "UNION",
        "LEFT JOIN",
        "INNER JOIN",
        "JOIN",
        "ON CONFLICT",
    ];
    if statement.contains('\n') || statement.len() < 60 {
        return statement.to_owned();
    }
    let mut lines = String::with_capacity(statement.len() + 16);
    let mut quote = None;
    let mut rest = statement;
    while let Some(next) = rest.chars().next() {
        match quote {
            Some(open) if next == open => quote = None,
            None if matches!(next, '\'' | '"' | '`') => quote = Some(next),
            None if next == ' ' => {
                let after = &rest[1..];
                let starts = |clause: &&str| {
                    let head = after.get(..clause.len());
                    head.is_some_and(|head| head.eq_ignore_ascii_case(clause))
                        && after[clause.len()..].starts_with([' ', '('])
                };
                // `INNER JOIN` breaks before its first word.
                let is_inside = lines.trim_end().ends_with(['T', 't', 'R', 'r'])
                    && after.get(..4).is_some_and(|head| head.eq_ignore_ascii_case("JOIN"));
                if !is_inside && CLAUSES.iter().any(starts) {
                    lines.push('\n');
                    rest = after;
                    continue;
                }
            }
            _ => {}
        }
        lines.push(next);
        rest = &rest[next.len_utf8()..];
    }
    lines
}
