//! What traced clients are made with.

use opentracing_core::Tracer;
use rdkafka::ClientConfig;
use rdkafka::config::{FromClientConfig, FromClientConfigAndContext};
use rdkafka::error::KafkaResult;

use rdkafka::consumer::ConsumerContext;

use crate::consumer::TracingConsumer;
use crate::decorator::SpanDecorator;
use crate::options::{PollSpan, ProducerReference, Propagation, RecordKey};
use crate::producer::{DefaultContext, TracingProducer, WrapProducer};
use crate::settings::{ClientSettings, Settings};

/// Makes traced producers and consumers of rdkafka's configurations. Holds a tracer and what is to be told of records.
///
/// ```
/// use opentracing_core::Tracer;
/// use opentracing_kafka::{KafkaTracing, TracingConsumer, TracingProducer};
/// use rdkafka::ClientConfig;
/// use rdkafka::consumer::BaseConsumer;
/// use rdkafka::producer::{BaseProducer, FutureProducer};
///
/// # fn main() -> rdkafka::error::KafkaResult<()> {
/// # let tracer = Tracer::noop();
/// let kafka = KafkaTracing::with_tracer(tracer).peer_service("shop-events");
///
/// let mut config = ClientConfig::new();
/// config.set("bootstrap.servers", "broker.example:9092");
/// let future_producer: TracingProducer<FutureProducer> = kafka.producer(&config)?;
/// let base_producer: TracingProducer<BaseProducer> = kafka.producer(&config)?;
/// let consumer: TracingConsumer<BaseConsumer> = kafka.consumer(config.set("group.id", "payment"))?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "it makes clients, and does nothing by itself"]
pub struct KafkaTracing {
    settings: Settings,
}

impl KafkaTracing {
    /// On the global tracer, also one that is registered later.
    pub fn new() -> Self {
        Self::with_tracer(Tracer::global())
    }

    /// On that tracer.
    pub fn with_tracer(tracer: Tracer) -> Self {
        KafkaTracing { settings: Settings::new(tracer) }
    }

    /// Names the service that the brokers are, in the tag `peer.service` of sent records. `kafka` by default.
    pub fn peer_service(mut self, name: &str) -> Self {
        self.settings.peer_service = Some(name.into());
        self
    }

    /// Whether the keys of records become a tag. They do not by default.
    pub fn record_key(mut self, key: RecordKey) -> Self {
        self.settings.record_key = key;
        self
    }

    /// Whether the waiting for messages has spans. It has none by default.
    pub fn poll_span(mut self, span: PollSpan) -> Self {
        self.settings.poll_span = span;
        self
    }

    /// How the span of a message refers to that of its sender. As one that follows from it by default.
    pub fn producer_reference(mut self, reference: ProducerReference) -> Self {
        self.settings.producer_reference = reference;
        self
    }

    /// Whether contexts travel in the headers of records. They do by default.
    pub fn propagation(mut self, propagation: Propagation) -> Self {
        self.settings.propagation = propagation;
        self
    }

    /// Adds a decorator, behind those that were added before. None by default.
    pub fn decorator(mut self, decorator: impl SpanDecorator) -> Self {
        self.settings.decorators.push(std::sync::Arc::new(decorator));
        self
    }

    /// Makes a traced producer, as [`ClientConfig::create`] makes one of rdkafka's.
    ///
    /// # Errors
    ///
    /// Those of rdkafka: a setting that the client does not know or take.
    pub fn producer<P>(&self, config: &ClientConfig) -> KafkaResult<TracingProducer<P>>
    where
        P: WrapProducer<Context: DefaultContext>,
    {
        self.producer_with_context(config, DefaultContext::default_context())
    }

    /// Makes a traced producer with a context of one's own, as [`ClientConfig::create_with_context`] makes one of rdkafka's.
    ///
    /// # Errors
    ///
    /// As [`producer`](KafkaTracing::producer).
    pub fn producer_with_context<P: WrapProducer>(
        &self,
        config: &ClientConfig,
        context: P::Context,
    ) -> KafkaResult<TracingProducer<P>> {
        let client = ClientSettings::new(&self.settings, config);
        Ok(TracingProducer { producer: P::create(config, context, &client)?, client })
    }

    /// Makes a traced consumer, as [`ClientConfig::create`] makes one of rdkafka's. A `StreamConsumer` needs to be made within its
    /// runtime.
    ///
    /// # Errors
    ///
    /// As [`producer`](KafkaTracing::producer).
    pub fn consumer<H: FromClientConfig>(&self, config: &ClientConfig) -> KafkaResult<TracingConsumer<H>> {
        Ok(TracingConsumer::new(config.create()?, ClientSettings::new(&self.settings, config)))
    }

    /// Makes a traced consumer with a context of one's own, as [`ClientConfig::create_with_context`] makes one of rdkafka's.
    ///
    /// # Errors
    ///
    /// As [`producer`](KafkaTracing::producer).
    pub fn consumer_with_context<H, C>(&self, config: &ClientConfig, context: C) -> KafkaResult<TracingConsumer<H>>
    where
        H: FromClientConfigAndContext<C>,
        C: ConsumerContext,
    {
        let consumer = config.create_with_context(context)?;
        Ok(TracingConsumer::new(consumer, ClientSettings::new(&self.settings, config)))
    }
}

impl Default for KafkaTracing {
    fn default() -> Self {
        Self::new()
    }
}
