//! Which spans of a snapshot a query asks for.

use opentracing_core::{SpanKind, TraceId};

use crate::model::Resource;
use crate::store::bloom::{key_hash, pair_hash};
use crate::store::codec::{RawText, RawValue, Reader};
use crate::store::segment::{NAME_INLINE, Segment, kind_number};
use crate::store::snapshot::Snapshot;
use crate::store::{Query, Scope, Status, TagTerm};

/// The conditions on the columns.
pub(super) struct ColumnFilter {
    from: u64,
    until: u64,
    /// By number of the process; empty for all.
    resources: Vec<bool>,
    name: Option<NameFilter>,
    kind: Option<u8>,
}

struct NameFilter {
    id: Option<u32>,
    text: String,
}

impl ColumnFilter {
    pub(super) fn new(snapshot: &Snapshot, scope: &Scope) -> Self {
        let wanted = |resource: &Resource| {
            scope.service.as_ref().is_none_or(|service| resource.service == service.as_str())
                && scope
                    .version
                    .as_ref()
                    .is_none_or(|version| resource.version.as_ref().is_some_and(|own| own == version.as_str()))
        };
        let is_any = scope.service.is_none() && scope.version.is_none();
        let name = |text: &String| NameFilter { id: find_text(snapshot, text), text: text.clone() };
        ColumnFilter {
            from: scope.from_unix_ns.unwrap_or(0),
            until: scope.until_unix_ns.map_or(u64::MAX, |until| until.saturating_sub(1)),
            resources: if is_any { Vec::new() } else { by_resource(snapshot, wanted) },
            name: scope.operation.as_ref().map(name),
            kind: scope.kind.map(|kind: SpanKind| kind_number(kind)),
        }
    }

    pub(super) fn may_match(&self, segment: &Segment) -> bool {
        segment.latest >= self.from && segment.earliest <= self.until
    }

    pub(super) fn matches(&self, segment: &Segment, index: usize) -> bool {
        let start = segment.start[index];
        (self.resources.is_empty() || self.resources[usize::from(segment.resource[index])])
            && start >= self.from
            && start <= self.until
            && self.kind.is_none_or(|kind| segment.flags[index].kind_number() == kind)
            && self.name.as_ref().is_none_or(|name| name.matches(segment, index))
    }
}

impl NameFilter {
    fn matches(&self, segment: &Segment, index: usize) -> bool {
        match segment.name[index] {
            NAME_INLINE => {
                let name = Reader::new(segment.encoded(index)).and_then(|mut reader| reader.name()).flatten();
                name == Some(self.text.as_bytes())
            }
            id => Some(id) == self.id,
        }
    }
}

/// All conditions of a query.
pub(super) struct Filter {
    columns: ColumnFilter,
    status: Status,
    min_duration: u64,
    max_duration: u64,
    trace_id: Option<TraceId>,
    span_id: Option<u64>,
    terms: Vec<Term>,
    text: Option<TextFilter>,
}

impl Filter {
    pub(super) fn new(snapshot: &Snapshot, query: &Query) -> Self {
        let scope = Scope {
            from_unix_ns: query.from_unix_ns,
            until_unix_ns: query.until_unix_ns,
            service: query.service.clone(),
            operation: query.operation.clone(),
            version: query.version.clone(),
            kind: query.kind,
        };
        Filter {
            columns: ColumnFilter::new(snapshot, &scope),
            status: query.status,
            min_duration: query.min_duration_ns.unwrap_or(0),
            max_duration: query.max_duration_ns.unwrap_or(u64::MAX),
            trace_id: query.trace_id,
            span_id: query.span_id.map(|id| id.get()),
            terms: query.tags.iter().take(Query::MAX_TAGS).map(|term| Term::new(snapshot, term)).collect(),
            text: query.needle().map(|needle| TextFilter::new(snapshot, needle)),
        }
    }

    /// Whether every span of the store matches.
    pub(super) fn is_any(query: &Query) -> bool {
        let Query { after, limit, .. } = query;
        *query == Query { after: *after, limit: *limit, ..Query::default() }
    }

    pub(super) fn trace_id(&self) -> Option<TraceId> {
        self.trace_id
    }

    pub(super) fn may_match(&self, segment: &Segment) -> bool {
        self.columns.may_match(segment)
            && self.terms.iter().all(|term| term.may_match(segment))
            && self.text.as_ref().is_none_or(|text| text.may_match(segment))
    }

    pub(super) fn matches(&self, segment: &Segment, index: usize) -> bool {
        let duration = segment.duration[index];
        self.columns.matches(segment, index)
            && duration >= self.min_duration
            && duration <= self.max_duration
            && match self.status {
                Status::Any => true,
                Status::Failed => segment.flags[index].is_failed(),
                Status::Ok => !segment.flags[index].is_failed(),
            }
            && self.span_id.is_none_or(|id| segment.span_id[index] == id)
            && self.terms.iter().all(|term| term.matches(segment, index))
            && self.text.as_ref().is_none_or(|text| text.matches(segment, index))
    }
}

/// A condition on a tag.
struct Term {
    key: String,
    key_id: Option<u32>,
    value: Option<ValueFilter>,
    is_excluded: bool,
    hash: u64,
    /// Processes that have the tag.
    resources: Vec<bool>,
    has_resource: bool,
}

struct ValueFilter {
    text: String,
    id: Option<u32>,
    number_i64: Option<i64>,
    number_u64: Option<u64>,
    number_f64: Option<f64>,
    truth: Option<bool>,
}

impl Term {
    fn new(snapshot: &Snapshot, term: &TagTerm) -> Self {
        let key_id = find_text(snapshot, &term.key);
        let key = key_hash(key_id, &term.key);
        let has = |resource: &Resource| {
            let mut tags = resource.tags.iter().filter(|(name, _)| name == term.key.as_str());
            tags.any(|(_, value)| term.value.as_ref().is_none_or(|wanted| value.to_string() == *wanted))
        };
        let resources = by_resource(snapshot, has);
        Term {
            key: term.key.clone(),
            key_id,
            value: term.value.as_ref().map(|value| ValueFilter::new(snapshot, value)),
            is_excluded: term.is_excluded,
            hash: term.value.as_ref().map_or(key, |value| pair_hash(key, value)),
            has_resource: resources.contains(&true),
            resources,
        }
    }

    fn may_match(&self, segment: &Segment) -> bool {
        self.is_excluded || self.has_resource || segment.bloom.may_contain(self.hash)
    }

    fn matches(&self, segment: &Segment, index: usize) -> bool {
        (self.resources[usize::from(segment.resource[index])] || self.is_in(segment.encoded(index)).unwrap_or(false))
            != self.is_excluded
    }

    fn is_in(&self, encoded: &[u8]) -> Option<bool> {
        let mut reader = Reader::new(encoded)?;
        reader.name()?;
        let has_key = |key: RawText<'_>| match key {
            RawText::Known(id) => Some(id) == self.key_id,
            RawText::Inline(text) => text == self.key.as_bytes(),
        };
        let is_missing =
            reader.visit(|key, value| !(has_key(key) && self.value.as_ref().is_none_or(|wanted| wanted.equals(value))));
        Some(!is_missing?)
    }
}

impl ValueFilter {
    fn new(snapshot: &Snapshot, text: &str) -> Self {
        ValueFilter {
            text: text.to_owned(),
            id: find_text(snapshot, text),
            number_i64: exact(text),
            number_u64: exact(text),
            number_f64: exact(text),
            truth: exact(text),
        }
    }

    fn equals(&self, value: RawValue<'_>) -> bool {
        match value {
            RawValue::Bool(value) => self.truth == Some(value),
            RawValue::I64(value) => self.number_i64 == Some(value),
            RawValue::U64(value) => self.number_u64 == Some(value),
            RawValue::F64(value) => self
                .number_f64
                .is_some_and(|wanted| wanted.to_bits() == value.to_bits() || value.is_nan() && wanted.is_nan()),
            RawValue::Text(RawText::Known(id)) | RawValue::Json(RawText::Known(id)) => self.id == Some(id),
            RawValue::Text(RawText::Inline(text)) | RawValue::Json(RawText::Inline(text)) => {
                text == self.text.as_bytes()
            }
        }
    }
}

/// The number that is written like this, and not only in a similar way.
fn exact<T: std::str::FromStr + ToString>(text: &str) -> Option<T> {
    text.parse().ok().filter(|number: &T| number.to_string() == text)
}

/// A search for text in any letter case.
struct TextFilter {
    needle: Needle,
    /// Whether a text of the dictionary or a process contains it.
    is_known: bool,
    /// Texts of the dictionary that contain it.
    texts: Vec<bool>,
    /// Processes that contain it.
    resources: Vec<bool>,
}

impl TextFilter {
    fn new(snapshot: &Snapshot, needle: &str) -> Self {
        let needle = Needle::new(needle);
        let texts: Vec<bool> = snapshot.texts.iter().map(|text| needle.is_in(text.as_bytes())).collect();
        let resources = by_resource(snapshot, |resource| {
            let mut values = resource.tags.iter().filter_map(|(_, value)| value.as_text());
            needle.is_in(resource.service.as_bytes()) || values.any(|text| needle.is_in(text.as_bytes()))
        });
        let is_known = texts.contains(&true) || resources.contains(&true);
        TextFilter { needle, is_known, texts, resources }
    }

    /// A text that is in no dictionary stands in the bytes of the segment.
    fn may_match(&self, segment: &Segment) -> bool {
        self.is_known || self.needle.is_in(&segment.blob)
    }

    fn matches(&self, segment: &Segment, index: usize) -> bool {
        self.resources[usize::from(segment.resource[index])]
            || self.texts.get(segment.name[index] as usize).is_some_and(|found| *found)
            || self.is_in(segment.encoded(index)).unwrap_or(false)
    }

    fn is_in(&self, encoded: &[u8]) -> Option<bool> {
        let mut reader = Reader::new(encoded)?;
        if reader.name()?.is_some_and(|name| self.needle.is_in(name)) {
            return Some(true);
        }
        let go_on = |_: RawText<'_>, value: RawValue<'_>| match value {
            RawValue::Text(text) | RawValue::Json(text) => match text {
                RawText::Known(id) => !self.texts.get(id as usize).is_some_and(|found| *found),
                RawText::Inline(text) => !self.needle.is_in(text),
            },
            _ => true,
        };
        Some(!(reader.visit(go_on)? && reader.visit_logs(go_on)?))
    }
}

/// A text to search for in any letter case (ASCII).
struct Needle {
    /// In lower case, not empty.
    text: Vec<u8>,
    /// The byte that is searched for first: the rarest one.
    anchor: usize,
}

/// From frequent to rare, roughly.
const FREQUENT: &[u8] = b"e1a0/2to3i4n5s6r7h8l9d-.c_u:mpg ";

impl Needle {
    fn new(text: &str) -> Self {
        let text = text.to_ascii_lowercase().into_bytes();
        let rank = |byte: &u8| FREQUENT.iter().position(|frequent| frequent == byte).unwrap_or(FREQUENT.len());
        let anchor = (0..text.len()).max_by_key(|index| rank(&text[*index])).unwrap_or(0);
        Needle { text, anchor }
    }

    fn is_in(&self, text: &[u8]) -> bool {
        let Some(last) = text.len().checked_sub(self.text.len()) else { return false };
        let rare = self.text[self.anchor];
        let places = &text[self.anchor..=last + self.anchor];
        let mut places = memchr::memchr2_iter(rare, rare.to_ascii_uppercase(), places);
        places.any(|start| text[start..start + self.text.len()].eq_ignore_ascii_case(&self.text))
    }
}

fn by_resource(snapshot: &Snapshot, wanted: impl Fn(&Resource) -> bool) -> Vec<bool> {
    snapshot.resources.iter().map(|resource| resource.as_ref().is_some_and(|resource| wanted(resource))).collect()
}

fn find_text(snapshot: &Snapshot, text: &str) -> Option<u32> {
    snapshot.texts.iter().position(|known| **known == *text).map(|id| id as u32)
}
