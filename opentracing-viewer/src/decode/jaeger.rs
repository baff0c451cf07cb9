//! Jaeger's Thrift (jaeger-idl, `jaeger.thrift`), in the binary protocol.

use std::sync::Arc;

use opentracing_core::{SpanId, SpanKind, TraceId};

use super::thrift::{Kind, Reader};
use super::{Decoded, InvalidRequest};
use crate::model::{Link, LinkKind, Log, Resource, Span, Text, Value};

type Result<T> = std::result::Result<T, InvalidRequest>;
type Fields = Vec<(Text, Value)>;

/// Tags of a span or log that are read.
const MAX_FIELDS: usize = 1024;

/// Reads a `Batch`.
pub(crate) fn jaeger(body: &[u8]) -> Result<Decoded> {
    let mut decoded = Decoded::default();
    let mut resource = Resource::new("", Vec::new());
    let placeholder = Arc::new(Resource::default());
    Reader::new(body).read_struct(|reader, number, kind| {
        match (number, kind) {
            (1, Kind::STRUCT) => resource = process(reader)?,
            (2, Kind::LIST) => {
                let mut index = 0;
                reader.read_list(|reader| {
                    match span(reader, &placeholder)? {
                        Some(span) => decoded.spans.push(span),
                        None => decoded.reject(1, || format!("spans[{index}]: the trace id or the span id is zero")),
                    }
                    index += 1;
                    Ok(())
                })?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    // The process may come after the spans.
    let resource = Arc::new(resource);
    decoded.spans.iter_mut().for_each(|span| span.resource = resource.clone());
    Ok(decoded)
}

fn process(reader: &mut Reader<'_>) -> Result<Resource> {
    let (mut service, mut tags) = (String::new(), Vec::new());
    reader.read_struct(|reader, number, kind| {
        match (number, kind) {
            (1, Kind::TEXT) => service = reader.text()?,
            (2, Kind::LIST) => tags = fields(reader)?,
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    Ok(Resource::new(service, tags))
}

/// `None` if an id is zero.
fn span(reader: &mut Reader<'_>, resource: &Arc<Resource>) -> Result<Option<Span>> {
    let mut span = Span::new(TraceId::INVALID, SpanId::INVALID, resource.clone(), "");
    let (mut low, mut high, mut duration) = (0, 0, 0);
    reader.read_struct(|reader, number, kind| {
        match (number, kind) {
            (1, Kind::I64) => low = reader.i64()? as u64,
            (2, Kind::I64) => high = reader.i64()? as u64,
            (3, Kind::I64) => span.span_id = SpanId::new(reader.i64()? as u64),
            (4, Kind::I64) => span.parent_id = Some(SpanId::new(reader.i64()? as u64)).filter(|id| id.is_valid()),
            (5, Kind::TEXT) => span.name = reader.text()?.into(),
            (6, Kind::LIST) => reader.read_list(|reader| {
                span.links.extend(reference(reader)?);
                Ok(())
            })?,
            (8, Kind::I64) => span.start_unix_ns = ns(reader.i64()?),
            (9, Kind::I64) => duration = reader.i64()?,
            (10, Kind::LIST) => span.tags = fields(reader)?,
            (11, Kind::LIST) => reader.read_list(|reader| {
                span.logs.push(log(reader)?);
                Ok(())
            })?,
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    span.trace_id = TraceId::from_parts(high, low);
    span.duration_ns = ns(duration);
    span.marks.ends_before_start = duration < 0;
    read_tags(&mut span);
    find_parent(&mut span);
    Ok((span.trace_id.is_valid() && span.span_id.is_valid()).then_some(span))
}

/// Kind and failure are tags in Jaeger. The text of an error stays one.
fn read_tags(span: &mut Span) {
    let (mut kind, mut is_failed) = (SpanKind::Internal, false);
    span.tags.retain(|(key, value)| match (key.as_str(), value) {
        ("span.kind", value) => match value.as_text().and_then(SpanKind::from_tag) {
            Some(known) => {
                kind = known;
                false
            }
            None => true,
        },
        ("error", Value::Bool(value)) => {
            is_failed |= value;
            false
        }
        ("error", value) => {
            is_failed |= value.as_text() != Some("false");
            true
        }
        _ => true,
    });
    (span.kind, span.is_failed) = (kind, is_failed);
}

/// New clients tell the parent only as a reference. The reference to the parent is kept if it is not `child_of`.
fn find_parent(span: &mut Span) {
    let trace = span.trace_id;
    let own = |kind: LinkKind| move |link: &&Link| link.trace_id == trace && link.kind == kind;
    if span.parent_id.is_none() {
        let first = span
            .links
            .iter()
            .find(own(LinkKind::ChildOf))
            .or_else(|| span.links.iter().find(own(LinkKind::FollowsFrom)));
        span.parent_id = first.map(|link| link.span_id);
    }
    let parent = span.parent_id;
    span.links
        .retain(|link| !(link.trace_id == trace && link.kind == LinkKind::ChildOf && Some(link.span_id) == parent));
}

fn reference(reader: &mut Reader<'_>) -> Result<Option<Link>> {
    let (mut kind, mut low, mut high, mut span_id) = (LinkKind::ChildOf, 0, 0, 0);
    reader.read_struct(|reader, number, wire| {
        match (number, wire) {
            (1, Kind::I32) => {
                kind = match reader.i32()? {
                    0 => LinkKind::ChildOf,
                    1 => LinkKind::FollowsFrom,
                    _ => LinkKind::Link,
                }
            }
            (2, Kind::I64) => low = reader.i64()? as u64,
            (3, Kind::I64) => high = reader.i64()? as u64,
            (4, Kind::I64) => span_id = reader.i64()? as u64,
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    let link = Link::new(kind, TraceId::from_parts(high, low), SpanId::new(span_id));
    Ok((link.trace_id.is_valid() && link.span_id.is_valid()).then_some(link))
}

fn log(reader: &mut Reader<'_>) -> Result<Log> {
    let mut log = Log::new(0, Vec::new());
    reader.read_struct(|reader, number, kind| {
        match (number, kind) {
            (1, Kind::I64) => log.unix_ns = ns(reader.i64()?),
            (2, Kind::LIST) => log.fields = fields(reader)?,
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    Ok(log)
}

fn fields(reader: &mut Reader<'_>) -> Result<Fields> {
    let mut fields = Vec::new();
    reader.read_list(|reader| {
        let mut key = String::new();
        let mut value = Value::from("");
        reader.read_struct(|reader, number, kind| {
            match (number, kind) {
                (1, Kind::TEXT) => key = reader.text()?,
                (3, Kind::TEXT) => value = reader.text()?.into(),
                (4, Kind::DOUBLE) => value = reader.double()?.into(),
                (5, Kind::BOOL) => value = reader.bool()?.into(),
                (6, Kind::I64) => value = reader.i64()?.into(),
                (7, Kind::TEXT) => value = binary(reader.bytes()?),
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        // A tag takes a byte at least, and much more memory.
        if fields.len() < MAX_FIELDS {
            fields.push((key.into(), value));
        }
        Ok(())
    })?;
    Ok(fields)
}

fn binary(bytes: &[u8]) -> Value {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(bytes).into()
}

/// Nanoseconds of microseconds.
fn ns(us: i64) -> u64 {
    u64::try_from(us).unwrap_or(0).saturating_mul(1000)
}
