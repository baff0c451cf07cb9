//! The settings that all network transports share.

use std::sync::Arc;
use std::time::Duration;

use crate::retry::{SystemClock, TransportClock};

#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// The time-out of one attempt. Zero is none.
    pub(crate) timeout: Duration,
    /// Counted from the first attempt.
    pub(crate) max_retry_time: Duration,
    /// The size of the encoded spans that may wait.
    pub(crate) max_queue_bytes: usize,
    pub(crate) clock: Arc<dyn TransportClock>,
    /// The clock is the operating system's, which the reporter's thread sleeps by.
    pub(crate) is_real_time: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            timeout: Duration::from_secs(10),
            max_retry_time: Duration::from_secs(15 * 60),
            max_queue_bytes: 64 << 20,
            clock: Arc::new(SystemClock),
            is_real_time: true,
        }
    }
}

/// Setters for a type with an [`Exporter`](crate::export::Exporter) in its field `exporter`.
macro_rules! export_settings {
    ($type:ty) => {
        impl $type {
            /// Sets how long to wait for an answer before a request is cancelled and retried. 10 seconds by default. Zero means no
            /// time-out, as in OpenTelemetry's variables.
            pub fn timeout(mut self, timeout: std::time::Duration) -> Self {
                self.exporter.settings.timeout = timeout;
                self
            }

            /// Sets how long a request is retried, counted from its first attempt, before its spans are dropped. 15 minutes by default.
            ///
            /// Meanwhile further spans wait, up to the [queue size](crate::BatchReporter::queue_size) and
            /// [`max_queue_bytes`](Self::max_queue_bytes). A request that keeps failing while others are accepted does not hold them up: it
            /// is split until the span that the server cannot take is found, and that span is dropped after five more failures.
            pub fn max_retry_time(mut self, time: std::time::Duration) -> Self {
                self.exporter.settings.max_retry_time = time;
                self
            }

            /// Sets how many bytes of encoded spans may wait. Spans beyond that are dropped and counted in
            /// [`ReporterStats::dropped_failed`](opentracing_core::ReporterStats::dropped_failed).
            ///
            /// 64 MiB by default. The 2,048 spans of the default queue need less, unless they are very large.
            pub fn max_queue_bytes(mut self, bytes: usize) -> Self {
                self.exporter.settings.max_queue_bytes = bytes;
                self
            }

            /// Keeps spans on a disk while the server is unavailable, or from the beginning, even after the process has ended. Off by
            /// default.
            ///
            /// [`max_retry_time`](Self::max_retry_time) then applies only to spans that the disk cannot take.
            ///
            /// # Errors
            ///
            /// If the folder cannot be created, read or locked.
            pub fn spool(mut self, spool: $crate::Spool) -> std::io::Result<Self> {
                self.open_spool(&spool)?;
                Ok(self)
            }

            pub(crate) fn open_spool(&mut self, spool: &$crate::Spool) -> std::io::Result<()> {
                let name = $crate::Transport::name(self);
                self.exporter.spool(spool, name)
            }

            /// Sets the clock of retries and time-outs. The operating system's by default.
            pub fn clock(mut self, clock: std::sync::Arc<dyn $crate::TransportClock>) -> Self {
                self.exporter.settings.clock = clock;
                self.exporter.settings.is_real_time = false;
                self
            }
        }
    };
}

/// Implements [`Transport`](crate::Transport) for a type with an [`Exporter`](crate::export::Exporter) in its field `exporter`.
macro_rules! export_transport {
    ($type:ty, $name:literal) => {
        $crate::export::export_transport!($type, |_it| $name);
    };
    ($type:ty, |$it:ident| $name:expr) => {
        impl $crate::Transport for $type {
            /// A spool stores encoded spans by this name, so different encodings have different names.
            fn name(&self) -> &'static str {
                let $it = self;
                $name
            }

            fn add(&mut self, span: opentracing_core::FinishedSpan<'_>) {
                self.exporter.add(span);
            }

            fn pending(&self) -> usize {
                self.exporter.pending()
            }

            fn send(&mut self, reason: $crate::SendReason, until: std::time::Instant) -> $crate::SendOutcome {
                self.exporter.send(reason, until)
            }

            fn spooled(&self) -> usize {
                self.exporter.spooled()
            }

            fn max_pause(&self) -> Option<std::time::Duration> {
                self.exporter.max_pause()
            }

            fn stats(&self) -> opentracing_core::TransportStats {
                self.exporter.stats()
            }

            fn check(&self) -> $crate::TransportCheck {
                self.exporter.check()
            }
        }
    };
}

pub(crate) use {export_settings, export_transport};
