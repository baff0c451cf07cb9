//! The traced delivery.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use lapin::Result;
use lapin::message::Delivery;
use lapin::options::{BasicAckOptions, BasicNackOptions, BasicRejectOptions};
use lapin::types::ShortString;
use opentracing_core::message_rules::{HandlerOutput, Receiver};
use opentracing_core::{MessageEvent, SpanContext, SpanRef};

use crate::delivery::open_deliveries::{OpenDeliveries, Session};
use crate::delivery::source::Source;
use crate::delivery::spans::{Run, Spans};
use crate::outcome::DeliveryOutcome;
use crate::settings::settings::Settings;

/// A delivery with the span of its handling.
///
/// The span starts when the consumer yields the delivery. It finishes when the delivery is acknowledged, negatively acknowledged,
/// rejected or dropped, but not before its handler is done. Spans that start while it is handled are children of its span: in
/// [`handle`](Self::handle), [`process`](crate::process) and delegates, and in the task that received it until it is dropped.
///
/// ```
/// use lapin::options::{BasicAckOptions, BasicNackOptions};
/// use opentracing_amqp::TracingDelivery;
///
/// # async fn pack(_order: &[u8]) -> std::io::Result<()> { Ok(()) }
/// # async fn consume(order: TracingDelivery) -> lapin::Result<()> {
/// match order.handle(pack(&order.data)).await {
///     Ok(()) => order.ack(BasicAckOptions::default()).await?,
///     Err(_) => order.nack(BasicNackOptions { requeue: true, multiple: false }).await?,
/// };
/// # Ok(())
/// # }
/// ```
///
/// # What is not traced
///
/// The delivery dereferences to lapin's [`Delivery`], whose fields are all available. [`ack`](Self::ack), [`nack`](Self::nack) and
/// [`reject`](Self::reject) of this type finish the span. The methods of lapin's acker do not: `delivery.acker.ack(…)`, a clone of the
/// acker, and a function that takes `&Delivery` settle the message, but the span finishes only when this value is dropped, with the
/// outcome `settled`.
#[must_use = "a delivery that is dropped is not acknowledged"]
pub struct TracingDelivery {
    inner: Delivery,
    pub(crate) spans: Arc<Spans>,
    source: Arc<Source>,
    open: OpenDeliveries,
    /// The session in which the delivery is in the table of open deliveries; `None` if it is not in the table.
    session: Option<Session>,
    has_ended: AtomicBool,
}

impl TracingDelivery {
    /// Starts the span. `receiver` is the task that gets the delivery, unless a handler gets it.
    pub(crate) fn start(
        settings: &Arc<Settings>,
        open: &OpenDeliveries,
        source: &Arc<Source>,
        inner: Delivery,
        receiver: Option<Receiver>,
    ) -> Self {
        let session = source.needs_settling.then(|| open.session_of(&inner.acker)).flatten();
        let spans = Spans::new(settings, source.start(settings, &inner), 1);
        if let Some(receiver) = receiver {
            spans.set_current(|attempts| receiver.receive(attempts.last()));
        }
        settings.tracer.count_messages(MessageEvent::Received, 1);
        if let Some(session) = session {
            open.add(inner.delivery_tag, session, spans.clone());
        }
        TracingDelivery {
            inner,
            spans,
            source: source.clone(),
            open: open.clone(),
            session,
            has_ended: AtomicBool::new(false),
        }
    }

    /// Returns a handle of the span, to write to it, to start children elsewhere, or to run a future in it. Counts as handling the delivery.
    /// If the delivery is handled several times, it is the span of the present or the latest attempt.
    ///
    /// A task that takes the delivery with it can run in the span by [`InSpan::in_span_ref`](opentracing_core::InSpan::in_span_ref):
    ///
    /// ```
    /// use opentracing_amqp::TracingDelivery;
    /// use opentracing_core::InSpan;
    ///
    /// # async fn pack(_order: TracingDelivery) {}
    /// # fn consume(order: TracingDelivery) {
    /// let span = order.span();
    /// tokio::spawn(pack(order).in_span_ref(&span));
    /// # }
    /// ```
    pub fn span(&self) -> SpanRef {
        self.spans.hand_out()
    }

    /// Returns the context of the first span, even after it has finished. `None` with a no-op tracer. Does not count as handling the
    /// delivery.
    pub fn context(&self) -> Option<SpanContext> {
        self.spans.context()
    }

    /// Runs a future in the span of the delivery, so that spans that it starts are children of that span.
    ///
    /// The future returns `()` or a [`Result`]. An error marks the span as failed, with its text in a log. The span does not finish with the
    /// future, but when the delivery is settled or dropped; if it is settled in the future, the span finishes with the future.
    ///
    /// May be called any number of times. Each further call is a further attempt with a span of its own, which refers to the publisher and
    /// to the attempt before; its number is the tag `messaging.attempt`. A future that is dropped, and one that panics, has the tag
    /// `messaging.outcome`.
    ///
    /// ```
    /// use lapin::options::BasicAckOptions;
    /// use opentracing_amqp::TracingDelivery;
    ///
    /// # async fn pack(_order: &[u8]) {}
    /// # async fn consume(order: TracingDelivery) -> lapin::Result<()> {
    /// let handling = order.handle(async {
    ///     pack(&order.data).await;
    ///     order.ack(BasicAckOptions::default()).await
    /// });
    /// handling.await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// [`handle_and_settle`](Self::handle_and_settle) settles the delivery by a policy.
    pub async fn handle<F>(&self, future: F) -> F::Output
    where
        F: Future<Output: HandlerOutput>,
    {
        self.begin().future(future).await
    }

    /// Runs a closure in the span of the delivery, as [`handle`](Self::handle) runs a future.
    pub fn handle_blocking<T: HandlerOutput>(&self, handler: impl FnOnce() -> T) -> T {
        self.begin().closure(handler)
    }

    /// Begins an attempt to handle the delivery.
    pub(crate) fn begin(&self) -> Run {
        let settings = self.spans.settings();
        self.spans.begin(|attempts| self.source.start_again(settings, &self.inner, attempts))
    }

    /// Acknowledges the delivery and finishes its span. With `multiple`, also finishes the spans of all earlier deliveries of the channel.
    ///
    /// # Errors
    ///
    /// The errors of [`Acker::ack`](lapin::Acker::ack). It returns `false` if the delivery was settled before, or if the channel was closed
    /// or recovered since.
    pub async fn ack(&self, options: BasicAckOptions) -> Result<bool> {
        let result = self.inner.acker.ack(options).await;
        self.settled(DeliveryOutcome::Ack, options.multiple, &result);
        result
    }

    /// Negatively acknowledges the delivery and finishes its span as failed. With `multiple`, also finishes the spans of all earlier
    /// deliveries of the channel.
    ///
    /// # Errors
    ///
    /// The errors of [`Acker::nack`](lapin::Acker::nack). Returns `false` in the same cases as [`ack`](Self::ack).
    pub async fn nack(&self, options: BasicNackOptions) -> Result<bool> {
        self.spans.expect_again();
        let result = self.inner.acker.nack(options).await;
        self.settled(DeliveryOutcome::Nack { requeue: options.requeue }, options.multiple, &result);
        result
    }

    /// Rejects the delivery and finishes its span as failed.
    ///
    /// # Errors
    ///
    /// The errors of [`Acker::reject`](lapin::Acker::reject). Returns `false` in the same cases as [`ack`](Self::ack).
    pub async fn reject(&self, options: BasicRejectOptions) -> Result<bool> {
        self.spans.expect_again();
        let result = self.inner.acker.reject(options).await;
        self.settled(DeliveryOutcome::Reject { requeue: options.requeue }, false, &result);
        result
    }

    /// Acknowledges the delivery after it was sent to a dead-letter destination.
    pub(crate) async fn ack_dead_lettered(&self) -> Result<bool> {
        let result = self.inner.acker.ack(BasicAckOptions::default()).await;
        self.settled(DeliveryOutcome::DeadLettered, false, &result);
        result
    }

    fn settled(&self, settlement: DeliveryOutcome<'_>, multiple: bool, result: &Result<bool>) {
        match result {
            Ok(true) => {
                self.end(settlement);
                if multiple && let Some(session) = self.session {
                    let others = self.open.take_up_to(self.inner.delivery_tag, session, true);
                    others.iter().for_each(|spans| spans.settle(settlement));
                }
            }
            Ok(false) if self.inner.acker.poisoned() => self.end(DeliveryOutcome::Stale),
            // Settled before: either the span has finished, or a clone of the acker settled the delivery and its drop finishes the span.
            Ok(false) => {}
            Err(error) => {
                self.spans.settings().tracer.count_messages(MessageEvent::SettleFailed, 1);
                self.end(DeliveryOutcome::Failed(error));
            }
        }
    }

    /// Records how the delivery was settled, if it was not before.
    fn end(&self, settlement: DeliveryOutcome<'_>) {
        if self.take_end() {
            self.spans.settle(settlement);
        }
    }

    /// Whether the caller has to settle the span. Returns `true` at most once.
    fn take_end(&self) -> bool {
        !self.has_ended.swap(true, Ordering::Relaxed)
            // Another thread may be settling this delivery together with others.
            && self.session.is_none_or(|session| self.open.take(self.inner.delivery_tag, session))
    }

    /// Moves the delivery into the span of a batch, and drops its own. Returns whether the delivery is unsettled. A delivery that was handled
    /// or settled keeps its span as well.
    pub(super) fn join(&mut self, batch: &Arc<Spans>) -> bool {
        let is_unsettled = !self.has_ended.load(Ordering::Relaxed)
            && self.session.is_none_or(|session| self.open.replace(self.inner.delivery_tag, session, batch));
        let own = std::mem::replace(&mut self.spans, batch.clone());
        own.discard();
        is_unsettled
    }

    pub(super) fn source(&self) -> &Source {
        &self.source
    }

    /// The outcome if the delivery is dropped now.
    fn outcome_of_drop(&self) -> DeliveryOutcome<'static> {
        let acker = &self.inner.acker;
        match () {
            () if !self.source.needs_settling => DeliveryOutcome::NotRequired,
            () if acker.poisoned() => DeliveryOutcome::Stale,
            () if !acker.usable() => DeliveryOutcome::Unknown,
            () => DeliveryOutcome::Dropped,
        }
    }

    /// Whether the channel was closed or recovered since, so that the delivery cannot be settled. Forwards to
    /// [`Acker::poisoned`](lapin::Acker::poisoned).
    pub fn poisoned(&self) -> bool {
        self.inner.acker.poisoned()
    }

    /// Whether the delivery can be settled. Forwards to [`Acker::usable`](lapin::Acker::usable).
    pub fn usable(&self) -> bool {
        self.inner.acker.usable()
    }

    /// Takes lapin's delivery out. What remains has its span and its acker, and finishes the span when it is dropped.
    pub(crate) fn take_delivery(mut self) -> (Delivery, Self) {
        let mut rest = Delivery::mock(0, ShortString::default(), ShortString::default(), false, Vec::new());
        (rest.delivery_tag, rest.acker) = (self.inner.delivery_tag, self.inner.acker.clone());
        (std::mem::replace(&mut self.inner, rest), self)
    }

    /// Returns lapin's delivery.
    pub fn get_ref(&self) -> &Delivery {
        &self.inner
    }

    /// Returns lapin's delivery.
    pub fn get_mut(&mut self) -> &mut Delivery {
        &mut self.inner
    }

    /// Unwraps lapin's delivery and the handle of its span. The caller finishes the span, or the drop of its last handle does. How the
    /// delivery is settled is not recorded.
    pub fn into_inner(mut self) -> (Delivery, SpanRef) {
        self.take_end();
        let placeholder = Delivery::mock(0, ShortString::default(), ShortString::default(), false, Vec::new());
        (std::mem::replace(&mut self.inner, placeholder), self.spans.let_go())
    }
}

impl Deref for TracingDelivery {
    type Target = Delivery;

    fn deref(&self) -> &Delivery {
        &self.inner
    }
}

impl DerefMut for TracingDelivery {
    fn deref_mut(&mut self) -> &mut Delivery {
        &mut self.inner
    }
}

impl Drop for TracingDelivery {
    fn drop(&mut self) {
        self.end(self.outcome_of_drop());
        self.spans.leave();
    }
}

impl fmt::Debug for TracingDelivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let span = self.spans.span();
        f.debug_struct("TracingDelivery").field("inner", &self.inner).field("span", &span).finish_non_exhaustive()
    }
}
