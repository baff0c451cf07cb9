//! The clock of retries, time-outs and server delays.

use std::fmt;
use std::time::{Instant, SystemTime};

/// The clock of a transport: it decides when an answer is overdue and when a request is retried. Tests replace it so that they need not
/// wait.
///
/// Called on the reporter's thread. Must not block.
///
/// ```
/// use std::sync::{Arc, Mutex};
/// use std::time::{Duration, Instant, SystemTime};
///
/// use opentracing_reporter::{Otlp, TransportClock};
///
/// /// A clock that stands still until the test moves it.
/// #[derive(Debug)]
/// struct Paused(Mutex<Instant>);
///
/// impl TransportClock for Paused {
///     fn now(&self) -> Instant {
///         *self.0.lock().unwrap()
///     }
///
///     fn system_time(&self) -> SystemTime {
///         SystemTime::UNIX_EPOCH
///     }
/// }
///
/// let clock = Arc::new(Paused(Mutex::new(Instant::now())));
/// let otlp = Otlp::http("http://127.0.0.1:4318")?.clock(clock.clone());
/// *clock.0.lock().unwrap() += Duration::from_secs(10); // an answer is overdue now
/// # let _ = otlp;
/// # Ok::<(), opentracing_reporter::InvalidEndpoint>(())
/// ```
pub trait TransportClock: Send + Sync + fmt::Debug + 'static {
    /// Monotonic time.
    fn now(&self) -> Instant;

    /// Wall-clock time, to evaluate a `Retry-After` header that contains a date.
    fn system_time(&self) -> SystemTime;
}

/// The operating system's clock.
#[derive(Debug)]
pub(crate) struct SystemClock;

impl TransportClock for SystemClock {
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn system_time(&self) -> SystemTime {
        SystemTime::now()
    }
}
