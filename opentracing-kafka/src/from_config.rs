//! `ClientConfig::create` for traced clients, with the global tracer.

use rdkafka::ClientConfig;
use rdkafka::client::ClientContext;
use rdkafka::config::{FromClientConfig, FromClientConfigAndContext};
use rdkafka::error::KafkaResult;

use crate::consumer::consumer::TracingConsumer;
use crate::kafka_tracing::KafkaTracing;
use crate::producer::producer::TracingProducer;
use crate::producer::wrap_producer::{DefaultContext, WrapProducer};

/// Uses the global tracer.
impl<P> FromClientConfig for TracingProducer<P>
where
    P: WrapProducer<Context: DefaultContext>,
{
    fn from_config(config: &ClientConfig) -> KafkaResult<Self> {
        KafkaTracing::new().producer(config)
    }
}

/// Uses the global tracer.
impl<P, C> FromClientConfigAndContext<C> for TracingProducer<P>
where
    P: WrapProducer<Context = C>,
    C: ClientContext,
{
    fn from_config_and_context(config: &ClientConfig, context: C) -> KafkaResult<Self> {
        KafkaTracing::new().producer_with_context(config, context)
    }
}

/// Uses the global tracer.
impl<H: FromClientConfig> FromClientConfig for TracingConsumer<H> {
    fn from_config(config: &ClientConfig) -> KafkaResult<Self> {
        KafkaTracing::new().consumer(config)
    }
}
