//! A listener for the active span of threads.

use std::cell::Cell;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;

use crate::model::active_ids::ActiveIds;
use crate::recorder::hooks;
use crate::recorder::local;

/// Learns which span is active on a thread, for example to label the samples of a profiler with trace and span ids.
///
/// [`set_active_span_listener`] installs it. Without a listener, each activation costs one load more.
///
/// ```
/// use std::cell::Cell;
///
/// use opentracing_core::{ActiveIds, ActiveSpanListener, Tracer, set_active_span_listener};
///
/// thread_local! {
///     static LABEL: Cell<Option<ActiveIds>> = const { Cell::new(None) };
/// }
///
/// /// A profiler reads the label of the thread that it interrupts.
/// struct Labels;
///
/// impl ActiveSpanListener for Labels {
///     fn changed(&self, active: Option<ActiveIds>) {
///         LABEL.set(active);
///     }
/// }
///
/// # let tracer = opentracing_core::mock::MockTracer::new();
/// # let tracer = tracer.tracer();
/// set_active_span_listener(Labels)?;
/// let scope = tracer.span("work").start_active();
/// assert_eq!(LABEL.get().map(|ids| ids.span_id), scope.span().context().map(|context| context.span_id()));
/// scope.close();
/// assert_eq!(LABEL.get(), None);
/// # Ok::<(), opentracing_core::SetListenerError>(())
/// ```
pub trait ActiveSpanListener: Send + Sync + 'static {
    /// Called on a thread whenever a span becomes active there, or ends to be active, with the span that is active now. Futures in a span
    /// call it around each poll. Must not block. A panic is caught. What the listener itself activates causes no call.
    fn changed(&self, active: Option<ActiveIds>);
}

/// The error if there is a listener already.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SetListenerError(());

impl fmt::Display for SetListenerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the process has a listener for active spans already")
    }
}

impl std::error::Error for SetListenerError {}

static LISTENER: OnceLock<Box<dyn ActiveSpanListener>> = OnceLock::new();

thread_local! {
    static IS_CALLED: Cell<bool> = const { Cell::new(false) };
}

/// Installs the listener of the process, for spans of all tracers. Scopes that are open already cause a call when they close.
///
/// # Errors
///
/// If there is one already.
pub fn set_active_span_listener(listener: impl ActiveSpanListener) -> Result<(), SetListenerError> {
    LISTENER.set(Box::new(listener)).map_err(|_| SetListenerError(()))?;
    hooks::use_from_now_on();
    Ok(())
}

/// Called when the active span of this thread may have changed, while nothing is borrowed.
pub(super) fn changed() {
    let Some(listener) = LISTENER.get() else { return };
    if IS_CALLED.try_with(|is_called| is_called.replace(true)).unwrap_or(true) {
        return;
    }
    let active = local::with(|local| local.context_of_any(ActiveIds::of)).flatten();
    // A listener must not fail what is traced, and a scope may be closed by a panic.
    let _ = catch_unwind(AssertUnwindSafe(|| listener.changed(active)));
    let _ = IS_CALLED.try_with(|is_called| is_called.set(false));
}
