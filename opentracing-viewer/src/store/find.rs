//! Traces, and the list of them.

use std::cmp::Reverse;
use std::collections::HashMap;

use foldhash::fast::RandomState;

use crate::model::{Span, Text};
use crate::store::filter::Filter;
use crate::store::insert::Data;
use crate::store::segment::Segment;
use crate::store::snapshot::Snapshot;
use crate::store::table::{Entry, NO_ROW};
use crate::store::{Cursor, Page, Query, Summary, Trace};

/// The last matching row of each trace, by slot.
pub(super) type Matches = Vec<u64>;

/// Services that a row of the list names.
const MAX_SERVICES: usize = 32;

/// Spans of a trace that are read to count its services.
const MAX_COUNTED: usize = 20_000;

/// Reads all spans of the snapshot.
pub(super) fn matches(snapshot: &Snapshot, slots: usize, filter: &Filter) -> Matches {
    let mut found = vec![NO_ROW; slots];
    for segment in snapshot.segments.iter().rev().filter(|segment| filter.may_match(segment)) {
        for index in (0..segment.len()).rev() {
            let slot = segment.trace[index] as usize;
            if found[slot] == NO_ROW && filter.matches(segment, index) {
                found[slot] = segment.first_row + index as u64;
            }
        }
    }
    found
}

/// The traces of a page, with the entries of the table, which may have grown since the matching.
pub(super) fn page(
    data: &mut Data,
    found: Option<&Matches>,
    filter: &Filter,
    query: &Query,
) -> (Vec<Entry>, Option<Cursor>, usize) {
    let first_row = data.first_row();
    let is_found = |slot: u32| match found {
        // A slot whose matching span has left the store may belong to another trace now.
        Some(found) => found.get(slot as usize).is_some_and(|row| *row != NO_ROW && *row >= first_row),
        None => true,
    };
    let has_id = |entry: &Entry| filter.trace_id().is_none_or(|id| entry.is(id));
    let mut rows: Vec<(Cursor, u32)> = data
        .table
        .iter()
        .filter(|(slot, entry)| is_found(*slot) && has_id(entry))
        .map(|(slot, entry)| (Cursor { start_unix_ns: entry.start, trace_id: entry.id }, slot))
        .collect();
    let total = rows.len();
    if let Some(after) = query.after {
        rows.retain(|(cursor, _)| *cursor < after);
    }
    let limit = query.page_limit();
    let has_next = rows.len() > limit;
    if has_next {
        rows.select_nth_unstable_by_key(limit - 1, |(cursor, _)| Reverse(*cursor));
        rows.truncate(limit);
    }
    rows.sort_unstable_by_key(|(cursor, _)| Reverse(*cursor));
    let next = rows.last().filter(|_| has_next).map(|(cursor, _)| *cursor);
    (rows.iter().filter_map(|(_, slot)| data.table.get(*slot).copied()).collect(), next, total)
}

pub(super) fn summaries(snapshot: &Snapshot, (entries, next, total): (Vec<Entry>, Option<Cursor>, usize)) -> Page {
    Page { traces: entries.iter().map(|entry| summary(snapshot, entry)).collect(), next, total }
}

fn summary(snapshot: &Snapshot, entry: &Entry) -> Summary {
    let root = snapshot.locate(entry.root);
    let mut counts: HashMap<u16, usize, RandomState> = HashMap::default();
    let mut earliest: Option<(u64, &Segment, usize)> = None;
    for (segment, index) in snapshot.chain(entry.head).take(MAX_COUNTED) {
        *counts.entry(segment.resource[index]).or_default() += 1;
        if root.is_none() && earliest.is_none_or(|(start, ..)| segment.start[index] < start) {
            earliest = Some((segment.start[index], segment, index));
        }
    }
    let first = root.or(earliest.map(|(_, segment, index)| (segment, index)));
    Summary {
        id: entry.id,
        start_unix_ns: entry.start,
        duration_ns: entry.end - entry.start,
        spans: entry.spans as usize,
        failed: entry.failed as usize,
        service: first.map(|(segment, index)| snapshot.resource(segment, index).service.clone()).unwrap_or_default(),
        name: first.map(|(segment, index)| snapshot.name(segment, index)).unwrap_or_default(),
        has_root: root.is_some(),
        services: services(snapshot, &counts),
        is_partial: entry.is_partial,
    }
}

/// Several processes may have one service.
fn services(snapshot: &Snapshot, counts: &HashMap<u16, usize, RandomState>) -> Vec<(Text, usize)> {
    let mut by_name: HashMap<&Text, usize> = HashMap::new();
    for (number, count) in counts {
        if let Some(Some(resource)) = snapshot.resources.get(usize::from(*number)) {
            *by_name.entry(&resource.service).or_default() += count;
        }
    }
    let mut services: Vec<(Text, usize)> = by_name.into_iter().map(|(name, count)| (name.clone(), count)).collect();
    services.sort_by(|a, b| (b.1, &a.0).cmp(&(a.1, &b.0)));
    services.truncate(MAX_SERVICES);
    services
}

pub(super) fn trace(snapshot: &Snapshot, entry: &Entry) -> Trace {
    let spans = snapshot.chain(entry.head).map(|(segment, index)| snapshot.span(entry.id, segment, index));
    let mut spans: Vec<Span> = spans.collect();
    spans.reverse();
    spans.sort_by_key(|span| (span.start_unix_ns, span.span_id, span.is_shared));
    mark_duplicates(&mut spans);
    Trace { id: entry.id, spans, is_partial: entry.is_partial }
}

/// Drops spans that came twice, and marks different ones with the same id. The two halves of a call that Zipkin's clients share an id for
/// are no duplicates.
fn mark_duplicates(spans: &mut Vec<Span>) {
    let mut seen: HashMap<(u64, bool), Vec<usize>, RandomState> = HashMap::default();
    let mut keep = vec![true; spans.len()];
    for index in 0..spans.len() {
        let others = seen.entry((spans[index].span_id.get(), spans[index].is_shared)).or_default();
        if others.iter().any(|other| spans[*other].is_same(&spans[index])) {
            keep[index] = false;
        } else {
            spans[index].marks.is_duplicate = !others.is_empty();
            // A sender that repeats one id without end is compared with its first spans only.
            if others.len() < 8 {
                others.push(index);
            }
        }
    }
    let mut keep = keep.iter();
    spans.retain(|_| *keep.next().unwrap_or(&true));
}
