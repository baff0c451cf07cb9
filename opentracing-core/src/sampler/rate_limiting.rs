//! A limit of traces per second.

use std::sync::Arc;

use crate::clock::Clock;
use crate::sampler::bucket::{Bucket, Ticker};
use crate::sampler::{Decision, Sampler, SamplingDetails, SamplingParams};

/// Keeps a maximum number of traces per second: Jaeger's `ratelimiting`.
///
/// The limit is a leaky bucket that holds the traces of one second, or one trace if the rate is below 1. It starts full. Threads share it
/// without a lock. Each process limits only the traces that it starts itself.
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
    /// Creates a sampler with this limit. 0.1 keeps one trace in ten seconds. Zero, negative numbers and NaN keep none.
    pub fn new(traces_per_second: f64) -> Self {
        Self::with_ticker(traces_per_second, Ticker::new())
    }

    /// Sets the clock. The default is a monotonic clock. If this clock goes backwards, no traces are kept until it has caught up.
    #[must_use]
    pub fn clock(self, clock: impl Clock) -> Self {
        Self::with_ticker(self.per_second, Ticker::Clock(Arc::new(clock)))
    }

    fn with_ticker(traces_per_second: f64, ticker: Ticker) -> Self {
        let now_ns = ticker.now_ns();
        Self::after(None, traces_per_second, ticker, now_ns)
    }

    /// Creates a sampler whose bucket is filled in proportion to that of the previous one.
    pub(super) fn after(before: Option<&Self>, traces_per_second: f64, ticker: Ticker, now_ns: i64) -> Self {
        let per_second = if traces_per_second > 0.0 { traces_per_second } else { 0.0 };
        let bucket = match before {
            Some(before) => before.bucket.at_rate(per_second, now_ns),
            None => Bucket::new(per_second, now_ns),
        };
        RateLimitingSampler { per_second, ticker, bucket }
    }

    /// The maximum number of traces per second.
    pub fn traces_per_second(&self) -> f64 {
        self.per_second
    }
}

impl Sampler for RateLimitingSampler {
    fn decide(&self, _: &SamplingParams<'_>) -> Decision {
        if self.bucket.take(self.ticker.now_ns()) { Decision::RecordAndSample } else { Decision::Drop }
    }

    fn decide_with_details(&self, params: &SamplingParams<'_>, details: &mut SamplingDetails) -> Decision {
        details.set_rule("ratelimiting", self.per_second);
        self.decide(params)
    }

    fn constant(&self) -> Option<Decision> {
        (self.per_second <= 0.0).then_some(Decision::Drop)
    }
}
