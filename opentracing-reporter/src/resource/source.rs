//! The files and variables that detectors read.

use std::fs::File;
use std::io::Read;
use std::path::Path;

/// The maximum number of bytes that are read of a file. A table of mounts may be long.
const MAX_BYTES: u64 = 1 << 20;

pub(super) struct Source<'a> {
    root: &'a Path,
    variables: &'a dyn Fn(&str) -> Option<String>,
}

impl<'a> Source<'a> {
    pub(super) fn new(root: &'a Path, variables: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Source { root, variables }
    }

    /// Whether files are those of this system, not of another root.
    pub(super) fn is_own_root(&self) -> bool {
        self.root == Path::new("/")
    }

    /// The text of a file below the root, without surrounding white space. `None` if it is missing or empty.
    pub(super) fn file(&self, path: &str) -> Option<String> {
        let mut bytes = Vec::new();
        File::open(self.root.join(path)).ok()?.take(MAX_BYTES).read_to_end(&mut bytes).ok()?;
        let text = String::from_utf8_lossy(&bytes);
        let text = text.trim();
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// The text of the first of these files that is there.
    pub(super) fn first_file(&self, paths: &[&str]) -> Option<String> {
        paths.iter().find_map(|path| self.file(path))
    }

    /// The value of the first of these variables that is set and not empty.
    pub(super) fn variable(&self, names: &[&str]) -> Option<String> {
        names.iter().find_map(|name| {
            let value = (self.variables)(name)?;
            let value = value.trim();
            (!value.is_empty()).then(|| value.to_owned())
        })
    }
}
