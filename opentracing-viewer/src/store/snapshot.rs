//! The spans at one time, which queries read without a lock.

use std::sync::Arc;

use opentracing_core::{SpanId, TraceId};

use crate::model::{Resource, Span, Text, Value};
use crate::store::codec::Reader;
use crate::store::dictionary::Texts;
use crate::store::segment::{NAME_INLINE, Segment};

/// All segments, with the texts and processes that they refer to.
#[derive(Clone)]
pub(super) struct Snapshot {
    pub(super) segments: Vec<Arc<Segment>>,
    pub(super) texts: Texts,
    pub(super) resources: Arc<Vec<Option<Arc<Resource>>>>,
}

impl Snapshot {
    /// The place of a row; `None` if the row has left the store.
    pub(super) fn locate(&self, row: u64) -> Option<(&Segment, usize)> {
        let after = self.segments.partition_point(|segment| segment.first_row <= row);
        let segment = self.segments.get(after.checked_sub(1)?)?;
        let index = (row - segment.first_row) as usize;
        (index < segment.len()).then_some((&**segment, index))
    }

    /// The rows of a trace, the latest first, from its last one.
    pub(super) fn chain(&self, head: u64) -> impl Iterator<Item = (&Segment, usize)> {
        let mut next = Some(head);
        std::iter::from_fn(move || {
            let row = next.take()?;
            let (segment, index) = self.locate(row)?;
            let previous = u64::from(segment.previous[index]);
            next = (previous > 0).then(|| row.checked_sub(previous)).flatten();
            Some((segment, index))
        })
    }

    pub(super) fn resource(&self, segment: &Segment, index: usize) -> Arc<Resource> {
        let number = usize::from(segment.resource[index]);
        self.resources.get(number).cloned().flatten().unwrap_or_default()
    }

    pub(super) fn name(&self, segment: &Segment, index: usize) -> Text {
        match segment.name[index] {
            NAME_INLINE => {
                let name = Reader::new(segment.encoded(index)).and_then(|mut reader| reader.name());
                name.flatten().map(|name| String::from_utf8_lossy(name).into_owned().into()).unwrap_or_default()
            }
            id => self.texts.find(id).map(|text| text.clone().into()).unwrap_or_default(),
        }
    }

    pub(super) fn span(&self, trace_id: TraceId, segment: &Segment, index: usize) -> Span {
        let flags = segment.flags[index];
        let (span_id, resource) = (SpanId::new(segment.span_id[index]), self.resource(segment, index));
        let mut span = Span::new(trace_id, span_id, resource, self.name(segment, index));
        span.parent_id = segment.parent(index);
        span.kind = flags.kind();
        span.start_unix_ns = segment.start[index];
        span.duration_ns = segment.duration[index];
        span.is_failed = flags.is_failed();
        span.is_shared = flags.is_shared();
        span.marks = flags.marks();
        self.read_blob(segment, index, &mut span);
        span
    }

    fn read_blob(&self, segment: &Segment, index: usize, span: &mut Span) -> Option<()> {
        let mut reader = Reader::new(segment.encoded(index))?;
        reader.name()?;
        span.tags = reader.fields(&self.texts)?;
        span.links = reader.links(&self.texts)?;
        span.logs = reader.logs(span.start_unix_ns, &self.texts)?;
        Some(())
    }

    /// The value of a tag of a span or of its process.
    pub(super) fn tag(&self, segment: &Segment, index: usize, key: &str) -> Option<Value> {
        let mut found = None;
        if let Some(mut reader) = Reader::new(segment.encoded(index)) {
            reader.name()?;
            reader.visit(|name, value| {
                if name.is(key.as_bytes(), &self.texts) {
                    found = Some(value.to_value(&self.texts));
                }
                found.is_none()
            });
        }
        found.or_else(|| self.resource(segment, index).tag(key).cloned())
    }
}
