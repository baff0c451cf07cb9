//! The destination `none`.

use std::time::Instant;

use opentracing_core::FinishedSpan;
use opentracing_reporter::{SendOutcome, SendReason, Transport};

/// Discards all spans.
pub(super) struct Discard;

impl Transport for Discard {
    fn name(&self) -> &'static str {
        "discard"
    }

    fn add(&mut self, _: FinishedSpan<'_>) {}

    fn pending(&self) -> usize {
        0
    }

    fn send(&mut self, _: SendReason, _: Instant) -> SendOutcome {
        SendOutcome::none()
    }
}
