//! References to spans other than the parent.

use opentracing_core::{FinishedSpan, Reference, ReferenceKind};

use super::entries::Entries;
use crate::wire::msgpack;

/// A link without flags does not say whether its trace is sampled.
const HAS_FLAGS: u64 = 1 << 31;

/// Writes the references other than the parent by `ChildOf`.
pub(super) fn write(span: FinishedSpan<'_>, fields: &mut Entries) {
    let (trace, parent) = (span.context().trace_id(), span.parent_id());
    let is_parent = |reference: &Reference| {
        let context = &reference.context;
        reference.kind == ReferenceKind::ChildOf && context.trace_id() == trace && Some(context.span_id()) == parent
    };
    let is_link = |reference: &Reference| reference.context.is_valid() && !is_parent(reference);
    let links = || span.references().filter(is_link);
    if links().next().is_none() {
        return;
    }
    fields.value("span_links", |out| {
        msgpack::array(out, links().count());
        links().for_each(|link| write_link(&link, out));
    });
}

fn write_link(Reference { kind, context, .. }: &Reference, out: &mut Vec<u8>) {
    let state = context.tracestate();
    msgpack::map(out, 5 + usize::from(state.is_some()));
    for (key, number) in [
        ("trace_id", context.trace_id().low()),
        ("trace_id_high", context.trace_id().high()),
        ("span_id", context.span_id().get()),
        ("flags", HAS_FLAGS | u64::from(context.is_sampled())),
    ] {
        msgpack::text(out, key);
        msgpack::uint(out, number);
    }
    if let Some(state) = state {
        msgpack::text(out, "tracestate");
        msgpack::text(out, state);
    }
    msgpack::text(out, "attributes");
    msgpack::map(out, 1);
    msgpack::text(out, "opentracing.ref_type");
    msgpack::text(
        out,
        match kind {
            ReferenceKind::ChildOf => "child_of",
            ReferenceKind::Other(kind) => kind,
            _ => "follows_from",
        },
    );
}
