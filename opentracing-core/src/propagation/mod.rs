//! Propagates contexts across process boundaries: carriers, formats and propagators.
//!
//! A [`Format`] names a pair of carrier types. A [`Propagator`] for it reads a context from a carrier and writes one to it. A
//! [`Composite`] has two lists of text formats ([`TextFormat`]: Instana, W3C Trace Context, B3, Baggage and more), one for reading and one for
//! writing. It is the propagator of [`HttpHeaders`], [`TextMap`], [`KafkaHeaders`] and [`AmqpHeaders`].
//!
//! By default, both lists are `instana, tracecontext, b3, baggage` for all text carriers, and [`JaegerBinary`] is used for [`Binary`]. Set
//! other formats on the builder, one by one or as a list of names: `"tracecontext,jaeger".parse::<Composite>()` also knows `b3multi`,
//! `b3single`, `datadog`, `ottrace`, `wavefront`, `xray`, `gcp`, `grpc-trace-bin`, `sentry-trace` and `none`. [`Composite::from_env`] reads
//! the names from `OTEL_PROPAGATORS`.
//!
//! ```
//! use opentracing_core::Tracer;
//! use opentracing_core::propagation::{B3, Composite, HttpHeaders, TraceContext, W3cBaggage};
//!
//! // Reads B3 and W3C Trace Context, in this order, and writes W3C Trace Context only.
//! let composite =
//!     Composite::empty().reading(B3::new()).with(TraceContext::new()).with(W3cBaggage::new());
//! let (tracer, _drain) = Tracer::builder("cart").propagator(HttpHeaders, composite).build();
//!
//! let b3 = "80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-1";
//! let incoming = vec![("b3".to_owned(), b3.to_owned())];
//! let parent = tracer.extract(HttpHeaders, &incoming)?;
//! let span = tracer.span("GET /cart").child_of(&parent).start();
//!
//! let mut outgoing = std::collections::HashMap::new();
//! if let Some(context) = span.context() {
//!     tracer.inject(&context, HttpHeaders, &mut outgoing)?;
//! }
//! assert!(outgoing["traceparent"].starts_with("00-80f198ee56343ba864fe8b2a57d3eff7-"));
//! assert!(!outgoing.contains_key("b3"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod carrier;
mod composite;
mod counters;
mod error;
mod extraction;
mod field_values;
mod fields;
mod format;
mod formats;
mod medium;
mod names;

pub use self::carrier::{Field, TextMapReader, TextMapWriter, has_prefix};
pub use self::composite::Composite;
pub use self::counters::{FormatStats, PropagatorStats, RestartStats};
pub use self::error::{ExtractError, InjectError};
pub use self::extraction::Extraction;
pub use self::field_values::FieldValues;
pub use self::fields::FieldSet;
pub(crate) use self::format::Propagators;
pub use self::format::{AmqpHeaders, Binary, Format, HttpHeaders, KafkaHeaders, Propagator, TextMap};
pub use self::formats::b3::B3;
pub use self::formats::binary::JaegerBinary;
pub use self::formats::datadog::Datadog;
pub use self::formats::gcp::GoogleCloud;
pub use self::formats::grpc_trace_bin::GrpcTraceBin;
pub use self::formats::instana::Instana;
pub(crate) use self::formats::jaeger::DEBUG_ID_TAG as JAEGER_DEBUG_ID;
pub use self::formats::jaeger::Jaeger;
pub use self::formats::ot::OtTrace;
pub use self::formats::sentry::SentryTrace;
pub use self::formats::text_format::{Injection, TextFormat};
pub use self::formats::trace_context::{RandomFlag, TraceContext, TraceCorrelation, UnsampledParent};
pub(crate) use self::formats::tracestate::members;
pub use self::formats::tracestate::{InvalidTraceState, TraceState, TracestateMembers};
pub use self::formats::w3c_baggage::W3cBaggage;
pub use self::formats::wavefront::Wavefront;
pub use self::formats::xray::XRay;
pub use self::medium::Medium;
pub use self::names::UnknownFormat;
pub use crate::model::vendor::datadog::DatadogState;
pub use crate::model::vendor::instana::{Ancestor, Correlation, InstanaState};
