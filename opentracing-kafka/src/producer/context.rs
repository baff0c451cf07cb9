//! The contexts of traced producers, which wrap the contexts of their users.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use futures_channel::oneshot::Sender;
use opentracing_core::Span;
use rdkafka::Statistics;
use rdkafka::client::{ClientContext, OAuthToken};
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::KafkaError;
use rdkafka::message::Message;
use rdkafka::producer::future_producer::{Delivery, OwnedDeliveryResult};
use rdkafka::producer::{DeliveryResult, Partitioner, ProducerContext};

use crate::producer::sending;
use crate::settings::ClientSettings;

/// The context of a traced `BaseProducer` or `ThreadedProducer`. Forwards all callbacks to the context of the user.
///
/// The user's delivery callback runs in the span of the record, so that spans that it starts are children of that span. The span
/// finishes after the callback.
pub struct TracingProducerContext<C> {
    context: C,
    client: Arc<ClientSettings>,
}

/// The context of a traced `FutureProducer`. Forwards all callbacks to the context of the user.
pub struct TracingFutureProducerContext<C> {
    context: C,
    client: Arc<ClientSettings>,
}

macro_rules! wrap_context {
    ($($name:ident)+) => { $(
        impl<C> $name<C> {
            pub(crate) fn new(context: C, client: Arc<ClientSettings>) -> Self {
                $name { context, client }
            }

            /// Returns the context of the user.
            pub fn get_ref(&self) -> &C {
                &self.context
            }
        }

        impl<C: ClientContext> ClientContext for $name<C> {
            const ENABLE_REFRESH_OAUTH_TOKEN: bool = C::ENABLE_REFRESH_OAUTH_TOKEN;

            fn log(&self, level: RDKafkaLogLevel, fac: &str, log_message: &str) {
                self.context.log(level, fac, log_message);
            }

            fn stats(&self, statistics: Statistics) {
                self.context.stats(statistics);
            }

            fn stats_raw(&self, statistics: &[u8]) {
                self.context.stats_raw(statistics);
            }

            fn error(&self, error: KafkaError, reason: &str) {
                self.context.error(error, reason);
            }

            fn generate_oauth_token(&self, oauthbearer_config: Option<&str>) -> Result<OAuthToken, Box<dyn Error>> {
                self.context.generate_oauth_token(oauthbearer_config)
            }
        }

        impl<C> fmt::Debug for $name<C> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).field("client", &self.client).finish_non_exhaustive()
            }
        }
    )+ };
}

wrap_context!(TracingProducerContext TracingFutureProducerContext);

/// The delivery opaque of a traced producer: the span of the record, and the opaque value of the user. librdkafka returns it with the
/// delivery report.
#[derive(Debug)]
pub struct TracingDeliveryOpaque<D> {
    pub(crate) span: Span,
    pub(crate) opaque: D,
    /// The number of the transaction that the record belongs to; zero for none.
    pub(crate) transaction: u64,
}

impl<C, Part> ProducerContext<Part> for TracingProducerContext<C>
where
    C: ProducerContext<Part>,
    Part: Partitioner,
{
    type DeliveryOpaque = Box<TracingDeliveryOpaque<C::DeliveryOpaque>>;

    fn delivery(&self, result: &DeliveryResult<'_>, sent: Self::DeliveryOpaque) {
        let TracingDeliveryOpaque { mut span, opaque, transaction } = *sent;
        sending::report(&mut span, &self.client, result);
        span.in_scope(|| self.context.delivery(result, opaque));
        drop(self.client.transaction.keep(transaction, span));
    }

    fn get_custom_partitioner(&self) -> Option<&Part> {
        self.context.get_custom_partitioner()
    }
}

impl<C, Part> ProducerContext<Part> for TracingFutureProducerContext<C>
where
    C: ClientContext,
    Part: Partitioner,
{
    type DeliveryOpaque = Box<TracingDeliveryOpaque<Sender<OwnedDeliveryResult>>>;

    fn delivery(&self, result: &DeliveryResult<'_>, sent: Self::DeliveryOpaque) {
        let TracingDeliveryOpaque { mut span, opaque: result_sender, transaction } = *sent;
        if result_sender.is_canceled() {
            sending::record_fire_and_forget(&mut span);
        }
        sending::report(&mut span, &self.client, result);
        // Finish before the sender gets the result, because it may exit the program next.
        drop(self.client.transaction.keep(transaction, span));
        let result = match result {
            Ok(record) => {
                Ok(Delivery { partition: record.partition(), offset: record.offset(), timestamp: record.timestamp() })
            }
            Err((error, record)) => Err((error.clone(), record.detach())),
        };
        // Fails if the future was dropped: nobody waits for the result.
        drop(result_sender.send(result));
    }
}
