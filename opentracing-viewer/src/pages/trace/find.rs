//! The search within a trace.

use crate::model::{Span, Text, Value};
use crate::pages::trace::view::View;

/// What the user looks for.
enum Wanted<'a> {
    /// The word `error`.
    Failed,
    Id(&'a str),
    /// `key=value`
    Tag(&'a str, &'a str),
    /// Lower case.
    Text(String),
}

impl View {
    /// The rows that match: spans that failed for `error`, the span with an id, those with a tag for `key=value`, else those that contain the
    /// text anywhere, in any letter case.
    pub(super) fn find(&self, text: &str) -> Vec<usize> {
        let text = text.trim();
        if text.is_empty() {
            return Vec::new();
        }
        let wanted = match text.split_once('=') {
            _ if text == "error" => Wanted::Failed,
            _ if text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) => Wanted::Id(text),
            Some((key, value)) if !key.contains(' ') => Wanted::Tag(key.trim(), value.trim().trim_matches('"')),
            _ => Wanted::Text(text.to_lowercase()),
        };
        (0..self.tree.rows().len()).filter(|row| wanted.is_in(self.span(*row))).collect()
    }
}

impl Wanted<'_> {
    fn is_in(&self, span: &Span) -> bool {
        let logged = || span.logs.iter().flat_map(|log| &log.fields);
        let mut fields = span.tags.iter().chain(&span.resource.tags).chain(logged());
        match self {
            Wanted::Failed => span.is_failed,
            Wanted::Id(id) => span.span_id.to_string().eq_ignore_ascii_case(id),
            Wanted::Tag(key, value) => fields.any(|(name, own)| name == *key && own.to_string() == *value),
            Wanted::Text(text) => {
                let has = |own: &str| own.to_lowercase().contains(text);
                has(span.service()) || has(&span.name) || fields.any(|field| has_text(field, text))
            }
        }
    }
}

fn has_text((key, value): &(Text, Value), text: &str) -> bool {
    key.to_lowercase().contains(text) || value.to_string().to_lowercase().contains(text)
}
