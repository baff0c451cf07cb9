//! OpenTracing for Rust.

mod baggage;
mod context;
#[cfg(feature = "http")]
pub mod http;
mod id_generator;
mod ids;
mod kind;
pub mod propagation;
mod redaction;
mod secrets;

pub use crate::baggage::BaggageItem;
pub use crate::context::{AsSpanContext, Reference, ReferenceKind, Sampling, SpanContext};
pub use crate::id_generator::{IdGenerator, TraceIdWidth};
pub use crate::ids::{InvalidId, SpanId, TraceId};
pub use crate::kind::SpanKind;
pub use crate::secrets::{InvalidSecrets, Secrets, SecretsMatcher};
