//! The polling thread.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::time::Duration;

use opentracing_core::{RemoteSampler, SamplingStrategy};
use tokio::sync::oneshot;

use super::answer::InvalidSamplingResponse;
use crate::connection::{Fetcher, until_stopped};

pub(super) struct Poller {
    /// For log lines: without credentials.
    address: String,
    fetcher: Fetcher,
    parse: fn(&[u8]) -> Result<SamplingStrategy, InvalidSamplingResponse>,
    interval: Duration,
    timeout: Duration,
    sampler: RemoteSampler,
    random: RandomState,
    polls: u64,
    is_failing: bool,
}

/// Polls for the sampling strategy until it is dropped. The last strategy then stays in effect.
///
/// Dropping it does not block: a poll in progress is cancelled.
///
/// ```
/// use opentracing_core::{RemoteSampler, Tracer};
/// use opentracing_reporter::{BatchReporter, Console, JaegerRemoteSampling};
///
/// let sampler = RemoteSampler::default();
/// let sampling_guard = JaegerRemoteSampling::new("shop").start(&sampler)?;
///
/// let reporter = BatchReporter::new(Console::stderr());
/// let (tracer, guard) = reporter.start(Tracer::builder("shop").sampler(sampler))?;
/// let _guard = guard.keep_alive(sampling_guard); // one guard for both
/// # let _ = tracer;
/// # Ok::<(), std::io::Error>(())
/// ```
#[must_use = "dropping the guard stops the polling: bind it to a name such as `_guard`, not to `_`"]
pub struct RemoteSamplingGuard {
    /// Dropping it stops the thread.
    _stop: oneshot::Sender<()>,
}

/// The shortest interval: zero would poll in a busy loop.
const MIN_INTERVAL: Duration = Duration::from_millis(1);

impl Poller {
    pub(super) fn new(
        address: String,
        fetcher: Fetcher,
        parse: fn(&[u8]) -> Result<SamplingStrategy, InvalidSamplingResponse>,
        interval: Duration,
        timeout: Duration,
        sampler: RemoteSampler,
    ) -> Self {
        Poller {
            address,
            fetcher,
            parse,
            interval: interval.max(MIN_INTERVAL),
            timeout,
            sampler,
            random: RandomState::new(),
            polls: 0,
            is_failing: false,
        }
    }

    pub(super) fn spawn(mut self) -> io::Result<RemoteSamplingGuard> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
        let (stop, stopped) = oneshot::channel();
        let work = move || {
            runtime.block_on(until_stopped(stopped, async {
                loop {
                    self.poll().await;
                    tokio::time::sleep(self.pause()).await;
                }
            }));
            // A name look-up that hangs must not keep the thread.
            runtime.shutdown_background();
        };
        std::thread::Builder::new().name("opentracing-sampling".into()).spawn(work)?;
        Ok(RemoteSamplingGuard { _stop: stop })
    }

    async fn poll(&mut self) {
        self.polls += 1;
        let limit = if self.timeout.is_zero() { Duration::MAX } else { self.timeout };
        let answer = match tokio::time::timeout(limit, self.fetcher.fetch()).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => {
                self.sampler.count_query_failed();
                return self.failed(&error);
            }
            Err(_) => {
                self.sampler.count_query_failed();
                let error = self.fetcher.timed_out(self.timeout);
                return self.failed(&error);
            }
        };
        let strategy = match (self.parse)(&answer) {
            Ok(strategy) => strategy,
            Err(error) => {
                self.sampler.count_update_failed();
                return match std::error::Error::source(&error) {
                    Some(cause) => self.failed(&format_args!("{error}: {cause}")),
                    None => self.failed(&error),
                };
            }
        };
        match self.sampler.update(strategy) {
            Ok(()) if self.is_failing => {
                self.is_failing = false;
                log::info!("polling {} for sampling strategies works again", self.address);
            }
            Ok(()) => {}
            Err(error) => self.failed(&error),
        }
    }

    fn failed(&mut self, error: &dyn fmt::Display) {
        if self.is_failing {
            log::debug!("still no sampling strategy from {}: {error}", self.address);
        } else {
            self.is_failing = true;
            log::warn!("no sampling strategy from {}, the last one stays in effect: {error}", self.address);
        }
    }

    fn pause(&self) -> Duration {
        let share = f64::from((self.random.hash_one(self.polls) >> 32) as u32) / f64::from(u32::MAX);
        // An interval that does not fit is a very long time.
        Duration::try_from_secs_f64(self.interval.as_secs_f64() * (0.9 + 0.2 * share)).unwrap_or(self.interval)
    }
}

impl fmt::Debug for RemoteSamplingGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteSamplingGuard").finish_non_exhaustive()
    }
}
