//! The span of a delivery or a batch, and those of further attempts to handle it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use opentracing_core::message_rules::{
    Attempts, CurrentMessage, HandlerOutcome, HandlerOutput, Handling, handle_blocking_in_ref,
};
use opentracing_core::{MessageEvent, Span, SpanContext, SpanRef};

use crate::delivery::earlier::{self, MessageKey};
use crate::delivery::settle;
use crate::outcome::DeliveryOutcome;
use crate::settings::settings::Settings;

/// The spans of one delivery, or of a batch of deliveries that are handled together.
///
/// The first span starts when the delivery is received. It is that of the first attempt to handle it; each further attempt has a span of its own.
/// A span finishes when the delivery is settled, but not before its handler is done, or when the next attempt begins.
pub(crate) struct Spans {
    settings: Arc<Settings>,
    first: SpanRef,
    state: Mutex<State>,
}

struct State {
    /// The span of the present or the latest attempt.
    span: SpanRef,
    attempts: Attempts,
    /// Where a redelivery finds these attempts.
    key: Option<MessageKey>,
    current: Option<CurrentMessage>,
    /// The handlers that run in the span.
    running: usize,
    was_handled: bool,
    /// The error of a handler is recorded in the span.
    has_failed: bool,
    /// When the last handler that failed was done.
    failed_at: Option<SystemTime>,
    /// The number of deliveries: one, or those of a batch.
    deliveries: usize,
    /// Those that are not settled.
    unsettled: usize,
    /// How the deliveries were settled: the first one that was not acknowledged decides. Taken when it is recorded.
    settled: Option<Settled>,
    is_finished: bool,
}

/// A settlement that is recorded later.
enum Settled {
    Known(DeliveryOutcome<'static>),
    Failed(lapin::Error),
}

/// What starts a span.
pub(crate) struct Started {
    pub(crate) span: Span,
    pub(crate) attempts: Attempts,
    pub(crate) key: Option<MessageKey>,
}

impl Spans {
    pub(crate) fn new(settings: &Arc<Settings>, started: Started, deliveries: usize) -> Arc<Self> {
        let Started { mut span, mut attempts, key } = started;
        attempts.begin(&mut span);
        let span = span.detach();
        let first = span.clone();
        let state = State {
            span,
            attempts,
            key,
            current: None,
            running: 0,
            was_handled: false,
            has_failed: false,
            failed_at: None,
            deliveries,
            unsettled: deliveries,
            settled: None,
            is_finished: false,
        };
        Arc::new(Spans { settings: settings.clone(), first, state: Mutex::new(state) })
    }

    pub(crate) fn settings(&self) -> &Arc<Settings> {
        &self.settings
    }

    /// Makes the delivery the parent of what its task starts without a parent. `receiver` returns `None` without a context.
    pub(crate) fn set_current(&self, current: impl FnOnce(&Attempts) -> Option<CurrentMessage>) {
        let mut state = self.lock();
        state.current = current(&state.attempts);
    }

    /// The context of the first span.
    pub(crate) fn context(&self) -> Option<SpanContext> {
        self.first.context()
    }

    /// The span of the present attempt. Who gets it may run a handler in it.
    pub(crate) fn hand_out(&self) -> SpanRef {
        let mut state = self.lock();
        state.was_handled = true;
        state.span.clone()
    }

    /// The span of the present attempt.
    pub(crate) fn span(&self) -> SpanRef {
        self.lock().span.clone()
    }

    /// The number of attempts so far.
    pub(crate) fn attempts(&self) -> u32 {
        self.lock().attempts.number()
    }

    /// Begins to run a handler: in the span that is open, or after an earlier handler in a new one. `start` starts that.
    pub(crate) fn begin(self: &Arc<Self>, start: impl FnOnce(&Attempts) -> Span) -> Run {
        let mut state = self.lock();
        if state.was_handled && state.running == 0 {
            if !state.is_finished {
                match state.failed_at.take() {
                    Some(at) => state.span.finish_at(at),
                    None => state.span.finish(),
                }
            }
            let mut span = start(&state.attempts);
            state.attempts.begin(&mut span);
            let span = span.detach();
            (state.span, state.has_failed, state.is_finished) = (span, false, false);
        }
        state.was_handled = true;
        state.running += 1;
        Run { span: state.span.clone(), spans: self.clone(), is_done: false }
    }

    /// Notes that the message may come again, before the broker hears of it.
    pub(crate) fn expect_again(&self) {
        let state = self.lock();
        if let Some(key) = state.key {
            earlier::remember(key, state.attempts.clone());
        }
    }

    /// Records how a delivery was settled, and finishes the span if it was the last one. Called once for each delivery.
    pub(crate) fn settle(&self, settlement: DeliveryOutcome<'_>) {
        let mut state = self.lock();
        state.unsettled = state.unsettled.saturating_sub(1);
        let is_decided =
            state.settled.as_ref().is_some_and(|settled| !matches!(settled, Settled::Known(DeliveryOutcome::Ack)));
        if !is_decided {
            state.settled = Some(Settled::new(settlement));
        }
        self.finish_if_done(state);
    }

    /// These deliveries were settled before they became part of the batch.
    pub(crate) fn skip(&self, deliveries: usize) {
        let mut state = self.lock();
        state.unsettled = state.unsettled.saturating_sub(deliveries);
    }

    /// Leaves the span to the handle that the caller gets.
    pub(crate) fn let_go(&self) -> SpanRef {
        let mut state = self.lock();
        state.is_finished = true;
        state.current = None;
        state.span.clone()
    }

    /// Drops the span of a delivery that a batch handles. It is kept if something happened in it.
    pub(crate) fn discard(&self) {
        let mut state = self.lock();
        let is_used = state.was_handled || state.is_finished;
        let is_used = is_used || state.current.as_ref().is_some_and(CurrentMessage::is_parent);
        state.current = None;
        state.is_finished = true;
        if is_used {
            state.span.finish();
        } else {
            state.span.discard();
        }
    }

    /// The delivery is gone from the program. What its task starts from now on is no longer below it.
    pub(crate) fn leave(&self) {
        self.lock().current = None;
    }

    fn finish_if_done(&self, mut state: MutexGuard<'_, State>) {
        if state.running > 0 || state.unsettled > 0 || state.is_finished {
            return;
        }
        state.is_finished = true;
        let (span, settled, has_failed) = (state.span.clone(), state.settled.take(), state.has_failed);
        let is_unhandled = !state.was_handled && !state.current.as_ref().is_some_and(CurrentMessage::is_parent);
        let others = state.deliveries as u64 - 1;
        let memory = state.key.map(|key| (key, state.attempts.clone()));
        // Decorators are code of the program.
        drop(state);
        if is_unhandled {
            HandlerOutcome::Unhandled.record_in(&self.settings.tracer, &span);
            self.settings.tracer.count_messages(MessageEvent::Unhandled, others);
        }
        // A further attempt after the delivery was settled has no settlement.
        if let Some(settled) = &settled {
            let settlement = settled.get();
            if let Some((key, attempts)) = memory {
                earlier::note(key, attempts, settlement);
            }
            settle::record(&self.settings, &span, settlement, has_failed);
        }
        span.finish();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Settled {
    fn new(settlement: DeliveryOutcome<'_>) -> Self {
        Settled::Known(match settlement {
            DeliveryOutcome::Failed(error) => return Settled::Failed(error.clone()),
            DeliveryOutcome::Ack => DeliveryOutcome::Ack,
            DeliveryOutcome::Nack { requeue } => DeliveryOutcome::Nack { requeue },
            DeliveryOutcome::Reject { requeue } => DeliveryOutcome::Reject { requeue },
            DeliveryOutcome::DeadLettered => DeliveryOutcome::DeadLettered,
            DeliveryOutcome::NotRequired => DeliveryOutcome::NotRequired,
            DeliveryOutcome::Dropped => DeliveryOutcome::Dropped,
            DeliveryOutcome::Unknown => DeliveryOutcome::Unknown,
            DeliveryOutcome::Stale => DeliveryOutcome::Stale,
        })
    }

    fn get(&self) -> DeliveryOutcome<'_> {
        match self {
            Settled::Known(settlement) => *settlement,
            Settled::Failed(error) => DeliveryOutcome::Failed(error),
        }
    }
}

/// A handler that runs in a span. Dropping it without `done` is a cancelled or panicked handler, which `Handling` records.
pub(crate) struct Run {
    pub(crate) span: SpanRef,
    spans: Arc<Spans>,
    is_done: bool,
}

impl Run {
    /// Runs a future, and records its end.
    pub(crate) async fn future<F: Future<Output: HandlerOutput>>(self, future: F) -> F::Output {
        let (output, _) = Handling::in_ref(&self.spans.settings.tracer, &self.span, future).await;
        self.done(output.failure().is_some());
        output
    }

    /// Runs a closure, and records its end.
    pub(crate) fn closure<T: HandlerOutput>(self, handler: impl FnOnce() -> T) -> T {
        let output = handle_blocking_in_ref(&self.spans.settings.tracer, &self.span, handler);
        self.done(output.failure().is_some());
        output
    }

    fn done(mut self, has_failed: bool) {
        self.is_done = true;
        self.end(has_failed);
    }

    fn end(&self, has_failed: bool) {
        let mut state = self.spans.lock();
        state.running -= 1;
        if has_failed {
            state.has_failed = true;
            state.failed_at = Some(self.spans.settings.tracer.now());
        }
        self.spans.finish_if_done(state);
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        if !self.is_done {
            self.end(false);
        }
    }
}
