//! The spool: encoded batches on a disk, until a server accepts them.
//!
//! A record is one batch in a file of its own. The file is written under another name, renamed when it is complete, and deleted when its
//! spans are sent. So nothing needs repair after a crash, a damaged byte costs one record, and space is freed at once.

mod folder;
mod record;
mod store;

use std::path::PathBuf;

pub(crate) use self::store::{Dropped, Store};

/// A folder that keeps spans until a server accepts them, even after the process has ended.
///
/// By default, spans go to the spool after the first failed request, when more of them wait than the
/// [queue](crate::BatchReporter::queue_size) admits, and when a flush runs out of time. With [`SpoolMode::BeforeSending`] every batch goes
/// there before it is sent. Spooled spans count as safe. They are sent in the order in which they finished, before younger spans, except for
/// batches that fail while others are accepted. Each is sent at least once, and again if the process ends before the answer arrives.
///
/// Each transport of each process takes a subfolder of its own and locks it: `otlp-0`, then `otlp-1`. A process that starts later takes
/// over the subfolders of processes that have ended, and sends their spans to its own endpoint. So use a different folder for each server
/// that transports of the same kind send to. On Unix, only the user of the process can read the files.
///
/// Killing the process, even with SIGKILL, loses no spooled span: the operating system has the written bytes. Records are not synced to the
/// disk, so a power failure or a crash of the operating system may lose the last seconds. A torn record is detected, skipped and counted.
///
/// ```
/// use opentracing_reporter::{Otlp, Spool};
///
/// # let folder = tempfile::tempdir()?;
/// # let folder = folder.path();
/// let spool = Spool::new(folder.join("spans")).max_bytes(1 << 30);
/// let otlp = Otlp::http("http://127.0.0.1:4318")?.spool(spool)?;
/// # let _ = otlp;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "a spool does nothing until a transport uses it"]
pub struct Spool {
    folder: PathBuf,
    max_bytes: u64,
    mode: SpoolMode,
}

/// When spans go to a [`Spool`].
///
/// | | [`OnFailure`](SpoolMode::OnFailure) | [`BeforeSending`](SpoolMode::BeforeSending) |
/// |---|---|---|
/// | the process is killed while the server is well | loses the batch that fills up, and the one in flight | loses the batch that fills up |
/// | the process is killed while the server is away | loses the spans of the last second | loses the batch that fills up |
/// | cost while the server is well | none | for each batch a file is written, read and deleted |
///
/// A batch fills up for the [batch delay](crate::BatchReporter::batch_delay), or until it has the
/// [batch size](crate::BatchReporter::batch_size). A span can also wait for 50 milliseconds in the buffer of its thread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum SpoolMode {
    /// Once a request has failed, or the queue is full.
    #[default]
    OnFailure,
    /// As soon as a batch is due, before it is sent. If the disk is full or fails, the batch is sent from memory.
    BeforeSending,
}

impl Spool {
    /// Keeps spans in `folder`, which is created if it does not exist. Use a local disk: network file systems may not support locks.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Spool { folder: folder.into(), max_bytes: 256 << 20, mode: SpoolMode::default() }
    }

    /// The size limit for each transport, 256 MiB by default. That holds 10 to 20 minutes at 1,000 spans a second.
    ///
    /// Above the limit the oldest records are dropped and counted. Sizes are rounded up to blocks of 4 KiB, as on most file systems.
    pub fn max_bytes(mut self, bytes: u64) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// Sets when spans go to the disk. [`SpoolMode::OnFailure`] by default.
    pub fn mode(mut self, mode: SpoolMode) -> Self {
        self.mode = mode;
        self
    }

    pub(crate) fn writes_first(&self) -> bool {
        self.mode == SpoolMode::BeforeSending
    }
}
