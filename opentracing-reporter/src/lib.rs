//! Takes the finished spans of `opentracing-core` out of the process, on a thread of its own.
//!
//! ```
//! use opentracing_core::{SpanKind, Tracer, tags};
//! use opentracing_reporter::{BatchReporter, Console};
//!
//! fn main() -> std::io::Result<()> {
//!     let (tracer, guard) = BatchReporter::new(Console::stderr()).start(Tracer::builder("shop"))?;
//!     {
//!         let _scope = tracer.span("GET /cart/{id}").kind(SpanKind::Server).start_active();
//!         let mut select = tracer.span("SELECT carts").kind(SpanKind::Client).start();
//!         select.set(tags::PEER_SERVICE, "postgresql");
//!     }
//!     drop(guard); // at the end of `main` at the latest: draws the trace as a tree of two spans
//!     assert_eq!(tracer.stats().lost(), 0);
//!     Ok(())
//! }
//! ```
//!
//! # What happens when
//!
//! The reporter's thread empties the rings of all threads, at least every 50 milliseconds or so, and gives each span to each
//! [`Transport`], which copies or encodes what it needs. A transport is asked to send once 512 spans wait for it, once the first of them
//! has waited for a second, or on a flush; [`BatchReporter`] has settings for each. The thread needs no asynchronous runtime and uses
//! none of the host's, so one that is blocked or gone holds nothing up.
//!
//! | what happens | what becomes of it |
//! |---|---|
//! | more than 2,048 spans wait for a transport | it is asked to make room, then spans are dropped: `dropped_queue_full` |
//! | a transport fails for good | the spans are lost: `dropped_failed`, and a line to `log`, at most one a minute |
//! | a transport panics | the other transports go on; after three panics in a row it is no longer used |
//! | a transport hangs | spans wait in their rings, 4,096 a thread, then are dropped: `dropped_full`. Flush and close return in time |
//! | the [`FlushGuard`] is dropped | everything is sent, for at most 5 seconds; what is left then is lost: `dropped_failed` |
//! | a span finishes after that | it is lost: `dropped_shutdown` |
//!
//! All of these are in [`Tracer::stats`](opentracing_core::Tracer::stats). A process that ends without dropping the guard, by
//! `std::process::exit` or a signal, loses what has not been sent.
//!
//! # The console
//!
//! [`Console`] draws a trace when its root has finished and nothing more has come for 150 milliseconds. Clones share one drawing: with
//! one for each tracer of a process, a trace across its services is one tree.
//!
//! A line has the service, the operation name in the tree, kind, status (`http.status_code`, `rpc.status_code`,
//! `db.response.status_code`, and `http.outcome` of an exchange that did not come to its end), peer (`peer.service`, else
//! `peer.hostname`, `peer.ipv4`, `peer.ipv6` with `peer.port`, else `peer.address`), duration, and the time in which the span ran. `✗`
//! marks spans with the tag `error`; their logs stand below them. Other [tags](Console::tags) and [logs](Console::logs) are drawn on
//! request. `└┄` joins a span to one that it follows from, `⋯` stands before a span whose parent is not in the drawing. What comes after
//! a trace was drawn is drawn as its continuation.
//!
//! Where the line is too narrow, names are cut, then kind, peer and bar are left out.
//!
//! # To a server
//!
//! ```no_run
//! use opentracing_core::Tracer;
//! use opentracing_reporter::{BatchReporter, Otlp};
//!
//! let otlp = Otlp::http("http://127.0.0.1:4318")?;
//! let (tracer, _guard) = BatchReporter::new(otlp).start(Tracer::builder("shop"))?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`Otlp::grpc`] does the same by gRPC. An [`Endpoint`] has more than an address: headers, basic or bearer credentials, certificates.
//!
//! The others take two lines as well, each with its feature; several at once have a queue each:
//!
//! ```no_run
//! # #[cfg(all(feature = "instana", feature = "jaeger", feature = "zipkin"))]
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # use opentracing_core::Tracer;
//! use opentracing_reporter::{BatchReporter, Instana, Jaeger, Zipkin};
//!
//! let zipkin = Zipkin::new("http://127.0.0.1:9411")?;
//! let jaeger = Jaeger::http("http://127.0.0.1:14268")?; // or an agent: Jaeger::udp("127.0.0.1:6831")?
//! let instana = Instana::new(); // the agent of this host; where there is none, Instana::serverless(url, key)?
//!
//! let reporter = BatchReporter::new(zipkin).transport(jaeger).transport(instana);
//! let (tracer, _guard) = reporter.start(Tracer::builder("shop"))?;
//! # Ok(())
//! # }
//! # #[cfg(not(all(feature = "instana", feature = "jaeger", feature = "zipkin")))]
//! # fn main() {}
//! ```
//!
//! Tags get the names that the other side has for them: [`terms`] has the table.
//!
//! A span is encoded when the transport gets it, and its bytes wait until they have arrived. One request is under way at a time, on a
//! connection that stays open; its thread is the transport's own.
//!
//! | what happens | what becomes of the spans |
//! |---|---|
//! | no connection, a connection that is cut, no answer in 10 seconds | sent again after a pause: at first half a second to one, in the end 15 to 30 |
//! | 429, 502, 503, 504 | sent again, after the delay of `Retry-After` if there is one, of 5 minutes at most |
//! | gRPC: `CANCELLED`, `DEADLINE_EXCEEDED`, `ABORTED`, `OUT_OF_RANGE`, `UNAVAILABLE`, `DATA_LOSS` | sent again, after the delay of `RetryInfo` if there is one; so is `RESOURCE_EXHAUSTED` with one |
//! | 413; gRPC: a message larger than the server takes | sent again in halves; the one span that is too large is lost |
//! | any other failure | lost |
//! | accepted in part | those that were rejected are lost |
//! | a request has failed for 15 minutes | lost |
//! | 64 MiB are waiting | what comes then is lost |
//! | a span is larger than a request may be | sent without logs and with its values cut to 256 bytes; if that does not help, lost |
//!
//! What is lost here counts as `dropped_failed`. Meanwhile spans wait: how many is said by [`BatchReporter::queue`], so its bound is
//! how long an outage may last.
//!
//! # Through an outage
//!
//! With a [`Spool`] what cannot be sent goes to a folder, and is sent from there, oldest first, by this process or by the next one:
//!
//! ```
//! use opentracing_reporter::{Otlp, Spool};
//!
//! # let folder = tempfile::tempdir()?;
//! # let folder = folder.path();
//! let otlp = Otlp::http("http://127.0.0.1:4318")?.spool(Spool::new(folder.join("spans")))?;
//! # let _ = otlp;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | what happens | what becomes of the spans |
//! |---|---|
//! | a request fails for the first time | its spans go to the disk, and those behind it, once there are enough for a request or after a second |
//! | the queue is full | what waits goes to the disk |
//! | the tracer is flushed or closed | what the other side has not taken in that time goes to the disk, and counts as safe |
//! | the process is killed | the next one sends what is on the disk |
//! | the same folder is used by two processes | each has a part of its own; what one leaves is sent by the next that starts |
//! | 256 MiB are on the disk | the oldest are lost: `dropped_failed`, and a line to `log` |
//! | the disk is full, or fails | they wait in memory, as they would without a spool |
//! | a record is torn or damaged | its spans are lost; all others are sent |
//!
//! [`TransportStats`](opentracing_core::TransportStats) tells what is on the disk, and what became of spans of an earlier process.
//!
//! # HttpChannel sampling
//!
//! With the feature `remote-sampling`, `JaegerRemoteSampling` asks Jaeger's agent, collector or the Collector's extension which traces are
//! to be kept, every minute, on a thread of its own, and tells a [`RemoteSampler`](opentracing_core::RemoteSampler):
//!
//! ```
//! # #[cfg(feature = "remote-sampling")]
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use opentracing_core::{RemoteSampler, Tracer};
//! use opentracing_reporter::{BatchReporter, JaegerRemoteSampling, Otlp};
//!
//! let sampler = RemoteSampler::default(); // one trace in a thousand until the first answer
//! let _polling = JaegerRemoteSampling::new("shop").endpoint("http://127.0.0.1:5778")?.start(&sampler)?;
//! let tracer = Tracer::builder("shop").sampler(sampler);
//! let (tracer, _guard) = BatchReporter::new(Otlp::http("http://127.0.0.1:4318")?).start(tracer)?;
//! # let _ = tracer;
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "remote-sampling"))]
//! # fn main() {}
//! ```
//!
//! Strategies are a share, a rate, or shares and bounds of operations, which Jaeger's adaptive sampling finds from the traffic. A
//! strategy that is not there, cannot be read or cannot be leaves the last one in effect, counted in
//! [`SamplerStats`](opentracing_core::SamplerStats).
//!
//! # From the environment
//!
//! `from_env()`, with the feature `env`, makes a tracer and its reporter of what the environment says. Of several names the first one that
//! is set counts, and an empty variable is not set. Without `OTEL_TRACES_EXPORTER`, spans go to Instana if one of its addresses is set,
//! else by OTLP to `http://127.0.0.1:4318/v1/traces`. What makes no sense is a warning in `log` that names the variable
//! and what is used instead; what the program sets goes before all of it.
//!
#![doc = include_str!("env/page.md")]
//!
//! # Features
//!
//! | feature | adds |
//! |---|---|
//! | `console`, on by default | [`Console`] |
//! | `otlp`, on by default | [`Otlp`] |
//! | `env` | `from_env`, and with it all transports and `remote-sampling` |
//! | `remote-sampling` | `JaegerRemoteSampling`: asks Jaeger which traces to keep |
//! | `instana` | `Instana`, by its agent or by the serverless endpoint |
//! | `tls` | `https` endpoints, and `Tls` for roots and client certificates |
//! | `webpki-roots` | `tls`, and `Tls::webpki_roots`: Mozilla's list of certificate authorities |
//! | `zipkin` | `Zipkin` |
//! | `jaeger` | `Jaeger`, by UDP or HTTP |

#![cfg_attr(
    not(all(
        feature = "instana",
        feature = "jaeger",
        feature = "otlp",
        feature = "remote-sampling",
        feature = "zipkin"
    )),
    allow(dead_code, unused_imports, unused_macros, reason = "each transport uses a part of what they share")
)]

#[cfg(feature = "network")]
mod batch;
#[cfg(feature = "network")]
mod connection;
#[cfg(feature = "console")]
mod console;
#[cfg(feature = "env")]
mod env;
#[cfg(feature = "network")]
mod export;
#[cfg(feature = "instana")]
mod instana;
#[cfg(feature = "jaeger")]
mod jaeger;
#[cfg(feature = "otlp")]
mod otlp;
#[cfg(feature = "remote-sampling")]
mod remote_sampling;
mod reporter;
#[cfg(feature = "network")]
mod retry;
#[cfg(feature = "network")]
mod spool;
#[cfg(feature = "network")]
pub mod terms;
mod transport;
mod wire;
#[cfg(feature = "zipkin")]
mod zipkin;

#[cfg(all(feature = "network", feature = "tls"))]
pub use crate::connection::Tls;
#[cfg(feature = "network")]
pub use crate::connection::{Endpoint, InvalidEndpoint};
#[cfg(feature = "console")]
pub use crate::console::{Console, ConsoleColors, ConsoleLogs, ConsoleTags};
#[cfg(feature = "env")]
pub use crate::env::{EnvConfig, EnvWarning, from_env};
#[cfg(feature = "instana")]
pub use crate::instana::{Instana, InstanaAgentFallback, InstanaRootExits, InstanaSpanFormat};
#[cfg(feature = "jaeger")]
pub use crate::jaeger::Jaeger;
#[cfg(feature = "otlp")]
pub use crate::otlp::Otlp;
#[cfg(feature = "remote-sampling")]
pub use crate::remote_sampling::{
    InvalidSamplingResponse, JaegerRemoteSampling, RemoteSamplingGuard, parse_jaeger_sampling_response,
};
pub use crate::reporter::{BatchReporter, FlushGuard};
#[cfg(feature = "network")]
pub use crate::retry::TransportClock;
#[cfg(feature = "network")]
pub use crate::spool::Spool;
pub use crate::transport::{SendOutcome, SendReason, Transport};
#[cfg(feature = "zipkin")]
pub use crate::zipkin::Zipkin;

#[cfg(all(doctest, feature = "instana", feature = "jaeger", feature = "zipkin"))]
#[doc = include_str!("../README.md")]
struct Readme;
