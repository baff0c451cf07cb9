//! The kind of a carrier.

/// The kind of carrier that a text format reads or writes. The formats use slightly different headers on each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Medium {
    /// HTTP headers and gRPC metadata.
    Http,
    /// A map from text to text. The formats use the same headers as for HTTP.
    Text,
    /// Headers of Kafka records.
    Kafka,
    /// The headers table of AMQP 0-9-1.
    Amqp,
}

impl Medium {
    /// Whether the carrier is a message. Brokers and clients that send a message again often append headers instead of replacing them, so the
    /// last value of a name is used.
    pub const fn is_message(self) -> bool {
        matches!(self, Medium::Kafka | Medium::Amqp)
    }
}
