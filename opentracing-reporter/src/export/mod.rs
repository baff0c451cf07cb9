//! The exporter behind every network transport: it batches encoded spans, sends, retries and spools them.
//!
//! ```text
//! FinishedSpan ─▶ Encoding::span ─▶ Backlog of Encoded ─▶ Encoding::frame ─▶ Channel ─▶ Answer
//!                                        ▲                                              │
//!                                        └──────────── Exporter: halves, retries, counts ┘
//! ```
//!
//! A span is encoded once, on its own, when the reporter hands it over. From then on it is a run of bytes between two boundaries: a
//! request is a frame around such runs, so that splitting or repeating one never encodes again, nor does keeping one on a disk.

mod exporter;
mod settings;
mod spooling;

pub(crate) use self::exporter::Exporter;
pub(crate) use self::settings::{export_settings, export_transport};
