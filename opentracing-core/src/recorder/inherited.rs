//! What a span takes over, and from whom.

use std::sync::Arc;

use crate::model::context::{Extra, Meta, Reference, ReferenceKind, Sampling, SpanContext};
use crate::model::ids::{SpanId, TraceId};
use crate::model::limits::Limits;
use crate::recorder::recorder::Recorder;
use crate::sampler::Decision;

/// What a span takes over from its parent.
pub(crate) struct Inherited {
    pub(crate) trace_id: TraceId,
    pub(crate) span_id: SpanId,
    pub(crate) meta: Meta,
    pub(crate) root_mark: u64,
    pub(crate) decision: Option<Decision>,
    pub(crate) extra: Option<Arc<Extra>>,
}

impl Inherited {
    pub(crate) const NONE: Inherited = Inherited {
        trace_id: TraceId::INVALID,
        span_id: SpanId::INVALID,
        meta: Meta::NONE,
        root_mark: Meta::LOCAL_ROOT,
        decision: None,
        extra: None,
    };

    /// A parent of this tracer has decided for its children. A foreign one has by its state on the wire, unless the sampler wants to
    /// be asked again; without ids it brings its decision and baggage only.
    pub(crate) fn of(parent: &SpanContext, recorder: &Recorder) -> Inherited {
        let here = parent.meta.tracer() == recorder.id;
        let decision = if here {
            Some(match (parent.meta.is_recording(), parent.is_sampled()) {
                (false, _) => Decision::Drop,
                (true, false) => Decision::Record,
                (true, true) => Decision::RecordAndSample,
            })
        } else {
            match parent.sampling() {
                _ if recorder.overrides_remote => None,
                Sampling::Undecided => None,
                Sampling::NotSampled => Some(Decision::Drop),
                Sampling::Sampled | Sampling::Debug => Some(Decision::RecordAndSample),
            }
        };
        Inherited {
            trace_id: parent.trace_id,
            span_id: if parent.trace_id.is_valid() { parent.span_id } else { SpanId::INVALID },
            meta: parent.meta,
            root_mark: if here { 0 } else { Meta::LOCAL_ROOT },
            decision,
            extra: parent.extra.clone(),
        }
    }
}

/// The first `ChildOf`, else the first reference; one without ids only where there is no other.
#[cold]
pub(crate) fn preferred_reference(all: &[Reference]) -> Option<&Reference> {
    let valid = || all.iter().filter(|reference| reference.context.is_valid());
    let child_of = |reference: &&Reference| reference.kind == ReferenceKind::ChildOf;
    valid().find(child_of).or_else(|| valid().next()).or_else(|| all.iter().find(child_of)).or(all.first())
}

/// The context that a span with these references inherits from: that of the preferred one, with the baggage of all within the limits.
/// And how many items were left out.
#[cold]
pub(crate) fn preferred_parent(all: &[Reference], limits: &Limits) -> (SpanContext, u64) {
    let mut context = preferred_reference(all).map_or(SpanContext::EMPTY, |reference| reference.context.clone());
    let mut cut = 0;
    if all.len() > 1 {
        cut = all.iter().map(|reference| context.merge_baggage(&reference.context, limits)).sum();
    }
    (context, cut)
}
