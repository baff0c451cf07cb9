//! OpenTracing for Rust.

mod baggage;
mod clock;
mod context;
mod drain;
mod finished;
#[cfg(feature = "http")]
pub mod http;
mod id_generator;
mod ids;
mod in_span;
mod kind;
mod limits;
mod local;
pub mod logs;
#[cfg(feature = "mock")]
pub mod mock;
mod names;
mod operations;
mod owned;
mod port;
pub mod propagation;
mod record;
mod recorder;
mod redaction;
mod reporter;
mod sampler;
mod scope;
mod secrets;
mod span;
mod span_builder;
mod span_ref;
mod start_tags;
mod state;
mod stats;
mod tag_store;
pub mod tags;
#[cfg(feature = "tokio")]
pub mod tokio;
mod tracer;
mod tracer_builder;
mod value;

pub use crate::baggage::BaggageItem;
pub use crate::clock::Clock;
pub use crate::context::{AsSpanContext, Reference, ReferenceKind, Sampling, SpanContext};
pub use crate::drain::Drain;
pub use crate::finished::{Batch, FinishedSpan, LogRecord};
pub use crate::id_generator::{IdGenerator, TraceIdWidth};
pub use crate::ids::{InvalidId, SpanId, TraceId};
pub use crate::in_span::{InSpan, WithSpan};
pub use crate::kind::SpanKind;
pub use crate::limits::{ExcessNames, Limits};
pub use crate::owned::{OwnedLog, OwnedSpan};
pub use crate::reporter::{FlushError, OwnedValue, Process, Reporter};
pub use crate::sampler::{
    ConstSampler, Decision, ParentBased, ProbabilisticSampler, Sampler, SamplingParams, TraceIdRatioSampler,
};
pub use crate::scope::{ActiveSpan, LentScope, Scope};
pub use crate::secrets::{InvalidSecrets, Secrets, SecretsMatcher};
pub use crate::span::Span;
pub use crate::span_builder::SpanBuilder;
pub use crate::span_ref::SpanRef;
pub use crate::stats::{ReporterStats, Stats};
pub use crate::tracer::{SetGlobalError, Tracer};
pub use crate::tracer_builder::TracerBuilder;
pub use crate::value::{Text, Value};
