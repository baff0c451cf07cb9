//! Moving a message to another topic.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use rdkafka::client::ClientContext;
use rdkafka::error::KafkaError;
use rdkafka::message::OwnedHeaders;
use rdkafka::producer::{FutureProducer, FutureRecord};
use rdkafka::util::{AsyncRuntime, Timeout};

use crate::producer::producer::TracingProducer;

/// A topic, and the producer that sends to it.
#[derive(Clone)]
pub(crate) struct Destination {
    pub(crate) topic: Arc<str>,
    producer: Arc<dyn Forward>,
}

impl Destination {
    pub(crate) fn new<C, R>(producer: &TracingProducer<FutureProducer<C, R>>, topic: &str) -> Self
    where
        C: ClientContext + 'static,
        R: AsyncRuntime,
    {
        Destination { topic: topic.into(), producer: Arc::new(producer.clone()) }
    }

    pub(crate) async fn send(
        &self,
        key: Option<&[u8]>,
        payload: Option<&[u8]>,
        headers: OwnedHeaders,
    ) -> Result<(), KafkaError> {
        self.producer.forward(&self.topic, key, payload, headers).await
    }
}

impl fmt::Debug for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Destination").field("topic", &self.topic).finish_non_exhaustive()
    }
}

/// A future that is boxed, so that a policy has no type parameters.
type Sending<'a> = Pin<Box<dyn Future<Output = Result<(), KafkaError>> + Send + 'a>>;

trait Forward: Send + Sync {
    fn forward<'a>(
        &'a self,
        topic: &'a str,
        key: Option<&'a [u8]>,
        payload: Option<&'a [u8]>,
        headers: OwnedHeaders,
    ) -> Sending<'a>;
}

impl<C, R> Forward for TracingProducer<FutureProducer<C, R>>
where
    C: ClientContext + 'static,
    R: AsyncRuntime,
{
    fn forward<'a>(
        &'a self,
        topic: &'a str,
        key: Option<&'a [u8]>,
        payload: Option<&'a [u8]>,
        headers: OwnedHeaders,
    ) -> Sending<'a> {
        let record = FutureRecord { topic, partition: None, payload, key, timestamp: None, headers: Some(headers) };
        Box::pin(async move { self.send(record, Timeout::Never).await.map(drop).map_err(|(error, _)| error) })
    }
}
