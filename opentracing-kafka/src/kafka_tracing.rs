//! Creates traced clients.

use std::sync::Arc;

use opentracing_core::{ReferenceKind, Tracer};
use rdkafka::ClientConfig;
use rdkafka::client::ClientContext;
use rdkafka::config::{FromClientConfig, FromClientConfigAndContext};
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::KafkaResult;
use rdkafka::producer::FutureProducer;

use crate::consumer::consumer::TracingConsumer;
use crate::consumer::events::ConsumerEvents;
use crate::decorator::KafkaDecorator;
use crate::options::{CommitSpan, PollSpan, RecordKey};
use crate::producer::foreign_producer::ForeignProducer;
use crate::producer::producer::TracingProducer;
use crate::producer::wrap_producer::{DefaultContext, WrapProducer};
use crate::settings::{ClientSettings, Settings};

/// Creates traced producers and consumers from rdkafka's [`ClientConfig`]. Holds the tracer and the settings of their spans.
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
///
/// config.set("group.id", "payment");
/// let consumer: TracingConsumer<BaseConsumer> = kafka.consumer(&config)?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "it creates clients, and does nothing by itself"]
pub struct KafkaTracing {
    settings: Settings,
}

impl KafkaTracing {
    /// Uses the global tracer, even if it is registered later.
    pub fn new() -> Self {
        Self::with_tracer(Tracer::global())
    }

    /// Uses the given tracer.
    pub fn with_tracer(tracer: Tracer) -> Self {
        KafkaTracing { settings: Settings::new(tracer) }
    }

    /// Sets the tag `component` of all spans. `rdkafka` by default.
    pub fn component(mut self, component: &'static str) -> Self {
        self.settings.component = component;
        self
    }

    /// Names the brokers in the tag `peer.service` of sent records. `kafka` by default.
    pub fn peer_service(mut self, name: &str) -> Self {
        self.settings.peer_service = Some(name.into());
        self
    }

    /// Sets whether the key of a record becomes a tag. It does not by default.
    pub fn record_key(mut self, key: RecordKey) -> Self {
        self.settings.record_key = key;
        self
    }

    /// Sets whether waiting for a message is recorded as a span. It is not by default.
    pub fn poll_span(mut self, span: PollSpan) -> Self {
        self.settings.poll_span = span;
        self
    }

    /// Sets whether commits of offsets are recorded as spans. Failed ones are by default.
    pub fn commit_span(mut self, span: CommitSpan) -> Self {
        self.settings.commit_span = span;
        self
    }

    /// Makes spans that start without a parent roots, also in a loop that handles a message. By default the message that a loop has received
    /// last is their parent until it is dropped, as the [crate page](crate) explains.
    ///
    /// Use it where a task runs other work beside its handlers, by `join!` for example.
    pub fn without_current_message(mut self) -> Self {
        self.settings.has_current_message = false;
        self
    }

    /// Keeps contexts out of record headers: sent records carry none, and each received message starts a new trace. By default, contexts
    /// are written to sent records and read from received messages.
    ///
    /// Use it where a consumer does not accept additional headers, or where senders are untrusted.
    pub fn without_propagation(mut self) -> Self {
        self.settings.topics.without_propagation();
        self
    }

    /// Keeps contexts out of the records of topics for which the closure returns `true`, in both directions. Several closures add up. None by
    /// default. [`TracerBuilder::without_message_context`](opentracing_core::TracerBuilder::without_message_context) does the same by
    /// pattern, for all adapters and for sent records only.
    pub fn without_propagation_for(mut self, topics: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        self.settings.topics.without_propagation_for(topics);
        self
    }

    /// Sets how the span of a received message refers to the span that sent it. [`FollowsFrom`](ReferenceKind::FollowsFrom) by default,
    /// because the sender does not wait for the consumer. With either kind the message belongs to the trace of its sender and is shown
    /// below the sender's span.
    pub fn producer_reference(mut self, kind: ReferenceKind) -> Self {
        self.settings.producer_reference = kind;
        self
    }

    /// Records a header as the tag `messaging.header.` followed by its name in lower case. No header is recorded by default, because
    /// headers may hold personal data or secrets.
    ///
    /// Names match in any letter case; of several values the last is recorded. Values that are not UTF-8 are left out. The headers of a
    /// [batch](crate::TracingBatch) are not recorded.
    pub fn capture_header(mut self, name: &str) -> Self {
        self.settings.captured.add(name);
        self
    }

    /// Does not record the records of topics for which the closure returns `true`, nor the work that is done for them here and in other
    /// services. The closure receives the topic; for a batch of several topics, `batch`. Several closures add up. None by default.
    pub fn skip(mut self, skip: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        self.settings.topics.skip(skip);
        self
    }

    /// Adds a decorator. Decorators run in the order in which they were added; there are none by default.
    pub fn decorator(mut self, decorator: impl KafkaDecorator) -> Self {
        self.settings.decorators.push(Arc::new(decorator));
        self
    }

    /// Creates a traced producer, as [`ClientConfig::create`] creates one of rdkafka's.
    ///
    /// # Errors
    ///
    /// The errors of rdkafka, for example for an unknown or invalid setting.
    pub fn producer<P>(&self, config: &ClientConfig) -> KafkaResult<TracingProducer<P>>
    where
        P: WrapProducer<Context: DefaultContext>,
    {
        self.producer_with_context(config, DefaultContext::default_context())
    }

    /// Creates a traced producer with a context of your own, as [`ClientConfig::create_with_context`] creates one of rdkafka's.
    ///
    /// # Errors
    ///
    /// The same as for [`producer`](KafkaTracing::producer).
    pub fn producer_with_context<P: WrapProducer>(
        &self,
        config: &ClientConfig,
        context: P::Context,
    ) -> KafkaResult<TracingProducer<P>> {
        let client = ClientSettings::new(&self.settings, config);
        Ok(TracingProducer { producer: P::create(config, context, &client)?, client })
    }

    /// Creates a traced consumer, as [`ClientConfig::create`] creates one of rdkafka's. Create a `StreamConsumer` inside of its async
    /// runtime.
    ///
    /// # Errors
    ///
    /// The same as for [`producer`](KafkaTracing::producer).
    pub fn consumer<H: FromClientConfig>(&self, config: &ClientConfig) -> KafkaResult<TracingConsumer<H>> {
        Ok(TracingConsumer::new(Arc::new(config.create()?), ClientSettings::new(&self.settings, config)))
    }

    /// Creates a traced consumer with a context of your own, as [`ClientConfig::create_with_context`] creates one of rdkafka's.
    ///
    /// # Errors
    ///
    /// The same as for [`producer`](KafkaTracing::producer).
    pub fn consumer_with_context<H, C>(&self, config: &ClientConfig, context: C) -> KafkaResult<TracingConsumer<H>>
    where
        H: FromClientConfigAndContext<C>,
        C: ConsumerContext,
    {
        let consumer = Arc::new(config.create_with_context(context)?);
        Ok(TracingConsumer::new(consumer, ClientSettings::new(&self.settings, config)))
    }

    /// Traces a consumer that somebody else has created. `config` is the configuration that it was created with, of which the consumer group
    /// and the client id become tags; an empty one leaves them out.
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use opentracing_kafka::{KafkaTracing, TracingConsumer};
    /// use rdkafka::ClientConfig;
    /// use rdkafka::consumer::BaseConsumer;
    ///
    /// # fn main() -> rdkafka::error::KafkaResult<()> {
    /// let mut config = ClientConfig::new();
    /// config.set("group.id", "payment");
    /// let consumer: Arc<BaseConsumer> = Arc::new(config.create()?);
    /// let consumer: TracingConsumer<BaseConsumer> = KafkaTracing::new().wrap_consumer(consumer, &config);
    /// # drop(consumer);
    /// # Ok(())
    /// # }
    /// ```
    pub fn wrap_consumer<H>(&self, consumer: impl Into<Arc<H>>, config: &ClientConfig) -> TracingConsumer<H> {
        TracingConsumer::new(consumer.into(), ClientSettings::new(&self.settings, config))
    }

    /// Traces a [`FutureProducer`] that somebody else has created. Prefer [`producer`](KafkaTracing::producer), whose spans end with the
    /// delivery report.
    ///
    /// The configuration is the one that the producer was created with. It names the brokers, and says how large a record may be.
    pub fn wrap_producer<C, R>(
        &self,
        producer: FutureProducer<C, R>,
        config: &ClientConfig,
    ) -> ForeignProducer<FutureProducer<C, R>>
    where
        C: ClientContext + 'static,
    {
        ForeignProducer::new(producer, ClientSettings::new(&self.settings, config))
    }

    /// Returns the events that the context of a consumer with this configuration can record. They share the settings, and the lag of
    /// partitions.
    pub fn consumer_events(&self, config: &ClientConfig) -> ConsumerEvents {
        ConsumerEvents::new(ClientSettings::new(&self.settings, config))
    }
}

impl Default for KafkaTracing {
    fn default() -> Self {
        Self::new()
    }
}
