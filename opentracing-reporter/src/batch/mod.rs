//! Encoded spans: how a backend encodes them, how they form requests, and the queue in which they wait.
//!
//! A span is encoded once, on its own, when the reporter hands it over. From then on it is a run of bytes with a known end. A request is a
//! frame around such runs, so splitting, repeating and spooling a batch never encodes a span again.

mod encoded;
mod encoding;
mod queue;

pub(crate) use self::encoded::{EncodedBatch, EncodedSpans, SpanEnd};
pub(crate) use self::encoding::{Detail, Encoding, PartialSuccess, RequestLimits};
pub(crate) use self::queue::BatchQueue;
