//! Endpoints and TLS.

mod endpoints;
#[cfg(feature = "tls")]
mod tls;
