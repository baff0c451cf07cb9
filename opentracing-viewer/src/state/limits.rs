//! The limits of connections and requests.

use std::time::Duration;

/// The limits of connections and requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    /// The time for the head of a request, and for the first bytes of a gRPC connection.
    pub(crate) head_timeout: Duration,
    /// The time in which a body must make progress.
    pub(crate) body_timeout: Duration,
    /// The time for a whole body.
    pub(crate) whole_body_timeout: Duration,
    /// Bytes of a request that takes spans, after decompression.
    pub(crate) max_body_bytes: usize,
    /// Bytes of all such requests that are being read.
    pub(crate) max_open_bytes: usize,
    /// Connections at the same time.
    pub(crate) max_connections: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            head_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(30),
            whole_body_timeout: Duration::from_secs(120),
            max_body_bytes: 16 << 20,
            max_open_bytes: 64 << 20,
            max_connections: 256,
        }
    }
}
