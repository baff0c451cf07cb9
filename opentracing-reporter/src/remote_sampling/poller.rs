//! The thread that asks.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::time::Duration;

use opentracing_core::RemoteSampler;
use tokio::sync::oneshot;

use super::answer::parse_jaeger_sampling_response;
use crate::connection::{Endpoint, JsonFetcher, until_stopped};

pub(super) struct Poller {
    /// As it is logged: without credentials.
    address: String,
    fetcher: JsonFetcher,
    interval: Duration,
    timeout: Duration,
    sampler: RemoteSampler,
    random: RandomState,
    questions: u64,
    is_failing: bool,
}

/// Keeps asking for the sampling strategy until it is dropped; the last strategy stays in effect then.
///
/// Dropping it waits for nothing: a question that is under way is given up.
#[must_use = "dropping the guard ends the asking: bind it to a name, not to `_`"]
pub struct RemoteSamplingGuard {
    /// Its end is the signal.
    _stop: oneshot::Sender<()>,
}

/// An interval of nothing would leave the server no rest.
const SHORTEST: Duration = Duration::from_millis(1);

impl Poller {
    pub(super) fn new(endpoint: Endpoint, interval: Duration, timeout: Duration, sampler: RemoteSampler) -> Self {
        Poller {
            address: endpoint.to_string(),
            fetcher: JsonFetcher::new(endpoint),
            interval: interval.max(SHORTEST),
            timeout,
            sampler,
            random: RandomState::new(),
            questions: 0,
            is_failing: false,
        }
    }

    pub(super) fn spawn(mut self) -> io::Result<RemoteSamplingGuard> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
        let (stop, stopped) = oneshot::channel();
        let work = move || {
            runtime.block_on(until_stopped(stopped, async {
                loop {
                    self.ask().await;
                    tokio::time::sleep(self.pause()).await;
                }
            }));
            // Not to wait for a name that is still being looked up.
            runtime.shutdown_background();
        };
        std::thread::Builder::new().name("opentracing-sampling".into()).spawn(work)?;
        Ok(RemoteSamplingGuard { _stop: stop })
    }

    async fn ask(&mut self) {
        self.questions += 1;
        let json = match tokio::time::timeout(self.timeout, self.fetcher.fetch()).await {
            Ok(Ok(json)) => json,
            Ok(Err(error)) => {
                self.sampler.count_query_failed();
                return self.fails(&error);
            }
            Err(_) => {
                self.sampler.count_query_failed();
                let timeout = self.timeout;
                return self.fails(&format_args!("no answer within {timeout:?}"));
            }
        };
        let strategy = match parse_jaeger_sampling_response(&json) {
            Ok(strategy) => strategy,
            Err(error) => {
                self.sampler.count_update_failed();
                return match std::error::Error::source(&error) {
                    Some(cause) => self.fails(&format_args!("{error}: {cause}")),
                    None => self.fails(&error),
                };
            }
        };
        match self.sampler.update(strategy) {
            Ok(()) if self.is_failing => {
                self.is_failing = false;
                log::info!("sampling strategies come from {} again", self.address);
            }
            Ok(()) => {}
            Err(error) => self.fails(&error),
        }
    }

    fn fails(&mut self, error: &dyn fmt::Display) {
        if self.is_failing {
            log::debug!("still no sampling strategy from {}: {error}", self.address);
        } else {
            self.is_failing = true;
            log::warn!("no sampling strategy from {}, the last one stays: {error}", self.address);
        }
    }

    fn pause(&self) -> Duration {
        let share = f64::from((self.random.hash_one(self.questions) >> 32) as u32) / f64::from(u32::MAX);
        // Beyond what fits is a very long time as well.
        Duration::try_from_secs_f64(self.interval.as_secs_f64() * (0.9 + 0.2 * share)).unwrap_or(self.interval)
    }
}

impl fmt::Debug for RemoteSamplingGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteSamplingGuard").finish_non_exhaustive()
    }
}
