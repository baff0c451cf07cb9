//! Who may write where.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use fs4::TryLockError;

/// A folder that nobody else uses for as long as this lives. The operating system ends the lock with the process, however that ends.
#[derive(Debug)]
pub(super) struct Folder {
    pub(super) path: PathBuf,
    /// The file stays when the lock ends: if it went, the one who has just opened it and the one who makes a new one would both have a
    /// lock.
    _lock: File,
}

/// More than any machine runs processes that report for one service.
const MOST: usize = 4096;
const LOCK: &str = "lock";

impl Folder {
    /// The first of `kind-0`, `kind-1`, … that is free.
    pub(super) fn claim(base: &Path, kind: &str) -> io::Result<Folder> {
        for number in 0..MOST {
            let path = base.join(format!("{kind}-{number}"));
            create(&path)?;
            if let Some(folder) = Folder::lock(path)? {
                return Ok(folder);
            }
        }
        Err(io::Error::other(format!("all {MOST} folders below {} are in use", base.display())))
    }

    /// The others of that kind which are free: those of processes that are gone.
    pub(super) fn left_behind(&self, base: &Path, kind: &str) -> io::Result<Vec<Folder>> {
        let mut found = Vec::new();
        for entry in fs::read_dir(base)? {
            let path = entry?.path();
            let number =
                path.file_name().and_then(|name| name.to_str()?.strip_prefix(kind)?.strip_prefix('-')?.parse().ok());
            let Some(number) = number.filter(|_: &usize| path != self.path) else { continue };
            // One that cannot be entered is none of ours.
            if let Ok(Some(folder)) = Folder::lock(path) {
                found.push((number, folder));
            }
        }
        found.sort_unstable_by_key(|(number, _)| *number);
        Ok(found.into_iter().map(|(_, folder)| folder).collect())
    }

    /// `None` if somebody else has it.
    fn lock(path: PathBuf) -> io::Result<Option<Folder>> {
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).write(true);
        private(&mut options);
        let lock = options.open(path.join(LOCK))?;
        // Named in full: later versions of the standard library have a method of the same name.
        match fs4::FileExt::try_lock(&lock) {
            Ok(()) => Ok(Some(Folder { path, _lock: lock })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}

/// Spans tell of users.
fn create(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// As [`create`], for files.
pub(super) fn private(options: &mut OpenOptions) {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    #[cfg(not(unix))]
    let _ = options;
}
