//! How spans become active: the methods of spans, handles and builders that open a scope.

use crate::recorder::local;
use crate::recorder::state::State;
use crate::scope::scope::{ActiveSpan, BorrowedScope, Scope};
use crate::span::builder::SpanBuilder;
use crate::span::span::Span;
use crate::span::span_ref::SpanRef;

impl Span {
    /// Makes this the active span of the thread. The scope owns the span, and finishes it when it is closed or dropped;
    /// [`Scope::into_span`] returns it unfinished instead.
    #[inline]
    pub fn activate(mut self) -> Scope {
        Scope::open(&mut self.state, true)
    }

    /// Makes this the active span of the thread until the scope is dropped, which does not finish it.
    #[inline]
    pub fn activate_borrowed(&mut self) -> BorrowedScope<'_> {
        BorrowedScope::open(self)
    }

    /// Runs the closure with the span active, and does not finish the span, even if the closure panics.
    pub fn in_scope<R>(&mut self, f: impl FnOnce() -> R) -> R {
        let _scope = self.activate_borrowed();
        f()
    }

    /// Wraps a closure so that it runs in the span and finishes it. For `std::thread::spawn` and thread pools.
    pub fn wrap<R, F: FnOnce() -> R>(self, f: F) -> impl FnOnce() -> R + use<R, F> {
        move || {
            let _scope = self.activate();
            f()
        }
    }

    pub(crate) fn activate_state(&mut self) -> Option<local::Token> {
        match &mut *self.state {
            State::Noop => None,
            state => local::with(|local| local.activate(state, false)).flatten(),
        }
    }
}

impl SpanRef {
    /// Returns a handle of this thread's active span, of any tracer. Without an active span it is a no-op.
    ///
    /// The first handle of a span moves its record behind a lock. [`Tracer::with_active`](crate::Tracer::with_active) writes to the
    /// active span without that.
    pub fn active() -> SpanRef {
        ActiveSpan::of_any().map_or(SpanRef::noop(), |active| active.share())
    }

    /// Makes this the active span of the thread until the scope is closed or dropped, which does not finish it.
    pub fn activate(&self) -> Scope {
        Scope::open(&mut self.state(), false)
    }

    /// Makes this the active span of the thread until the scope is closed or dropped, which finishes it.
    pub fn activate_finish_on_close(&self) -> Scope {
        Scope::open(&mut self.state(), true)
    }

    /// Makes this the active span of the thread until [`exit`](SpanRef::exit). For bridges from systems where entering and leaving a
    /// span are calls without a guard; elsewhere, [`activate`](SpanRef::activate) is safer.
    ///
    /// A span may be entered several times, on several threads. Once the span has finished, it is no longer active anywhere, even if it was
    /// never left.
    pub fn enter(&self) {
        if let Some(shared) = self.shared.as_ref().filter(|shared| !shared.is_finished()) {
            local::with(|local| local.enter(shared.clone()));
        }
    }

    /// Ends the latest [`enter`](SpanRef::enter) of this span on this thread, and notes the time for
    /// [`finish_at_last_exit`](SpanRef::finish_at_last_exit). Without an `enter` on this thread it only notes the time.
    pub fn exit(&self) {
        if let Some(shared) = &self.shared {
            shared.leave();
            local::with(|local| local.exit(shared));
        }
    }

    /// Runs the closure with the span active, and does not finish it.
    pub fn in_scope<R>(&self, f: impl FnOnce() -> R) -> R {
        let _scope = self.activate();
        f()
    }

    /// Wraps a closure so that it runs in the span, and does not finish it. For other threads and thread pools.
    pub fn wrap<R, F: FnOnce() -> R>(&self, f: F) -> impl FnOnce() -> R + use<R, F> {
        let span = self.clone();
        move || span.in_scope(f)
    }
}

impl SpanBuilder<'_> {
    /// Starts the span and makes it the active span of the thread. Closing the scope finishes it.
    pub fn start_active(&mut self) -> Scope {
        self.start().activate()
    }
}
