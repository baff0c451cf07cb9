//! The wrapped delivery.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use lapin::Result;
use lapin::message::Delivery;
use lapin::options::{BasicAckOptions, BasicNackOptions, BasicRejectOptions};
use lapin::types::ShortString;
use opentracing_core::{InSpan, SpanKind, SpanRef, Text, Value, WithSpan, tags};

use crate::decorator::Settlement;
use crate::headers;
use crate::name::{self, Destination};
use crate::open::{Life, OpenDeliveries};
use crate::settings::Settings;
use crate::settle;

/// A delivery with the span of its handling, which ends when it is acknowledged, refused, or dropped.
///
/// Dereferences to lapin's [`Delivery`], whose fields are all there. Its own [`ack`](Self::ack), [`nack`](Self::nack) and
/// [`reject`](Self::reject) stand before those of lapin's acker.
///
/// Spans that are started while it is handled are its children where its span is active: in
/// [`in_span`](Self::in_span) or [`process`](crate::process).
#[must_use = "a delivery that is dropped is not acknowledged"]
pub struct TracingDelivery {
    inner: Delivery,
    span: SpanRef,
    settings: Arc<Settings>,
    open: OpenDeliveries,
    /// Where it is in the table of open deliveries; in none if there is nothing to settle.
    life: Option<Life>,
    needs_settling: bool,
    has_ended: AtomicBool,
    ends_with_handles: bool,
}

/// What all deliveries of a consumer have in common.
#[derive(Debug)]
pub(crate) struct Source {
    queue: Destination,
    needs_settling: bool,
}

impl Source {
    pub(crate) fn new(queue: &ShortString, no_ack: bool) -> Self {
        Source { queue: Destination::new("process", queue.as_str()), needs_settling: !no_ack }
    }
}

impl TracingDelivery {
    /// Starts the span now: the time before was spent waiting.
    pub(crate) fn start(settings: &Arc<Settings>, open: &OpenDeliveries, source: &Source, inner: Delivery) -> Self {
        let Settings { tracer, reference, .. } = &**settings;
        tracer.warn_if_unregistered();
        let producer = headers::extract(tracer, &inner.properties);
        let mut builder = tracer.span(Text::Copied(source.queue.operation_name()));
        builder
            .kind(SpanKind::Consumer)
            .ignore_active_span()
            .tag(tags::COMPONENT, Value::Static("lapin"))
            .set(tags::MESSAGE_BUS_DESTINATION, source.queue.name())
            .set(tags::MESSAGING_RABBITMQ_ROUTING_KEY, inner.routing_key.as_str());
        match &producer {
            Some(producer) if producer.is_valid() => {
                builder.reference(*reference, producer);
            }
            // A decision or baggage without ids: there is nothing to refer to.
            Some(producer) => {
                builder.child_of(producer);
            }
            None => {}
        }
        let mut span = builder.start();
        if span.is_recording() {
            if let Some(peer) = &settings.peer {
                peer.set_tags(&mut span);
            }
            name::set_delivery_tags(&mut span, &inner);
            headers::capture(&mut span, &settings.captured, &inner.properties);
        }
        settings.decorators.iter().for_each(|decorator| decorator.on_delivery(&mut span, &inner));
        let span = span.detach();
        let life = if source.needs_settling { open.add(inner.delivery_tag, &inner.acker, span.clone()) } else { None };
        TracingDelivery {
            inner,
            span,
            settings: settings.clone(),
            open: open.clone(),
            life,
            needs_settling: source.needs_settling,
            has_ended: AtomicBool::new(false),
            ends_with_handles: false,
        }
    }

    /// A handle of the span: to write to it, to start children elsewhere, to run a future in it.
    pub fn span(&self) -> &SpanRef {
        &self.span
    }

    /// Runs a future with the span active during each poll, so that what it starts are children. The span ends when the delivery is
    /// settled or dropped, within the future or later.
    ///
    /// ```
    /// use lapin::options::BasicAckOptions;
    /// use opentracing_amqp::TracingDelivery;
    ///
    /// # async fn pack(_order: &[u8]) {}
    /// # async fn handle(order: TracingDelivery) -> lapin::Result<()> {
    /// let packed = order.in_span(async {
    ///     pack(&order.data).await;
    ///     order.ack(BasicAckOptions::default()).await
    /// });
    /// packed.await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// For a future that takes the delivery along, into a task for example, there is the handle of the [`span`](Self::span):
    /// `future.in_span_ref(&span)` of [`InSpan`]. Where that trait is imported, its own `in_span` goes before this one.
    pub fn in_span<F>(&self, future: F) -> WithSpan<F> {
        future.in_span_ref(&self.span)
    }

    /// The span, which a drop of the delivery leaves to the last handle. For who has yet to tell how the handling went.
    pub(crate) fn share_end(&mut self) -> SpanRef {
        self.ends_with_handles = true;
        self.span.clone()
    }

    /// Acknowledges it and ends the span; with `multiple` also those of all deliveries of the channel before it.
    ///
    /// # Errors
    ///
    /// Those of [`Acker::ack`](lapin::Acker::ack), which gives `false` where the delivery was settled before, or is not the channel's
    /// any more.
    pub async fn ack(&self, options: BasicAckOptions) -> Result<bool> {
        let result = self.inner.acker.ack(options).await;
        self.settled(Settlement::Ack, options.multiple, &result);
        result
    }

    /// Refuses it and ends the span, which is marked as failed; with `multiple` also those of all deliveries of the channel before it.
    ///
    /// # Errors
    ///
    /// Those of [`Acker::nack`](lapin::Acker::nack), as of [`ack`](Self::ack).
    pub async fn nack(&self, options: BasicNackOptions) -> Result<bool> {
        let result = self.inner.acker.nack(options).await;
        self.settled(Settlement::Nack { requeue: options.requeue }, options.multiple, &result);
        result
    }

    /// Refuses it and ends the span, which is marked as failed.
    ///
    /// # Errors
    ///
    /// Those of [`Acker::reject`](lapin::Acker::reject), as of [`ack`](Self::ack).
    pub async fn reject(&self, options: BasicRejectOptions) -> Result<bool> {
        let result = self.inner.acker.reject(options).await;
        self.settled(Settlement::Reject { requeue: options.requeue }, false, &result);
        result
    }

    fn settled(&self, settlement: Settlement<'_>, multiple: bool, result: &Result<bool>) {
        match result {
            Ok(true) => {
                self.end(settlement);
                if multiple && let Some(life) = self.life {
                    let others = self.open.take_up_to(self.inner.delivery_tag, life, true);
                    others.iter().for_each(|span| settle::finish(&self.settings, span, settlement));
                }
            }
            Ok(false) if self.inner.acker.poisoned() => self.end(Settlement::Stale),
            // It was settled before, and the span has ended with that, or ends with the drop if a clone of the acker did it.
            Ok(false) => {}
            Err(error) => self.end(Settlement::Failed(error)),
        }
    }

    /// Ends the span unless it has.
    fn end(&self, settlement: Settlement<'_>) {
        if self.take_end() {
            settle::finish(&self.settings, &self.span, settlement);
        }
    }

    /// Whether the span has still to be ended, which from now on is the caller's to do.
    fn take_end(&self) -> bool {
        !self.has_ended.swap(true, Ordering::Relaxed)
            // With others at once, perhaps on another thread.
            && self.life.is_none_or(|life| self.open.take(self.inner.delivery_tag, life))
    }

    /// How it ends if it is dropped now.
    fn unsettled(&self) -> Settlement<'static> {
        let acker = &self.inner.acker;
        match () {
            () if !self.needs_settling => Settlement::Done,
            () if acker.poisoned() => Settlement::Stale,
            () if !acker.usable() => Settlement::Settled,
            () => Settlement::Dropped,
        }
    }

    /// The delivery inside.
    pub fn get_ref(&self) -> &Delivery {
        &self.inner
    }

    /// The delivery inside.
    pub fn get_mut(&mut self) -> &mut Delivery {
        &mut self.inner
    }

    /// The delivery inside, and the handle of its span, which the caller finishes, or the drop of the last handle. How the delivery is
    /// settled is not told any more.
    pub fn into_inner(mut self) -> (Delivery, SpanRef) {
        self.take_end();
        let nothing = Delivery::mock(0, ShortString::default(), ShortString::default(), false, Vec::new());
        (std::mem::replace(&mut self.inner, nothing), std::mem::take(&mut self.span))
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
        if !self.take_end() {
            return;
        }
        settle::tell(&self.settings, &self.span, self.unsettled());
        if !self.ends_with_handles {
            self.span.finish();
        }
    }
}

impl fmt::Debug for TracingDelivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TracingDelivery").field("inner", &self.inner).field("span", &self.span).finish_non_exhaustive()
    }
}
