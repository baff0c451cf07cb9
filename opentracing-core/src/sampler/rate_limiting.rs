//! So many traces a second.

use std::sync::Arc;

use crate::clock::Clock;
use crate::sampler::bucket::{Bucket, Ticker};
use crate::sampler::{Decision, Sampler, SamplingDetails, SamplingParams};

/// Keeps up to so many traces a second: Jaeger's `ratelimiting`.
///
/// A leaky bucket that holds one second's worth, or one trace where the rate is below 1; it is full at first. Threads share it without
/// a lock. Services that use it decide on their own, each with its own traces.
///
/// ```
/// use opentracing_core::{RateLimitingSampler, Tracer};
///
/// let (tracer, _drain) = Tracer::builder("shop").sampler(RateLimitingSampler::new(1.0)).build();
/// assert!(tracer.span("first").start().is_recording());
/// assert!(!tracer.span("at once").start().is_recording());
/// ```
#[derive(Debug)]
pub struct RateLimitingSampler {
    per_second: f64,
    ticker: Ticker,
    bucket: Bucket,
}

impl RateLimitingSampler {
    /// Keeps that many traces a second; 0.1 is one in ten seconds. None for 0, for what is below, and for what is not a number.
    pub fn new(traces_per_second: f64) -> Self {
        Self::with_ticker(traces_per_second, Ticker::new())
    }

    /// Takes the time from that clock. By default it is a clock that never goes backwards; while this one does, no trace is kept.
    #[must_use]
    pub fn clock(self, clock: impl Clock) -> Self {
        Self::with_ticker(self.per_second, Ticker::Clock(Arc::new(clock)))
    }

    fn with_ticker(traces_per_second: f64, ticker: Ticker) -> Self {
        let now_ns = ticker.now_ns();
        Self::after(None, traces_per_second, ticker, now_ns)
    }

    /// With the balance of the one before, in proportion.
    pub(super) fn after(before: Option<&Self>, traces_per_second: f64, ticker: Ticker, now_ns: i64) -> Self {
        let per_second = if traces_per_second > 0.0 { traces_per_second } else { 0.0 };
        let bucket = match before {
            Some(before) => before.bucket.at_rate(per_second, now_ns),
            None => Bucket::new(per_second, now_ns),
        };
        RateLimitingSampler { per_second, ticker, bucket }
    }

    /// How many traces are kept in a second.
    pub fn traces_per_second(&self) -> f64 {
        self.per_second
    }
}

impl Sampler for RateLimitingSampler {
    fn decide(&self, _: &SamplingParams<'_>) -> Decision {
        if self.bucket.take(self.ticker.now_ns()) { Decision::RecordAndSample } else { Decision::Drop }
    }

    fn decide_with_details(&self, params: &SamplingParams<'_>, notes: &mut SamplingDetails) -> Decision {
        notes.set_rule("ratelimiting", self.per_second);
        self.decide(params)
    }

    fn constant(&self) -> Option<Decision> {
        (self.per_second <= 0.0).then_some(Decision::Drop)
    }
}
