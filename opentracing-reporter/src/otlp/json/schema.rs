//! The messages of OTLP's traces (opentelemetry-proto): numbers, names and types of their fields.

/// A message, by its fields.
#[derive(Clone, Copy, Debug)]
pub(super) enum Message {
    Resource,
    Span,
    Event,
    Link,
    Status,
    KeyValue,
    AnyValue,
    ArrayValue,
    KeyValueList,
}

/// A field of a message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub(super) number: u64,
    pub(super) name: &'static str,
    pub(super) kind: Kind,
}

/// The type of a field, as far as it matters to its JSON.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    Text,
    /// `bytes` in hexadecimal, which OTLP uses for ids.
    Hex,
    /// `bytes` in base64.
    Base64,
    Bool,
    /// An enumeration or an integer of 32 bits: a number.
    Number,
    /// An integer of 64 bits: a string.
    Int,
    Double,
    One(Message),
    Many(Message),
}

const fn entry(number: u64, name: &'static str, kind: Kind) -> Entry {
    Entry { number, name, kind }
}

impl Message {
    pub(super) fn entries(self) -> &'static [Entry] {
        use Kind::{Base64, Bool, Double, Hex, Int, Many, Number, One, Text};
        const ATTRIBUTES: Kind = Many(Message::KeyValue);
        match self {
            Message::Resource => const { &[entry(1, "attributes", ATTRIBUTES)] },
            Message::Span => {
                const {
                    &[
                        entry(1, "traceId", Hex),
                        entry(2, "spanId", Hex),
                        entry(3, "traceState", Text),
                        entry(4, "parentSpanId", Hex),
                        entry(16, "flags", Number),
                        entry(5, "name", Text),
                        entry(6, "kind", Number),
                        entry(7, "startTimeUnixNano", Int),
                        entry(8, "endTimeUnixNano", Int),
                        entry(9, "attributes", ATTRIBUTES),
                        entry(10, "droppedAttributesCount", Number),
                        entry(11, "events", Many(Message::Event)),
                        entry(12, "droppedEventsCount", Number),
                        entry(13, "links", Many(Message::Link)),
                        entry(14, "droppedLinksCount", Number),
                        entry(15, "status", One(Message::Status)),
                    ]
                }
            }
            Message::Event => {
                const {
                    &[
                        entry(1, "timeUnixNano", Int),
                        entry(2, "name", Text),
                        entry(3, "attributes", ATTRIBUTES),
                        entry(4, "droppedAttributesCount", Number),
                    ]
                }
            }
            Message::Link => {
                const {
                    &[
                        entry(1, "traceId", Hex),
                        entry(2, "spanId", Hex),
                        entry(3, "traceState", Text),
                        entry(4, "attributes", ATTRIBUTES),
                        entry(5, "droppedAttributesCount", Number),
                        entry(6, "flags", Number),
                    ]
                }
            }
            Message::Status => const { &[entry(2, "message", Text), entry(3, "code", Number)] },
            Message::KeyValue => const { &[entry(1, "key", Text), entry(2, "value", One(Message::AnyValue))] },
            Message::AnyValue => {
                const {
                    &[
                        entry(1, "stringValue", Text),
                        entry(2, "boolValue", Bool),
                        entry(3, "intValue", Int),
                        entry(4, "doubleValue", Double),
                        entry(5, "arrayValue", One(Message::ArrayValue)),
                        entry(6, "kvlistValue", One(Message::KeyValueList)),
                        entry(7, "bytesValue", Base64),
                    ]
                }
            }
            Message::ArrayValue => const { &[entry(1, "values", Many(Message::AnyValue))] },
            Message::KeyValueList => const { &[entry(1, "values", ATTRIBUTES)] },
        }
    }
}
