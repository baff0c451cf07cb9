//! The message types that can be traced.

use std::sync::Arc;

use opentracing_core::{Span, SpanContext};
use rdkafka::Message;
use rdkafka::message::{BorrowedHeaders, BorrowedMessage, OwnedHeaders, OwnedMessage};

use crate::decorator::KafkaDecorator;
use crate::headers::raw;
use crate::message::message::TracingMessage;
use crate::message::receiving;
use crate::settings::ClientSettings;

/// A received message: rdkafka's [`BorrowedMessage`] or [`OwnedMessage`], or one of them in a [`TracingMessage`]. Cannot be implemented for
/// other types.
pub trait ReceivedMessage: Message + sealed::Sealed {
    #[doc(hidden)]
    fn raw_headers(&self) -> Option<&BorrowedHeaders>;

    #[doc(hidden)]
    fn decorate(&self, span: &mut Span, decorators: &[Arc<dyn KafkaDecorator>]);

    /// The context of the sender. `None` for a corrupt context, which the tracer counts.
    #[doc(hidden)]
    fn sender(&self, client: &ClientSettings) -> Option<SpanContext> {
        receiving::sender(client, self.topic(), self.raw_headers())
    }

    /// Called when the message becomes a part of a batch.
    #[doc(hidden)]
    fn join_batch(&self) {}

    /// Whether the message was counted when it was received.
    #[doc(hidden)]
    fn is_counted(&self) -> bool {
        false
    }
}

mod sealed {
    pub trait Sealed {}

    impl Sealed for rdkafka::message::BorrowedMessage<'_> {}
    impl Sealed for rdkafka::message::OwnedMessage {}
    impl<M: Sealed> Sealed for crate::message::message::TracingMessage<M> {}
}

impl ReceivedMessage for BorrowedMessage<'_> {
    fn raw_headers(&self) -> Option<&BorrowedHeaders> {
        self.headers()
    }

    fn decorate(&self, span: &mut Span, decorators: &[Arc<dyn KafkaDecorator>]) {
        decorators.iter().for_each(|decorator| decorator.on_receive(span, self));
    }
}

/// Decorators take a [`BorrowedMessage`], so they do not run for owned messages.
impl ReceivedMessage for OwnedMessage {
    fn raw_headers(&self) -> Option<&BorrowedHeaders> {
        self.headers().map(OwnedHeaders::as_borrowed)
    }

    fn decorate(&self, _: &mut Span, _: &[Arc<dyn KafkaDecorator>]) {}
}

impl<M: ReceivedMessage> ReceivedMessage for TracingMessage<M> {
    fn raw_headers(&self) -> Option<&BorrowedHeaders> {
        self.get_ref().raw_headers()
    }

    fn decorate(&self, span: &mut Span, decorators: &[Arc<dyn KafkaDecorator>]) {
        self.get_ref().decorate(span, decorators);
    }

    fn sender(&self, _: &ClientSettings) -> Option<SpanContext> {
        self.tracking().with(|work| work.senders.first().cloned())
    }

    fn join_batch(&self) {
        self.tracking().join_batch();
    }

    fn is_counted(&self) -> bool {
        true
    }
}

/// Returns the last value of a header, whose name is matched exactly. Unlike rdkafka's own methods, it does not panic if the name of
/// another header is not UTF-8.
///
/// ```
/// use rdkafka::message::BorrowedMessage;
///
/// fn tenant<'m>(message: &'m BorrowedMessage<'_>) -> Option<&'m [u8]> {
///     opentracing_kafka::header(message, "tenant")
/// }
/// # let _ = tenant;
/// ```
pub fn header<'m, M: ReceivedMessage>(message: &'m M, name: &str) -> Option<&'m [u8]> {
    raw::iter(message.raw_headers()?).filter(|(other, _)| *other == name.as_bytes()).last()?.1
}
