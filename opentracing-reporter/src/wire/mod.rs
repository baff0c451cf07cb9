//! Formats that several rooms write or read: JSON, `MessagePack`, Protocol Buffers, and lists of pairs.

#[cfg(any(feature = "datadog", feature = "instana", feature = "otlp-json", feature = "zipkin"))]
pub(crate) mod json;
#[cfg(feature = "datadog")]
pub(crate) mod msgpack;
#[cfg(feature = "env")]
mod pairs;
#[cfg(feature = "grpc")]
pub(crate) mod protobuf;

#[cfg(feature = "env")]
pub(crate) use self::pairs::pairs;
