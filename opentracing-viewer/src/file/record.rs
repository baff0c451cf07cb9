//! A span as bytes that need nothing else but its process.

use std::sync::Arc;

use opentracing_core::{SpanId, SpanKind, TraceId};

use crate::model::{Resource, Span};
use crate::store::codec::{self, Inline, Reader};
use crate::store::dictionary::Texts;

const KINDS: [SpanKind; 5] =
    [SpanKind::Internal, SpanKind::Server, SpanKind::Client, SpanKind::Producer, SpanKind::Consumer];

const FAILED: u8 = 8;
const SHARED: u8 = 16;
const CUT: u8 = 32;
const BACKWARDS: u8 = 64;

/// Ids, start and duration, flags, and then name, tags, links and logs.
pub(super) fn encode(span: &Span, out: &mut Vec<u8>) {
    let bit = |set, bit| if set { bit } else { 0 };
    let kind = KINDS.iter().position(|kind| *kind == span.kind).unwrap_or(0) as u8;
    let flags = kind
        | bit(span.is_failed, FAILED)
        | bit(span.is_shared, SHARED)
        | bit(span.marks.is_cut, CUT)
        | bit(span.marks.ends_before_start, BACKWARDS);
    out.extend_from_slice(&span.trace_id.to_bytes());
    out.extend_from_slice(&span.span_id.to_bytes());
    out.extend_from_slice(&span.parent_id.map_or(0, SpanId::get).to_be_bytes());
    out.extend_from_slice(&span.start_unix_ns.to_be_bytes());
    out.extend_from_slice(&span.duration_ns.to_be_bytes());
    out.push(flags);
    codec::encode(span, true, &mut Inline, out);
}

/// `None` for bytes that are not a span.
pub(super) fn decode(bytes: &[u8], resource: &Arc<Resource>) -> Option<Span> {
    let (trace_id, rest) = bytes.split_first_chunk::<16>()?;
    let (span_id, rest) = rest.split_first_chunk::<8>()?;
    let (parent_id, rest) = rest.split_first_chunk::<8>()?;
    let (start, rest) = rest.split_first_chunk::<8>()?;
    let (duration, rest) = rest.split_first_chunk::<8>()?;
    let (flags, rest) = rest.split_first()?;
    let texts = Texts::default();
    let mut reader = Reader::new(rest)?;
    let name = String::from_utf8_lossy(reader.name()??).into_owned();
    let mut span = Span::new(TraceId::from_bytes(*trace_id), SpanId::from_bytes(*span_id), resource.clone(), name);
    span.parent_id = Some(SpanId::from_bytes(*parent_id)).filter(|id| id.is_valid());
    span.start_unix_ns = u64::from_be_bytes(*start);
    span.duration_ns = u64::from_be_bytes(*duration);
    span.kind = KINDS.get(usize::from(flags & 7)).copied().unwrap_or_default();
    span.is_failed = flags & FAILED != 0;
    span.is_shared = flags & SHARED != 0;
    span.marks.is_cut = flags & CUT != 0;
    span.marks.ends_before_start = flags & BACKWARDS != 0;
    span.tags = reader.fields(&texts)?;
    span.links = reader.links(&texts)?;
    span.logs = reader.logs(span.start_unix_ns, &texts)?;
    Some(span)
}
