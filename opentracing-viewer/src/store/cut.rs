//! The greatest size of one span.

use std::sync::Arc;

use crate::model::{Resource, Span, Text, Value};

/// Bytes of tags, logs and links of a span, and of the tags of a process.
const MAX_BYTES: usize = 64 << 10;
const MAX_NAME_BYTES: usize = 1024;
const MAX_SERVICE_BYTES: usize = 256;

/// What a field costs beside its text.
const FIELD: usize = 4;

/// Cuts what is too large, and marks the span.
pub(super) fn cut(span: &mut Span) {
    let mut room = MAX_BYTES;
    let mut is_cut = cut_text(&mut span.name, MAX_NAME_BYTES) | cut_fields(&mut span.tags, &mut room);
    for log in &mut span.logs {
        is_cut |= cut_fields(&mut log.fields, &mut room);
    }
    for link in &mut span.links {
        is_cut |= cut_fields(&mut link.tags, &mut room);
    }
    is_cut |= cut_list(&mut span.logs, &mut room, 16) | cut_list(&mut span.links, &mut room, 32);
    span.marks.is_cut |= is_cut;
}

/// A copy of a process that is too large; `None` if it is not.
pub(super) fn cut_resource(resource: &Arc<Resource>) -> Option<Arc<Resource>> {
    let mut copy = None;
    if resource.service.len() > MAX_SERVICE_BYTES || super::resources::size_of_fields(&resource.tags) > MAX_BYTES {
        let mut smaller = Resource::clone(resource);
        cut_text(&mut smaller.service, MAX_SERVICE_BYTES);
        cut_fields(&mut smaller.tags, &mut (MAX_BYTES / 2));
        copy = Some(Arc::new(Resource::new(smaller.service, smaller.tags)));
    }
    copy
}

fn cut_fields(fields: &mut Vec<(Text, Value)>, room: &mut usize) -> bool {
    let mut is_cut = false;
    let before = fields.len();
    let mut kept = 0;
    for (key, value) in fields.iter_mut() {
        let Some(rest) = room.checked_sub(key.len() + FIELD) else { break };
        *room = rest;
        if let Value::Str(text) | Value::Json(text) = value {
            is_cut |= cut_text(text, *room);
            *room -= text.len();
        }
        kept += 1;
    }
    fields.truncate(kept);
    is_cut || kept < before
}

fn cut_list<T>(list: &mut Vec<T>, room: &mut usize, cost: usize) -> bool {
    let (before, most) = (list.len(), *room / cost);
    list.truncate(most);
    *room -= list.len() * cost;
    list.len() < before
}

fn cut_text(text: &mut Text, max_bytes: usize) -> bool {
    if text.len() <= max_bytes {
        return false;
    }
    let end = (0..=max_bytes).rev().find(|&end| text.is_char_boundary(end)).unwrap_or(0);
    *text = text[..end].into();
    true
}
