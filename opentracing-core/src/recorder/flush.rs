//! Waiting until the draining thread, or this thread instead, has delivered what finished before.

use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crate::recorder::drain::is_draining;
use crate::recorder::recorder::{Gate, Inline, Recorder};
use crate::reporter::reporter::FlushError;
use crate::sync::lock;

impl Recorder {
    pub(crate) fn flush(&self, timeout: Duration) -> Result<(), FlushError> {
        self.may_wait()?;
        let deadline = deadline(timeout);
        if let Some(drained) = self.drain_inline(deadline, false) {
            return drained;
        }
        let wanted = self.shared.flush_wanted.fetch_add(1, Ordering::AcqRel) + 1;
        self.wait(deadline, |gate| gate.flushed >= wanted || gate.stopped)
    }

    pub(crate) fn close(&self, timeout: Duration) -> Result<(), FlushError> {
        self.may_wait()?;
        self.shared.closing.store(true, Ordering::Release);
        let deadline = deadline(timeout);
        if let Some(drained) = self.drain_inline(deadline, true) {
            return drained;
        }
        self.wait(deadline, |gate| gate.stopped)
    }

    /// Returns an error where a wait would never end: inside the reporter of this tracer, or in a forked child.
    fn may_wait(&self) -> Result<(), FlushError> {
        if is_draining(self.id) {
            return Err(FlushError::Reentrant);
        }
        if self.is_orphan() { Err(FlushError::Forked) } else { Ok(()) }
    }

    /// Drains on this thread. `None` if the tracer has a draining thread. The drain is taken out meanwhile, so that the reporter does not run
    /// under a lock.
    fn drain_inline(&self, deadline: Instant, closing: bool) -> Option<Result<(), FlushError>> {
        if !self.is_inline() {
            return None;
        }
        let mut inline = lock(&self.shared.inline);
        let mut drain = loop {
            match std::mem::replace(&mut *inline, Inline::Draining) {
                Inline::Idle(drain) => break drain,
                Inline::Draining => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        return Some(Err(FlushError::Timeout));
                    }
                    let waited = self.shared.inline_idle.wait_timeout(inline, left);
                    inline = waited.unwrap_or_else(PoisonError::into_inner).0;
                }
                Inline::None => {
                    *inline = Inline::None;
                    drop(inline);
                    return Some(lock(&self.shared.gate).error.map_or(Ok(()), Err));
                }
            }
        };
        drop(inline);
        if closing {
            self.intake.close();
        }
        let mut drained = drain.drain(deadline);
        // The reporter itself may have called `close`, or another thread whose wait timed out.
        let ends = self.shared.closing.load(Ordering::Acquire);
        if ends && !closing {
            self.intake.close();
            drained = drained.and(drain.drain(deadline));
        }
        if ends {
            lock(&self.shared.gate).error = drained.err();
            *lock(&self.shared.inline) = Inline::None;
        } else {
            *lock(&self.shared.inline) = Inline::Idle(drain);
        }
        self.shared.inline_idle.notify_all();
        Some(drained)
    }

    fn wait(&self, end: Instant, done: impl Fn(&Gate) -> bool) -> Result<(), FlushError> {
        let mut gate = lock(&self.shared.gate);
        gate.deadline = gate.deadline.max(Some(end));
        self.unpark();
        while !done(&gate) {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(FlushError::Timeout);
            }
            gate = self.shared.flushed.wait_timeout(gate, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        gate.error.map_or(Ok(()), Err)
    }
}

/// A timeout that the clock cannot represent becomes about 136 years.
fn deadline(timeout: Duration) -> Instant {
    let now = Instant::now();
    now.checked_add(timeout).unwrap_or_else(|| now + Duration::from_secs(u32::MAX.into()))
}
