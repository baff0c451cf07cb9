//! The traced consumer.

use std::ops::Deref;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use lapin::Consumer;
use lapin::message::Delivery;
use lapin::types::ShortString;
use opentracing_core::MessageEvent;

use crate::consumer::delegate::AnyDelegate;
use crate::delivery::batch::TracingBatch;
use crate::delivery::delivery::TracingDelivery;
use crate::delivery::open_deliveries::OpenDeliveries;
use crate::delivery::source::Source;
use crate::settings::settings::Settings;
use crate::tags::error;

/// A consumer whose deliveries have a span each.
///
/// It is a stream of [`TracingDelivery`]. The span of a delivery starts when the stream yields it.
///
/// ```
/// use futures_util::StreamExt;
/// use lapin::options::BasicAckOptions;
/// use opentracing_amqp::TracingConsumer;
///
/// # async fn pack(_order: &[u8]) -> lapin::Result<()> { Ok(()) }
/// async fn consume(mut orders: TracingConsumer) -> lapin::Result<()> {
///     while let Some(order) = orders.next().await {
///         let order = order?;
///         order.handle(pack(&order.data)).await?;
///         order.ack(BasicAckOptions::default()).await?;
///     }
///     Ok(())
/// }
/// # drop(consume);
/// ```
///
/// [`process`](crate::process) does the same with a handler.
///
/// # What is not traced
///
/// The consumer dereferences to lapin's [`Consumer`]. A clone of that yields deliveries without spans.
#[derive(Clone, Debug)]
#[must_use = "a consumer does nothing unless it is polled or has a delegate"]
pub struct TracingConsumer {
    inner: Consumer,
    starter: SpanStarter,
    /// The stream has ended.
    has_ended: bool,
}

/// Starts the spans of a consumer's deliveries.
#[derive(Clone, Debug)]
pub struct SpanStarter {
    source: Arc<Source>,
    open: OpenDeliveries,
    settings: Arc<Settings>,
}

impl SpanStarter {
    /// Starts the span of a delivery that a handler gets.
    pub(crate) fn start(&self, delivery: Delivery) -> TracingDelivery {
        TracingDelivery::start(&self.settings, &self.open, &self.source, delivery, None)
    }

    /// Counts an error that the consumer yields, and logs it in the active span. The first one is a warning.
    pub(crate) fn count_error(&self, error: &lapin::Error) {
        let tracer = &self.settings.tracer;
        tracer.with_active(|span| error::log_active(span, "receive_failed", error));
        if tracer.count_messages(MessageEvent::ReceiveFailed, 1) {
            log::warn!("a consumer of {} failed, further errors are only counted: {error}", self.source.queue());
        }
    }

    /// Counts that the consumer was cancelled, by the program or by the broker.
    pub(crate) fn count_cancellation(&self) {
        self.settings.tracer.count_messages(MessageEvent::ConsumerCancelled, 1);
        log::debug!("a consumer of {} was cancelled", self.source.queue());
    }
}

impl TracingConsumer {
    pub(crate) fn new(inner: Consumer, no_ack: bool, open: OpenDeliveries, settings: Arc<Settings>) -> Self {
        let source = Arc::new(Source::new(&inner.queue(), no_ack));
        TracingConsumer { inner, starter: SpanStarter { source, open, settings }, has_ended: false }
    }

    /// Calls a delegate for each delivery, on lapin's runtime, instead of yielding the deliveries as a stream. The delegate runs in the
    /// span of the delivery.
    ///
    /// Takes a [`TracingConsumerDelegate`](crate::TracingConsumerDelegate) or lapin's [`ConsumerDelegate`](lapin::ConsumerDelegate), and
    /// closures with the argument of either. lapin's own delegate gets lapin's delivery: the span finishes with the call, and records the
    /// outcome `settled` instead of how the delivery was settled.
    pub fn set_delegate<Kind, D: AnyDelegate<Kind>>(&self, delegate: D) {
        self.inner.set_delegate(delegate.in_span(self.starter.clone()));
    }

    /// Makes one span for several deliveries, instead of their own, for programs that handle deliveries together.
    pub fn batch(&self, deliveries: Vec<TracingDelivery>) -> TracingBatch {
        TracingBatch::new(&self.starter.settings, deliveries)
    }

    /// Returns the consumer tag. Forwards to [`Consumer::tag`].
    pub fn tag(&self) -> ShortString {
        self.inner.tag()
    }

    /// Returns the name of the queue. Forwards to [`Consumer::queue`].
    pub fn queue(&self) -> ShortString {
        self.inner.queue()
    }

    /// Returns lapin's consumer. Its deliveries are not traced.
    pub fn get_ref(&self) -> &Consumer {
        &self.inner
    }

    /// Unwraps lapin's consumer. Its deliveries are not traced.
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
        let SpanStarter { source, open, settings } = &self.starter;
        let (source, open, settings) = (source.clone(), open.clone(), settings.clone());
        let receiver = settings.receiver();
        if let Some(receiver) = receiver {
            receiver.wait();
        }
        let item = ready!(Pin::new(&mut self.inner).poll_next(cx));
        match &item {
            Some(Ok(_)) => {}
            Some(Err(error)) => self.starter.count_error(error),
            None if self.has_ended => {}
            None => {
                self.has_ended = true;
                self.starter.count_cancellation();
            }
        }
        let start = |delivery| TracingDelivery::start(&settings, &open, &source, delivery, receiver);
        Poll::Ready(item.map(|delivery| delivery.map(start)))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.inner.size_hint()
    }
}
