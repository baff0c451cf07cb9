//! The records of one transport, oldest first.

use std::collections::VecDeque;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::folder::{self, Folder};
use super::{Spool, record};
use crate::batch::Encoded;

/// Knows all records without reading them: how many spans a record has is in the name of its file.
#[derive(Debug)]
pub(crate) struct Store {
    folder: Folder,
    max_bytes: u64,
    records: VecDeque<Record>,
    bytes: u64,
    spans: usize,
}

#[derive(Clone, Copy, Debug)]
struct Record {
    /// Records are in the order of these; no two have the same.
    number: u64,
    spans: usize,
    /// What it takes up on the disk.
    bytes: u64,
    /// Of a process that is gone.
    is_inherited: bool,
}

/// Spans that were lost on a disk, of this process and of others before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Lost {
    pub(crate) own: usize,
    pub(crate) inherited: usize,
}

/// Leaves numbers for records that have to go in front of others.
const FIRST_NUMBER: u64 = 1 << 32;
const BLOCK: u64 = 4096;
const SUFFIX: &str = ".spans";
/// Of a file that is being written.
const UNFINISHED: &str = ".new";

impl Store {
    /// Takes over what processes left behind that are gone, and tells what of that was too much.
    pub(crate) fn open(spool: &Spool, kind: &str) -> io::Result<(Store, Lost)> {
        let folder = Folder::claim(&spool.folder, kind)?;
        let left_behind = folder.left_behind(&spool.folder, kind)?;
        let mut store = Store { folder, max_bytes: spool.max_bytes, records: VecDeque::new(), bytes: 0, spans: 0 };
        for record in records_in(&store.folder.path)? {
            store.note(record);
        }
        for other in left_behind {
            for record in records_in(&other.path)? {
                let moved = Record { number: store.next_number(), ..record };
                fs::rename(record.path(&other.path), moved.path(&store.folder.path))?;
                store.note(moved);
            }
        }
        let lost = store.make_room(0, 0);
        Ok((store, lost))
    }

    /// How many spans there are.
    pub(crate) fn spans(&self) -> usize {
        self.spans
    }

    /// Adds a batch behind all others. Makes room for it by losing the oldest, but for the first so many; where it cannot be written,
    /// nothing is lost.
    pub(crate) fn push_back(&mut self, batch: &Encoded, spared: usize) -> io::Result<Lost> {
        let number = self.next_number();
        self.push(batch, number, spared)
    }

    /// Adds a batch before all others.
    pub(crate) fn push_front(&mut self, batch: &Encoded) -> io::Result<Lost> {
        let number = self.records.front().map_or(FIRST_NUMBER, |first| first.number - 1);
        self.push(batch, number, 0)
    }

    /// Reads the oldest batch that is whole, and whether it is inherited. Those before it are lost, and added to what was lost.
    ///
    /// Where reading fails nothing is lost: the process may have too many files open, say. If it never works, the record goes when its
    /// room is needed.
    pub(crate) fn front(&mut self, lost: &mut Lost) -> io::Result<Option<(Encoded, bool)>> {
        while let Some(record) = self.records.front().copied() {
            let content = match fs::read(record.path(&self.folder.path)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                content => content.unwrap_or_default(),
            };
            match record::read(&content).filter(|batch| batch.len() == record.spans) {
                Some(batch) => return Ok(Some((batch, record.is_inherited))),
                None => lost.add(self.remove(0)),
            }
        }
        Ok(None)
    }

    /// Forgets the oldest batch: it needs to be kept no longer.
    pub(crate) fn remove_front(&mut self) {
        self.remove(0);
    }

    fn push(&mut self, batch: &Encoded, number: u64, spared: usize) -> io::Result<Lost> {
        let content = record::write(batch).ok_or_else(|| io::Error::other("a batch is too large for the spool"))?;
        let bytes = on_disk(content.len() as u64);
        let spared_bytes: u64 = self.records.iter().take(spared).map(|record| record.bytes).sum();
        if bytes + spared_bytes > self.max_bytes {
            return Err(io::Error::other(format!("the spool may hold no more than {} bytes", self.max_bytes)));
        }
        let record = Record { number, spans: batch.len(), bytes, is_inherited: false };
        let path = record.path(&self.folder.path);
        let unfinished = path.with_extension(&UNFINISHED[1..]);
        write(&unfinished, &content).and_then(|()| fs::rename(&unfinished, &path)).inspect_err(|_| {
            // Half a record takes room that others could use. If that fails too, the next process does it.
            let _ = fs::remove_file(&unfinished);
        })?;
        // Only now: a disk that is full costs nothing that is there.
        let lost = self.make_room(bytes, spared);
        self.note(record);
        Ok(lost)
    }

    fn note(&mut self, record: Record) {
        self.bytes += record.bytes;
        self.spans += record.spans;
        let at = self.records.partition_point(|other| other.number < record.number);
        self.records.insert(at, record);
    }

    fn make_room(&mut self, bytes: u64, spared: usize) -> Lost {
        let mut lost = Lost::default();
        while self.bytes + bytes > self.max_bytes && self.records.len() > spared {
            lost.add(self.remove(spared));
        }
        lost
    }

    /// A file that cannot be deleted is sent again by the next process, which is better than to stop here.
    fn remove(&mut self, at: usize) -> Lost {
        let Some(record) = self.records.remove(at) else { return Lost::default() };
        self.bytes -= record.bytes;
        self.spans -= record.spans;
        let _ = fs::remove_file(record.path(&self.folder.path));
        if record.is_inherited {
            Lost { own: 0, inherited: record.spans }
        } else {
            Lost { own: record.spans, inherited: 0 }
        }
    }

    fn next_number(&self) -> u64 {
        self.records.back().map_or(FIRST_NUMBER, |last| last.number + 1)
    }
}

impl Record {
    fn path(self, folder: &Path) -> PathBuf {
        folder.join(format!("{:016x}-{}{SUFFIX}", self.number, self.spans))
    }

    /// `None` for a file that is no record.
    fn from_name(name: &str, bytes: u64) -> Option<Record> {
        let (number, spans) = name.strip_suffix(SUFFIX)?.split_once('-')?;
        let number = u64::from_str_radix(number, 16).ok().filter(|&number| (1..=u64::MAX / 2).contains(&number))?;
        Some(Record { number, spans: spans.parse().ok()?, bytes: on_disk(bytes), is_inherited: true })
    }
}

impl Lost {
    pub(crate) fn add(&mut self, other: Lost) {
        self.own += other.own;
        self.inherited += other.inherited;
    }
}

/// Oldest first. Deletes what a process was writing when it ended.
fn records_in(folder: &Path) -> io::Result<Vec<Record>> {
    let mut records = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let Some(name) = name.to_str() else { continue };
        if name.ends_with(UNFINISHED) {
            fs::remove_file(entry.path())?;
        } else {
            records.extend(Record::from_name(name, entry.metadata()?.len()));
        }
    }
    records.sort_unstable_by_key(|record| record.number);
    Ok(records)
}

fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(true).write(true);
    folder::private(&mut options);
    options.open(path)?.write_all(content)
}

fn on_disk(bytes: u64) -> u64 {
    bytes.div_ceil(BLOCK).max(1) * BLOCK
}
