//! Shared by the measurements of adapters.

use std::fmt;

use opentracing_core::{Batch, Reporter, Tracer, TracerBuilder};

use crate::subject::Received;

/// A tracer whose spans are counted by a reporter on its own thread.
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

/// The number of bursts, from `--quick` and `--rounds`. `None` with `--case`, which selects cases of another bench.
pub(crate) fn bursts(arguments: impl Iterator<Item = String>, per_round: u32) -> Result<Option<u32>, String> {
    let arguments: Vec<String> = arguments.collect();
    let position = |name: &str| arguments.iter().position(|argument| argument == name);
    if position("--case").is_some() {
        return Ok(None);
    }
    if position("--quick").is_some() {
        return Ok(Some(2));
    }
    let rounds = match position("--rounds").and_then(|at| arguments.get(at + 1)) {
        Some(rounds) => rounds.parse().map_err(|error| format!("--rounds: {error}"))?,
        None => 7,
    };
    Ok(Some(rounds * per_round))
}

/// Sorts the figures and returns the median, or NaN if there are none.
pub(crate) fn median(figures: &mut [f64]) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}

pub(crate) fn text(error: impl fmt::Display) -> String {
    error.to_string()
}
