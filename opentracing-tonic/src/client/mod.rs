//! The side that calls.

mod config;
mod interceptor;
mod layer;
mod service;

pub use self::config::PeerServiceName;
pub use self::interceptor::ContextInterceptor;
pub use self::layer::TracingClientLayer;
pub use self::service::{TracingChannel, TracingClient};
