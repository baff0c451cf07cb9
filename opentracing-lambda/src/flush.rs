//! Waiting for the reporter, outside of the threads that run futures.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

use opentracing_core::Tracer;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

/// A flush that runs, or has ended.
#[derive(Debug)]
pub(crate) struct Flush(Option<JoinHandle<()>>);

impl Flush {
    /// Starts to flush. What is not sent in time stays in the queue, so the result does not matter here; the tracer counts losses.
    pub(crate) fn start(tracer: &Tracer, timeout: Duration) -> Self {
        if timeout.is_zero() || tracer.is_noop() {
            return Flush(None);
        }
        let tracer = tracer.clone();
        let flush = move || {
            let _ = tracer.flush(timeout);
        };
        match Handle::try_current() {
            Ok(tokio) => Flush(Some(tokio.spawn_blocking(flush))),
            Err(_) => {
                flush();
                Flush(None)
            }
        }
    }

    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match &mut self.0 {
            Some(flush) => Pin::new(flush).poll(cx).map(drop),
            None => Poll::Ready(()),
        }
    }
}

/// The time until a moment in the past is zero.
pub(crate) fn until(moment: SystemTime) -> Duration {
    moment.duration_since(SystemTime::now()).unwrap_or_default()
}
