//! Copies finished spans of this process.

use std::sync::Arc;

use opentracing_core::{FinishedSpan, Process, ReferenceKind};

use crate::model::{Link, LinkKind, Log, Resource, Span, Text, Value};

pub(super) fn resource(process: &Process) -> Resource {
    Resource::new(process.service(), copied(process.tags()))
}

pub(super) fn span(span: FinishedSpan<'_>, resource: &Arc<Resource>) -> Span {
    let context = span.context();
    let mut copy = Span::new(context.trace_id(), context.span_id(), resource.clone(), span.operation_name());
    copy.parent_id = span.parent_id();
    copy.kind = span.kind();
    copy.start_unix_ns = span.start_unix_ns();
    copy.duration_ns = span.duration_ns();
    copy.is_failed = span.is_failed();
    copy.tags = copied(span.tags());
    // As in the other protocols, `is_failed` says so.
    copy.tags.retain(|(key, value)| !(key == "error" && matches!(value, Value::Bool(_))));
    copy.logs = span.logs().map(|log| Log::new(log.unix_ns(), copied(log.fields()))).collect();
    let parent = (context.trace_id(), span.parent_id());
    for reference in span.references() {
        let kind = match reference.kind {
            ReferenceKind::ChildOf => LinkKind::ChildOf,
            ReferenceKind::FollowsFrom => LinkKind::FollowsFrom,
            _ => LinkKind::Link,
        };
        let other = &reference.context;
        let is_parent = (other.trace_id(), Some(other.span_id())) == parent;
        if !(is_parent && kind == LinkKind::ChildOf) {
            copy.links.push(Link::new(kind, other.trace_id(), other.span_id()));
        }
    }
    copy
}

fn copied<'a>(fields: impl Iterator<Item = (&'a str, opentracing_core::Value<'a>)>) -> Vec<(Text, Value)> {
    fields.map(|(key, value)| (key.into(), value.into())).collect()
}
