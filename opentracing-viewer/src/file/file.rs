//! The file behind a store.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;

use super::database::Database;
use super::rows::Rows;
use super::writer::{self, Job, Progress};
use crate::model::Span;
use crate::store::{Journal, Store};

/// Jobs and spans that may wait for the disk.
const MAX_JOBS: usize = 1024;
const MAX_QUEUED_SPANS: usize = 50_000;

/// Mirrors the store: what the store drops leaves the file too.
struct File {
    jobs: Option<SyncSender<Job>>,
    progress: Arc<Progress>,
    rows: Rows,
    next_row: i64,
    /// Rows before this one are to be deleted, which the queue had no room for.
    before: Option<i64>,
    thread: Option<JoinHandle<()>>,
}

/// Fills a store from a file, and keeps its later spans there.
///
/// # Errors
///
/// If the file cannot be read or written, is not one of the viewer, or is used by another one.
pub(crate) fn open(path: &Path, store: &Store) -> io::Result<()> {
    let with_path = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
    let mut database = Database::open(path).map_err(with_path)?;
    let mut rows = Rows::default();
    let broken = database.read(|first, spans| {
        let (row, count) = (store.end_row(), spans.len());
        let inserted = store.insert(spans);
        if inserted.accepted > 0 {
            rows.add(row, first, inserted.accepted == count);
        }
    });
    let broken = broken.map_err(with_path)?;
    if broken > 0 {
        log::warn!("{}: {broken} spans cannot be read", path.display());
    }
    let next_row = database.last_row().map_err(with_path)? + 1;
    let (jobs, received) = sync_channel(MAX_JOBS);
    let progress = Arc::new(Progress::default());
    let shared = progress.clone();
    let thread = std::thread::Builder::new().name("opentracing-viewer-file".into());
    let thread = thread.spawn(move || writer::run(database, received, shared))?;
    let mut file = File { jobs: Some(jobs), progress, rows, next_row, before: None, thread: Some(thread) };
    file.forget(store.first_row());
    store.set_journal(Box::new(file));
    Ok(())
}

impl File {
    fn send(&self, job: Job) -> Result<(), TrySendError<Job>> {
        match &self.jobs {
            Some(jobs) => jobs.try_send(job),
            None => Err(TrySendError::Disconnected(job)),
        }
    }
}

impl Journal for File {
    fn append(&mut self, first_row: u64, spans: Vec<Span>) -> usize {
        if let Some(before) = self.before.take() {
            self.before = self.send(Job::Forget(before)).is_err().then_some(before);
        }
        let failed = self.progress.failed.swap(0, Ordering::Relaxed) as usize;
        let count = spans.len();
        if self.queued() + count > MAX_QUEUED_SPANS {
            return failed + count;
        }
        self.progress.queued.fetch_add(count, Ordering::Relaxed);
        if self.send(Job::Append(self.next_row, spans)).is_err() {
            self.progress.queued.fetch_sub(count, Ordering::Relaxed);
            return failed + count;
        }
        self.rows.add(first_row, self.next_row, true);
        self.next_row += count as i64;
        failed
    }

    fn queued(&self) -> usize {
        self.progress.queued.load(Ordering::Relaxed)
    }

    fn forget(&mut self, before_row: u64) {
        if let Some(before) = self.rows.forget(before_row).max(self.before) {
            self.before = self.send(Job::Forget(before)).is_err().then_some(before);
        }
    }
}

impl Drop for File {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
