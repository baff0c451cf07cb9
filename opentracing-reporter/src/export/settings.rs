//! Settings of every transport that talks to a network.

use std::sync::Arc;
use std::time::Duration;

use crate::retry::{SystemTimer, Timer};

#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// For one attempt.
    pub(crate) timeout: Duration,
    /// Since the first attempt.
    pub(crate) give_up: Duration,
    /// Encoded spans that may wait, in bytes.
    pub(crate) max_bytes: usize,
    pub(crate) timer: Arc<dyn Timer>,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            timeout: Duration::from_secs(10),
            give_up: Duration::from_secs(15 * 60),
            max_bytes: 64 << 20,
            timer: Arc::new(SystemTimer),
        }
    }
}

/// Setters for a type that has an [`Exporter`](crate::export::Exporter) in its field `exporter`.
macro_rules! export_settings {
    ($type:ty) => {
        impl $type {
            /// How long an answer is waited for before the request is given up and tried again. 10 seconds by default.
            pub fn timeout(mut self, timeout: std::time::Duration) -> Self {
                self.exporter.settings.timeout = timeout;
                self
            }

            /// How long a request is tried again, counted from its first attempt, before its spans are lost. 15 minutes by default.
            ///
            /// Meanwhile further spans wait behind it, as many as the [queue](crate::BatchReporter::queue) and
            /// [`max_bytes`](Self::max_bytes) admit.
            pub fn give_up_after(mut self, time: std::time::Duration) -> Self {
                self.exporter.settings.give_up = time;
                self
            }

            /// How many bytes of encoded spans may wait; what is over is lost and counted in
            /// [`ReporterStats::dropped_failed`](opentracing_core::ReporterStats::dropped_failed). 64 MiB by default, more than the 2,048
            /// spans of a reporter's queue take up unless they are huge.
            pub fn max_bytes(mut self, bytes: usize) -> Self {
                self.exporter.settings.max_bytes = bytes;
                self
            }

            /// Keeps on a disk what cannot be sent for now, also over the end of the process. Off by default.
            ///
            /// From then on [`give_up_after`](Self::give_up_after) counts only for what the disk does not take.
            ///
            /// # Errors
            ///
            /// If the folder cannot be made, read or locked.
            pub fn spool(mut self, spool: $crate::Spool) -> std::io::Result<Self> {
                let name = $crate::Transport::name(&self);
                self.exporter.spool(&spool, name)?;
                Ok(self)
            }

            /// Whose time the transport goes by. The operating system's by default.
            pub fn timer(mut self, timer: std::sync::Arc<dyn $crate::Timer>) -> Self {
                self.exporter.settings.timer = timer;
                self
            }
        }
    };
}

/// Makes a transport of a type that has an [`Exporter`](crate::export::Exporter) in its field `exporter`.
macro_rules! export_transport {
    ($type:ty, $name:literal) => {
        $crate::export::export_transport!($type, |_it| $name);
    };
    ($type:ty, |$it:ident| $name:expr) => {
        impl $crate::Transport for $type {
            /// A spool keeps spans as they are encoded, by name: what is not encoded alike has to have different ones.
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

            fn send(&mut self, reason: $crate::Reason, until: std::time::Instant) -> $crate::Outcome {
                self.exporter.send(reason, until)
            }

            fn spooled(&self) -> usize {
                self.exporter.spooled()
            }

            fn stats(&self) -> opentracing_core::TransportStats {
                self.exporter.stats()
            }
        }
    };
}

pub(crate) use {export_settings, export_transport};
