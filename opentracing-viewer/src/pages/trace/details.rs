//! Everything about one span.

use askama::Template;

use crate::model::{LinkKind, Log};
use crate::pages::filter::query_of;
use crate::pages::format::{Length, Moment};
use crate::pages::palette::Palette;
use crate::pages::trace::columns::flags;
use crate::pages::trace::value::{Field, Shown, fields};
use crate::pages::trace::view::View;

/// A span in the panel beside the waterfall.
#[derive(Template)]
#[template(path = "span.html")]
pub(super) struct Details {
    trace_id: String,
    pub(super) row: usize,
    span_id: String,
    service: String,
    version: String,
    class: String,
    name: String,
    kind: &'static str,
    start: Moment,
    datetime: String,
    offset: Length,
    duration: Length,
    self_time: Length,
    is_failed: bool,
    mark: &'static str,
    is_cut: bool,
    moved_by: String,
    missing_parent: String,
    parent: Option<Reference>,
    references: Vec<Reference>,
    tags: Vec<Field>,
    process_tags: Vec<Field>,
    logs: Vec<LogView>,
    same_operation: String,
}

/// A reference to another span.
struct Reference {
    kind: &'static str,
    trace_id: String,
    span_id: String,
    /// The service and name of a span of this trace.
    label: String,
    tags: Vec<Field>,
}

struct LogView {
    offset: Length,
    is_before: bool,
    is_error: bool,
    fields: Vec<Field>,
}

impl View {
    pub(super) fn details(&self, row: usize, palette: &Palette) -> Details {
        let (at, span) = (&self.tree.rows()[row], self.span(row));
        let label = |id: String| {
            let other = self.trace.spans.iter().find(|other| other.span_id.to_string() == id);
            other.map_or(String::new(), |other| format!("{} {}", other.service(), other.name))
        };
        let links =
            span.links.iter().filter(|link| (link.trace_id, Some(link.span_id)) != (span.trace_id, span.parent_id));
        let reference = |link: &crate::model::Link| Reference {
            kind: match link.kind {
                LinkKind::ChildOf => "child of",
                LinkKind::FollowsFrom => "follows from",
                _ => "link to",
            },
            trace_id: link.trace_id.to_string(),
            span_id: link.span_id.to_string(),
            label: if link.trace_id == span.trace_id { label(link.span_id.to_string()) } else { String::new() },
            tags: fields(&link.tags),
        };
        let parent = at.parent.map(|parent| self.span(parent));
        Details {
            trace_id: self.trace.id.to_string(),
            row,
            span_id: span.span_id.to_string(),
            service: span.service().to_string(),
            version: span.version().map(|version| version.to_string()).unwrap_or_default(),
            class: palette.class(span.service()),
            name: span.name.to_string(),
            kind: span.kind.as_str(),
            start: Moment(span.start_unix_ns),
            datetime: Moment(span.start_unix_ns).rfc3339(),
            offset: Length(at.start_ns.saturating_sub(self.bounds.0)),
            duration: Length(at.duration_ns()),
            self_time: Length(self.self_ns[row]),
            is_failed: span.is_failed,
            mark: flags::text(flags::of(at, span)),
            is_cut: span.marks.is_cut,
            moved_by: self.moved_by(row).map(signed).unwrap_or_default(),
            missing_parent: at.missing_parent.map(|id| format!("{id:016x}")).unwrap_or_default(),
            parent: parent.map(|parent| Reference {
                kind: if at.is_blocking { "child of" } else { "follows from" },
                trace_id: self.trace.id.to_string(),
                span_id: parent.span_id.to_string(),
                label: format!("{} {}", parent.service(), parent.name),
                tags: Vec::new(),
            }),
            references: links.map(reference).collect(),
            tags: fields(&span.tags),
            process_tags: fields(&span.resource.tags),
            logs: span.logs.iter().map(|log| log_view(log, span.start_unix_ns)).collect(),
            same_operation: query_of([("service", span.service().as_str()), ("operation", span.name.as_str())]),
        }
    }

    /// The row of a span id.
    pub(super) fn row_of(&self, span_id: &str) -> Option<usize> {
        let id = span_id.parse::<opentracing_core::SpanId>().ok()?;
        (0..self.tree.rows().len()).find(|row| self.span(*row).span_id == id)
    }
}

fn log_view(log: &Log, start_unix_ns: u64) -> LogView {
    let is_error = log.fields.iter().any(|(key, value)| {
        matches!(key.as_str(), "error.kind" | "error.object" | "exception.type" | "exception.message")
            || (key == "event" && matches!(value.as_text(), Some("error" | "exception")))
    });
    LogView {
        offset: Length(log.unix_ns.abs_diff(start_unix_ns)),
        is_before: log.unix_ns < start_unix_ns,
        is_error,
        fields: fields(&log.fields),
    }
}

fn signed(by_ns: i64) -> String {
    format!("{}{}", if by_ns < 0 { "−" } else { "+" }, Length(by_ns.unsigned_abs()))
}
