//! OpenTracing for `tracing` and `log`: spans and events of libraries that use `tracing` in the trace, and trace ids in log lines.
//!
//! ```
//! use opentracing_core::mock::MockTracer;
//! use opentracing_tracing::TracerLayer;
//! use tracing_subscriber::layer::SubscriberExt;
//!
//! # #[derive(Debug)]
//! # struct Full;
//! #[tracing::instrument(err(Debug))]
//! fn reserve(seats: u32) -> Result<(), Full> {
//!     if seats > 2 { Err(Full) } else { Ok(()) }
//! }
//!
//! let mock = MockTracer::new(); // your tracer
//! let layer = TracerLayer::with_tracer(mock.tracer().clone());
//! # let default =
//! tracing::subscriber::set_default(tracing_subscriber::registry().with(layer)); // or `.init()`
//!
//! let request = mock.tracer().span("POST /orders").start_active();
//! reserve(3).unwrap_err();
//! request.close();
//!
//! mock.assert_tree("
//!     POST /orders
//!       reserve
//! ");
//! assert_eq!(mock.span("reserve").tag("seats"), Some(3_u64.into()));
//! assert_eq!(mock.span("reserve").logs[0].field("error"), Some("Full".into()));
//! # drop(default);
//! ```
//!
//! # Spans
//!
//! There is one stack of active spans for both kinds. A span of `tracing` is a child of the active span, whether `tracing`, an adapter or
//! your own code started that one, and while it is entered, spans of adapters are its children. Futures carry spans with
//! [`Instrument`](tracing::Instrument) or with [`InSpan`](opentracing_core::InSpan).
//!
//! | in `tracing` | in the trace |
//! |---|---|
//! | name, fields | operation name, tags of the same type; 128-bit numbers beyond 64 bits, `?` and `%` as text |
//! | `Span::record` | a tag |
//! | `parent: &span`, `parent: None` | parent, root of a new trace. The child of a disabled span is a root too: `tracing` does not tell them apart |
//! | a span that a filter disables | nothing; spans inside it are children of the span around it |
//! | `follows_from` | a `FollowsFrom` reference, if the earlier span is open |
//! | `otel.name`, `otel.kind` | operation name, kind |
//! | `otel.status_code`, `otel.status_description` | the tag `error`, a log `event=error` with that message |
//! | `error = …` | the tag `error`, and a log with the error and its sources |
//! | an error value in another field | a tag, and a log with its sources |
//! | the last exit, or closing if it was never entered | the end of the span; [`End::Close`] changes that |
//! | a panic | the tag `error`, and a log |
//! | a span of a trace that is not sampled | a context without a record; fields are not visited |
//!
//! What `tracing` has no words for, such as baggage, is written through [`SpanExt::opentracing`]. Samplers see name and kind of a span, not
//! its fields.
//!
//! # Events
//!
//! Events of the levels `WARN` and `ERROR` become logs of the active span, or of the span that they name. [`TracerLayer::events`] and
//! [`TracerLayer::events_by_target`] choose others. The log has the fields of the event, its `level`, and its target as `logger`; for
//! `ERROR` also `event=error`. [`ErrorEvents::MarkSpan`] lets an `ERROR` mark its span as failed.
//!
//! # Trace ids in log lines
//!
//! | logger | use |
//! |---|---|
//! | `tracing_subscriber::fmt`, text | `.map_event_format(with_ids)` (feature `fmt`) |
//! | `tracing_subscriber::fmt`, JSON | `.map_event_format(with_json_ids)` (feature `fmt`) |
//! | `log`: `env_logger`, `fern`, … | [`IdLogger`](https://docs.rs/opentracing-tracing/latest/opentracing_tracing/struct.IdLogger.html) around it (feature `log`) |
//! | any other | [`IdFields::text`], or [`active_ids`](opentracing_core::active_ids) |
//!
//! [`IdFields`] sets names and forms, also those of Datadog. A line of a trace that is not sampled has ids too, with `sampled=false`.
//!
//! # Limits
//!
//! - A guard of `Span::enter` that is held across an `.await` leaves its span active for other tasks of the thread, in `tracing` and here.
//!   Use `Instrument`.
//! - Libraries that look for the layer of `tracing-opentelemetry`, by `OpenTelemetrySpanExt`, do not find it here.
//! - What a `Debug` records with `tracing` while it is formatted for the layer is left out.
//! - A span whose last handle is leaked never closes, and is counted in [`Stats::open`](opentracing_core::Stats::open).
//!
//! # Cost
//!
//! The layer allocates nothing for a span or an event in the steady state, and takes no lock that other threads hold for long. The registry
//! of `tracing-subscriber` costs more than the layer.
//!
//! # Features
//!
//! | feature | adds |
//! |---|---|
//! | `fmt` | [`with_ids`](https://docs.rs/opentracing-tracing/latest/opentracing_tracing/fn.with_ids.html) and `with_json_ids` |
//! | `log` | [`IdLogger`](https://docs.rs/opentracing-tracing/latest/opentracing_tracing/struct.IdLogger.html) |
#![cfg_attr(docsrs, feature(doc_cfg))]

mod event;
mod fields;
#[cfg(feature = "fmt")]
mod fmt;
mod ids;
mod inside;
mod layer;
#[cfg(feature = "log")]
mod log;
mod spans;

#[cfg(feature = "fmt")]
pub use crate::fmt::{WithIds, with_ids, with_json_ids};
pub use crate::ids::{IdFields, IdText};
pub use crate::layer::{CodeTags, End, ErrorEvents, SpanExt, TracerLayer};
#[cfg(feature = "log")]
pub use crate::log::IdLogger;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
