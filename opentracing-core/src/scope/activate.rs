//! How spans become active: the methods of spans, handles and builders that open a scope.

use crate::recorder::local;
use crate::recorder::state::State;
use crate::scope::scope::{ActiveSpan, BorrowedScope, Scope};
use crate::span::builder::SpanBuilder;
use crate::span::span::Span;
use crate::span::span_ref::SpanRef;

impl Span {
    /// Makes it the active span of this thread. The scope owns it, and finishes it when it is closed or dropped;
    /// [`Scope::into_span`] gives it back instead.
    #[inline]
    pub fn activate(mut self) -> Scope {
        Scope::open(&mut self.state, true)
    }

    /// Makes it the active span of this thread until the scope is closed or dropped. Then it is here again, unfinished.
    #[inline]
    pub fn activate_borrowed(&mut self) -> BorrowedScope<'_> {
        BorrowedScope::open(self)
    }

    /// Runs the closure with the span active; afterwards the span is here again, unfinished, also when the closure panics.
    pub fn in_scope<R>(&mut self, f: impl FnOnce() -> R) -> R {
        let _scope = self.activate_borrowed();
        f()
    }

    /// Makes a closure that runs in the span and finishes it: for `std::thread::spawn` and thread pools.
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
    /// A handle of this thread's active span, of whichever tracer; of no span if none is active.
    ///
    /// The first handle of a span moves its record behind a lock. To write to the active span here and now,
    /// [`Tracer::with_active`] does without.
    pub fn active() -> SpanRef {
        ActiveSpan::of_any().map_or(SpanRef::noop(), |active| active.share())
    }

    /// Makes it the active span of this thread until the scope is closed or dropped, which leaves it unfinished.
    pub fn activate(&self) -> Scope {
        Scope::open(&mut self.state(), false)
    }

    /// Makes it the active span of this thread until the scope is closed or dropped, which finishes it.
    pub fn activate_finish_on_close(&self) -> Scope {
        Scope::open(&mut self.state(), true)
    }

    /// Runs the closure with the span active, and leaves it unfinished.
    pub fn in_scope<R>(&self, f: impl FnOnce() -> R) -> R {
        let _scope = self.activate();
        f()
    }

    /// Makes a closure that runs in the span and leaves it unfinished: for other threads and thread pools.
    pub fn wrap<R, F: FnOnce() -> R>(&self, f: F) -> impl FnOnce() -> R + use<R, F> {
        let span = self.clone();
        move || span.in_scope(f)
    }
}

impl SpanBuilder<'_> {
    /// Starts the span and makes it the active one of this thread. Closing the scope finishes it.
    pub fn start_active(&mut self) -> Scope {
        self.start().activate()
    }
}
