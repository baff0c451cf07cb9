//! What the store must answer, by reading every span.

use std::collections::BTreeMap;

use opentracing_core::TraceId;
use opentracing_viewer::{Query, Span, Status, TagTerm};

/// The ids of the traces that match, newest first.
pub(super) fn traces(spans: &[Span], query: &Query) -> Vec<TraceId> {
    let mut traces: BTreeMap<TraceId, (u64, bool)> = BTreeMap::new();
    for span in spans {
        let (start, found) = traces.entry(span.trace_id).or_insert((u64::MAX, false));
        *start = span.start_unix_ns.min(*start);
        *found |= matches(span, query);
    }
    let mut found: Vec<(u64, TraceId)> =
        traces.into_iter().filter(|(_, (_, found))| *found).map(|(id, (start, _))| (start, id)).collect();
    found.sort_by(|a, b| b.cmp(a));
    found.into_iter().map(|(_, id)| id).collect()
}

fn matches(span: &Span, query: &Query) -> bool {
    query.from_unix_ns.is_none_or(|from| span.start_unix_ns >= from)
        && query.until_unix_ns.is_none_or(|until| span.start_unix_ns < until)
        && query.service.as_ref().is_none_or(|service| span.service().as_str() == service)
        && query.operation.as_ref().is_none_or(|name| span.name.as_str() == name)
        && query.version.as_ref().is_none_or(|version| span.version().is_some_and(|own| own.as_str() == version))
        && query.kind.is_none_or(|kind| span.kind == kind)
        && query.status != if span.is_failed { Status::Ok } else { Status::Failed }
        && query.min_duration_ns.is_none_or(|least| span.duration_ns >= least)
        && query.max_duration_ns.is_none_or(|most| span.duration_ns <= most)
        && query.trace_id.is_none_or(|id| span.trace_id == id || id.high() == 0 && span.trace_id.low() == id.low())
        && query.span_id.is_none_or(|id| span.span_id == id)
        && query.tags.iter().all(|term| has_tag(span, term) != term.is_excluded)
        && query.text.as_ref().is_none_or(|text| text.is_empty() || has_text(span, text))
}

fn has_tag(span: &Span, term: &TagTerm) -> bool {
    let mut tags = span.tags.iter().chain(&span.resource.tags);
    tags.any(|(key, value)| {
        key.as_str() == term.key && term.value.as_ref().is_none_or(|wanted| value.to_string() == *wanted)
    })
}

fn has_text(span: &Span, needle: &str) -> bool {
    let needle = needle.to_ascii_lowercase();
    let fields = span.logs.iter().flat_map(|log| &log.fields);
    let texts = span.tags.iter().chain(&span.resource.tags).chain(fields).filter_map(|(_, value)| value.as_text());
    texts.chain([span.service().as_str(), span.name.as_str()]).any(|text| text.to_ascii_lowercase().contains(&needle))
}
