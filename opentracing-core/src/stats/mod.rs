//! Counters of spans, headers, transports and pools, and the texts that show them.

pub(crate) mod histogram;
pub(crate) mod message_stats;
pub(crate) mod open_span;
pub(crate) mod pool;
pub(crate) mod prometheus;
pub(crate) mod red;
pub(crate) mod report;
pub(crate) mod sampler_stats;
pub(crate) mod stats;
pub(crate) mod tail_stats;
pub(crate) mod text_format;
pub(crate) mod transport_stats;
