//! Encoded spans with their boundaries.

use std::sync::Arc;

/// Spans of one process, encoded one behind the other. This is what waits, what a request is framed around, and what can be kept on a
/// disk: it needs no encoder any more.
#[derive(Clone, Debug, Default)]
pub(crate) struct Encoded {
    /// The part that all spans share.
    pub(crate) process: Arc<[u8]>,
    pub(crate) bytes: Vec<u8>,
    pub(crate) ends: Vec<End>,
}

/// Where a span ends in the bytes, and how many entries of a request it makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct End {
    pub(crate) at: usize,
    pub(crate) entries: usize,
}

impl Encoded {
    pub(crate) fn new(process: Arc<[u8]>) -> Self {
        Encoded { process, ..Encoded::default() }
    }

    /// How many spans there are.
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(crate) fn pieces(&self) -> Pieces<'_> {
        Pieces { bytes: &self.bytes, ends: &self.ends }
    }

    /// Takes out what lies behind the first so many spans.
    pub(crate) fn split_off(&mut self, spans: usize) -> Encoded {
        let ends = self.ends.split_off(spans.min(self.ends.len()));
        let at = self.ends.last().map_or(0, |end| end.at);
        let bytes = self.bytes.split_off(at);
        let ends = ends.into_iter().map(|end| End { at: end.at - at, ..end }).collect();
        Encoded { process: self.process.clone(), bytes, ends }
    }

    /// How many of the first spans fit into that many bytes; one at least, if there is one.
    pub(crate) fn fitting(&self, bytes: usize) -> usize {
        self.ends.partition_point(|end| end.at <= bytes).max(1).min(self.len())
    }
}

/// The spans of one request, each as its bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pieces<'a> {
    bytes: &'a [u8],
    ends: &'a [End],
}

impl<'a> Pieces<'a> {
    /// The bytes of each span.
    pub(crate) fn iter(self) -> impl Iterator<Item = &'a [u8]> + Clone {
        let starts = std::iter::once(0).chain(self.ends.iter().map(|end| end.at));
        let bounds = starts.zip(self.ends);
        bounds.map(move |(start, end)| self.bytes.get(start..end.at).unwrap_or_default())
    }
}
