//! The producers of rdkafka that can be traced.

use std::sync::Arc;

use rdkafka::ClientConfig;
use rdkafka::client::{ClientContext, DefaultClientContext};
use rdkafka::config::FromClientConfigAndContext;
use rdkafka::error::KafkaResult;
use rdkafka::producer::{
    BaseProducer, DefaultProducerContext, FutureProducer, Partitioner, ProducerContext, ThreadedProducer,
};
use rdkafka::util::AsyncRuntime;

use crate::producer::context::{TracingFutureProducerContext, TracingProducerContext};
use crate::settings::ClientSettings;

/// A producer of rdkafka that can be traced: [`FutureProducer`], [`BaseProducer`] or [`ThreadedProducer`]. Cannot be implemented for other
/// types.
pub trait WrapProducer: sealed::Sealed {
    /// The context of the user.
    type Context;
    /// The producer that sends the records. Its context wraps the context of the user.
    type Inner;

    #[doc(hidden)]
    fn create(config: &ClientConfig, context: Self::Context, client: &Arc<ClientSettings>) -> KafkaResult<Self::Inner>;
}

/// A context that is used if the user passes none: rdkafka's default contexts. Cannot be implemented for other types.
pub trait DefaultContext: sealed::Sealed {
    #[doc(hidden)]
    fn default_context() -> Self;
}

mod sealed {
    pub trait Sealed {}
}

macro_rules! default_context {
    ($($context:ident)+) => { $(
        impl sealed::Sealed for $context {}

        impl DefaultContext for $context {
            fn default_context() -> Self {
                $context
            }
        }
    )+ };
}

default_context!(DefaultClientContext DefaultProducerContext);

impl<C, R, Part> sealed::Sealed for FutureProducer<C, R, Part>
where
    C: ClientContext + 'static,
    Part: Partitioner,
{
}

/// Sends with a [`ThreadedProducer`], as rdkafka's own `FutureProducer` does. The delivery report then reaches the span even if nobody
/// waits for the delivery.
impl<C, R> WrapProducer for FutureProducer<C, R>
where
    C: ClientContext + 'static,
    R: AsyncRuntime,
{
    type Context = C;
    type Inner = ThreadedProducer<TracingFutureProducerContext<C>>;

    fn create(config: &ClientConfig, context: C, client: &Arc<ClientSettings>) -> KafkaResult<Self::Inner> {
        ThreadedProducer::from_config_and_context(config, TracingFutureProducerContext::new(context, client.clone()))
    }
}

impl<C, Part> sealed::Sealed for BaseProducer<C, Part>
where
    C: ProducerContext<Part>,
    Part: Partitioner,
{
}

impl<C, Part> WrapProducer for BaseProducer<C, Part>
where
    C: ProducerContext<Part>,
    Part: Partitioner,
{
    type Context = C;
    type Inner = BaseProducer<TracingProducerContext<C>, Part>;

    fn create(config: &ClientConfig, context: C, client: &Arc<ClientSettings>) -> KafkaResult<Self::Inner> {
        BaseProducer::from_config_and_context(config, TracingProducerContext::new(context, client.clone()))
    }
}

impl<C, Part> sealed::Sealed for ThreadedProducer<C, Part>
where
    C: ProducerContext<Part> + 'static,
    Part: Partitioner,
{
}

impl<C, Part> WrapProducer for ThreadedProducer<C, Part>
where
    C: ProducerContext<Part> + 'static,
    Part: Partitioner + Send + Sync + 'static,
{
    type Context = C;
    type Inner = ThreadedProducer<TracingProducerContext<C>, Part>;

    fn create(config: &ClientConfig, context: C, client: &Arc<ClientSettings>) -> KafkaResult<Self::Inner> {
        ThreadedProducer::from_config_and_context(config, TracingProducerContext::new(context, client.clone()))
    }
}
