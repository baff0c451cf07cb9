//! OpenTelemetry's current context and our stack of active spans, kept in step.
//!
//! Our spans are attached to the current context when they are activated. The other way round nobody tells us, so each look at our stack
//! first compares the current context with the one that was seen last.

use std::cell::RefCell;
use std::sync::OnceLock;

use opentelemetry::trace::{SpanId, TraceContextExt, TraceFlags, TraceId};
use opentelemetry::{Context, ContextGuard};
use opentracing_core::{
    Activation, ActiveStack, ContextBridge, Sampling, SetBridgeError, SpanContext, SpanRef, set_context_bridge,
};

use crate::ask::{is_busy, span_of};
use crate::convert::to_core;
use crate::span::ProvidedSpan;

static CONNECTED: OnceLock<Result<(), SetBridgeError>> = OnceLock::new();

/// Lets OpenTelemetry's current context carry the active span of native code, and native code see the span of that context. For all tracers
/// and threads of the process, from now on. [`install`](crate::install) does it. Later calls do nothing.
///
/// It costs an attached context for each activation of a span, and a look at the current context for each start.
///
/// # Errors
///
/// If the process has another [`ContextBridge`] already.
pub fn connect_contexts() -> Result<(), SetBridgeError> {
    *CONNECTED.get_or_init(|| set_context_bridge(Contexts))
}

pub(crate) fn are_connected() -> bool {
    CONNECTED.get() == Some(&Ok(()))
}

struct Contexts;

/// A part of our stack that the other system shares.
struct Shared {
    seen: Seen,
    activation: Option<Activation>,
    /// The context that was attached for a span of native code. `None` for a context that was found.
    guard: Option<ContextGuard>,
}

/// What distinguishes a context from others, for native code. The address of its span alone might be that of an earlier one, which is not kept
/// alive, so that it ends when it should.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Seen {
    address: usize,
    trace_id: TraceId,
    span_id: SpanId,
    flags: TraceFlags,
    has_span: bool,
    is_suppressed: bool,
}

impl Seen {
    fn of(context: &Context) -> Seen {
        let span = context.span();
        let ids = span.span_context();
        Seen {
            address: std::ptr::from_ref(ids).addr(),
            trace_id: ids.trace_id(),
            span_id: ids.span_id(),
            flags: ids.trace_flags(),
            has_span: context.has_active_span(),
            is_suppressed: context.is_telemetry_suppressed(),
        }
    }

    /// Whether the context says nothing about spans.
    fn is_plain(&self) -> bool {
        !self.has_span && !self.is_suppressed
    }
}

thread_local! {
    static SHARED: RefCell<Vec<Shared>> = {
        // Creates OpenTelemetry's own thread-local first, so that it is destroyed after the guards in this one.
        Context::map_current(|_| ());
        const { RefCell::new(Vec::new()) }
    };
}

/// `None` while the thread-locals are being destroyed, or if this thread is in the middle of another call.
fn with_shared<R>(f: impl FnOnce(&mut Vec<Shared>) -> R) -> Option<R> {
    SHARED.try_with(|shared| Some(f(&mut *shared.try_borrow_mut().ok()?))).ok().flatten()
}

impl ContextBridge for Contexts {
    fn sync(&self, stack: ActiveStack<'_>) {
        if is_busy() {
            return;
        }
        with_shared(|shared| {
            let current = Context::map_current(Seen::of);
            while let Some(top) = shared.last() {
                let is_native = top.guard.is_some();
                // A context without a span, attached in a span of native code, does not hide that.
                if top.seen == current
                    || is_native && !current.has_span && current.is_suppressed == top.seen.is_suppressed
                {
                    return;
                }
                if is_native {
                    break;
                }
                let gone = shared.pop().and_then(|top| top.activation);
                gone.into_iter().for_each(|activation| stack.remove(activation));
            }
            if !current.is_plain() || !shared.is_empty() {
                let activation = Context::map_current(active_in).and_then(|span| stack.push(&span));
                shared.push(Shared { seen: current, activation, guard: None });
            }
        });
    }

    fn entered(&self, activation: Activation, span: SpanRef) {
        let context = Context::map_current(|current| current.with_span(ProvidedSpan::native(&span)));
        let seen = Seen::of(&context);
        // The guard must not be attached if it could not be kept.
        with_shared(|shared| {
            shared.push(Shared { seen, activation: Some(activation), guard: Some(context.attach()) });
        });
    }

    fn left(&self, activation: Activation) {
        let left = with_shared(|shared| {
            let index = shared.iter().rposition(|one| one.activation == Some(activation))?;
            Some(shared.remove(index))
        });
        // Detaches outside of the borrow.
        drop(left);
    }
}

/// What is active for native code in this context.
fn active_in(context: &Context) -> Option<SpanRef> {
    if !context.is_telemetry_suppressed() {
        return span_of(context);
    }
    // A trace that is not sampled, so that nothing is recorded here, and a called service is told so.
    let ids = Some(to_core(context.span().span_context())).filter(SpanContext::is_valid);
    Some(SpanRef::of_context(ids.unwrap_or(SpanContext::empty()).with_sampling(Sampling::NotSampled)))
}
