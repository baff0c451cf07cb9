//! A bridge to another system that keeps an active context for each thread.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use crate::recorder::bridge::{self, Bridge};
use crate::recorder::local::{Local, Token};
use crate::recorder::shared::Shared;
use crate::recorder::state::State;
use crate::span::span_ref::SpanRef;

/// Keeps the active spans of threads and the active contexts of another system in step, so that either sees the other's. For crates such as
/// `opentracing-opentelemetry`.
///
/// [`set_context_bridge`] installs it. Without a bridge, each activation and each look at the active span costs one load more. With one,
/// spans are shared when they are activated.
///
/// ```
/// use std::cell::RefCell;
///
/// use opentracing_core::mock::MockTracer;
/// use opentracing_core::{ActiveStack, Activation, ContextBridge, SpanRef, set_context_bridge};
///
/// thread_local! {
///     static OTHER: RefCell<Vec<SpanRef>> = const { RefCell::new(Vec::new()) }; // active in the other system
///     static PUSHED: RefCell<Vec<Activation>> = const { RefCell::new(Vec::new()) };
/// }
///
/// struct Bridge;
///
/// impl ContextBridge for Bridge {
///     fn sync(&self, stack: ActiveStack<'_>) {
///         OTHER.with_borrow(|other| {
///             PUSHED.with_borrow_mut(|pushed| {
///                 while pushed.len() > other.len() {
///                     pushed.pop().into_iter().for_each(|activation| stack.remove(activation));
///                 }
///                 pushed.extend(other[pushed.len()..].iter().filter_map(|span| stack.push(span)));
///             });
///         });
///     }
///
///     fn entered(&self, _: Activation, _: SpanRef) {} // tells the other system
///
///     fn left(&self, _: Activation) {}
/// }
///
/// set_context_bridge(Bridge)?;
/// let mock = MockTracer::new();
/// let span = mock.tracer().span("of the other system").start().detach();
/// OTHER.with_borrow_mut(|other| other.push(span.clone()));
/// mock.tracer().span("child").start().finish();
/// OTHER.with_borrow_mut(Vec::clear);
/// mock.tracer().span("root").start().finish();
/// span.finish();
/// mock.assert_tree("of the other system\n  child\nroot");
/// # Ok::<(), opentracing_core::SetBridgeError>(())
/// ```
///
/// All methods are called on the thread whose stack it is, for spans of all tracers. They must not block. A panic is caught. What a bridge
/// itself activates meanwhile causes no call.
pub trait ContextBridge: Send + Sync + 'static {
    /// Called before the stack of active spans is read or changed. The bridge pushes what the other system has activated since the last
    /// call, and removes what it has deactivated.
    fn sync(&self, stack: ActiveStack<'_>);

    /// Called after a span was activated: it is active in the other system too, until [`left`](ContextBridge::left). A future in a span
    /// causes a pair of these calls for each poll.
    fn entered(&self, activation: Activation, span: SpanRef);

    /// Called after that activation ended, in any order. Activations from before the bridge was installed end as well.
    fn left(&self, activation: Activation);
}

/// One activation of a span on this thread.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Activation(Token);

impl fmt::Debug for Activation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Activation")
    }
}

/// The stack of active spans of this thread, as a [`ContextBridge`] changes it.
pub struct ActiveStack<'a> {
    local: &'a Local,
}

impl ActiveStack<'_> {
    /// Makes the span active until it is [removed](ActiveStack::remove). A finished span can still be a parent. `None` if there is no span.
    pub fn push(&self, span: &SpanRef) -> Option<Activation> {
        self.local.activate(&mut State::Shared(span.shared.clone()?), false).map(Activation)
    }

    /// Ends an activation. Does not finish the span.
    pub fn remove(&self, activation: Activation) {
        // The other system may have ended it long ago, so a panic of now is not noted.
        self.local.deactivate(activation.0, &mut State::Noop);
    }
}

impl fmt::Debug for ActiveStack<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ActiveStack")
    }
}

/// The error if there is a bridge already.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SetBridgeError(());

impl fmt::Display for SetBridgeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the process has a bridge for active spans already")
    }
}

impl Error for SetBridgeError {}

/// Installs the bridge of the process, for spans of all tracers.
///
/// # Errors
///
/// If there is one already.
pub fn set_context_bridge(bridge: impl ContextBridge) -> Result<(), SetBridgeError> {
    if bridge::set(Box::new(Adapter(bridge))) { Ok(()) } else { Err(SetBridgeError(())) }
}

struct Adapter<B>(B);

impl<B: ContextBridge> Bridge for Adapter<B> {
    fn sync(&self, local: &Local) {
        self.0.sync(ActiveStack { local });
    }

    fn entered(&self, token: Token, span: Arc<Shared>) {
        self.0.entered(Activation(token), SpanRef::new(Some(span)));
    }

    fn left(&self, token: Token) {
        self.0.left(Activation(token));
    }
}
