//! OpenTracing for Rust: tracers, spans, scopes and references; a recorder that takes no lock and allocates nothing for a span;
//! samplers; and contexts that travel as Instana's headers, W3C Trace Context, B3 and Baggage at once.
//!
//! A service seldom uses this crate alone: `opentracing-tower` and `opentracing-reqwest` make its entry and exit spans, and
//! `opentracing-reporter` sends them. Use it directly for spans of your own, and for adapters of your own.
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
//!             println!("{} {} {:?}", batch.process().service(), span.operation_name(), span.duration());
//!         }
//!     }
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let (tracer, drain) = Tracer::builder("shop").build();
//! let thread = std::thread::spawn(move || drain.run(Print)); // `opentracing-reporter` does this, and more
//!
//! // A request comes in,
//! let mut headers = std::collections::HashMap::new();
//! headers.insert("traceparent".to_string(), "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_string());
//! let caller = tracer.extract(HttpHeaders, &headers)?;
//! let scope = tracer.span("GET /cart").kind(SpanKind::Server).child_of(&caller).start_active();
//! scope.span().set(tags::HTTP_STATUS_CODE, 200).log("cart loaded");
//!
//! // and goes out to another service: the span is a child of the active one.
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
//! A recorded span is one pooled record with one owner, written in place. While the span is active the record lies in its thread's
//! stack, where [`Tracer::with_active`], scopes and implicit children find it. Finishing hands it over as one pointer, through a ring
//! that each thread has for itself. Only who takes a [`SpanRef`] out of it, for a callback or another thread, moves it behind a lock.
//! Whatever has to be formatted, redacted or sent waits for the [`Reporter`]'s thread.
//!
//! A span that is not sampled has a context and nothing else: no record, no clock, no conversion of tags.
//!
//! | what happens | what becomes of it |
//! |---|---|
//! | spans finish faster than they are drained | beyond 4,096 a thread they are dropped and counted |
//! | a span is dropped without `finish` | it finishes |
//! | a panic goes through a scope or a future | the span is marked as failed, with a log |
//! | a span is written to after its end, through a handle | nothing, counted |
//! | scopes are closed in the wrong order | the earlier one waits for the later one, counted |
//! | a header cannot be read | a new trace begins, counted, one line to `log` a minute at most |
//! | a reporter or sampler panics | its batch or span is lost, counted |
//!
//! [`Tracer::stats`] has all the counts, [`Stats::prometheus`] gives them to Prometheus, and [`Tracer::report`] to you. Nothing is
//! printed, and nothing panics across this interface, apart from what its page names.
//!
//! [`RedFigures`] counts requests, errors and durations by operation, if asked to.
//!
//! # Formats on the wire
//!
//! Read in this order, all written: `instana`, `tracecontext`, `b3`, `baggage`. The others are there for the asking: see
//! [`propagation`] for the lists and how to choose.
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
//! | sampler | keeps |
//! |---|---|
//! | [`ConstSampler`] | all traces, or none |
//! | [`ProbabilisticSampler`] | a share, by Jaeger's rule |
//! | [`TraceIdRatioSampler`] | a share, by OpenTelemetry's older rule |
//! | [`ConsistentProbabilitySampler`] | a share, by OpenTelemetry's newer rule: the threshold goes along in `tracestate` |
//! | [`RateLimitingSampler`] | so many a second |
//! | [`PerOperationSampler`] | a share of each operation, and at least so many of each a second |
//! | [`RemoteSampler`] | what a control plane says while the service runs; `opentracing-reporter` asks Jaeger for it |
//! | [`RuleSampler`] | what others say, by operation, kind and tags |
//! | [`ParentBased`] | what others say, also where a remote parent has decided |
//!
//! # Features
//!
//! | feature | adds |
//! |---|---|
//! | `http` | contexts in `http::HeaderMap`, and in [`http_rules`] the rules that the HTTP adapters share |
//! | `tokio` | in [`task`], `spawn`, `spawn_blocking` and `JoinSet` with the active span carried along |
//! | `mock` | in [`mock`], a tracer scoped to one test, with deterministic ids and clock; in [`harness`], checks for any tracer |
//!
//! None is on by default.
//!
//! # Requirements of OpenTracing
//!
//! What its specification, its drafts (RFC) on scopes, identifiers and closing, and the interfaces that its ports share ask of a tracer,
//! each with the test that shows it: T of starting spans, S of spans, F of what comes after the finish, C of contexts, P of carriers,
//! A of active spans, N of the no-op tracer, G of the global one, X of closing. [`harness`] checks most of it on any tracer.
//!
#![doc = include_str!("requirements.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod clock;
#[cfg(feature = "mock")]
pub mod harness;
#[cfg(feature = "http")]
pub mod http_rules;
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

pub use crate::clock::{Clock, TickCounter, TickReading};
pub use crate::model::baggage::BaggageItem;
pub use crate::model::context::{AsSpanContext, Reference, ReferenceKind, Sampling, SpanContext};
pub use crate::model::ids::{InvalidId, SpanId, TraceId};
pub use crate::model::kind::SpanKind;
pub use crate::model::limits::{ExcessNames, Limits};
pub use crate::model::tag_value::TagValue;
pub use crate::model::value::{Text, Value};
pub use crate::model::{logs, tags};
pub use crate::recorder::drain::Drain;
pub use crate::recorder::id_generator::{IdGenerator, TraceIdWidth};
pub use crate::redaction::secrets::{InvalidSecrets, Secrets, SecretsMatcher};
pub use crate::reporter::finished::{Batch, FinishedSpan, LogRecord};
pub use crate::reporter::owned::{OwnedLog, OwnedSpan};
pub use crate::reporter::reporter::{FlushError, OwnedValue, Process, Reporter};
pub use crate::sampler::{
    ConsistentProbabilitySampler, ConstSampler, Decision, InvalidStrategy, ParentBased, PerOperationSampler,
    PerOperationStrategies, ProbabilisticSampler, RateLimitingSampler, RemoteSampler, Rule, RuleSampler, Sampler,
    SamplerStats, SamplingDetails, SamplingParams, SamplingStrategy, TraceIdRatioSampler,
};
pub use crate::scope::in_span::{InSpan, WithSpan};
pub use crate::scope::scope::{ActiveSpan, BorrowedScope, Scope};
#[cfg(feature = "tokio")]
pub use crate::scope::task;
pub use crate::span::builder::SpanBuilder;
pub use crate::span::finish_options::FinishOptions;
pub use crate::span::span::Span;
pub use crate::span::span_ref::SpanRef;
pub use crate::stats::histogram::{Exemplar, Histogram};
pub use crate::stats::prometheus::Prometheus;
pub use crate::stats::red::{Red, RedFigures, RedFiguresBuilder, RedPrometheus};
pub use crate::stats::report::Report;
pub use crate::stats::stats::{ReporterStats, Stats};
pub use crate::stats::transport_stats::{Latency, TransportStats};
pub use crate::tracer::builder::TracerBuilder;
pub use crate::tracer::metrics::{Metrics, MetricsPage};
pub use crate::tracer::tracer::{SetGlobalError, Tracer};
pub use crate::wire::encoding;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
