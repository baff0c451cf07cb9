//! The exporter behind every network transport: it batches encoded spans, sends, retries and spools them.
//!
//! ```text
//! FinishedSpan ─▶ Encoding::span ─▶ BatchQueue ─▶ Encoding::frame ─▶ Channel ─▶ Answer
//!                                       ▲                                          │
//!                                       └───── Exporter: halves, retries, counts ──┘
//! ```

mod answer;
mod aside;
mod exporter;
mod request;
mod request_size;
mod send;
mod settings;
mod spooling;

pub(crate) use self::exporter::Exporter;
pub(crate) use self::settings::{export_settings, export_transport};
