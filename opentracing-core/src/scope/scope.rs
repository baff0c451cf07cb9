//! Periods in which a span is active on a thread, and writing to it where it is.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::marker::PhantomData;
use std::time::SystemTime;

use crate::clock::wall::unix_ns;
use crate::model::context::{AsSpanContext, SpanContext};
use crate::model::kind::SpanKind;
use crate::model::value::{Text, Value};
use crate::recorder::local::{self, Token};
use crate::recorder::state::{End, State};
use crate::span::operations::write_operations;
use crate::span::span::Span;
use crate::span::span_ref::SpanRef;

/// A span is active on this thread while its scope lives: spans started meanwhile are its children.
///
/// Closing it ends the period, and finishes the span if it was activated so. A scope that is closed while a later one is open changes
/// nothing until that one is closed too.
///
/// It names a place in this thread's stack, hence is neither `Send` nor `Sync`. So a scope that is held across an `.await` does not
/// compile where the future must be `Send`; [`InSpan`](crate::InSpan) carries spans with futures.
///
/// ```compile_fail,E0277
/// fn must_be_send<T: Send>(_: T) {}
/// must_be_send(opentracing_core::Span::noop().activate());
/// ```
///
/// One that is not kept would close at once, which the compiler tells:
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

    /// Ends the active period, as dropping does.
    #[inline]
    pub fn close(self) {}

    /// Ends the active period and gives the span back unfinished. For the scope of a [`SpanRef`] that is a span which finishes
    /// together with it.
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

/// The active span of this thread, in its place on the stack: nothing is locked, counted or allocated.
///
/// Each call looks the place up and lets go of it, so calls may nest freely, and scopes may be closed meanwhile. Once the scope is
/// closed, nothing is found any more, and writing does nothing.
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

    /// Whether tags and logs are kept.
    pub fn is_recording(&self) -> bool {
        self.with(|state| state.is_recording()).unwrap_or(false)
    }

    /// The span's context; `None` once the scope is closed.
    pub fn context(&self) -> Option<SpanContext> {
        self.with(|state| state.context())?
    }

    /// The baggage item of that name, also one that the span has from its parent.
    pub fn baggage_item(&self, key: &str) -> Option<String> {
        self.context()?.baggage_item(key).map(str::to_owned)
    }

    /// A handle that may leave the thread. The first one moves the record behind a lock: one allocation.
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

/// A span is active on this thread while this lives; then it is back with its owner, shared or not, also after a panic.
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
