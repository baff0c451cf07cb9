//! Consumers that call instead of being polled.

use std::pin::Pin;
use std::sync::Arc;

use lapin::message::DeliveryResult;
use lapin::{ConsumerDelegate, Result};
use opentracing_core::InSpan;

use crate::consumer::Starter;
use crate::delivery::TracingDelivery;

/// What a [`TracingConsumerDelegate`] is called with: a delivery, `Ok(None)` when the consumer was cancelled, or an error.
pub type TracingDeliveryResult = Result<Option<TracingDelivery>>;

/// Is called for each delivery of a [`TracingConsumer`](crate::TracingConsumer), as lapin's [`ConsumerDelegate`] for those of a plain
/// one. Any closure that takes a [`TracingDeliveryResult`] and gives a future is one.
pub trait TracingConsumerDelegate: Send + Sync {
    /// Is called on lapin's runtime for each delivery, cancellation and error. Both the call and the future run with the span of the
    /// delivery active. It must not block.
    fn on_new_delivery(&self, delivery: TracingDeliveryResult) -> Pin<Box<dyn Future<Output = ()> + Send>>;

    /// Is called when messages should be forgotten that were delivered and not handled yet, when the channel ends for example. They
    /// cannot be settled any more.
    fn drop_prefetched_messages(&self) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(std::future::ready(()))
    }
}

impl<F, Handler> TracingConsumerDelegate for Handler
where
    F: Future<Output = ()> + Send + 'static,
    Handler: Fn(TracingDeliveryResult) -> F + Send + Sync + 'static,
{
    fn on_new_delivery(&self, delivery: TracingDeliveryResult) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(self(delivery))
    }
}

/// Stands between lapin and a delegate.
pub(crate) struct Delegate<D> {
    inner: Arc<D>,
    starter: Starter,
}

impl<D> Delegate<D> {
    pub(crate) fn new(inner: D, starter: Starter) -> Self {
        Delegate { inner: Arc::new(inner), starter }
    }
}

impl<D: TracingConsumerDelegate + 'static> ConsumerDelegate for Delegate<D> {
    /// The span starts when the task does: lapin spawns one as soon as a message is there.
    fn on_new_delivery(&self, delivery: DeliveryResult) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let (inner, starter) = (self.inner.clone(), self.starter.clone());
        Box::pin(async move {
            match delivery {
                Ok(Some(delivery)) => {
                    let delivery = starter.start(delivery);
                    let span = delivery.span().clone();
                    span.in_scope(|| inner.on_new_delivery(Ok(Some(delivery)))).in_span_ref(&span).await;
                }
                Ok(None) => inner.on_new_delivery(Ok(None)).await,
                Err(error) => inner.on_new_delivery(Err(error)).await,
            }
        })
    }

    fn drop_prefetched_messages(&self) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        self.inner.drop_prefetched_messages()
    }
}
