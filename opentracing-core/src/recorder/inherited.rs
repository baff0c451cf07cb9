//! What a span inherits, and from which reference.

use std::sync::Arc;

use crate::model::context::{Extra, Meta, Reference, ReferenceKind, Sampling, SpanContext};
use crate::model::ids::{SpanId, TraceId};
use crate::model::limits::Limits;
use crate::recorder::recorder::Recorder;
use crate::sampler::Decision;

/// What a span inherits from its parent.
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

    /// The decision of a parent of this tracer applies to its children. So does the decision of a remote parent, unless the sampler
    /// overrides remote decisions. A remote parent without ids contributes only its decision and baggage.
    pub(crate) fn of(parent: &SpanContext, recorder: &Recorder) -> Inherited {
        let here = parent.meta.tracer() == recorder.id;
        let decision = if here {
            Some(match (parent.meta.is_recording(), parent.is_sampled()) {
                (true, _) if parent.is_deferred() => Decision::Record,
                (true, true) => Decision::RecordAndSample,
                // Also where a late `sampling.priority` has dropped the parent.
                (true, false) | (false, _) => Decision::Drop,
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

/// The first `ChildOf` reference, or else the first reference. References with ids take precedence over those without.
#[cold]
pub(crate) fn preferred_reference(all: &[Reference]) -> Option<&Reference> {
    let valid = || all.iter().filter(|reference| reference.context.is_valid());
    let child_of = |reference: &&Reference| reference.kind == ReferenceKind::ChildOf;
    valid().find(child_of).or_else(|| valid().next()).or_else(|| all.iter().find(child_of)).or(all.first())
}

/// Returns the context of the preferred reference with the baggage of all references, and how many items exceeded the limits.
#[cold]
pub(crate) fn preferred_parent(all: &[Reference], limits: &Limits) -> (SpanContext, u64) {
    let mut context = preferred_reference(all).map_or(SpanContext::EMPTY, |reference| reference.context.clone());
    let mut cut = 0;
    if all.len() > 1 {
        cut = all.iter().map(|reference| context.merge_baggage(&reference.context, limits)).sum();
    }
    (context, cut)
}
