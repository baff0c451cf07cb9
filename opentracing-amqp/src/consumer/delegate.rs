//! Consumers that call a delegate instead of being polled.

use std::pin::Pin;
use std::sync::Arc;

use lapin::message::DeliveryResult;
use lapin::{ConsumerDelegate, Result};

use crate::consumer::consumer::SpanStarter;
use crate::delivery::delivery::TracingDelivery;

/// The argument of a [`TracingConsumerDelegate`]: a delivery, `Ok(None)` when the consumer was cancelled, or an error.
pub type TracingDeliveryResult = Result<Option<TracingDelivery>>;

/// A callback for the deliveries of a [`TracingConsumer`](crate::TracingConsumer), like lapin's [`ConsumerDelegate`].
///
/// It is implemented for closures that take a [`TracingDeliveryResult`] and return a future.
///
/// ```
/// use lapin::options::BasicAckOptions;
/// use opentracing_amqp::{TracingConsumer, TracingDeliveryResult};
///
/// fn consume(orders: &TracingConsumer) {
///     orders.set_delegate(async |order: TracingDeliveryResult| {
///         if let Ok(Some(order)) = order {
///             println!("{} bytes", order.data.len());
///             // Fails only if the connection is lost; the broker then redelivers the order.
///             let _ = order.ack(BasicAckOptions::default()).await;
///         }
///     });
/// }
/// # let _ = consume;
/// ```
pub trait TracingConsumerDelegate: Send + Sync {
    /// Called on lapin's runtime for each delivery, cancellation and error. Both the call and the future that it returns run in the span
    /// of the delivery. Must not block.
    fn on_new_delivery(&self, delivery: TracingDeliveryResult) -> Pin<Box<dyn Future<Output = ()> + Send>>;

    /// Called when deliveries that were received but not handled yet should be discarded, for example because the channel closes. They
    /// can no longer be settled.
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

/// What [`TracingConsumer::set_delegate`](crate::TracingConsumer::set_delegate) accepts: a [`TracingConsumerDelegate`], or lapin's
/// [`ConsumerDelegate`]. The compiler finds out which. Cannot be implemented; implement one of these.
pub trait AnyDelegate<Kind>: sealed::Sealed<Kind> {}

/// The kind of a [`TracingConsumerDelegate`].
#[derive(Debug)]
pub struct TracingDelegate(());

/// The kind of lapin's [`ConsumerDelegate`].
#[derive(Debug)]
pub struct PlainDelegate(());

impl<D: TracingConsumerDelegate + 'static> AnyDelegate<TracingDelegate> for D {}
impl<D: ConsumerDelegate + 'static> AnyDelegate<PlainDelegate> for D {}

pub(crate) mod sealed {
    use std::sync::Arc;

    use lapin::ConsumerDelegate;

    use crate::consumer::consumer::SpanStarter;
    use crate::consumer::delegate::{
        DelegateInSpan, PlainDelegate, PlainInSpan, TracingConsumerDelegate, TracingDelegate,
    };

    /// Makes a delegate whose calls run in the span of the delivery.
    pub trait Sealed<Kind>: Sized {
        type InSpan: ConsumerDelegate + 'static;

        fn in_span(self, starter: SpanStarter) -> Self::InSpan;
    }

    impl<D: TracingConsumerDelegate + 'static> Sealed<TracingDelegate> for D {
        type InSpan = DelegateInSpan<D>;

        fn in_span(self, starter: SpanStarter) -> DelegateInSpan<D> {
            DelegateInSpan { inner: Arc::new(self), starter }
        }
    }

    impl<D: ConsumerDelegate + 'static> Sealed<PlainDelegate> for D {
        type InSpan = PlainInSpan<D>;

        fn in_span(self, starter: SpanStarter) -> PlainInSpan<D> {
            PlainInSpan { inner: Arc::new(self), starter }
        }
    }
}

/// Adapts a traced delegate to lapin's trait.
#[derive(Debug)]
pub struct DelegateInSpan<D> {
    inner: Arc<D>,
    starter: SpanStarter,
}

impl<D: TracingConsumerDelegate + 'static> ConsumerDelegate for DelegateInSpan<D> {
    /// Starts the span inside the returned future, because lapin spawns the future as a task and time before that is waiting.
    fn on_new_delivery(&self, delivery: DeliveryResult) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let (inner, starter) = (self.inner.clone(), self.starter.clone());
        Box::pin(async move {
            match delivery {
                Ok(Some(delivery)) => {
                    let delivery = starter.start(delivery);
                    let run = delivery.begin();
                    let span = run.span.clone();
                    run.future(span.in_scope(|| inner.on_new_delivery(Ok(Some(delivery))))).await;
                }
                Ok(None) => {
                    starter.count_cancellation();
                    inner.on_new_delivery(Ok(None)).await;
                }
                Err(error) => {
                    starter.count_error(&error);
                    inner.on_new_delivery(Err(error)).await;
                }
            }
        })
    }

    fn drop_prefetched_messages(&self) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        self.inner.drop_prefetched_messages()
    }
}

/// Runs lapin's delegate in the span of the delivery.
#[derive(Debug)]
pub struct PlainInSpan<D> {
    inner: Arc<D>,
    starter: SpanStarter,
}

impl<D: ConsumerDelegate + 'static> ConsumerDelegate for PlainInSpan<D> {
    /// The delegate owns lapin's delivery, so the span learns only whether it was settled when the call ends.
    fn on_new_delivery(&self, delivery: DeliveryResult) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let (inner, starter) = (self.inner.clone(), self.starter.clone());
        Box::pin(async move {
            match delivery {
                Ok(Some(delivery)) => {
                    let (delivery, rest) = starter.start(delivery).take_delivery();
                    let run = rest.begin();
                    let span = run.span.clone();
                    run.future(span.in_scope(|| inner.on_new_delivery(Ok(Some(delivery))))).await;
                }
                Ok(None) => {
                    starter.count_cancellation();
                    inner.on_new_delivery(Ok(None)).await;
                }
                Err(error) => {
                    starter.count_error(&error);
                    inner.on_new_delivery(Err(error)).await;
                }
            }
        })
    }

    fn drop_prefetched_messages(&self) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        self.inner.drop_prefetched_messages()
    }
}
