//! Clients.

pub(crate) mod balance;
mod config;
mod connect;
mod endpoint;
mod interceptor;
mod layer;
mod service;
pub(crate) mod target;

pub use self::endpoint::EndpointExt;
pub use self::interceptor::ContextInterceptor;
pub use self::layer::TracingClientLayer;
pub use self::service::TracingChannel;
