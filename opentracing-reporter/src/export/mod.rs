//! What every transport shares that talks to a network: batches of encoded spans, retries, and the way to the other side.
//!
//! ```text
//! FinishedSpan ─▶ Encoding::span ─▶ Backlog of Encoded ─▶ Encoding::frame ─▶ Channel ─▶ Answer
//!                                        ▲                                              │
//!                                        └──────────── Exporter: halves, retries, counts ┘
//! ```
//!
//! A span is encoded once, on its own, when the reporter hands it over. From then on it is a run of bytes between two boundaries: a
//! request is a frame around such runs, so that splitting or repeating one never encodes again, nor does keeping one on a disk.

mod backlog;
mod backoff;
mod batch;
mod channel;
mod encoding;
mod endpoint;
mod exporter;
mod pace;
mod settings;
mod spool;
mod spooling;
mod timer;
#[cfg(feature = "tls")]
mod tls;

pub use self::endpoint::{Endpoint, InvalidEndpoint};
pub use self::spool::Spool;
pub use self::timer::Timer;
#[cfg(feature = "tls")]
pub use self::tls::Tls;

pub(crate) use self::batch::Pieces;
pub(crate) use self::channel::{Answer, Channel, Figures, Remote};
#[cfg(feature = "remote-sampling")]
pub(crate) use self::channel::{Fetch, until_stopped};
pub(crate) use self::encoding::{Accepted, Detail, Encoding, RequestLimits};
pub(crate) use self::exporter::Exporter;
pub(crate) use self::pace::Pace;
pub(crate) use self::settings::{export_settings, export_transport};
