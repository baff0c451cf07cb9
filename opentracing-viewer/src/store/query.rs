//! What the list of traces is filtered by.

use std::error::Error;
use std::fmt;
use std::str::FromStr;

use opentracing_core::{SpanId, SpanKind, TraceId};

/// A filter for [`Store::traces`](crate::Store::traces). A trace matches if one of its spans satisfies all that is set. The default
/// matches every trace.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Query {
    /// The name of the service.
    pub service: Option<String>,
    /// The operation name.
    pub operation: Option<String>,
    /// The version of the service.
    pub version: Option<String>,
    /// The kind of the span.
    pub kind: Option<SpanKind>,
    /// Whether the span failed.
    pub status: Status,
    /// The least duration in nanoseconds.
    pub min_duration_ns: Option<u64>,
    /// The greatest duration in nanoseconds.
    pub max_duration_ns: Option<u64>,
    /// Tags of the span or of its process. The first 16 count.
    pub tags: Vec<TagTerm>,
    /// Text that occurs in the service, the operation name, or the text of a tag or log field, in any letter case (ASCII). The first 200
    /// bytes count.
    pub text: Option<String>,
    /// The id of the trace. A 64-bit id, whose upper half is zero, finds traces by their lower half.
    pub trace_id: Option<TraceId>,
    /// The id of the span.
    pub span_id: Option<SpanId>,
    /// The earliest start of the span in nanoseconds since the Unix epoch.
    pub from_unix_ns: Option<u64>,
    /// The latest start of the span in nanoseconds since the Unix epoch, exclusive.
    pub until_unix_ns: Option<u64>,
    /// Where the page begins: [`Page::next`](crate::Page::next) of the page before it.
    pub after: Option<Cursor>,
    /// The number of traces on the page, at most 500; zero means 50.
    pub limit: usize,
}

/// Whether a span failed, as a filter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Status {
    /// All spans.
    #[default]
    Any,
    /// Spans that failed.
    Failed,
    /// Spans that did not fail.
    Ok,
}

/// A condition on a tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagTerm {
    /// The key.
    pub key: String,
    /// The value in the form of [`Value`](crate::Value)'s `Display`; `None` for any value.
    pub value: Option<String>,
    /// Whether the span must not have the tag, or not with this value.
    pub is_excluded: bool,
}

/// A place in the list of traces, which is ordered by start, newest first, and then by trace id. Written as text for URLs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cursor {
    pub(crate) start_unix_ns: u64,
    pub(crate) trace_id: TraceId,
}

impl Query {
    /// The number of traces on a page if the query does not set it.
    pub const DEFAULT_LIMIT: usize = 50;
    /// The greatest number of traces on a page.
    pub const MAX_LIMIT: usize = 500;
    /// The greatest number of conditions on tags.
    pub const MAX_TAGS: usize = 16;
    /// The greatest length of the text in bytes.
    pub const MAX_TEXT_BYTES: usize = 200;

    pub(crate) fn page_limit(&self) -> usize {
        if self.limit == 0 { Query::DEFAULT_LIMIT } else { self.limit.min(Query::MAX_LIMIT) }
    }

    /// The text, cut to its greatest length; `None` if it is empty.
    pub(crate) fn needle(&self) -> Option<&str> {
        let text = self.text.as_deref()?;
        let text = cut(text, Query::MAX_TEXT_BYTES);
        (!text.is_empty()).then_some(text)
    }
}

impl TagTerm {
    /// A condition that a tag has this value.
    pub fn equals(key: impl Into<String>, value: impl Into<String>) -> Self {
        TagTerm { key: key.into(), value: Some(value.into()), is_excluded: false }
    }

    /// A condition that a tag exists.
    pub fn exists(key: impl Into<String>) -> Self {
        TagTerm { key: key.into(), value: None, is_excluded: false }
    }

    /// The opposite condition.
    #[must_use]
    pub fn excluded(mut self) -> Self {
        self.is_excluded = !self.is_excluded;
        self
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.start_unix_ns, self.trace_id)
    }
}

impl FromStr for Cursor {
    type Err = InvalidCursor;

    fn from_str(text: &str) -> Result<Self, InvalidCursor> {
        let (start, id) = text.split_once('-').ok_or(InvalidCursor(()))?;
        let start_unix_ns = start.parse().map_err(|_| InvalidCursor(()))?;
        Ok(Cursor { start_unix_ns, trace_id: id.parse().map_err(|_| InvalidCursor(()))? })
    }
}

/// The error for text that is not a [`Cursor`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidCursor(());

impl fmt::Display for InvalidCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("invalid place in the list of traces")
    }
}

impl Error for InvalidCursor {}

fn cut(text: &str, max_bytes: usize) -> &str {
    let end = (0..=max_bytes.min(text.len())).rev().find(|&end| text.is_char_boundary(end));
    &text[..end.unwrap_or(0)]
}
