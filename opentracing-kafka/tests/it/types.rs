//! Auto traits, defaults and trait implementations of the public types.

use opentracing_core::Tracer;
use opentracing_kafka::{
    KafkaTracing, PollSpan, RecordKey, TracingBatch, TracingConsumer, TracingDeliveryFuture, TracingMessage,
    TracingMessageStream, TracingPartitionQueue, TracingProducer,
};
use rdkafka::consumer::base_consumer::PartitionQueue;
use rdkafka::consumer::stream_consumer::StreamPartitionQueue;
use rdkafka::consumer::{BaseConsumer, Consumer, DefaultConsumerContext, StreamConsumer};
use rdkafka::message::{BorrowedMessage, OwnedMessage};
use rdkafka::producer::{BaseProducer, DefaultProducerContext, FutureProducer, Producer, ThreadedProducer};

#[test]
fn options_are_safe_by_default() {
    assert_eq!(RecordKey::default(), RecordKey::Off);
    assert_eq!(PollSpan::default(), PollSpan::Off);
}

#[test]
fn handles_go_to_other_threads() {
    fn is_shared<T: Send + Sync + std::fmt::Debug>() {}
    fn is_sent<T: Send + std::fmt::Debug>() {}
    fn is_cloned<T: Clone>() {}
    is_shared::<KafkaTracing>();
    is_shared::<TracingProducer<FutureProducer>>();
    is_shared::<TracingProducer<BaseProducer>>();
    is_shared::<TracingProducer<ThreadedProducer<DefaultProducerContext>>>();
    is_shared::<TracingConsumer<StreamConsumer>>();
    is_shared::<TracingConsumer<BaseConsumer>>();
    is_shared::<TracingMessage<BorrowedMessage<'static>>>();
    is_shared::<TracingMessage<OwnedMessage>>();
    is_shared::<TracingBatch<OwnedMessage>>();
    is_sent::<TracingDeliveryFuture>();
    is_sent::<TracingMessageStream<'static, DefaultConsumerContext>>();
    is_sent::<TracingPartitionQueue<StreamPartitionQueue<DefaultConsumerContext>>>();
    is_sent::<TracingPartitionQueue<PartitionQueue<DefaultConsumerContext>>>();
    is_cloned::<TracingProducer<FutureProducer>>();
    is_cloned::<TracingProducer<ThreadedProducer<DefaultProducerContext>>>();
    is_cloned::<TracingConsumer<BaseConsumer>>();
}

/// Code that is generic over rdkafka's producers and consumers accepts the traced ones.
#[test]
fn clients_implement_the_traits_of_rdkafka() {
    fn flush<C: rdkafka::producer::ProducerContext>(producer: &impl Producer<C>) {
        producer.flush(std::time::Duration::from_secs(20)).unwrap();
    }
    fn subscriptions(consumer: &impl Consumer) -> usize {
        consumer.subscription().unwrap().count()
    }
    let kafka = KafkaTracing::with_tracer(Tracer::noop());
    let producer: TracingProducer<FutureProducer> = kafka.producer(&rdkafka::ClientConfig::new()).unwrap();
    flush(&producer);
    let mut config = rdkafka::ClientConfig::new();
    let consumer: TracingConsumer<BaseConsumer> = kafka.consumer(config.set("group.id", "tills")).unwrap();
    assert_eq!(subscriptions(&consumer), 0);
}
