//! Context across process boundaries: carriers, formats and the propagators between them.
//!
//! A [`Format`] names a pair of carrier types. A [`Propagator`] for it reads a context from a carrier and writes one to it. The
//! text formats of the wire ([`TextFormat`]: Instana, W3C Trace Context, B3, Baggage) are put in two lists, one for reading and one
//! for writing, by a [`Composite`], which is the propagator of [`HttpHeaders`], [`TextMap`], [`KafkaHeaders`] and [`AmqpHeaders`].

mod b3;
mod binary;
mod carrier;
mod composite;
mod counters;
mod error;
mod extraction;
mod format;
mod hex;
mod instana;
mod instana_state;
mod medium;
pub(crate) mod percent;
mod text;
mod text_format;
mod trace_context;
mod tracestate;
mod w3c_baggage;

pub use self::b3::B3;
pub use self::binary::JaegerBinary;
pub use self::carrier::{Field, TextMapReader, TextMapWriter};
pub use self::composite::{Composite, UnknownFormat};
pub use self::counters::PropagatorStats;
pub use self::error::{ExtractError, InjectError};
pub use self::extraction::Extraction;
pub(crate) use self::format::Propagators;
pub use self::format::{AmqpHeaders, Binary, Format, HttpHeaders, KafkaHeaders, Propagator, TextMap};
pub use self::instana::{Instana, ServerTiming};
pub use self::instana_state::{Ancestor, Correlation, InstanaState};
pub use self::medium::Medium;
pub use self::text_format::{Injection, TextFormat};
pub use self::trace_context::{TraceContext, TraceCorrelation, Unsampled};
pub use self::tracestate::{InvalidTraceState, TraceState, TracestateMembers};
pub use self::w3c_baggage::W3cBaggage;
