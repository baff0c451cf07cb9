//! The message types of rdkafka.

use std::sync::Arc;

use opentracing_core::Span;
use rdkafka::Message;
use rdkafka::message::{BorrowedHeaders, BorrowedMessage, OwnedHeaders, OwnedMessage};

use crate::decorator::KafkaDecorator;
use crate::headers::raw;

/// A message of rdkafka: [`BorrowedMessage`] or [`OwnedMessage`]. Cannot be implemented for other types.
pub trait ReceivedMessage: Message + sealed::Sealed {
    #[doc(hidden)]
    fn raw_headers(&self) -> Option<&BorrowedHeaders>;

    #[doc(hidden)]
    fn decorate(&self, span: &mut Span, decorators: &[Arc<dyn KafkaDecorator>]);
}

mod sealed {
    pub trait Sealed {}

    impl Sealed for rdkafka::message::BorrowedMessage<'_> {}
    impl Sealed for rdkafka::message::OwnedMessage {}
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
    let mut found = None;
    raw::for_each(message.raw_headers()?, |other, value| {
        if other == name.as_bytes() {
            found = value;
        }
    });
    found
}
