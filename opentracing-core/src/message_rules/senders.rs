//! The senders of a batch.

use std::collections::HashSet;

use crate::model::context::{ReferenceKind, Sampling, SpanContext};
use crate::model::ids::{SpanId, TraceId};
use crate::span::builder::SpanBuilder;

/// The contexts of the messages of a batch, to which the span of the batch refers.
///
/// Each context is kept once, and at most 128 of them. Contexts that are not sampled are left out, unless no message has another one: then
/// the batch is not sampled either.
///
/// ```
/// use opentracing_core::ReferenceKind;
/// use opentracing_core::message_rules::Senders;
/// use opentracing_core::mock::MockTracer;
///
/// let mock = MockTracer::new();
/// let send = mock.tracer().span("send orders").start();
/// let mut senders = Senders::new();
/// senders.add(send.context());
/// senders.add(send.context());
/// senders.add(None);
/// let mut builder = mock.tracer().span("process orders");
/// senders.refer(&mut builder, ReferenceKind::FollowsFrom);
/// builder.start().finish();
/// assert_eq!(mock.span("process orders").references.len(), 1);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Senders {
    seen: HashSet<(TraceId, SpanId)>,
    senders: Vec<SpanContext>,
    /// A context that is not sampled.
    unsampled: Option<SpanContext>,
    /// Whether a message has no context, or one that may be sampled.
    is_sampled: bool,
}

impl Senders {
    /// Creates an empty list.
    pub fn new() -> Self {
        Senders::default()
    }

    /// Adds the context of a message; `None` if it has none.
    pub fn add(&mut self, context: Option<SpanContext>) {
        match context {
            Some(context) if context.sampling() == Sampling::NotSampled => self.unsampled = Some(context),
            Some(context) => {
                self.is_sampled = true;
                let ids = (context.trace_id(), context.span_id());
                if self.senders.len() < MAX_REFERENCES && self.seen.insert(ids) {
                    self.senders.push(context);
                }
            }
            None => self.is_sampled = true,
        }
    }

    /// Returns the contexts to refer to.
    pub fn into_contexts(mut self) -> Vec<SpanContext> {
        self.senders.extend(self.unsampled.filter(|_| !self.is_sampled));
        self.senders
    }

    /// Adds the references. A context without ids is a sampling decision or baggage: the span becomes a child of it.
    pub fn refer<'a>(&'a self, builder: &mut SpanBuilder<'a>, kind: ReferenceKind) {
        let unsampled = self.unsampled.iter().filter(|_| !self.is_sampled);
        for context in self.senders.iter().chain(unsampled) {
            builder.reference(if context.is_valid() { kind } else { ReferenceKind::ChildOf }, context);
        }
    }
}

/// The limit on references of one span.
const MAX_REFERENCES: usize = 128;
