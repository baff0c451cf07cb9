//! How fast finished spans become the bodies of requests, and how large these are.

mod measure;
mod opentelemetry;
mod opentracing;
mod run;
mod sink;

use std::str::FromStr;

pub(crate) use self::measure::{body, encode};
pub use self::run::{EncoderOptions, main};

/// Who encodes.
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
    /// All of them, in the order of the table.
    pub const ALL: [Encoder; 6] = [
        Encoder::Otlp,
        Encoder::OpenTelemetry,
        Encoder::Zipkin,
        Encoder::JaegerCompact,
        Encoder::JaegerBinary,
        Encoder::Instana,
    ];

    /// As it stands in the table and on the command line.
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
        Encoder::ALL
            .into_iter()
            .find(|encoder| encoder.name() == name)
            .ok_or_else(|| format!("no encoder is called {name}"))
    }
}

/// Requests to a shop whose spans are encoded together: 512 spans, which is how many OpenTelemetry sends at once.
const REQUESTS: u32 = 128;
/// A server, its database, a message, and work inside with a log.
const SPANS: u32 = 4 * REQUESTS;
