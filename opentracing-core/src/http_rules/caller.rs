//! The caller of a request that is sent elsewhere.

use crate::model::context::{AsSpanContext, ReferenceKind, SpanContext};
use crate::recorder::local;
use crate::recorder::state::State;
use crate::tracer::tracer::Tracer;

/// The span in which a request was made. Insert it into the extensions of a request that another task or thread sends, from a queue or
/// behind tower's `Buffer`: without it, the request's span begins a trace there.
///
/// A span that is active where the request is sent remains the parent if it belongs to the caller's trace.
///
/// ```
/// use opentracing_core::http_rules::CallerContext;
///
/// let request = http::Request::get("http://users.example/").extension(CallerContext::active()).body(())?;
/// # Ok::<(), http::Error>(())
/// ```
#[derive(Clone, PartialEq, Debug, Default)]
pub struct CallerContext {
    context: Option<SpanContext>,
    /// Whether the context is that of an active span, of whichever tracer.
    was_active: bool,
}

impl CallerContext {
    /// That of this thread's active span. Without an active span it says nothing.
    pub fn active() -> Self {
        let context = local::with(|local| local.context_of_any(SpanContext::clone)).flatten();
        CallerContext { context, was_active: true }
    }

    /// That of this span.
    pub fn of(span: &impl AsSpanContext) -> Self {
        CallerContext { context: span.as_span_context().map(|context| context.into_owned()), was_active: false }
    }

    /// The context of the span.
    pub fn context(&self) -> Option<&SpanContext> {
        self.context.as_ref()
    }

    /// An active span of another tracer is no parent.
    fn of_tracer(&self, tracer: &Tracer) -> Option<&SpanContext> {
        let is_own = |context: &&SpanContext| tracer.recorder().is_some_and(|own| own.id == context.meta.tracer());
        self.context().filter(|context| !self.was_active || is_own(context))
    }
}

/// What later attempts at a request refer to.
#[derive(Clone, Debug)]
pub(super) struct Origin {
    pub(super) caller: CallerContext,
    /// `FollowsFrom` if it is the first attempt, which had no parent.
    pub(super) kind: ReferenceKind,
    /// Whether the request was made there. Else the first attempt was sent there.
    pub(super) is_given: bool,
}

/// What the span of a request refers to, unless that is the active span.
pub(super) fn reference<'a>(
    tracer: &Tracer,
    given: Option<&'a CallerContext>,
    origin: Option<&'a Origin>,
) -> Option<(ReferenceKind, &'a SpanContext)> {
    let given = given.or(origin.filter(|origin| origin.is_given).map(|origin| &origin.caller));
    let active = || tracer.with_active_context(SpanContext::trace_id);
    if let Some(context) = given.and_then(|given| given.of_tracer(tracer)) {
        return (active() != Some(context.trace_id())).then_some((ReferenceKind::ChildOf, context));
    }
    let origin = origin.filter(|_| active().is_none())?;
    Some((origin.kind, origin.caller.of_tracer(tracer)?))
}

impl Tracer {
    /// Reads the context of this thread's active span of this tracer.
    fn with_active_context<R>(&self, f: impl FnOnce(&SpanContext) -> R) -> Option<R> {
        let id = self.recorder()?.id;
        let read = |state: &State| state.lent_context().map(|context| f(&context));
        local::with(|local| local.with_top(id, read))??
    }
}
