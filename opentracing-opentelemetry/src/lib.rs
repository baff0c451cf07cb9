//! OpenTracing for libraries that use OpenTelemetry's API, version 0.33: they record with your tracer, in one trace with the adapters of this
//! suite.
//!
//! ```
//! use opentelemetry::global;
//! use opentelemetry::trace::{TraceContextExt, Tracer};
//! use opentelemetry::KeyValue;
//! use opentracing_core::mock::MockTracer;
//!
//! /// A library that knows nothing of OpenTracing.
//! fn query() {
//!     global::tracer("driver").in_span("query", |context| context.span().set_attribute(KeyValue::new("rows", 3)));
//! }
//!
//! let mock = MockTracer::new(); // your tracer
//! opentracing_opentelemetry::install(mock.tracer())?;
//!
//! let request = mock.tracer().span("GET /orders").start_active();
//! query();
//! request.close();
//!
//! mock.assert_tree("
//!     GET /orders
//!       query
//! ");
//! assert_eq!(mock.span("query").tag("rows"), Some(3.into()));
//! # Ok::<(), opentracing_core::SetBridgeError>(())
//! ```
//!
//! [`install`] is all that most programs need. [`Provider`], [`Propagator`] and [`connect_contexts`] are its parts.
//!
//! # Spans
//!
//! | OpenTelemetry | in the trace |
//! |---|---|
//! | name, kind, start time, attributes of the builder | operation name, kind, start, tags; the sampler of the tracer sees them |
//! | attribute | a tag of the same type, and name unless [`attribute_names`](Provider::attribute_names) says otherwise; arrays as text |
//! | event | a log with the field `event` |
//! | event `exception`, `record_error` | a log with `event=error`, `error.kind`, `message`, `stack` |
//! | link | a `FollowsFrom` reference; its attributes as a log `event=link` |
//! | status `Error` | the tag `error`; its description as a log |
//! | status `Ok` | final: the tag `error=false`, which OTLP sends as that status |
//! | instrumentation scope | the tags `component`, which OTLP sends as the name of the scope, and `otel.scope.version` |
//! | drop without `end` | the end of the span |
//!
//! # Contexts
//!
//! Native spans and OpenTelemetry's contexts nest in any order, in one thread, across awaits, tasks and threads: the latest is the parent.
//!
//! - While a native span is active, `Context::current()` carries it. What a library writes to that context's span is written to the native
//!   span, from any thread. Only its owner ends it.
//! - While a context is attached, its span is the active one for native code: for [`SpanBuilder`](opentracing_core::SpanBuilder),
//!   [`Tracer::with_active`](opentracing_core::Tracer::with_active), [`active_ids`](opentracing_core::active_ids), and log lines.
//! - A context with a remote parent is the parent of native spans. One without telemetry makes them not sampled.
//! - A span that is started with a context without a span is a root. A native span is not cut off by such a context.
//!
//! # Headers
//!
//! [`Propagator`] reads and writes every format that the tracer does, and baggage. State of vendors, and sampling decisions without ids, pass
//! through OpenTelemetry's context.
//!
//! # Spans of an SDK
//!
//! [`Exporter`](https://docs.rs/opentracing-opentelemetry/latest/opentracing_opentelemetry/struct.Exporter.html) (feature `sdk`) hands the
//! spans of OpenTelemetry's own SDK to a tracer of ours, and so to its transports.
//!
//! # Limits
//!
//! - A library that asked for its tracer before [`install`] keeps the one without effect that OpenTelemetry gave it.
//! - Two versions of `opentelemetry` in one program know nothing of each other.
//! - Attributes keep OpenTelemetry's names, which OTLP sends unchanged. For backends that know HTTP or SQL by OpenTracing's names, set
//!   [`Provider::attribute_names`].
//! - Libraries that look for the layer of `tracing-opentelemetry`, by `OpenTelemetrySpanExt`, need that layer, over a tracer of [`Provider`].
//! - OpenTelemetry keeps 65,535 contexts a thread. Deeper ones, and native spans in them, are not seen by it.
//! - In a closure of `Context::map_current` nothing can be attached: a native span that is activated there is not seen by OpenTelemetry.
//!
//! # Cost
//!
//! Each activation of a native span attaches a context, which takes two allocations, and shares the span. Each look at the active span
//! compares OpenTelemetry's current context with the last one. Programs that do not use this crate pay neither.
//!
//! # Features
//!
//! | feature | adds |
//! |---|---|
//! | `sdk` | [`Exporter`](https://docs.rs/opentracing-opentelemetry/latest/opentracing_opentelemetry/struct.Exporter.html) |
#![cfg_attr(docsrs, feature(doc_cfg))]

mod ask;
mod contexts;
mod convert;
#[cfg(feature = "sdk")]
mod exporter;
mod install;
mod propagator;
mod provider;
mod span;

pub use crate::contexts::connect_contexts;
pub use crate::convert::AttributeNames;
#[cfg(feature = "sdk")]
pub use crate::exporter::Exporter;
pub use crate::install::install;
pub use crate::propagator::Propagator;
pub use crate::provider::{ProvidedTracer, Provider};
pub use crate::span::ProvidedSpan;

#[cfg(all(doctest, feature = "sdk"))]
#[doc = include_str!("../README.md")]
struct Readme;
