//! The thread that writes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::Receiver;

use super::database::Database;
use crate::model::Span;

/// Something to write.
pub(super) enum Job {
    Append(i64, Vec<Span>),
    Forget(i64),
}

/// What the thread and the store share.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// Spans in the queue.
    pub(super) queued: AtomicUsize,
    /// Spans that could not be written, and that the store has not counted yet.
    pub(super) failed: AtomicU64,
}

/// Spans of one transaction, at least.
const TRANSACTION_SPANS: usize = 5000;

/// Writes what comes until the other end is dropped. What waits in the queue goes into one transaction.
pub(super) fn run(mut database: Database, jobs: Receiver<Job>, progress: Arc<Progress>) {
    let mut has_failed = false;
    while let Ok(job) = jobs.recv() {
        let (mut batches, mut before, mut spans) = (Vec::new(), None, 0);
        let mut next = Some(job);
        while let Some(job) = next {
            match job {
                Job::Append(row, batch) => {
                    spans += batch.len();
                    batches.push((row, batch));
                }
                Job::Forget(row) => before = before.max(Some(row)),
            }
            next = if spans < TRANSACTION_SPANS { jobs.try_recv().ok() } else { None };
        }
        if let Err(error) = database.write(&batches, before) {
            progress.failed.fetch_add(spans as u64, Ordering::Relaxed);
            if !has_failed {
                log::error!("spans cannot be written to the file, and will be lost at the end: {error}");
            }
            has_failed = true;
        } else {
            has_failed = false;
        }
        progress.queued.fetch_sub(spans, Ordering::Relaxed);
    }
}
