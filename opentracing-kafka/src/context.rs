//! The contexts of traced producers, around those of their users.

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

use crate::sending;
use crate::settings::ClientSettings;

/// The context of a traced `BaseProducer` or `ThreadedProducer`. Hands everything on to the context of the user.
///
/// A user's callback about the delivery of a record runs in the record's span, so that what it sends or calls because of it is a child
/// of that span. The span finishes behind it.
pub struct TracingContext<C> {
    context: C,
    client: Arc<ClientSettings>,
}

/// The context of a traced `FutureProducer`. Hands everything on to the context of the user.
pub struct TracingFutureContext<C> {
    context: C,
    client: Arc<ClientSettings>,
}

macro_rules! around_a_context {
    ($($name:ident)+) => { $(
        impl<C> $name<C> {
            pub(crate) fn new(context: C, client: Arc<ClientSettings>) -> Self {
                $name { context, client }
            }

            /// The user's context.
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

around_a_context!(TracingContext TracingFutureContext);

/// A record on its way, with what its sender wants back. Opaque: it goes through the client's queue and comes out with the report.
#[derive(Debug)]
pub struct Sent<D> {
    pub(crate) span: Span,
    pub(crate) opaque: D,
}

impl<C, Part> ProducerContext<Part> for TracingContext<C>
where
    C: ProducerContext<Part>,
    Part: Partitioner,
{
    type DeliveryOpaque = Box<Sent<C::DeliveryOpaque>>;

    fn delivery(&self, result: &DeliveryResult<'_>, sent: Self::DeliveryOpaque) {
        let Sent { mut span, opaque } = *sent;
        sending::report(&mut span, &self.client, result);
        span.in_scope(|| self.context.delivery(result, opaque));
    }

    fn get_custom_partitioner(&self) -> Option<&Part> {
        self.context.get_custom_partitioner()
    }
}

impl<C, Part> ProducerContext<Part> for TracingFutureContext<C>
where
    C: ClientContext,
    Part: Partitioner,
{
    type DeliveryOpaque = Box<Sent<Sender<OwnedDeliveryResult>>>;

    fn delivery(&self, result: &DeliveryResult<'_>, sent: Self::DeliveryOpaque) {
        let Sent { mut span, opaque: waiting } = *sent;
        if waiting.is_canceled() {
            sending::forget(&mut span);
        }
        sending::report(&mut span, &self.client, result);
        // Before the sender is told, which may end the program next.
        span.finish();
        let result = match result {
            Ok(record) => {
                Ok(Delivery { partition: record.partition(), offset: record.offset(), timestamp: record.timestamp() })
            }
            Err((error, record)) => Err((error.clone(), record.detach())),
        };
        // Gone in the meantime, or before: nobody wants to know.
        drop(waiting.send(result));
    }
}
