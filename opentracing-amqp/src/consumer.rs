//! The wrapped consumer.

use std::fmt::Display;
use std::ops::Deref;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_core::Stream;
use lapin::Consumer;
use lapin::message::Delivery;
use opentracing_core::InSpan;

use crate::delegate::{Delegate, TracingConsumerDelegate};
use crate::delivery::{Source, TracingDelivery};
use crate::error;
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
    type Item = lapin::Result<TracingDelivery>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let polled = Pin::new(&mut self.inner).poll_next(cx);
        polled.map(|item| item.map(|delivery| delivery.map(|delivery| self.starter.start(delivery))))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.inner.size_hint()
    }
}

/// Hands each delivery of a stream to a handler, which runs with the delivery's span active, one after the other, and settles the
/// delivery; if it does not, the span ends with the handler, as dropped. Ends with the stream, when the consumer is cancelled, or with
/// the first failure. That of a handler is told by the span, if the delivery was not settled before.
///
/// Several at once are several consumers, or a task for each delivery, with [`TracingDelivery::in_span`] in it.
///
/// ```
/// use lapin::options::BasicAckOptions;
/// use opentracing_amqp::{TracingConsumer, TracingDelivery, process};
///
/// # async fn pack(_order: &[u8]) -> std::io::Result<()> { Ok(()) }
/// # async fn ship(consumer: TracingConsumer) -> Result<(), Box<dyn std::error::Error>> {
/// process(consumer, async |order: TracingDelivery| {
///     pack(&order.data).await?;
///     order.ack(BasicAckOptions::default()).await?;
///     Ok::<_, Box<dyn std::error::Error>>(())
/// })
/// .await
/// # }
/// ```
///
/// A stream can be lent, as `&mut consumer`, and gone on with after a failure. After one of its own that lapin recovers from, a consumer
/// has deliveries again.
///
/// # Errors
///
/// The first failure of the stream or of the handler.
pub async fn process<S, H, F, E>(deliveries: S, mut handler: H) -> Result<(), E>
where
    S: Stream<Item = lapin::Result<TracingDelivery>>,
    H: FnMut(TracingDelivery) -> F,
    F: Future<Output = Result<(), E>>,
    E: From<lapin::Error> + Display,
{
    let mut deliveries = pin!(deliveries);
    while let Some(delivery) = std::future::poll_fn(|cx| deliveries.as_mut().poll_next(cx)).await {
        let mut delivery = delivery?;
        let span = delivery.share_end();
        let handling = span.in_scope(|| handler(delivery));
        if let Err(failure) = handling.in_span_ref(&span).await {
            if !span.is_finished() {
                error::failed(&span, "handler", &failure.to_string());
            }
            return Err(failure);
        }
    }
    Ok(())
}
