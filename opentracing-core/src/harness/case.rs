//! The common parts of the checks.

use crate::harness::{Capabilities, Capability, Subject};
use crate::model::context::SpanContext;
use crate::reporter::owned::OwnedSpan;
use crate::tracer::tracer::Tracer;

/// The result of a check: the error is the expectation that was not met.
pub(super) type Outcome = Result<(), String>;

/// The name of a check, and its function.
pub(super) type Check = (&'static str, fn(&Case) -> Outcome);

/// Returns an error with this message unless the condition holds.
macro_rules! ensure {
    ($holds:expr, $($message:tt)+) => {
        if !$holds {
            return Err(format!($($message)+));
        }
    };
}

/// Lists checks, named after their functions.
macro_rules! checks {
    ($($check:ident),+ $(,)?) => { &[$((stringify!($check), $check as fn(&Case) -> Outcome)),+] };
}

pub(super) use {checks, ensure};

/// A single run of a check, with a tracer of its own.
pub(super) struct Case {
    pub(super) subject: Subject,
    capabilities: Capabilities,
}

impl Case {
    pub(super) fn new(subject: Subject, capabilities: Capabilities) -> Self {
        Case { subject, capabilities }
    }

    pub(super) fn tracer(&self) -> &Tracer {
        &self.subject.tracer
    }

    pub(super) fn has(&self, capability: Capability) -> bool {
        self.capabilities.has(capability)
    }

    /// Whether the tracer has scopes, and contexts by which their spans can be identified.
    pub(super) fn has_scopes(&self) -> bool {
        self.has(Capability::Scopes) && self.has(Capability::Contexts)
    }

    /// Checks that a span's context is valid. `None` if the tracer does not declare contexts.
    pub(super) fn context(&self, context: Option<SpanContext>) -> Result<Option<SpanContext>, String> {
        match context {
            _ if !self.has(Capability::Contexts) => Ok(None),
            Some(context) if context.is_valid() => Ok(Some(context)),
            Some(_) => Err("a span's context should have ids".into()),
            None => Err("a span should have a context".into()),
        }
    }

    /// The finished span with this context, which must have been reported exactly once. `None` if it is not sampled, or if finished
    /// spans are not accessible.
    pub(super) fn finished(&self, context: Option<&SpanContext>) -> Result<Option<OwnedSpan>, String> {
        let (Some(read), Some(context)) = (&self.subject.finished, context) else { return Ok(None) };
        let mut found: Vec<_> = read().into_iter().filter(|span| span.context.same_span(context)).collect();
        match (found.pop(), found.len(), context.is_sampled()) {
            (Some(span), 0, true) => Ok(Some(span)),
            (None, _, false) => Ok(None),
            (None, _, true) => Err("a sampled span should reach the reporter once it has finished".into()),
            (Some(span), _, false) => {
                Err(format!("{:?} reached the reporter, although it is not sampled", span.operation_name))
            }
            (Some(span), more, true) => {
                Err(format!("{:?} should reach the reporter once, not {} times", span.operation_name, more + 1))
            }
        }
    }
}

/// Whether `child` is a direct child of `parent`.
pub(super) fn is_child(child: &SpanContext, parent: &SpanContext) -> bool {
    child.trace_id() == parent.trace_id() && child.parent_id() == Some(parent.span_id())
}
