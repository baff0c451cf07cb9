//! Hooks that write to the spans of records.

use opentracing_core::Span;
use rdkafka::message::{BorrowedMessage, OwnedHeaders};

use crate::outcome::RecordOutcome;

/// Hooks that add to the spans of records: more tags, another operation name, or another definition of an error.
///
/// Hooks run after the standard tags are set, so they can overwrite them. Hooks also run for spans that are not recorded; use
/// [`set_tag_with`](Span::set_tag_with) for values that are expensive to compute. Hooks must not block. A panic in a hook reaches the
/// caller.
///
/// ```
/// use opentracing_core::Span;
/// use opentracing_kafka::KafkaDecorator;
/// use rdkafka::Message;
/// use rdkafka::message::BorrowedMessage;
///
/// struct KeySize;
///
/// impl KafkaDecorator for KeySize {
///     fn on_receive(&self, span: &mut Span, message: &BorrowedMessage<'_>) {
///         span.set_tag("key.size", message.key_len());
///     }
/// }
/// ```
pub trait KafkaDecorator: Send + Sync + 'static {
    /// Runs when the span of a record has started, on the thread that sends the record, before the record is queued. The context is
    /// injected later, so baggage that is set here is sent with the record.
    fn on_send(&self, span: &mut Span, record: &OutgoingRecord<'_>) {
        let _ = (span, record);
    }

    /// Runs when the outcome of a record is known. The span finishes next. Does not run while a panic unwinds.
    ///
    /// A record that is not queued ends on the thread that sends it. All others end on the thread that polls the producer; a
    /// `FutureProducer` and a `ThreadedProducer` are polled by a thread of rdkafka.
    fn on_sent(&self, span: &mut Span, outcome: RecordOutcome<'_>) {
        let _ = (span, outcome);
    }

    /// Runs when the span of a received message has started, on the thread that receives it. For the span of a batch it runs once per
    /// message.
    ///
    /// Does not run for rdkafka's [`OwnedMessage`](rdkafka::message::OwnedMessage), which is no `BorrowedMessage`: the span of a further attempt
    /// to handle a [detached](crate::TracingMessage::detach) message has no tags of this hook.
    ///
    /// Read headers by [`header`](crate::header): rdkafka's own methods panic if the name of a header is not UTF-8.
    fn on_receive(&self, span: &mut Span, message: &BorrowedMessage<'_>) {
        let _ = (span, message);
    }
}

/// A record that is about to be sent.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct OutgoingRecord<'a> {
    /// The topic.
    pub topic: &'a str,
    /// The partition; `None` if the partitioner chooses it.
    pub partition: Option<i32>,
    /// The key.
    pub key: Option<&'a [u8]>,
    /// The value; `None` for a tombstone.
    pub payload: Option<&'a [u8]>,
    /// The headers that the caller set, without the trace headers.
    pub headers: Option<&'a OwnedHeaders>,
}
