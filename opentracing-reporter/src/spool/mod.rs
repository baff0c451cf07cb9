//! What cannot be sent goes to a disk, and from there to the other side once that is back.
//!
//! A record is one batch, in a file of its own: written under another name, renamed when it is whole, deleted when its spans have
//! arrived. So there is nothing to repair after a crash, a damaged byte costs one record, and space is given back at once.

mod folder;
mod record;
mod store;

use std::path::PathBuf;

pub(crate) use self::store::{Lost, Store};

/// A folder for spans that cannot be sent for now. They stay there over the end of the process, and the next one sends them.
///
/// Spans go there once a request has failed for the first time, once more of them wait than the [queue](crate::BatchReporter::queue)
/// admits, and when the time of a flush is over: what is there counts as safe. They are sent in the order in which they came, before
/// younger ones; each at least once, and a second time if the process ends before the answer is there.
///
/// Within the folder each transport of each process takes a folder of its own and locks it: `otlp-0`, the second one `otlp-1`. Whoever
/// comes after them takes over what they left behind, and sends it to its own address: two transports of one kind that report to
/// different servers want different folders. Where the system knows permissions, only the user of the process may read it.
///
/// A process that is killed loses nothing of this. Records are not forced out of the operating system's buffers, so a machine that loses
/// its power may lose the last seconds of them; what is torn then is noticed, left out, and counted.
///
/// ```
/// use opentracing_reporter::{Otlp, Spool};
///
/// # let folder = tempfile::tempdir()?;
/// # let folder = folder.path();
/// let otlp = Otlp::http("http://127.0.0.1:4318")?.spool(Spool::new(folder.join("spans")).max_bytes(1 << 30))?;
/// # let _ = otlp;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "a spool keeps nothing until a transport has it"]
pub struct Spool {
    folder: PathBuf,
    max_bytes: u64,
}

impl Spool {
    /// In that folder, which is made if it is not there. It should lie on a local disk: network file systems may not lock.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Spool { folder: folder.into(), max_bytes: 256 << 20 }
    }

    /// How many bytes one transport may keep. Where another record would be too much, the oldest are lost and counted. 256 MiB by
    /// default, which is 10 to 20 minutes at 1,000 spans a second. Counted in blocks of 4 KiB, as most file systems do.
    pub fn max_bytes(mut self, bytes: u64) -> Self {
        self.max_bytes = bytes;
        self
    }
}
