//! Sends the finished spans of `opentracing-core` to a backend: an OpenTelemetry Collector, Jaeger, Zipkin, Datadog, Instana, or the terminal.
//!
//! ```
//! use opentracing_core::{SpanKind, Tracer, tags};
//! use opentracing_reporter::{BatchReporter, Console};
//!
//! fn main() -> std::io::Result<()> {
//!     let reporter = BatchReporter::new(Console::stderr());
//!     let (tracer, guard) = reporter.start(Tracer::builder("shop"))?;
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
//! Use this crate in a program. Libraries only need `opentracing-core`.
//!
//! # How spans are sent
//!
//! [`BatchReporter`] runs a thread of its own. About every 50 milliseconds it empties the rings of all threads and gives each span to each
//! [`Transport`], which copies or encodes it. A transport sends when 512 spans are pending, when the oldest has waited for a second, or on
//! a flush; [`BatchReporter`] has a setting for each. The thread does not use the program's asynchronous runtime, so a runtime that is
//! blocked or gone delays nothing.
//!
//! | event | effect |
//! |---|---|
//! | 2,048 spans are pending in a transport | it may make room; otherwise further spans are dropped: `dropped_queue_full` |
//! | a transport fails permanently | its spans are dropped: `dropped_failed`, with a warning in `log` at most once a minute |
//! | a transport panics | the other transports continue; after three panics in a row it is no longer used |
//! | a transport blocks | spans wait in their rings, 4,096 per thread, then are dropped: `dropped_full`. Flush and close return in time |
//! | the [`FlushGuard`] is dropped | all spans are sent within 5 seconds; the rest is dropped: `dropped_failed` |
//! | a span finishes after that | it is dropped: `dropped_shutdown` |
//!
//! [`Tracer::stats`](opentracing_core::Tracer::stats) has all of these counters. A process that ends without dropping the guard, through
//! `std::process::exit` or a signal, loses the spans that are not sent yet.
//!
//! # Console
//!
//! [`Console`] draws a trace once its root has finished and no further span has arrived for 150 milliseconds. Clones share one drawing:
//! give each tracer of a process a clone, and a trace across its services is one tree.
//!
//! A line shows the service, the operation name as part of the tree, kind, status, peer, duration, and a bar on the time axis. The status
//! is `http.status_code`, `rpc.status_code` or `db.response.status_code`, and `http.outcome` of an exchange that did not complete. The
//! peer is `peer.service`, else `peer.hostname`, `peer.ipv4` or `peer.ipv6` with `peer.port`, else `peer.address`.
//!
//! `✗` marks spans with the tag `error`; their logs are drawn below them. Other [tags](Console::tags) and [logs](Console::logs) are
//! optional. `└┄` connects a span to one that it follows from. `⋯` marks a span whose parent is not in the drawing. Spans that arrive
//! after their trace was drawn are drawn as its continuation. On a narrow terminal, names are truncated first; then kind, peer and bar
//! are omitted.
//!
//! # Network transports
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
//! [`Otlp::grpc`] sends over gRPC. An [`Endpoint`] adds headers, basic or bearer authentication, and certificates to an address. The other
//! transports have a feature each. Several transports work side by side, each with its own queue:
//!
//! ```no_run
//! # #[cfg(all(feature = "datadog", feature = "instana", feature = "jaeger", feature = "zipkin"))]
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # use opentracing_core::Tracer;
//! use opentracing_reporter::{BatchReporter, Datadog, Instana, Jaeger, Zipkin};
//!
//! let zipkin = Zipkin::new("http://127.0.0.1:9411")?;
//! let jaeger = Jaeger::http("http://127.0.0.1:14268")?; // agent: Jaeger::udp("127.0.0.1:6831")?
//! let instana = Instana::new(); // agent of this host; without one: Instana::serverless(url, key)?
//! let datadog = Datadog::new(); // agent of this host
//!
//! let reporter = BatchReporter::new(zipkin).transport(jaeger).transport(instana).transport(datadog);
//! let (tracer, _guard) = reporter.start(Tracer::builder("shop"))?;
//! # Ok(())
//! # }
//! # #[cfg(not(all(feature = "datadog", feature = "instana", feature = "jaeger", feature = "zipkin")))]
//! # fn main() {}
//! ```
//!
//! Tags are written under the backend's own names; [`terms`] has the table.
//!
//! A span is encoded when the transport receives it. The encoded bytes wait until the server has accepted them. Each transport has one
//! request in flight at a time, on a connection that stays open and has a thread of its own.
//!
//! | event | effect |
//! |---|---|
//! | no connection, a closed connection, or no answer within 10 seconds | retried with backoff: 0.5 to 1 second at first, 15 to 30 seconds at most |
//! | HTTP 429, 502, 503, 504 | retried, after the delay in `Retry-After` if present, of at most 5 minutes |
//! | gRPC `CANCELLED`, `DEADLINE_EXCEEDED`, `ABORTED`, `OUT_OF_RANGE`, `UNAVAILABLE`, `DATA_LOSS` | retried, after the delay in `RetryInfo` if present; `RESOURCE_EXHAUSTED` only with one |
//! | HTTP 413, or gRPC's error for a message that is too large | retried in halves; a single span that is too large is dropped |
//! | any other error | the spans are dropped |
//! | partial success | the rejected spans are dropped |
//! | a request has failed for 15 minutes | its spans are dropped |
//! | 64 MiB are waiting | further spans are dropped |
//! | a span is larger than a request may be | sent without logs and with values truncated to 256 bytes; if that is still too large, dropped |
//!
//! All of these drops count as `dropped_failed`. While a server is unavailable, spans wait up to the [`BatchReporter::queue_size`]: that
//! decides how long an outage may last without a spool.
//!
//! # Check
//!
//! [`BatchReporter::check`] connects to the server of each transport and says in one line what answered, or what is probably wrong.
//! [`BatchReporter::check_at_start`] writes these lines to `log`.
//!
//! # Spool
//!
//! A [`Spool`] keeps spans on a disk while the server is unavailable, or, with [`SpoolMode::BeforeSending`], from the first span on. They are
//! sent from there, oldest first, by this process or the next:
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
//! | event | effect |
//! |---|---|
//! | a request fails for the first time | its spans go to the disk; later ones follow when they fill a request, or after a second |
//! | the queue is full | the pending spans go to the disk |
//! | the tracer is flushed or closed | spans that the server has not accepted in time go to the disk, and count as safe |
//! | the process is killed | the next process sends what is on the disk; with `BeforeSending` only the batch that was filling up is lost |
//! | two processes use the same folder | each has a subfolder of its own; what one leaves is sent by the next that starts |
//! | 256 MiB are on the disk | the oldest spans are dropped: `dropped_failed`, with a warning in `log` |
//! | the disk is full or fails | spans wait in memory, as without a spool |
//! | a record is torn or damaged | its spans are dropped; all others are sent |
//!
//! [`TransportStats`](opentracing_core::TransportStats) has the number of spans on the disk, and counts the spans of earlier processes.
//!
//! # Remote sampling
//!
//! With the feature `remote-sampling`, `JaegerRemoteSampling` fetches the sampling strategy of a service every minute and updates a
//! [`RemoteSampler`](opentracing_core::RemoteSampler). Jaeger's collector, its agent and the OpenTelemetry Collector serve strategies.
//!
//! ```
//! # #[cfg(feature = "remote-sampling")]
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use opentracing_core::{RemoteSampler, Tracer};
//! use opentracing_reporter::{BatchReporter, JaegerRemoteSampling, Otlp};
//!
//! let sampler = RemoteSampler::default(); // one trace in a thousand until the first answer
//! let sampling = JaegerRemoteSampling::new("shop").endpoint("http://127.0.0.1:5778")?;
//! let _sampling_guard = sampling.start(&sampler)?;
//!
//! let reporter = BatchReporter::new(Otlp::http("http://127.0.0.1:4318")?);
//! let (tracer, _guard) = reporter.start(Tracer::builder("shop").sampler(sampler))?;
//! # let _ = tracer;
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "remote-sampling"))]
//! # fn main() {}
//! ```
//!
//! A strategy is a sampling rate, a rate limit, or rates per operation, which Jaeger's adaptive sampling derives from the traffic. If a
//! strategy is missing or invalid, the last one stays in effect, and [`SamplerStats`](opentracing_core::SamplerStats) counts that.
//!
//! # Environment variables
//!
//! With the feature `env`, `from_env()` configures a tracer and its reporter from the environment:
//!
//! ```no_run
//! # #[cfg(feature = "env")]
//! # fn main() -> std::io::Result<()> {
//! let (tracer, _guard) = opentracing_reporter::from_env().start()?;
//! tracer.span("checkout").start().finish();
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "env"))]
//! # fn main() {}
//! ```
//!
//! Where a row names several variables for one setting, the first one that is set wins. An empty variable counts as not set. Without
//! `OTEL_TRACES_EXPORTER`, spans go to Instana if one of its addresses is set, else to Jaeger if one of its addresses is set, else to
//! Datadog if one of its addresses is set and none of OTLP, else over OTLP to `http://127.0.0.1:4318/v1/traces`. An invalid value, and a known variable that is not supported, cause a warning in `log` that
//! names the variable and what is done instead. Settings made in code win over the environment.
//!
#![doc = include_str!("env/page.md")]
//!
//! # Configuration file
//!
//! With the feature `config-file`, `OTEL_CONFIG_FILE` names OpenTelemetry's declarative configuration, a YAML file. A file with an invalid
//! value is an error of `EnvConfig::start` that names the line, and unsupported keys are warnings. The page
//! [configuration file](https://github.com/opentracing-rust/opentracing-rust/blob/main/docs/configuration-file.md) lists the keys.
//!
//! # Features
//!
//! | feature | adds |
//! |---|---|
//! | `console` (default) | [`Console`]: draws traces as trees |
//! | `otlp` (default) | [`Otlp`]: OpenTelemetry's protocol over HTTP or gRPC |
//! | `otlp-json` | `Otlp::http_json` and `OtlpFile`: the same as JSON over HTTP, and in a file or on standard output |
//! | `zipkin` | `Zipkin` |
//! | `jaeger` | `Jaeger`, over UDP or HTTP |
//! | `instana` | `Instana`, through its agent or the serverless endpoint |
//! | `datadog` | `Datadog`, through its agent, and `DatadogSampler` |
//! | `env` | `from_env` and `EnvConfig`; includes all transports and `remote-sampling` |
//! | `config-file` | `env`, and OpenTelemetry's configuration file in `OTEL_CONFIG_FILE` |
//! | `resource-detectors` | `Detectors`: facts about host, operating system, process, container and pod, as tags of the process |
//! | `remote-sampling` | `JaegerRemoteSampling`: sampling strategies from Jaeger |
//! | `tls` | `https` endpoints, and `Tls` for root and client certificates |
//! | `signals` | [`FlushGuard::flush_on_terminate`](FlushGuard): flushes on SIGTERM and Ctrl-C (Unix) |
//! | `webpki-roots` | `tls`, and `Tls::webpki_roots`: Mozilla's root certificates |

#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(
    not(all(
        feature = "datadog",
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
#[cfg(feature = "config-file")]
mod config;
#[cfg(feature = "network")]
mod connection;
#[cfg(feature = "console")]
mod console;
#[cfg(feature = "datadog")]
mod datadog;
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
#[cfg(feature = "resource-detectors")]
mod resource;
#[cfg(feature = "network")]
mod retry;
#[cfg(feature = "network")]
mod spool;
mod tail_sampling;
#[cfg(feature = "network")]
pub mod terms;
mod transport;
mod wire;
#[cfg(feature = "zipkin")]
mod zipkin;

#[cfg(feature = "config-file")]
pub use crate::config::InvalidConfigFile;
#[cfg(all(feature = "network", feature = "tls"))]
pub use crate::connection::Tls;
#[cfg(feature = "network")]
pub use crate::connection::{Endpoint, InvalidEndpoint};
#[cfg(feature = "console")]
pub use crate::console::{Console, ConsoleColors, ConsoleLogs, ConsoleTags};
#[cfg(feature = "datadog")]
pub use crate::datadog::{Datadog, DatadogSampler};
#[cfg(feature = "env")]
pub use crate::env::{EnvConfig, EnvWarning, from_env};
#[cfg(feature = "instana")]
pub use crate::instana::{Instana, InstanaAgentFallback, InstanaRootExits, InstanaSpanFormat};
#[cfg(feature = "jaeger")]
pub use crate::jaeger::Jaeger;
#[cfg(feature = "otlp-json")]
pub use crate::otlp::OtlpFile;
#[cfg(feature = "otlp")]
pub use crate::otlp::{AttributeNames, Otlp, SemanticConventions};
#[cfg(feature = "remote-sampling")]
pub use crate::remote_sampling::{
    InvalidSamplingResponse, JaegerRemoteSampling, RemoteSamplingGuard, parse_jaeger_sampling_response,
};
pub use crate::reporter::{BatchReporter, FlushGuard};
#[cfg(feature = "resource-detectors")]
pub use crate::resource::{DetectedTags, Detector, Detectors};
#[cfg(feature = "network")]
pub use crate::retry::TransportClock;
#[cfg(feature = "network")]
pub use crate::spool::{Spool, SpoolMode};
pub use crate::tail_sampling::{ComparedSpans, TailRule, TailSampling};
pub use crate::transport::{CheckOutcome, CheckResult, SendOutcome, SendReason, Transport, TransportCheck};
#[cfg(feature = "zipkin")]
pub use crate::zipkin::Zipkin;

#[cfg(all(doctest, feature = "datadog", feature = "instana", feature = "jaeger", feature = "zipkin"))]
#[doc = include_str!("../README.md")]
struct Readme;
