//! Figures over many spans.

use std::collections::{BTreeMap, HashMap, HashSet};

use foldhash::fast::RandomState;
use opentracing_core::SpanId;

use crate::model::{Text, Value};
use crate::store::filter::ColumnFilter;
use crate::store::rows::RowSource;
use crate::store::segment::{KINDS, NAME_INLINE, Segment};
use crate::store::snapshot::Snapshot;
use crate::store::table::Entry;
use crate::store::{Figures, Histogram, OperationFigures, ResourceFigures, Scope, SpanRow, TimelineBucket, TraceRows};

/// Operations with a row of their own.
const MAX_OPERATIONS: usize = 4096;

/// Buckets of a timeline.
const MAX_BUCKETS: usize = 1000;

pub(super) fn figures(snapshot: &Snapshot, scope: &Scope) -> Figures {
    let services = Services::new(snapshot);
    let mut counts: HashMap<u64, u64, RandomState> = HashMap::default();
    for_each_span(snapshot, scope, |segment, index| {
        *counts.entry(services.key(segment, index)).or_default() += 1;
    });
    let mut keys: Vec<(u64, u64)> = counts.into_iter().filter(|(key, _)| *key as u32 != NAME_INLINE).collect();
    if keys.len() > MAX_OPERATIONS {
        keys.select_nth_unstable_by(MAX_OPERATIONS - 1, |a, b| b.1.cmp(&a.1));
        keys.truncate(MAX_OPERATIONS);
    }
    let places: HashMap<u64, usize, RandomState> =
        keys.iter().enumerate().map(|(place, (key, _))| (*key, place)).collect();
    let mut operations: Vec<OperationFigures> =
        keys.iter().map(|(key, _)| services.operation(snapshot, *key)).collect();
    let mut others = 0;
    for_each_span(snapshot, scope, |segment, index| match places.get(&services.key(segment, index)) {
        Some(place) => {
            let row = &mut operations[*place];
            row.spans += 1;
            row.failed += u64::from(segment.flags[index].is_failed());
            row.durations.record(segment.duration[index]);
        }
        None => others += 1,
    });
    operations.sort_by(|a, b| (b.spans, &a.service, &a.name).cmp(&(a.spans, &b.service, &b.name)));
    Figures { operations, others }
}

pub(super) fn timeline(snapshot: &Snapshot, scope: &Scope, step_ns: u64) -> Vec<TimelineBucket> {
    let step = step_ns.max(1);
    let mut buckets: BTreeMap<u64, TimelineBucket> = BTreeMap::new();
    for_each_span(snapshot, scope, |segment, index| {
        let number = segment.start[index] / step;
        let is_full = buckets.len() >= MAX_BUCKETS;
        if is_full && !buckets.contains_key(&number) {
            match buckets.first_key_value() {
                Some((&oldest, _)) if oldest < number => drop(buckets.remove(&oldest)),
                _ => return,
            }
        }
        let bucket = buckets.entry(number).or_default();
        bucket.start_unix_ns = number * step;
        bucket.spans += 1;
        bucket.failed += u64::from(segment.flags[index].is_failed());
        bucket.durations.record(segment.duration[index]);
    });
    buckets.into_values().collect()
}

pub(super) fn resources(snapshot: &Snapshot) -> Vec<ResourceFigures> {
    let mut rows: HashMap<u16, (ResourceFigures, HashSet<u32, RandomState>)> = HashMap::new();
    for_each_span(snapshot, &Scope::default(), |segment, index| {
        let (row, names) = rows.entry(segment.resource[index]).or_insert_with(|| {
            let resource = snapshot.resource(segment, index);
            (ResourceFigures { resource, spans: 0, names: 0, latest_unix_ns: 0 }, HashSet::default())
        });
        row.spans += 1;
        row.latest_unix_ns = row.latest_unix_ns.max(segment.start[index]);
        names.insert(segment.name[index]);
    });
    let mut rows: Vec<ResourceFigures> =
        rows.into_values().map(|(row, names)| ResourceFigures { names: names.len() as u64, ..row }).collect();
    rows.sort_by(|a, b| (&a.resource.service, b.spans).cmp(&(&b.resource.service, a.spans)));
    rows
}

/// The rows of each trace that has a span in the scope, by slot.
pub(super) struct Groups {
    /// Where the rows of a slot begin in `rows`.
    starts: Vec<u32>,
    rows: Vec<(u32, u16)>,
    wanted: Vec<bool>,
}

impl Groups {
    pub(super) fn new(snapshot: &Snapshot, slots: usize, scope: &Scope) -> Self {
        let mut wanted = vec![false; slots];
        for_each_span(snapshot, scope, |segment, index| wanted[segment.trace[index] as usize] = true);
        let mut starts = vec![0_u32; slots + 1];
        for segment in &snapshot.segments {
            for slot in &segment.trace {
                starts[*slot as usize + 1] += u32::from(wanted[*slot as usize]);
            }
        }
        for slot in 0..slots {
            starts[slot + 1] += starts[slot];
        }
        let mut next = starts.clone();
        let mut rows = vec![(0, 0); starts[slots] as usize];
        for (number, segment) in snapshot.segments.iter().enumerate() {
            for (index, slot) in segment.trace.iter().enumerate().filter(|(_, slot)| wanted[**slot as usize]) {
                let place = &mut next[*slot as usize];
                rows[*place as usize] = (number as u32, index as u16);
                *place += 1;
            }
        }
        Groups { starts, rows, wanted }
    }

    pub(super) fn has(&self, slot: u32) -> bool {
        self.wanted.get(slot as usize).is_some_and(|wanted| *wanted)
    }

    /// Visits the traces in this order.
    pub(super) fn visit(&self, snapshot: &Snapshot, traces: &[(u32, Entry)], visit: &mut dyn FnMut(&TraceRows<'_>)) {
        let services = Services::new(snapshot);
        let mut rows = Vec::new();
        for (slot, entry) in traces {
            let places = &self.rows[self.starts[*slot as usize] as usize..self.starts[*slot as usize + 1] as usize];
            rows.clear();
            rows.extend(places.iter().map(|(number, index)| {
                let (segment, index) = (&snapshot.segments[*number as usize], usize::from(*index));
                SpanRow {
                    span_id: SpanId::new(segment.span_id[index]),
                    parent_id: segment.parent(index),
                    service: services.of(segment, index),
                    kind: segment.flags[index].kind(),
                    is_failed: segment.flags[index].is_failed(),
                    is_shared: segment.flags[index].is_shared(),
                    start_unix_ns: segment.start[index],
                    duration_ns: segment.duration[index],
                }
            }));
            visit(&TraceRows { id: entry.id, rows: &rows, source: &Places { snapshot, places } });
        }
    }
}

struct Places<'a> {
    snapshot: &'a Snapshot,
    places: &'a [(u32, u16)],
}

impl Places<'_> {
    fn place(&self, index: usize) -> (&Segment, usize) {
        let (number, index) = self.places[index];
        (&self.snapshot.segments[number as usize], usize::from(index))
    }
}

impl RowSource for Places<'_> {
    fn service(&self, index: usize) -> Text {
        let (segment, index) = self.place(index);
        self.snapshot.resource(segment, index).service.clone()
    }

    fn name(&self, index: usize) -> Text {
        let (segment, index) = self.place(index);
        self.snapshot.name(segment, index)
    }

    fn tag(&self, index: usize, key: &str) -> Option<Value> {
        let (segment, index) = self.place(index);
        self.snapshot.tag(segment, index, key)
    }
}

/// The services by number of the process.
struct Services {
    numbers: Vec<u32>,
    names: Vec<Text>,
}

impl Services {
    fn new(snapshot: &Snapshot) -> Self {
        let mut known: HashMap<&str, u32> = HashMap::new();
        let mut names = Vec::new();
        let numbers = snapshot.resources.iter().map(|resource| {
            let Some(resource) = resource else { return 0 };
            *known.entry(&resource.service).or_insert_with(|| {
                names.push(resource.service.clone());
                names.len() as u32 - 1
            })
        });
        let numbers = numbers.collect();
        Services { numbers, names }
    }

    fn of(&self, segment: &Segment, index: usize) -> u32 {
        self.numbers[usize::from(segment.resource[index])]
    }

    /// Service, kind and name in one number.
    fn key(&self, segment: &Segment, index: usize) -> u64 {
        let kind = u64::from(segment.flags[index].kind_number());
        u64::from(self.of(segment, index)) << 35 | kind << 32 | u64::from(segment.name[index])
    }

    fn operation(&self, snapshot: &Snapshot, key: u64) -> OperationFigures {
        OperationFigures {
            service: self.names.get((key >> 35) as usize).cloned().unwrap_or_default(),
            name: snapshot.texts.find(key as u32).map(|name| name.clone().into()).unwrap_or_default(),
            kind: KINDS.get((key >> 32 & 7) as usize).copied().unwrap_or_default(),
            spans: 0,
            failed: 0,
            durations: Histogram::new(),
        }
    }
}

fn for_each_span(snapshot: &Snapshot, scope: &Scope, mut visit: impl FnMut(&Segment, usize)) {
    let filter = ColumnFilter::new(snapshot, scope);
    for segment in snapshot.segments.iter().filter(|segment| filter.may_match(segment)) {
        for index in 0..segment.len() {
            if filter.matches(segment, index) {
                visit(segment, index);
            }
        }
    }
}
