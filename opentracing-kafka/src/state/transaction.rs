//! The records of a transaction.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use opentracing_core::{Span, Value, tags};

use crate::state::lock;

/// Keeps the spans of a transaction's records from their delivery to the commit or abort, which they are marked with. They finish with the
/// time of their delivery.
#[derive(Debug, Default)]
pub(crate) struct Transaction {
    /// Whether the producer has ever begun a transaction, so that others do not take the lock.
    is_used: AtomicBool,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The number of the last transaction, from 1.
    number: u64,
    /// How the last transaction ended; `None` while it is open.
    outcome: Option<&'static str>,
    records: Vec<(Span, SystemTime)>,
    /// All records of the transaction, also those beyond the limit.
    count: u64,
}

impl Transaction {
    /// Further spans finish at their delivery, unmarked.
    const MAX: usize = 10_000;

    pub(crate) fn begin(&self) {
        self.is_used.store(true, Ordering::Relaxed);
        let mut state = lock(&self.state);
        state.number += 1;
        state.outcome = None;
        state.count = 0;
    }

    /// The number of the open transaction, to which a record belongs that is sent now. Zero if there is none.
    pub(crate) fn current(&self) -> u64 {
        if !self.is_used.load(Ordering::Relaxed) {
            return 0;
        }
        let state = lock(&self.state);
        if state.outcome.is_none() { state.number } else { 0 }
    }

    /// Takes the span of a delivered or purged record. Returns it if it can finish now.
    pub(crate) fn keep(&self, number: u64, mut span: Span) -> Option<Span> {
        if number == 0 {
            return Some(span);
        }
        let mut state = lock(&self.state);
        if state.number == number {
            state.count += 1;
        }
        match state.outcome {
            // The report came after the end of the transaction.
            Some(outcome) if state.number == number => mark(&mut span, outcome),
            None if state.number == number && state.records.len() < Self::MAX => {
                state.records.push((span, SystemTime::now()));
                return None;
            }
            _ => {}
        }
        Some(span)
    }

    /// Marks and finishes the spans of the transaction. Returns the number of its records.
    pub(crate) fn end(&self, outcome: &'static str) -> u64 {
        let (records, count) = {
            let mut state = lock(&self.state);
            state.outcome = Some(outcome);
            (std::mem::take(&mut state.records), state.count)
        };
        for (mut span, delivered_at) in records {
            mark(&mut span, outcome);
            span.finish_at(delivered_at);
        }
        count
    }
}

/// A producer that is dropped within a transaction leaves it to the broker, which aborts it after a time limit.
impl Drop for Transaction {
    fn drop(&mut self) {
        self.end("unresolved");
    }
}

fn mark(span: &mut Span, outcome: &'static str) {
    span.set_tag(tags::KAFKA_TRANSACTION_OUTCOME, Value::Static(outcome));
}
