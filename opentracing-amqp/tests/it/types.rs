//! Auto traits of the public types.

use opentracing_amqp::{
    DeliveryOutcome, PublishOutcome, Settlement, TracingChannel, TracingConnection, TracingConsumer, TracingDelivery,
    TracingGetMessage, TracingPublisherConfirm,
};

#[test]
fn handles_go_to_other_threads() {
    fn is_shared<T: Send + Sync + std::fmt::Debug>() {}
    is_shared::<TracingConnection>();
    is_shared::<TracingChannel>();
    is_shared::<TracingConsumer>();
    is_shared::<TracingDelivery>();
    is_shared::<TracingGetMessage>();
    is_shared::<TracingPublisherConfirm>();
    is_shared::<PublishOutcome<'static>>();
    is_shared::<DeliveryOutcome<'static>>();
    is_shared::<Settlement<String>>();
}
