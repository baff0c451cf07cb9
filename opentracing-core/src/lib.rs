//! OpenTracing for Rust: the API with tracers, spans, scopes and references; a recorder that takes no lock and allocates nothing per
//! span; samplers; and propagation with Instana's headers, W3C Trace Context, B3 and Baggage at once.
//!
//! Few services use this crate alone: `opentracing-tower` and `opentracing-reqwest` make entry and exit spans, and
//! `opentracing-reporter` sends them. Use this crate directly for spans of your own, and for your own adapters.
//!
//! ```
//! use std::time::Duration;
//!
//! use opentracing_core::propagation::HttpHeaders;
//! use opentracing_core::{Batch, InSpan, Reporter, SpanKind, Tracer, tags};
//!
//! struct Print;
//!
//! impl Reporter for Print {
//!     fn report(&mut self, batch: Batch<'_>) {
//!         for span in batch.iter() {
//!             println!("{} took {:?}", span.operation_name(), span.duration());
//!         }
//!     }
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let (tracer, drain) = Tracer::builder("shop").build();
//! // `opentracing-reporter` brings a thread and transports for this.
//! let thread = std::thread::spawn(move || drain.run(Print));
//!
//! // The service receives a request,
//! let mut headers = std::collections::HashMap::new();
//! let traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
//! headers.insert("traceparent".to_string(), traceparent.to_string());
//! let caller = tracer.extract(HttpHeaders, &headers)?;
//! let scope = tracer.span("GET /cart").kind(SpanKind::Server).child_of(&caller).start_active();
//! scope.span().set(tags::HTTP_STATUS_CODE, 200).log("cart loaded");
//!
//! // and calls another service. The client span is a child of the active span.
//! let call = tracer.span("GET").kind(SpanKind::Client).start();
//! let mut outgoing = std::collections::HashMap::new();
//! tracer.inject(&call.context().ok_or("a tracer gives a context")?, HttpHeaders, &mut outgoing)?;
//! assert!(outgoing["traceparent"].starts_with("00-4bf92f3577b34da6a3ce929d0e0e4736-"));
//! assert_eq!(outgoing["X-INSTANA-T"], "a3ce929d0e0e4736");
//! let call = async { /* send it */ }.in_span(call);
//! # drop(call);
//!
//! drop(scope);
//! tracer.close(Duration::from_secs(5))?;
//! assert_eq!((tracer.stats().delivered, tracer.stats().lost()), (2, 0));
//! # thread.join().expect("the reporter does not panic");
//! # Ok(())
//! # }
//! ```
//!
//! # How it works
//!
//! A recorded span is one pooled record with one owner, which writes in place. While the span is active, its record lies on the stack of
//! active spans of the thread, where [`Tracer::with_active`], scopes and implicit children find it. Finishing a span pushes one pointer
//! into a ring buffer of the thread. Only a [`SpanRef`], for callbacks and other threads, moves the record behind a lock. Formatting,
//! redaction and sending happen on the thread of the [`Reporter`].
//!
//! A span that is not sampled has only a context: no record, no timestamps, no conversion of tags.
//!
//! | event | effect |
//! |---|---|
//! | spans finish faster than they are drained | each thread buffers 4,096; further ones are dropped and counted |
//! | a span is dropped without `finish` | it finishes |
//! | a panic unwinds through a scope or a future | the span is marked as failed, with a log; [`panic_hook`] adds message and place |
//! | a handle writes to a finished span | no effect; counted |
//! | scopes are closed out of order | the earlier one ends together with the later one; counted |
//! | a header is malformed | a new trace starts; counted, and logged at most once a minute |
//! | a reporter or sampler panics | its batch or span is dropped and counted |
//! | a span finishes after the tracer was closed, or its [`Drain`] was dropped | it is dropped and counted; one warning in `log` |
//! | the process forks | the child makes its own ids. Without a thread that drains, its spans are dropped and counted; one warning in `log` |
//!
//! [`Tracer::stats`] has all counters, [`Stats::prometheus`] exports them to Prometheus, and [`Tracer::report`] prints them for people.
//! Nothing else is printed, and no call panics unless its documentation says so.
//!
//! [`RedFigures`] counts requests, errors and durations by operation; it is off by default.
//!
//! # Formats on the wire
//!
//! By default `instana`, `tracecontext`, `b3` and `baggage` are read in this order, and all are written. [`propagation`] shows how to choose
//! others.
//!
//! | name | headers |
//! |---|---|
//! | `instana` | `X-INSTANA-T`, `X-INSTANA-S`, `X-INSTANA-L`, `X-INSTANA-SYNTHETIC` (read) |
//! | `tracecontext` | `traceparent`, `tracestate` (W3C Trace Context, level 2) |
//! | `b3`, `b3multi`, `b3single` | `b3`, `X-B3-TraceId`, `-SpanId`, `-ParentSpanId`, `-Sampled`, `-Flags` |
//! | `baggage` | `baggage` (W3C Baggage) |
//! | `jaeger` | `uber-trace-id`, `uberctx-…`; `jaeger-debug-id`, `jaeger-baggage` (read) |
//! | `datadog` | `x-datadog-trace-id`, `-parent-id`, `-sampling-priority`, `-origin`, `-tags`, `ot-baggage-…`; `dd` in `tracestate` |
//! | `ottrace` | `ot-tracer-traceid`, `-spanid`, `-sampled`, `ot-baggage-…` (basictracer, Lightstep) |
//! | `wavefront` | `wf-ot-traceid`, `wf-ot-spanid`, `wf-ot-sample`, `wf-ot-…` |
//! | `xray` | `X-Amzn-Trace-Id` (AWS X-Ray) |
//! | `gcp` | `X-Cloud-Trace-Context` (Google Cloud) |
//! | `grpc-trace-bin` | `grpc-trace-bin` (`OpenCensus`) |
//! | [`Binary`](propagation::Binary) | the layout of the Jaeger clients |
//!
//! # Samplers
//!
//! | sampler | samples |
//! |---|---|
//! | [`ConstSampler`] | all traces, or none |
//! | [`ProbabilisticSampler`] | a fraction, by Jaeger's rule |
//! | [`TraceIdRatioSampler`] | a fraction, by OpenTelemetry's older rule |
//! | [`ConsistentProbabilitySampler`] | a fraction, by OpenTelemetry's newer rule, which propagates the threshold in `tracestate` |
//! | [`RateLimitingSampler`] | a number of traces per second |
//! | [`PerOperationSampler`] | a fraction of each operation, with a minimum per second |
//! | [`RemoteSampler`] | by a strategy that can change at run time; `opentracing-reporter` queries Jaeger for it |
//! | [`RuleSampler`] | by other samplers, chosen by operation, kind and tags |
//! | [`ParentBased`] | by other samplers, even if a remote parent has decided |
//!
//! # Features
//!
//! | feature | adds |
//! |---|---|
//! | `http` | contexts in `http::HeaderMap`, and in [`http_rules`] the rules that the HTTP adapters share |
//! | `macros` | the attribute [`traced`](https://docs.rs/opentracing-core/latest/opentracing_core/attr.traced.html), which runs a function in a span |
//! | `tokio` | in [`task`], `spawn`, `spawn_blocking` and `JoinSet` with the active span carried along; in [`message_rules`], the message that a loop handles |
//! | `mock` | in [`mock`], a tracer scoped to one test, with deterministic ids and clock; in [`harness`], checks for any tracer |
//!
//! None is on by default.
//!
//! # Requirements of OpenTracing
//!
//! The table lists the requirements of the specification, of its drafts (RFC) on scopes, identifiers and closing, and of the interfaces that
//! the other ports share, each with its test: T for starting spans, S for spans, F for finished spans, C for contexts, P for carriers, A for
//! active spans, N for the no-op tracer, G for the global tracer, X for closing. [`harness`] checks most of them on any tracer.
//!
#![doc = include_str!("requirements.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod clock;
#[cfg(feature = "mock")]
pub mod harness;
#[cfg(feature = "http")]
pub mod http_rules;
#[cfg(feature = "macros")]
#[doc(hidden)]
pub mod macro_support;
pub mod message_rules;
#[cfg(feature = "mock")]
pub mod mock;
mod model;
pub mod propagation;
mod record;
mod recorder;
mod redaction;
mod reporter;
mod sampler;
mod scope;
mod span;
mod stats;
mod sync;
mod tracer;
mod wire;

#[cfg(feature = "macros")]
pub use opentracing_macros::traced;

pub use crate::clock::{Clock, TickCounter, TickReading};
pub use crate::model::active_ids::ActiveIds;
pub use crate::model::baggage::BaggageItem;
pub use crate::model::context::{AsSpanContext, Reference, ReferenceKind, Sampling, SpanContext};
pub use crate::model::ids::{InvalidId, SpanId, TraceId};
pub use crate::model::kind::SpanKind;
pub use crate::model::limits::{ExcessNames, Limits};
pub use crate::model::span_name::SpanName;
pub use crate::model::tag_value::TagValue;
pub use crate::model::unfinished::UnfinishedSpans;
pub use crate::model::value::{Text, Value};
pub use crate::model::{logs, tags};
pub use crate::recorder::drain::Drain;
pub use crate::recorder::id_generator::{IdGenerator, TraceIdWidth};
pub use crate::recorder::listener::{ActiveSpanListener, SetListenerError, set_active_span_listener};
pub use crate::redaction::secrets::{InvalidSecrets, Secrets, SecretsMatcher};
pub use crate::reporter::finished::{Batch, FinishedSpan, LogRecord};
pub use crate::reporter::held::{HeldSpan, HeldSpans, Hold, HoldOccasion};
pub use crate::reporter::owned::{OwnedLog, OwnedSpan};
pub use crate::reporter::reporter::{FlushError, OwnedValue, Process, Reporter};
pub use crate::sampler::{
    ConsistentProbabilitySampler, ConstSampler, Decision, InvalidStrategy, ParentBased, PerOperationSampler,
    PerOperationStrategies, ProbabilisticSampler, RateLimitingSampler, RemoteSampler, Rule, RuleSampler, Sampler,
    SamplerStats, SamplingDetails, SamplingParams, SamplingStrategy, SamplingThreshold, TraceIdRatioSampler,
};
pub use crate::scope::active_ids::active_ids;
pub use crate::scope::bridge::{Activation, ActiveStack, ContextBridge, SetBridgeError, set_context_bridge};
pub use crate::scope::in_span::{InSpan, WithSpan};
pub use crate::scope::panic_hook::panic_hook;
pub use crate::scope::scope::{ActiveSpan, BorrowedScope, Scope};
#[cfg(feature = "tokio")]
pub use crate::scope::task;
pub use crate::span::builder::{ParentPlace, SpanBuilder};
pub use crate::span::finish_options::FinishOptions;
pub use crate::span::span::Span;
pub use crate::span::span_ref::SpanRef;
pub use crate::stats::histogram::{Exemplar, Histogram};
pub use crate::stats::message_stats::{MessageEvent, MessageStats};
pub use crate::stats::open_span::{OpenPlace, OpenSpan};
pub use crate::stats::pool::{PoolSource, PoolStats, PoolWait, PoolWaits};
pub use crate::stats::prometheus::Prometheus;
pub use crate::stats::red::{Red, RedDuration, RedFigures, RedFiguresBuilder, RedPrometheus};
pub use crate::stats::report::Report;
pub use crate::stats::stats::{ReporterStats, Stats};
pub use crate::stats::tail_stats::{TailRuleStats, TailStats};
pub use crate::stats::transport_stats::{Latency, TransportStats};
pub use crate::tracer::builder::TracerBuilder;
pub use crate::tracer::connection_trace::ConnectionTrace;
pub use crate::tracer::metrics::{Metrics, MetricsPage};
pub use crate::tracer::tracer::{SetGlobalError, Tracer};
pub use crate::wire::encoding;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
