//! The request at the front: its batch, where the batch is kept, and what the request waits for.

use std::collections::VecDeque;
use std::time::Instant;

use crate::batch::EncodedBatch;

/// The batch at the front, from its first attempt until its spans are sent or dropped.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) batch: EncodedBatch,
    /// The parts of the same batch that follow.
    pub(super) rest: VecDeque<EncodedBatch>,
    /// The batch is one part of a larger one.
    pub(super) is_part: bool,
    pub(super) origin: Origin,
    pub(super) first_attempt: Instant,
    /// How often it failed although the server was reached.
    pub(super) failures: u32,
    /// How many requests had been accepted at its last failure.
    pub(super) failed_at: Option<u64>,
    /// How often its single span failed while others were accepted.
    pub(super) trials: u32,
    pub(super) phase: Phase,
}

impl Request {
    pub(super) fn is_in_flight(&self) -> bool {
        matches!(self.phase, Phase::InFlight { .. })
    }
}

/// Where a batch is kept.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Origin {
    Memory,
    /// In the spool.
    Spool {
        /// The number of the record.
        number: u64,
        /// An earlier process recorded the spans.
        is_inherited: bool,
    },
}

impl Origin {
    /// The number of its record.
    pub(super) fn record(self) -> Option<u64> {
        match self {
            Origin::Memory => None,
            Origin::Spool { number, .. } => Some(number),
        }
    }

    /// How many of these spans count in this process's own statistics: inherited ones have counters of their own.
    pub(super) fn own(self, spans: usize) -> u64 {
        if matches!(self, Origin::Spool { is_inherited: true, .. }) { 0 } else { spans as u64 }
    }
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Phase {
    /// The channel has it.
    InFlight { sent_at: Instant },
    /// It is sent once `until` is reached and the pace permits; in a flush, once `in_flush` is.
    Waiting { until: Instant, in_flush: Instant, is_retry: bool },
}
