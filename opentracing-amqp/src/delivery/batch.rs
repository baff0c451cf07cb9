//! Deliveries that are handled together.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use lapin::Result;
use lapin::options::{BasicAckOptions, BasicNackOptions};
use opentracing_core::message_rules::{Attempts, HandlerOutput, Senders};
use opentracing_core::{Span, SpanContext, SpanRef, tags};

use crate::delivery::delivery::TracingDelivery;
use crate::delivery::source;
use crate::delivery::spans::{Run, Spans, Started};
use crate::settings::settings::Settings;
use crate::tags::destination::Destination;

/// Deliveries that are handled together, with one span instead of one each. Created by [`TracingConsumer::batch`](crate::TracingConsumer::batch).
///
/// The span refers to the span of each publisher, once per span and to 128 at most. It belongs to the trace of the first of them. It is not
/// sampled if none of the deliveries belongs to a sampled trace. It finishes when the last delivery is settled or dropped, but not before
/// its handler is done, and records the first outcome that is not `ack`. An empty batch has no span.
///
/// ```
/// use futures_util::StreamExt;
/// use lapin::options::BasicAckOptions;
/// use opentracing_amqp::{TracingConsumer, TracingDelivery};
///
/// # async fn insert(_orders: &[TracingDelivery]) -> std::io::Result<()> { Ok(()) }
/// async fn store(orders: TracingConsumer) -> Result<(), Box<dyn std::error::Error>> {
///     let mut chunks = orders.clone().ready_chunks(100);
///     while let Some(chunk) = chunks.next().await {
///         let batch = orders.batch(chunk.into_iter().collect::<Result<_, _>>()?);
///         batch.handle(insert(&batch)).await?;
///         batch.ack().await?;
///     }
///     Ok(())
/// }
/// # drop(store);
/// ```
///
/// Dereferences to a slice of the deliveries. Settling one of them with `multiple` settles the earlier ones of the batch too.
#[must_use = "deliveries that are dropped are not acknowledged"]
pub struct TracingBatch {
    deliveries: Vec<TracingDelivery>,
    /// `None` for an empty batch.
    spans: Option<Arc<Spans>>,
}

impl TracingBatch {
    pub(crate) fn new(settings: &Arc<Settings>, mut deliveries: Vec<TracingDelivery>) -> Self {
        if deliveries.is_empty() {
            return TracingBatch { deliveries, spans: None };
        }
        let span = start(settings, &deliveries, &Attempts::new());
        let started = Started { span, attempts: Attempts::new(), key: None };
        let spans = Spans::new(settings, started, deliveries.len());
        let settled =
            deliveries.iter_mut().map(|delivery| delivery.join(&spans)).filter(|is_unsettled| !is_unsettled).count();
        spans.skip(settled);
        TracingBatch { deliveries, spans: Some(spans) }
    }

    /// Returns a handle of the span. A handle of no span for an empty batch.
    pub fn span(&self) -> SpanRef {
        self.spans.as_ref().map_or(SpanRef::noop(), |spans| spans.hand_out())
    }

    /// Returns the context of the first span, even after it has finished. `None` for an empty batch and with a no-op tracer.
    pub fn context(&self) -> Option<SpanContext> {
        self.spans.as_ref()?.context()
    }

    /// Runs a future in the span of the batch, as [`TracingDelivery::handle`] does for one delivery.
    pub async fn handle<F>(&self, future: F) -> F::Output
    where
        F: Future<Output: HandlerOutput>,
    {
        match self.begin() {
            Some(run) => run.future(future).await,
            None => future.await,
        }
    }

    /// Runs a closure in the span of the batch, as [`handle`](Self::handle) runs a future.
    pub fn handle_blocking<T: HandlerOutput>(&self, handler: impl FnOnce() -> T) -> T {
        match self.begin() {
            Some(run) => run.closure(handler),
            None => handler(),
        }
    }

    /// Acknowledges each delivery. Other deliveries of the channel are not acknowledged.
    ///
    /// # Errors
    ///
    /// The first error of [`TracingDelivery::ack`].
    pub async fn ack(&self) -> Result<()> {
        for delivery in &self.deliveries {
            delivery.ack(BasicAckOptions::default()).await?;
        }
        Ok(())
    }

    /// Negatively acknowledges each delivery.
    ///
    /// # Errors
    ///
    /// The first error of [`TracingDelivery::nack`].
    pub async fn nack(&self, options: BasicNackOptions) -> Result<()> {
        for delivery in &self.deliveries {
            delivery.nack(options).await?;
        }
        Ok(())
    }

    /// Unwraps the deliveries. They share the span of the batch.
    pub fn into_inner(self) -> Vec<TracingDelivery> {
        self.deliveries
    }

    fn begin(&self) -> Option<Run> {
        let spans = self.spans.as_ref()?;
        Some(spans.begin(|attempts| start(spans.settings(), &self.deliveries, attempts)))
    }
}

impl Deref for TracingBatch {
    type Target = [TracingDelivery];

    fn deref(&self) -> &[TracingDelivery] {
        &self.deliveries
    }
}

impl fmt::Debug for TracingBatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TracingBatch").field("deliveries", &self.deliveries).finish_non_exhaustive()
    }
}

fn start(settings: &Settings, deliveries: &[TracingDelivery], attempts: &Attempts) -> Span {
    let mut senders = Senders::new();
    for delivery in deliveries {
        senders.add(delivery.source().producer(settings, delivery));
    }
    let queue = deliveries.first().map_or("", |first| first.source().queue());
    let is_one_queue = deliveries.iter().all(|delivery| delivery.source().queue() == queue);
    let destination = Destination::new("process", if is_one_queue { queue } else { "batch" });
    let mut builder = source::builder(settings, destination.operation_name(), destination.name());
    senders.refer(&mut builder, settings.producer_reference);
    attempts.refer_to_last(&mut builder);
    let mut span = builder.start();
    if span.is_recording() {
        source::describe(settings, &mut span);
        let bytes: usize = deliveries.iter().map(|delivery| delivery.data.len()).sum();
        span.set(tags::MESSAGING_BATCH_MESSAGE_COUNT, i64::try_from(deliveries.len()).unwrap_or(i64::MAX))
            .set(tags::MESSAGING_MESSAGE_BODY_SIZE, i64::try_from(bytes).unwrap_or(i64::MAX));
    }
    for delivery in deliveries {
        settings.decorators.iter().for_each(|decorator| decorator.on_receive(&mut span, delivery));
    }
    span
}
