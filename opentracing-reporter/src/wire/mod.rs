//! Formats that several rooms write or read: JSON, Protocol Buffers, and lists of pairs.

#[cfg(any(feature = "instana", feature = "zipkin"))]
pub(crate) mod json;
#[cfg(feature = "env")]
mod pairs;
#[cfg(feature = "otlp")]
pub(crate) mod protobuf;

#[cfg(feature = "env")]
pub(crate) use self::pairs::pairs;
