//! What the transport, which talks to the agent, shares with the encoding and the sampler.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use serde::Deserialize;

/// The agent's rate for one process, which the transport receives, and what the agent is told about the process.
#[derive(Debug)]
pub(super) struct AgentRates {
    /// The key of the process: `service:shop,env:prod`.
    key: Mutex<String>,
    container: Mutex<Option<String>>,
    /// The bits of the rate; NaN before the first answer.
    rate: AtomicU64,
    /// Traces that the sampler has dropped and that no request has reported yet.
    dropped: AtomicU64,
    updates: AtomicU64,
    invalid: AtomicU64,
}

/// The key of the rate for services that the agent has not seen yet.
const OTHERS: &str = "service:,env:";

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    rate_by_service: Option<HashMap<String, f64>>,
}

impl Default for AgentRates {
    fn default() -> Self {
        AgentRates {
            key: Mutex::new(OTHERS.to_owned()),
            container: Mutex::new(None),
            rate: AtomicU64::new(f64::NAN.to_bits()),
            dropped: AtomicU64::new(0),
            updates: AtomicU64::new(0),
            invalid: AtomicU64::new(0),
        }
    }
}

impl AgentRates {
    pub(super) fn set_process(&self, service: &str, env: &str, container: Option<String>) {
        *self.key.lock().unwrap_or_else(PoisonError::into_inner) = format!("service:{service},env:{env}");
        *self.container.lock().unwrap_or_else(PoisonError::into_inner) = container;
    }

    /// The id of the container that the process runs in, if its tags say so.
    pub(super) fn container(&self) -> Option<String> {
        self.container.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads the rate from an answer of the agent. An answer without rates leaves the rate as it is.
    pub(super) fn update(&self, body: &[u8]) {
        if body.trim_ascii().is_empty() {
            return;
        }
        let rates = match serde_json::from_slice::<Answer>(body) {
            Ok(Answer { rate_by_service: Some(rates) }) => rates,
            Ok(Answer { rate_by_service: None }) => return,
            // Agents before 2018 answer `OK`.
            Err(_) => {
                self.invalid.fetch_add(1, Ordering::Relaxed);
                return;
            }
        };
        let key = self.key.lock().unwrap_or_else(PoisonError::into_inner);
        let rate = rates.get(&*key).or_else(|| rates.get(OTHERS)).copied();
        if let Some(rate) = rate {
            self.rate.store(rate.clamp(0.0, 1.0).to_bits(), Ordering::Relaxed);
            self.updates.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The rate; `None` before the first answer.
    pub(super) fn rate(&self) -> Option<f64> {
        Some(f64::from_bits(self.rate.load(Ordering::Relaxed))).filter(|rate| !rate.is_nan())
    }

    /// Counts a trace that the sampler has dropped.
    pub(super) fn count_dropped(&self) {
        self.dropped.fetch_add(1, Ordering::Relaxed);
    }

    /// The number of dropped traces that were not reported yet.
    pub(super) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Notes that dropped traces were reported.
    pub(super) fn reported(&self, dropped: u64) {
        self.dropped.fetch_sub(dropped, Ordering::Relaxed);
    }

    /// The number of answers with a rate, and of those that could not be read.
    pub(super) fn answers(&self) -> (u64, u64) {
        (self.updates.load(Ordering::Relaxed), self.invalid.load(Ordering::Relaxed))
    }
}
