//! Endpoints, TLS, and what is said about wrong addresses.

mod endpoints;
mod hints;
#[cfg(feature = "tls")]
mod tls;
