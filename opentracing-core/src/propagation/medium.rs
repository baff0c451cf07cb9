//! What carries the headers.

/// What kind of carrier a text format reads or writes. The formats say the same on all of them, in slightly different headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Medium {
    /// HTTP headers and gRPC metadata.
    Http,
    /// A map from text to text. As HTTP.
    Text,
    /// Record headers of Kafka.
    Kafka,
    /// The headers table of AMQP 0-9-1.
    Amqp,
}

impl Medium {
    /// Whether messages are carried. Their headers are copied along when they are sent again, by brokers and clients that add
    /// rather than replace, so that the last value of a name is the one that counts.
    pub const fn is_message(self) -> bool {
        matches!(self, Medium::Kafka | Medium::Amqp)
    }
}
