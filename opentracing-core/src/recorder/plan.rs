//! The context of a span that is about to start.

use std::sync::Arc;

use crate::model::context::{Extra, Meta, Sampling, SpanContext};
use crate::model::ids::{SpanId, TraceId};
use crate::model::kind::SpanKind;
use crate::recorder::id_generator;
use crate::recorder::recorder::Recorder;

/// The context of a span that is about to start, as separate values that stay in registers.
pub(crate) struct Plan {
    pub(crate) trace_id: TraceId,
    pub(crate) span_id: SpanId,
    pub(crate) parent_id: SpanId,
    pub(crate) meta: Meta,
    pub(crate) extra: Option<Arc<Extra>>,
}

impl Plan {
    /// Plans a root, for a recorder that generates its own ids. `None` unless the sampler is constant.
    #[inline(always)]
    pub(crate) fn root(kind: SpanKind, recorder: &Recorder) -> Option<Plan> {
        let meta = recorder.root_meta?;
        let [high, low, span_id] = id_generator::random();
        Some(Plan {
            trace_id: TraceId::from_parts(high & recorder.high_mask, low),
            span_id: SpanId::new(span_id),
            parent_id: SpanId::INVALID,
            meta: meta.with_kind(kind),
            extra: None,
        })
    }

    /// Plans a child. `None` unless the parent belongs to this tracer and is either both recorded and sampled, or neither.
    #[inline(always)]
    pub(crate) fn child(parent: &SpanContext, kind: SpanKind, recorder: &Recorder) -> Option<Plan> {
        // Not `then`, whose closure is not inlined.
        if parent.meta.tracer() != recorder.id || !parent.meta.is_settled() {
            return None;
        }
        Some(Plan {
            trace_id: parent.trace_id,
            span_id: SpanId::new(id_generator::random::<1>()[0]),
            parent_id: parent.span_id,
            meta: parent.meta.with(Meta::LOCAL_ROOT, false).with_kind(kind),
            extra: parent.extra.clone(),
        })
    }

    /// Plans the child of a context that came in. `None` unless its ids are valid, and its decision is a plain yes or no that holds.
    #[inline(always)]
    pub(crate) fn remote(parent: &SpanContext, kind: SpanKind, recorder: &Recorder) -> Option<Plan> {
        let recording = match parent.sampling() {
            Sampling::Sampled => Meta::RECORDING,
            Sampling::NotSampled => 0,
            Sampling::Undecided | Sampling::Debug => return None,
        };
        let is_plain = !recorder.overrides_remote && recorder.baggage_tags.is_empty();
        if !is_plain || parent.meta.tracer() == recorder.id || !parent.is_valid() {
            return None;
        }
        Some(Plan {
            trace_id: parent.trace_id,
            span_id: SpanId::new(id_generator::random::<1>()[0]),
            parent_id: parent.span_id,
            meta: parent.meta.child(parent.sampling(), recording | Meta::LOCAL_ROOT, kind, recorder.id),
            extra: parent.extra.clone(),
        })
    }
}
