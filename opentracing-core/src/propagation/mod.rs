//! Context across process boundaries: carriers, formats and the propagators between them.
//!
//! A [`Format`] names a pair of carrier types. A [`Propagator`] for it reads a context from a carrier and writes one to it. The
//! text formats of the wire ([`TextFormat`]: Instana, W3C Trace Context, B3, Baggage and more) are put in two lists, one for reading and one
//! for writing, by a [`Composite`], which is the propagator of [`HttpHeaders`], [`TextMap`], [`KafkaHeaders`] and [`AmqpHeaders`].
//!
//! Every tracer has the lists `instana, tracecontext, b3, baggage` for all text carriers, and [`JaegerBinary`] for [`Binary`]. Others are
//! given to the builder, format by format or as a text of names: `"tracecontext,jaeger".parse::<Composite>()` also knows `b3multi`,
//! `b3single`, `jaeger`, `datadog`, `ottrace`, `wavefront`, `xray`, `gcp`, `grpc-trace-bin` and `none`. [`Composite::from_env`] takes the
//! names from `OTEL_PROPAGATORS`.
//!
//! ```
//! use opentracing_core::Tracer;
//! use opentracing_core::propagation::{B3, Composite, HttpHeaders, TraceContext, W3cBaggage};
//!
//! // Reads what Zipkin and W3C callers send, in this order, and writes W3C alone.
//! let composite = Composite::empty().reading(B3::new()).with(TraceContext::new()).with(W3cBaggage::new());
//! let (tracer, _drain) = Tracer::builder("cart").propagator(HttpHeaders, composite).build();
//!
//! let incoming = vec![("b3".to_owned(), "80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-1".to_owned())];
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

mod b3;
mod base64;
mod binary;
mod carrier;
mod composite;
mod counters;
mod datadog;
mod datadog_state;
mod decimal;
mod error;
mod extraction;
mod format;
mod gcp;
mod grpc_trace_bin;
mod hex;
mod instana;
mod instana_state;
mod jaeger;
mod jaeger_state;
mod medium;
mod names;
mod ot;
pub(crate) mod percent;
mod prefixed_baggage;
mod replacing;
mod text;
mod text_format;
mod trace_context;
mod tracestate;
mod w3c_baggage;
mod wavefront;
mod xray;

pub use self::b3::B3;
pub use self::binary::JaegerBinary;
pub use self::carrier::{Field, TextMapReader, TextMapWriter};
pub use self::composite::Composite;
pub use self::counters::{FormatStats, PropagatorStats};
pub use self::datadog::Datadog;
pub(crate) use self::datadog_state::DatadogState;
pub use self::error::{ExtractError, InjectError};
pub use self::extraction::Extraction;
pub(crate) use self::format::Propagators;
pub use self::format::{AmqpHeaders, Binary, Format, HttpHeaders, KafkaHeaders, Propagator, TextMap};
pub use self::gcp::GoogleCloud;
pub use self::grpc_trace_bin::GrpcTraceBin;
pub use self::instana::Instana;
pub use self::instana_state::{Ancestor, Correlation, InstanaState};
pub(crate) use self::jaeger::DEBUG_ID_TAG as JAEGER_DEBUG_ID;
pub use self::jaeger::Jaeger;
pub(crate) use self::jaeger_state::JaegerState;
pub use self::medium::Medium;
pub use self::names::UnknownFormat;
pub use self::ot::OtTrace;
pub use self::text_format::{Injection, TextFormat};
pub use self::trace_context::{TraceContext, TraceCorrelation, Unsampled};
pub(crate) use self::tracestate::members;
pub use self::tracestate::{InvalidTraceState, TraceState, TracestateMembers};
pub use self::w3c_baggage::W3cBaggage;
pub use self::wavefront::Wavefront;
pub use self::xray::XRay;
