//! Periods in which a span is active on a thread, and writing to it where it is.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::marker::PhantomData;
use std::time::SystemTime;

use crate::clock::wall::unix_ns;
use crate::model::context::{AsSpanContext, Reference, ReferenceKind, SpanContext};
use crate::model::kind::SpanKind;
use crate::model::tag_value::{Given, TagValue};
use crate::model::value::{Text, Value};
use crate::recorder::ending::End;
use crate::recorder::local::{self, Token};
use crate::recorder::state::State;
use crate::span::operations::write_operations;
use crate::span::span::Span;
use crate::span::span_ref::SpanRef;

/// Keeps a span active on this thread: spans started meanwhile are its children.
///
/// Closing or dropping the scope deactivates the span, and finishes it if the scope owns it. If a later scope is still open, this happens once
/// that one is closed.
///
/// ```
/// use opentracing_core::mock::MockTracer;
///
/// let mock = MockTracer::new();
/// let scope = mock.tracer().span("checkout").start_active();
/// scope.span().set_tag("items", 3);
/// mock.tracer().span("charge").start().finish();
/// scope.close();
/// mock.assert_tree("
///     checkout
///       charge
/// ");
/// ```
///
/// A scope refers to this thread's stack of active spans, so it is neither `Send` nor `Sync`. Holding one across an `.await` does not compile
/// where the future must be `Send`; use [`InSpan`](crate::InSpan) for futures.
///
/// ```compile_fail,E0277
/// fn must_be_send<T: Send>(_: T) {}
/// must_be_send(opentracing_core::Span::noop().activate());
/// ```
///
/// A scope that is not bound to a variable would close at once, of which the compiler warns:
///
/// ```compile_fail
/// #![deny(unused_must_use)]
/// opentracing_core::Span::noop().activate();
/// ```
#[must_use = "the span is active only while the scope lives"]
pub struct Scope {
    span: ActiveSpan,
}

impl Scope {
    #[inline]
    pub(crate) fn open(state: &mut State, finish_on_close: bool) -> Scope {
        let token = match state {
            State::Noop => None,
            _ => local::with(|local| local.activate(state, finish_on_close)).flatten(),
        };
        // If the thread is going away there is no active span any more, but the span must still end.
        if token.is_none() && finish_on_close {
            state.take().finish(End::Now);
        }
        Scope { span: ActiveSpan::new(token) }
    }

    /// The scope's span.
    pub fn span(&self) -> &ActiveSpan {
        &self.span
    }

    /// Deactivates the span, as dropping the scope does.
    #[inline]
    pub fn close(self) {}

    /// Deactivates the span and returns it unfinished. For the scope of a [`SpanRef`], that is a span which shares the handle's record.
    pub fn into_span(mut self) -> Span {
        let mut span = Span::noop();
        if let Some(token) = self.span.token.take() {
            local::with(|local| local.deactivate(token, &mut span.state));
        }
        span
    }
}

impl Drop for Scope {
    #[inline]
    fn drop(&mut self) {
        if let Some(token) = self.span.token {
            local::with(|local| local.close(token));
        }
    }
}

impl AsSpanContext for Scope {
    fn as_span_context(&self) -> Option<Cow<'_, SpanContext>> {
        self.span.as_span_context()
    }
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope").field("span", &self.span).finish()
    }
}

/// The active span of this thread. Writing to it takes no lock and allocates nothing.
///
/// Each call borrows the span for its own duration, so calls may nest and scopes may close meanwhile. Once the scope is closed, writing has no
/// effect.
pub struct ActiveSpan {
    token: Option<Token>,
    this_thread: PhantomData<*const ()>,
}

impl ActiveSpan {
    #[inline]
    pub(crate) fn new(token: Option<Token>) -> Self {
        ActiveSpan { token, this_thread: PhantomData }
    }

    pub(crate) fn of_any() -> Option<Self> {
        let token = local::with(|local| local.top_of_any()).flatten()?;
        Some(ActiveSpan::new(Some(token)))
    }

    write_operations!(&Self);

    #[inline]
    pub(crate) fn with<R>(&self, f: impl FnOnce(&mut State) -> R) -> Option<R> {
        let token = self.token?;
        local::with(|local| local.with_state(token, f))?
    }

    #[inline]
    fn edit(&self, f: impl FnOnce(&mut State)) {
        self.with(f);
    }

    fn ignores(&self, _key: &str) -> bool {
        self.token.is_none()
    }

    /// Whether the span records tags and logs.
    pub fn is_recording(&self) -> bool {
        self.with(|state| state.is_recording()).unwrap_or(false)
    }

    /// The span's context; `None` once the scope is closed.
    pub fn context(&self) -> Option<SpanContext> {
        self.with(|state| state.context())?
    }

    /// The baggage item of that name, including those inherited from the parent.
    pub fn baggage_item(&self, key: &str) -> Option<String> {
        self.context()?.baggage_item(key).map(str::to_owned)
    }

    /// Returns a handle for other threads. The first one moves the record behind a lock, which allocates once.
    pub fn share(&self) -> SpanRef {
        SpanRef::new(self.with(State::share).flatten())
    }
}

impl AsSpanContext for ActiveSpan {
    fn as_span_context(&self) -> Option<Cow<'_, SpanContext>> {
        self.context().map(Cow::Owned)
    }
}

impl fmt::Debug for ActiveSpan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ActiveSpan").field("context", &self.context()).finish_non_exhaustive()
    }
}

/// Keeps a borrowed span active on this thread. Dropping the scope returns the span to its owner unfinished, also during a panic.
#[must_use = "the span is active only while the scope lives"]
pub struct BorrowedScope<'a> {
    owner: &'a mut Span,
    span: ActiveSpan,
}

impl<'a> BorrowedScope<'a> {
    #[inline]
    pub(crate) fn open(owner: &'a mut Span) -> Self {
        let token = owner.activate_state();
        BorrowedScope { owner, span: ActiveSpan::new(token) }
    }

    /// The scope's span.
    pub fn span(&self) -> &ActiveSpan {
        &self.span
    }
}

impl Drop for BorrowedScope<'_> {
    #[inline]
    fn drop(&mut self) {
        if let Some(token) = self.span.token {
            local::with(|local| local.deactivate(token, &mut self.owner.state));
            self.owner.state.leave();
        }
    }
}

impl AsSpanContext for BorrowedScope<'_> {
    fn as_span_context(&self) -> Option<Cow<'_, SpanContext>> {
        self.span.as_span_context()
    }
}

impl fmt::Debug for BorrowedScope<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BorrowedScope").field("span", &self.span).finish()
    }
}
