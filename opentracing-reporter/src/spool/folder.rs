//! The folders below a spool, and the lock on each.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use fs4::TryLockError;

/// A folder that is locked for as long as this value lives. The operating system releases the lock when the process ends, however it ends.
#[derive(Debug)]
pub(super) struct Folder {
    pub(super) path: PathBuf,
    /// The file is never deleted. Otherwise one process could lock the deleted file while another locks a new one of the same name.
    _lock: File,
}

/// More than the processes of one service on any machine.
const MAX_FOLDERS: usize = 4096;
const LOCK: &str = "lock";

impl Folder {
    /// Locks the first of `kind-0`, `kind-1`, … that is free.
    pub(super) fn claim(base: &Path, kind: &str) -> io::Result<Folder> {
        for number in 0..MAX_FOLDERS {
            let path = base.join(format!("{kind}-{number}"));
            create(&path)?;
            if let Some(folder) = Folder::lock(path)? {
                return Ok(folder);
            }
        }
        Err(io::Error::other(format!("all {MAX_FOLDERS} folders below {} are in use", base.display())))
    }

    /// Locks the other folders of that kind that are free: they belong to processes that have ended.
    pub(super) fn abandoned(&self, base: &Path, kind: &str) -> io::Result<Vec<Folder>> {
        let mut found = Vec::new();
        for entry in fs::read_dir(base)? {
            let path = entry?.path();
            let number =
                path.file_name().and_then(|name| name.to_str()?.strip_prefix(kind)?.strip_prefix('-')?.parse().ok());
            let Some(number) = number.filter(|_: &usize| path != self.path) else { continue };
            // A folder that cannot be opened is not ours.
            if let Ok(Some(folder)) = Folder::lock(path) {
                found.push((number, folder));
            }
        }
        found.sort_unstable_by_key(|(number, _)| *number);
        Ok(found.into_iter().map(|(_, folder)| folder).collect())
    }

    /// `None` if another process holds the lock.
    fn lock(path: PathBuf) -> io::Result<Option<Folder>> {
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).write(true);
        private(&mut options);
        let lock = options.open(path.join(LOCK))?;
        // Fully qualified, since later versions of the standard library have a method of the same name.
        match fs4::FileExt::try_lock(&lock) {
            Ok(()) => Ok(Some(Folder { path, _lock: lock })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}

/// Private to the user of the process, since spans may contain personal data.
fn create(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Like [`create`], for files.
pub(super) fn private(options: &mut OpenOptions) {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    #[cfg(not(unix))]
    let _ = options;
}
