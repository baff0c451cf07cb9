//! Clients.

mod config;
mod interceptor;
mod layer;
mod service;

pub use self::interceptor::ContextInterceptor;
pub use self::layer::TracingClientLayer;
pub use self::service::TracingChannel;
