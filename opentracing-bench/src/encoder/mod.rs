//! Measures how fast finished spans are encoded to request bodies, and the size of these bodies.

mod measure;
mod opentelemetry;
mod opentracing;
mod run;
mod sink;

use std::str::FromStr;

pub(crate) use self::measure::{body, encode};
pub use self::run::{EncoderOptions, main};

/// An encoder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoder {
    /// This workspace's OTLP, as protobuf.
    Otlp,
    /// `opentelemetry-otlp`, as protobuf.
    OpenTelemetry,
    /// Zipkin's JSON.
    Zipkin,
    /// Jaeger's Thrift, compact, in datagrams.
    JaegerCompact,
    /// Jaeger's Thrift, binary, over HTTP.
    JaegerBinary,
    /// Instana's native spans, as JSON.
    Instana,
}

impl Encoder {
    /// All encoders, in the order of the table.
    pub const ALL: [Encoder; 6] = [
        Encoder::Otlp,
        Encoder::OpenTelemetry,
        Encoder::Zipkin,
        Encoder::JaegerCompact,
        Encoder::JaegerBinary,
        Encoder::Instana,
    ];

    /// The name in the table and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Encoder::Otlp => "otlp",
            Encoder::OpenTelemetry => "opentelemetry-otlp",
            Encoder::Zipkin => "zipkin",
            Encoder::JaegerCompact => "jaeger-compact",
            Encoder::JaegerBinary => "jaeger-binary",
            Encoder::Instana => "instana",
        }
    }
}

impl FromStr for Encoder {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Encoder::ALL.into_iter().find(|encoder| encoder.name() == name).ok_or_else(|| format!("unknown encoder {name}"))
    }
}

/// Requests to a shop per batch: 512 spans, the batch size of OpenTelemetry.
const REQUESTS: u32 = 128;
/// Spans per request: a server, a query, a message, and internal work with a log.
const SPANS: u32 = 4 * REQUESTS;
