//! The wrapped consumer.

use std::ops::Deref;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_core::Stream;
use lapin::message::Delivery;
use lapin::{Consumer, Result};

use crate::delegate::{Delegate, TracingConsumerDelegate};
use crate::delivery::{Source, TracingDelivery};
use crate::open::OpenDeliveries;
use crate::settings::Settings;

/// A consumer, each delivery of which has a span from when it is polled.
///
/// Dereferences to lapin's [`Consumer`]. Its own stream and [`set_delegate`](Self::set_delegate) stand before those.
#[derive(Clone, Debug)]
#[must_use = "a consumer does nothing unless it is polled or has a delegate"]
pub struct TracingConsumer {
    inner: Consumer,
    starter: Starter,
}

/// Starts the spans of a consumer's deliveries.
#[derive(Clone, Debug)]
pub(crate) struct Starter {
    source: Arc<Source>,
    open: OpenDeliveries,
    settings: Arc<Settings>,
}

impl Starter {
    pub(crate) fn start(&self, delivery: Delivery) -> TracingDelivery {
        TracingDelivery::start(&self.settings, &self.open, &self.source, delivery)
    }
}

impl TracingConsumer {
    pub(crate) fn new(inner: Consumer, no_ack: bool, open: OpenDeliveries, settings: Arc<Settings>) -> Self {
        let source = Arc::new(Source::new(&inner.queue(), no_ack));
        TracingConsumer { inner, starter: Starter { source, open, settings } }
    }

    /// Has a delegate called for each delivery, on lapin's runtime, instead of polling. What it does runs with the span of the delivery
    /// active.
    pub fn set_delegate<D: TracingConsumerDelegate + 'static>(&self, delegate: D) {
        self.inner.set_delegate(Delegate::new(delegate, self.starter.clone()));
    }

    /// The consumer inside, whose deliveries are not traced.
    pub fn get_ref(&self) -> &Consumer {
        &self.inner
    }

    /// The consumer inside, whose deliveries are not traced.
    pub fn into_inner(self) -> Consumer {
        self.inner
    }
}

impl Deref for TracingConsumer {
    type Target = Consumer;

    fn deref(&self) -> &Consumer {
        &self.inner
    }
}

impl Stream for TracingConsumer {
    type Item = Result<TracingDelivery>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let polled = Pin::new(&mut self.inner).poll_next(cx);
        polled.map(|item| item.map(|delivery| delivery.map(|delivery| self.starter.start(delivery))))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.inner.size_hint()
    }
}

/// Runs a handler for each delivery, one after the other, with the span of the delivery active. The handler settles the delivery; if
/// it does not, the span ends with the handler, as dropped. Several at once are several consumers, or a task for each delivery and
/// [`TracingDelivery::in_span`] in it.
///
/// ```
/// use lapin::options::BasicAckOptions;
/// use opentracing_amqp::{TracingConsumer, process};
///
/// # async fn pack(_order: &[u8]) {}
/// # async fn ship(consumer: TracingConsumer) -> lapin::Result<()> {
/// process(consumer, async |order| {
///     pack(&order.data).await;
///     if let Err(error) = order.ack(BasicAckOptions::default()).await {
///         eprintln!("it will come again: {error}");
///     }
/// })
/// .await
/// # }
/// ```
///
/// Returns when the consumer is cancelled. `&mut consumer` can be given as well, to go on with it after an error.
///
/// # Errors
///
/// The first one of the stream. After one that lapin recovers from, the same consumer has deliveries again.
pub async fn process<S, H, F>(deliveries: S, mut handler: H) -> Result<()>
where
    S: Stream<Item = Result<TracingDelivery>>,
    H: FnMut(TracingDelivery) -> F,
    F: Future<Output = ()>,
{
    let mut deliveries = pin!(deliveries);
    while let Some(delivery) = std::future::poll_fn(|cx| deliveries.as_mut().poll_next(cx)).await {
        delivery?.in_span(&mut handler).await;
    }
    Ok(())
}
