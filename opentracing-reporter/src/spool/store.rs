//! The records of one transport, oldest first.

use std::collections::VecDeque;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::folder::{self, Folder};
use super::{Spool, record};
use crate::batch::EncodedBatch;

/// Knows all records without reading them: the name of a file contains the number of its spans.
#[derive(Debug)]
pub(crate) struct Store {
    folder: Folder,
    max_bytes: u64,
    records: VecDeque<Record>,
    bytes: u64,
    spans: usize,
    /// Spans of the records that are set aside.
    aside_spans: usize,
}

#[derive(Clone, Copy, Debug)]
struct Record {
    /// The records are sorted by this number. It is unique.
    number: u64,
    spans: usize,
    /// The space that it takes on the disk.
    bytes: u64,
    /// Written by a process that has ended.
    is_inherited: bool,
    /// Its batch is in memory too, and waits while others are sent.
    is_aside: bool,
}

/// Spans dropped from the disk: of this process, and of earlier ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Dropped {
    pub(crate) own: usize,
    pub(crate) inherited: usize,
}

/// Leaves lower numbers for records that are put in front of others.
const FIRST_NUMBER: u64 = 1 << 32;
const BLOCK: u64 = 4096;
const SUFFIX: &str = ".spans";
/// The suffix of a file that is being written.
const UNFINISHED: &str = ".new";

impl Store {
    /// Takes over the records of processes that have ended, and returns how many of their spans exceeded the limit.
    pub(crate) fn open(spool: &Spool, kind: &str) -> io::Result<(Store, Dropped)> {
        let folder = Folder::claim(&spool.folder, kind)?;
        let abandoned = folder.abandoned(&spool.folder, kind)?;
        let mut store =
            Store { folder, max_bytes: spool.max_bytes, records: VecDeque::new(), bytes: 0, spans: 0, aside_spans: 0 };
        for record in records_in(&store.folder.path)? {
            store.insert(record);
        }
        for other in abandoned {
            for record in records_in(&other.path)? {
                let moved = Record { number: store.next_number(), ..record };
                fs::rename(record.path(&other.path), moved.path(&store.folder.path))?;
                store.insert(moved);
            }
        }
        let dropped = store.make_room(0, None);
        Ok((store, dropped))
    }

    /// The number of spans in all records.
    pub(crate) fn spans(&self) -> usize {
        self.spans
    }

    /// The number of spans in records that are not set aside.
    pub(crate) fn ready_spans(&self) -> usize {
        self.spans - self.aside_spans
    }

    /// Whether a record is still there.
    pub(crate) fn contains(&self, number: u64) -> bool {
        self.position(number).is_some()
    }

    /// Sets a record aside, or back: [`front`](Store::front) skips it, and it is not dropped to make room.
    pub(crate) fn set_aside(&mut self, number: u64, is_aside: bool) {
        let Some(record) = self.position(number).and_then(|at| self.records.get_mut(at)) else { return };
        if record.is_aside != is_aside {
            record.is_aside = is_aside;
            if is_aside { self.aside_spans += record.spans } else { self.aside_spans -= record.spans }
        }
    }

    /// Appends a batch. Drops the oldest records if it needs room, but neither those set aside nor the one that is in use. If the batch
    /// cannot be written, nothing is dropped.
    pub(crate) fn push_back(&mut self, batch: &EncodedBatch, in_use: Option<u64>) -> io::Result<Dropped> {
        let number = self.next_number();
        self.push(batch, number, in_use)
    }

    /// Puts a batch in front of all others. Returns the number of its record.
    pub(crate) fn push_front(&mut self, batch: &EncodedBatch) -> io::Result<(u64, Dropped)> {
        let number = self.records.front().map_or(FIRST_NUMBER, |first| first.number - 1);
        Ok((number, self.push(batch, number, None)?))
    }

    /// Reads the oldest intact batch that is not set aside, with its number and whether it is inherited. Damaged records before it are dropped, and counted in `dropped`.
    ///
    /// An I/O error drops nothing, since it may be temporary (too many open files, say). A record that stays unreadable is dropped when
    /// its room is needed.
    pub(crate) fn front(&mut self, dropped: &mut Dropped) -> io::Result<Option<(EncodedBatch, u64, bool)>> {
        while let Some(at) = self.records.iter().position(|record| !record.is_aside) {
            let record = self.records[at];
            let content = match fs::read(record.path(&self.folder.path)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                content => content.unwrap_or_default(),
            };
            match record::read(&content).filter(|batch| batch.len() == record.spans) {
                Some(batch) => return Ok(Some((batch, record.number, record.is_inherited))),
                None => dropped.add(self.remove(at)),
            }
        }
        Ok(None)
    }

    /// Deletes a record.
    pub(crate) fn remove_number(&mut self, number: u64) {
        if let Some(at) = self.position(number) {
            self.remove(at);
        }
    }

    fn position(&self, number: u64) -> Option<usize> {
        self.records.binary_search_by_key(&number, |record| record.number).ok()
    }

    fn push(&mut self, batch: &EncodedBatch, number: u64, in_use: Option<u64>) -> io::Result<Dropped> {
        let content = record::write(batch).ok_or_else(|| io::Error::other("a batch is too large for a record"))?;
        let bytes = on_disk(content.len() as u64);
        let protected = self.records.iter().filter(|record| record.is_protected(in_use));
        let protected_bytes: u64 = protected.map(|record| record.bytes).sum();
        if bytes + protected_bytes > self.max_bytes {
            return Err(io::Error::other(format!("it may hold no more than {} bytes", self.max_bytes)));
        }
        let record = Record { number, spans: batch.len(), bytes, is_inherited: false, is_aside: false };
        let path = record.path(&self.folder.path);
        let unfinished = path.with_extension(&UNFINISHED[1..]);
        write(&unfinished, &content).and_then(|()| fs::rename(&unfinished, &path)).inspect_err(|_| {
            // Half a record takes room that others could use. If deleting fails too, the next process does it.
            let _ = fs::remove_file(&unfinished);
        })?;
        // Only now, so that a full disk costs no record.
        let dropped = self.make_room(bytes, in_use);
        self.insert(record);
        Ok(dropped)
    }

    fn insert(&mut self, record: Record) {
        self.bytes += record.bytes;
        self.spans += record.spans;
        let at = self.records.partition_point(|other| other.number < record.number);
        self.records.insert(at, record);
    }

    fn make_room(&mut self, bytes: u64, in_use: Option<u64>) -> Dropped {
        let mut dropped = Dropped::default();
        while self.bytes + bytes > self.max_bytes
            && let Some(at) = self.records.iter().position(|record| !record.is_protected(in_use))
        {
            dropped.add(self.remove(at));
        }
        dropped
    }

    /// If the file cannot be deleted, the next process sends it again, which is better than stopping here.
    fn remove(&mut self, at: usize) -> Dropped {
        let Some(record) = self.records.remove(at) else { return Dropped::default() };
        self.bytes -= record.bytes;
        self.spans -= record.spans;
        if record.is_aside {
            self.aside_spans -= record.spans;
        }
        let _ = fs::remove_file(record.path(&self.folder.path));
        if record.is_inherited {
            Dropped { own: 0, inherited: record.spans }
        } else {
            Dropped { own: record.spans, inherited: 0 }
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

    fn is_protected(self, in_use: Option<u64>) -> bool {
        self.is_aside || Some(self.number) == in_use
    }

    /// `None` for a file that is not a record.
    fn from_name(name: &str, bytes: u64) -> Option<Record> {
        let (number, spans) = name.strip_suffix(SUFFIX)?.split_once('-')?;
        let number = u64::from_str_radix(number, 16).ok().filter(|&number| (1..=u64::MAX / 2).contains(&number))?;
        Some(Record { number, spans: spans.parse().ok()?, bytes: on_disk(bytes), is_inherited: true, is_aside: false })
    }
}

impl Dropped {
    pub(crate) fn add(&mut self, other: Dropped) {
        self.own += other.own;
        self.inherited += other.inherited;
    }
}

/// Oldest first. Deletes incomplete files of a process that ended while it was writing.
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
