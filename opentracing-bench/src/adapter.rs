//! What the measurements of adapters share.

use std::fmt;

use opentracing_core::{Batch, Reporter, Tracer, TracerBuilder};

use crate::subject::Received;

/// A tracer whose spans are counted where they arrive, on a thread of their own.
pub(crate) fn tracer(builder: TracerBuilder, received: &Received) -> Tracer {
    let (tracer, drain) = builder.build();
    let sink = Sink(received.clone());
    std::thread::spawn(move || drain.run(sink));
    tracer
}

struct Sink(Received);

impl Reporter for Sink {
    fn report(&mut self, batch: Batch<'_>) {
        self.0.add(batch.iter().count());
    }
}

/// The middle one; not a number if there is none. Sorts the figures.
pub(crate) fn median(figures: &mut [f64]) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}

pub(crate) fn text(error: impl fmt::Display) -> String {
    error.to_string()
}
