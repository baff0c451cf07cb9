//! The span of a message or a batch, and the attempts to handle it.

use std::fmt;
use std::mem;
use std::sync::{Arc, Mutex, PoisonError};

use opentracing_core::message_rules::{Attempts, CurrentMessage, HandlerOutcome};
use opentracing_core::{MessageEvent, Span, SpanContext, SpanRef};
use smallvec::SmallVec;

use crate::settings::ClientSettings;
use crate::state::lock;

/// The contexts of the senders. A message has at most one.
pub(crate) type Senders = SmallVec<[SpanContext; 1]>;

/// The handling of a message. Copies of a message share it.
pub(crate) struct Handle {
    pub(crate) client: Arc<ClientSettings>,
    /// The context of the first span.
    pub(crate) context: Option<SpanContext>,
    slot: Mutex<Slot>,
    no_span: Span,
}

/// A message is rarely copied, so its work is only then moved behind a reference count.
#[expect(clippy::large_enum_variant, reason = "a box would be an allocation for each message")]
enum Slot {
    Own(Work),
    Shared(Arc<Mutex<Work>>),
}

/// What is needed to begin an attempt.
pub(crate) struct Work {
    client: Arc<ClientSettings>,
    /// The span that started when the message was received, until the first attempt.
    span: Span,
    pub(crate) senders: Senders,
    pub(crate) attempts: Attempts,
    current: Option<CurrentMessage>,
    /// No attempt was made with `span`.
    is_fresh: bool,
    /// A handler has run, or there is nothing to handle.
    is_handled: bool,
    /// The number of messages.
    messages: u64,
}

impl Work {
    pub(crate) fn new(client: &Arc<ClientSettings>, span: Span, senders: Senders, attempts: Attempts) -> Self {
        Work {
            client: client.clone(),
            span,
            senders,
            attempts,
            current: None,
            is_fresh: true,
            is_handled: false,
            messages: 1,
        }
    }

    /// A batch of so many messages.
    pub(crate) fn new_batch(client: &Arc<ClientSettings>, span: Span, senders: Senders, messages: usize) -> Self {
        let mut work = Work::new(client, span, senders, Attempts::new());
        work.messages = messages as u64;
        work
    }

    /// There is nothing to handle.
    pub(crate) fn empty(client: &Arc<ClientSettings>) -> Self {
        let mut work = Work::new(client, Span::noop(), Senders::new(), Attempts::new());
        work.is_handled = true;
        work
    }

    pub(crate) fn with_current(mut self, current: Option<CurrentMessage>) -> Self {
        self.current = current;
        self
    }

    pub(crate) fn context(&self) -> Option<SpanContext> {
        self.span.context()
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        let was_parent = self.current.take().is_some_and(|current| current.leave());
        if !self.is_handled && !was_parent {
            let tracer = &self.client.settings.tracer;
            HandlerOutcome::Unhandled.record(tracer, &mut self.span);
            tracer.count_messages(MessageEvent::Unhandled, self.messages - 1);
        }
    }
}

impl Handle {
    pub(crate) fn new(work: Work) -> Self {
        Handle::of(work.client.clone(), work.context(), Slot::Own(work))
    }

    fn of(client: Arc<ClientSettings>, context: Option<SpanContext>, slot: Slot) -> Self {
        Handle { client, context, slot: Mutex::new(slot), no_span: Span::noop() }
    }

    pub(crate) fn with<R>(&self, f: impl FnOnce(&mut Work) -> R) -> R {
        match &mut *lock(&self.slot) {
            Slot::Own(work) => f(work),
            Slot::Shared(work) => f(&mut lock(work)),
        }
    }

    /// A handle of the same work.
    pub(crate) fn share(&self) -> Handle {
        let mut slot = lock(&self.slot);
        let shared = match &mut *slot {
            Slot::Shared(work) => work.clone(),
            Slot::Own(work) => Arc::new(Mutex::new(mem::replace(work, Work::empty(&self.client)))),
        };
        *slot = Slot::Shared(shared.clone());
        Handle::of(self.client.clone(), self.context.clone(), Slot::Shared(shared))
    }

    /// From now on, the message is handled by a handler of its own instead of by the loop that received it.
    pub(crate) fn leave_loop(&self) {
        self.with(|work| {
            if let Some(current) = work.current.take() {
                work.is_handled |= current.leave();
            }
        });
    }

    /// Begins an attempt. The first one has the span that started when the message was received; `restart` starts the span of a further one.
    pub(crate) fn begin(&self, restart: impl FnOnce(&Senders, &Attempts) -> Span) -> (Span, Attempts) {
        self.leave_loop();
        let first = self.with(|work| {
            work.is_handled = true;
            mem::take(&mut work.is_fresh).then(|| mem::take(&mut work.span))
        });
        // Decorators run in `restart`, so nothing is locked.
        let mut span = first.unwrap_or_else(|| {
            let (senders, attempts) = self.with(|work| (work.senders.clone(), work.attempts.clone()));
            restart(&senders, &attempts)
        });
        let attempts = self.with(|work| {
            work.attempts.begin(&mut span);
            work.attempts.clone()
        });
        (span, attempts)
    }

    /// The message becomes a part of a batch, whose span replaces that of the message.
    pub(crate) fn join_batch(&self) {
        self.leave_loop();
        let span = self.with(|work| {
            work.is_handled = true;
            work.is_fresh = false;
            mem::take(&mut work.span)
        });
        span.discard();
    }

    /// The span of the message, or of the attempt that is active here.
    pub(crate) fn span(&self) -> SpanRef {
        self.with(|work| {
            if work.is_fresh {
                return work.span.share();
            }
            let active = self.client.settings.tracer.active_span();
            let is_own = |context: SpanContext| work.attempts.last().is_some_and(|last| context.same_span(last));
            if active.context().is_some_and(is_own) { active } else { SpanRef::noop() }
        })
    }

    /// The span of the message before its first attempt, unless a copy of the message exists; otherwise a no-op span.
    pub(crate) fn span_mut(&mut self) -> &mut Span {
        let slot = self.slot.get_mut().unwrap_or_else(PoisonError::into_inner);
        let alone = match slot {
            Slot::Own(_) => None,
            Slot::Shared(work) => Arc::get_mut(work).map(|work| {
                let work = work.get_mut().unwrap_or_else(PoisonError::into_inner);
                mem::replace(work, Work::empty(&self.client))
            }),
        };
        if let Some(work) = alone {
            *slot = Slot::Own(work);
        }
        match slot {
            Slot::Own(work) => &mut work.span,
            Slot::Shared(_) => &mut self.no_span,
        }
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").field("context", &self.context).finish_non_exhaustive()
    }
}
