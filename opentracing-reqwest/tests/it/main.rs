//! Tests of the public interface against servers on loopback, one module a topic.

mod attempts;
#[cfg(feature = "blocking")]
mod blocking;
mod bodies;
mod calls;
mod connections;
mod contract;
mod decorators;
mod extension;
mod http2;
#[cfg(feature = "middleware")]
mod middleware;
mod outcomes;
mod policies;
mod propagation;
mod redirects;
mod requests;
mod server;
mod settings;
mod support;
mod types;
