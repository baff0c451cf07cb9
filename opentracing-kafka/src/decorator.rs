//! Hooks: what is written to a span at the stations of a record.

use opentracing_core::Span;
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, OwnedHeaders};

/// Writes to the spans of records what its user wants to see there: further tags, another operation name, another view of what an
/// error is.
///
/// The standard tags are set first, so a decorator may overwrite them. Hooks run also for spans that are not recorded: what is
/// expensive to make belongs into [`set_tag_with`](Span::set_tag_with). Hooks must not block. A panic is the caller's.
///
/// ```
/// use opentracing_core::Span;
/// use opentracing_kafka::SpanDecorator;
/// use rdkafka::Message;
/// use rdkafka::message::BorrowedMessage;
///
/// struct KeySize;
///
/// impl SpanDecorator for KeySize {
///     fn on_message(&self, span: &mut Span, message: &BorrowedMessage<'_>) {
///         span.set_tag("key.size", message.key_len());
///     }
/// }
/// ```
pub trait SpanDecorator: Send + Sync + 'static {
    /// The span of a record has just started, and the record is queued next, on the thread that sends it. Its headers do not have the
    /// span's context yet, so baggage that is set here goes along.
    fn on_send(&self, span: &mut Span, record: &OutgoingRecord<'_>) {
        let _ = (span, record);
    }

    /// The brokers have the record. The span finishes next. Runs on the thread that polls the producer, which for a
    /// `FutureProducer` and a `ThreadedProducer` is one of rdkafka's.
    fn on_delivery(&self, span: &mut Span, record: &BorrowedMessage<'_>) {
        let _ = (span, record);
    }

    /// The record was not queued, or not delivered. The span finishes next. Runs where [`on_send`](SpanDecorator::on_send) or
    /// [`on_delivery`](SpanDecorator::on_delivery) would.
    fn on_error(&self, span: &mut Span, error: &KafkaError) {
        let _ = (span, error);
    }

    /// The span of a received message has just started, on the thread that has received it. For the span of a batch it runs once for
    /// each message.
    ///
    /// Reading the headers by rdkafka panics where a name is not UTF-8; [`header`](crate::header) does not.
    fn on_message(&self, span: &mut Span, message: &BorrowedMessage<'_>) {
        let _ = (span, message);
    }
}

/// A record that is about to be sent.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct OutgoingRecord<'a> {
    /// The topic that it goes to.
    pub topic: &'a str,
    /// The partition that it goes to; `None` if the partitioner decides.
    pub partition: Option<i32>,
    /// The key.
    pub key: Option<&'a [u8]>,
    /// The value; `None` for a tombstone.
    pub payload: Option<&'a [u8]>,
    /// The headers that the sender has given it.
    pub headers: Option<&'a OwnedHeaders>,
}
