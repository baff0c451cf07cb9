//! A span with several owners, behind a lock.

use std::borrow::Cow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard};

use crate::model::context::SpanContext;
use crate::recorder::ending::End;
use crate::recorder::state::State;
use crate::sync::lock;

/// The state of a shared span, behind a lock. The state is never `State::Shared` or `State::Lent`.
pub(crate) struct Shared {
    /// The context that the span had when it was shared, so that children start without the lock.
    context: SpanContext,
    /// The context is no longer that one: the baggage or the sampling decision has changed.
    has_changed: AtomicBool,
    is_finished: AtomicBool,
    /// It had a record when it was shared. A mere context has none, although it may be that of a span that records.
    had_record: bool,
    guarded: Mutex<Guarded>,
}

struct Guarded {
    state: State,
    /// When the span was left for the last time, if its owner enters and exits it.
    last_exit: Option<End>,
}

impl Drop for Shared {
    /// Dropping the last handle of a detached span finishes it.
    fn drop(&mut self) {
        let guarded = self.guarded.get_mut().unwrap_or_else(|poisoned| poisoned.into_inner());
        guarded.state.take().finish(End::Now);
    }
}

impl Shared {
    pub(crate) fn new(state: State) -> Self {
        let context = state.context().unwrap_or(SpanContext::EMPTY);
        Shared {
            context,
            has_changed: AtomicBool::new(false),
            is_finished: AtomicBool::new(matches!(state, State::Finished(_))),
            had_record: matches!(state, State::Recording(_)),
            guarded: Mutex::new(Guarded { state, last_exit: None }),
        }
    }

    pub(crate) fn tracer(&self) -> u32 {
        self.context.meta.tracer()
    }

    /// The context, unless it has changed since the span was shared.
    #[inline]
    pub(crate) fn context_in_place(&self) -> Option<&SpanContext> {
        if self.has_changed.load(Ordering::Acquire) { None } else { Some(&self.context) }
    }

    #[inline]
    pub(crate) fn lent_context(&self) -> Option<Cow<'_, SpanContext>> {
        match self.context_in_place() {
            Some(context) => Some(Cow::Borrowed(context)),
            None => lock(&self.guarded).state.context().map(Cow::Owned),
        }
    }

    #[inline]
    pub(crate) fn is_finished(&self) -> bool {
        self.is_finished.load(Ordering::Acquire)
    }

    /// Without the lock in the usual case.
    #[inline]
    pub(crate) fn is_recording(&self) -> bool {
        let is_as_shared =
            self.had_record && !self.is_finished() && self.context_in_place().is_some_and(SpanContext::is_recording);
        is_as_shared || lock(&self.guarded).state.is_recording()
    }

    /// Ends the span. The first call wins. The record is taken out under the lock and passed on outside of it.
    #[cold]
    pub(crate) fn finish(&self, end: End) {
        self.finish_as(lock(&self.guarded), end);
    }

    /// Ends the span at its last exit, or now if it was never left.
    pub(crate) fn finish_at_last_exit(&self) {
        let guarded = lock(&self.guarded);
        let end = guarded.last_exit.unwrap_or(End::Now);
        self.finish_as(guarded, end);
    }

    fn finish_as(&self, mut guarded: MutexGuard<'_, Guarded>, end: End) {
        let state = &mut guarded.state;
        match state.context() {
            Some(context) if !matches!(state, State::Finished(_)) => {
                let open = std::mem::replace(state, State::Finished(context));
                self.is_finished.store(true, Ordering::Release);
                drop(guarded);
                open.finish(end);
            }
            Some(context) => {
                drop(guarded);
                context.count_late_write();
            }
            None => {}
        }
    }

    pub(crate) fn with<R>(&self, f: impl FnOnce(&mut State) -> R) -> R {
        self.edit(&mut lock(&self.guarded), f)
    }

    /// Does nothing if another thread holds the lock, or this one.
    pub(crate) fn try_with(&self, f: impl FnOnce(&mut State)) {
        if let Ok(mut guarded) = self.guarded.try_lock() {
            self.edit(&mut guarded, f);
        }
    }

    fn edit<R>(&self, guarded: &mut Guarded, f: impl FnOnce(&mut State) -> R) -> R {
        let result = f(&mut guarded.state);
        if let Some(context) = guarded.state.context_in_place()
            && !context.is_unchanged(&self.context)
        {
            self.has_changed.store(true, Ordering::Release);
        }
        result
    }

    /// Notes the time of an exit, and a panic that caused it.
    pub(crate) fn leave(&self) {
        let mut guarded = lock(&self.guarded);
        guarded.state.leave();
        guarded.last_exit = guarded.state.moment().map(End::from);
    }
}
