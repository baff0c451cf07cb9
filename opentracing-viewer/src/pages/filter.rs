//! The filter of the list, as it stands in the URL.

use std::str::FromStr;

use opentracing_core::SpanKind;

use crate::pages::format::parse_length;
use crate::store::{Cursor, Query, Scope, Status, TagTerm};

/// The keys and values of a URL's query.
#[derive(Clone, Debug, Default)]
pub(super) struct Pairs(Vec<(String, String)>);

impl Pairs {
    pub(super) fn parse(query: Option<&str>) -> Self {
        let pairs = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
        Pairs(pairs.take(MAX_PAIRS).map(|(key, value)| (key.into_owned(), value.into_owned())).collect())
    }

    /// The value of a key. A field of a form that is left empty counts as absent.
    pub(super) fn get(&self, key: &str) -> Option<&str> {
        let value = self.0.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str());
        value.filter(|value| !value.trim().is_empty())
    }

    /// The same query with this value; without the key if the value is empty.
    pub(super) fn with(&self, key: &str, value: &str) -> String {
        let kept = self.0.iter().filter(|(name, value)| name != key && !value.is_empty());
        let added = (!value.is_empty()).then_some((key, value));
        let kept = kept.map(|(name, value)| (name.as_str(), value.as_str()));
        query_of(kept.chain(added))
    }
}

/// More pairs are ignored.
const MAX_PAIRS: usize = 64;

/// Writes the query of a URL, with its question mark; nothing without pairs.
pub(super) fn query_of<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    if query.is_empty() { query } else { format!("?{query}") }
}

/// The fields of the form above the list, as the user wrote them.
#[derive(Debug, Default)]
pub(super) struct Filter {
    pub(super) pairs: Pairs,
    /// What is wrong, and with which field.
    pub(super) mistakes: Vec<(&'static str, String)>,
    pub(super) query: Query,
}

impl Filter {
    pub(super) fn parse(query: Option<&str>) -> Filter {
        let mut filter = Filter { pairs: Pairs::parse(query), ..Filter::default() };
        let text = |key| filter.pairs.get(key).map(|value: &str| value.trim().to_owned());
        let mut query = Query {
            service: text("service"),
            operation: text("operation"),
            version: text("version"),
            kind: text("kind").as_deref().and_then(SpanKind::from_tag),
            status: match filter.pairs.get("status") {
                Some("failed") => Status::Failed,
                Some("ok") => Status::Ok,
                _ => Status::Any,
            },
            text: text("text"),
            tags: filter.pairs.get("tags").map(tag_terms).unwrap_or_default(),
            ..Query::default()
        };
        query.min_duration_ns = filter.read("min", "a duration such as 20ms or 1.5s", parse_length);
        query.max_duration_ns = filter.read("max", "a duration such as 20ms or 1.5s", parse_length);
        query.trace_id = filter.read("trace", "up to 32 hexadecimal digits", |id| id.parse().ok());
        query.from_unix_ns = filter.read("from", "nanoseconds since 1970", |time| time.parse().ok());
        query.until_unix_ns = filter.read("until", "nanoseconds since 1970", |time| time.parse().ok());
        query.after = filter.read("after", "a place in the list", |cursor| Cursor::from_str(cursor).ok());
        if query.tags.len() > Query::MAX_TAGS {
            filter.mistakes.push(("tags", format!("only the first {} conditions count", Query::MAX_TAGS)));
        }
        filter.query = query;
        filter
    }

    fn read<T>(&mut self, key: &'static str, expected: &str, read: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        let value = self.pairs.get(key)?.trim();
        let read = read(value);
        if read.is_none() {
            self.mistakes.push((key, format!("{value:?} is not {expected}")));
        }
        read
    }

    /// What the user wrote into a field.
    pub(super) fn value(&self, key: &str) -> &str {
        self.pairs.get(key).unwrap_or_default()
    }

    pub(super) fn mistake(&self, key: &str) -> Option<&str> {
        self.mistakes.iter().find(|(field, _)| *field == key).map(|(_, mistake)| mistake.as_str())
    }

    /// Whether the list shows only some traces.
    pub(super) fn is_active(&self) -> bool {
        self.query != Query { after: self.query.after, ..Query::default() }
    }

    /// The spans that figures beside the list are about: those of the service, or all.
    pub(super) fn scope(&self) -> Scope {
        Scope { service: self.query.service.clone(), operation: self.query.operation.clone(), ..Scope::default() }
    }
}

/// Reads conditions between spaces: `key`, `key=value`, `key="a value"`, each with `!` before it for the opposite.
fn tag_terms(text: &str) -> Vec<TagTerm> {
    let mut terms = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (excluded, term) = match rest.strip_prefix('!') {
            Some(term) => (true, term),
            None => (false, rest),
        };
        let end = term.find([' ', '=']).unwrap_or(term.len());
        let (key, after) = term.split_at(end);
        let (value, after) = match after.strip_prefix('=') {
            None => (None, after),
            Some(value) => match value.strip_prefix('"').and_then(|value| value.split_once('"')) {
                Some((quoted, after)) => (Some(quoted), after),
                None => {
                    let (value, after) = value.split_at(value.find(' ').unwrap_or(value.len()));
                    (Some(value), after)
                }
            },
        };
        if !key.is_empty() {
            let term = TagTerm { key: key.to_owned(), value: value.map(str::to_owned), is_excluded: excluded };
            terms.push(term);
        }
        rest = after.trim_start();
    }
    terms
}
