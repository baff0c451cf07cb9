//! The memory of requests that are being read.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bounds the bytes of all requests that are being read. Cloning it shares it.
#[derive(Clone, Debug)]
pub(crate) struct Budget(Arc<Semaphore>);

/// A part of the budget, which is free again when this is dropped.
pub(crate) struct Held {
    budget: Budget,
    permit: Option<OwnedSemaphorePermit>,
    bytes: usize,
}

/// The budget is counted in these.
const UNIT: usize = 1024;

impl Budget {
    pub(crate) fn new(bytes: usize) -> Self {
        Budget(Arc::new(Semaphore::new((bytes / UNIT).min(Semaphore::MAX_PERMITS))))
    }

    pub(crate) fn hold(&self) -> Held {
        Held { budget: self.clone(), permit: None, bytes: 0 }
    }
}

impl Held {
    /// Takes more. `None` if the budget is spent.
    pub(crate) fn grow(&mut self, bytes: usize) -> Option<()> {
        let before = self.bytes.div_ceil(UNIT);
        self.bytes += bytes;
        let more = u32::try_from(self.bytes.div_ceil(UNIT) - before).ok()?;
        if more > 0 {
            let permit = self.budget.0.clone().try_acquire_many_owned(more).ok()?;
            match &mut self.permit {
                Some(held) => held.merge(permit),
                None => self.permit = Some(permit),
            }
        }
        Some(())
    }
}
