//! A reader for Thrift's binary protocol that bounds itself: it never makes room for what a length promises, and skips what it does not
//! know.

use super::InvalidRequest;

/// Structs inside of each other.
const MAX_DEPTH: usize = 16;

/// A type on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kind(u8);

impl Kind {
    pub(super) const BOOL: Kind = Kind(2);
    pub(super) const DOUBLE: Kind = Kind(4);
    pub(super) const I32: Kind = Kind(8);
    pub(super) const I64: Kind = Kind(10);
    pub(super) const TEXT: Kind = Kind(11);
    pub(super) const STRUCT: Kind = Kind(12);
    pub(super) const LIST: Kind = Kind(15);
}

type Result<T> = std::result::Result<T, InvalidRequest>;

/// The rest of a message.
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    total: usize,
    depth: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Reader { bytes, total: bytes.len(), depth: 0 }
    }

    /// Reads a struct. `field` gets the number and the type of each field, and returns false for one that it does not read.
    pub(super) fn read_struct(&mut self, mut field: impl FnMut(&mut Self, i16, Kind) -> Result<bool>) -> Result<()> {
        self.enter()?;
        loop {
            let kind = self.array::<1>()?[0];
            if kind == 0 {
                break;
            }
            let number = i16::from_be_bytes(self.array()?);
            let kind = Kind(kind);
            if !field(self, number, kind)? {
                self.skip(kind)?;
            }
        }
        self.depth -= 1;
        Ok(())
    }

    /// Reads a list of structs.
    pub(super) fn read_list(&mut self, mut element: impl FnMut(&mut Self) -> Result<()>) -> Result<()> {
        let kind = Kind(self.array::<1>()?[0]);
        let length = self.length()?;
        for _ in 0..length {
            if kind == Kind::STRUCT { element(self)? } else { self.skip(kind)? }
        }
        Ok(())
    }

    pub(super) fn bool(&mut self) -> Result<bool> {
        Ok(self.array::<1>()?[0] != 0)
    }

    pub(super) fn i32(&mut self) -> Result<i32> {
        Ok(i32::from_be_bytes(self.array()?))
    }

    pub(super) fn i64(&mut self) -> Result<i64> {
        Ok(i64::from_be_bytes(self.array()?))
    }

    pub(super) fn double(&mut self) -> Result<f64> {
        Ok(f64::from_be_bytes(self.array()?))
    }

    pub(super) fn bytes(&mut self) -> Result<&'a [u8]> {
        let length = self.length()?;
        self.take(length)
    }

    pub(super) fn text(&mut self) -> Result<String> {
        Ok(String::from_utf8_lossy(self.bytes()?).into_owned())
    }

    fn skip(&mut self, kind: Kind) -> Result<()> {
        match kind.0 {
            2 | 3 => self.take(1).map(drop),
            6 => self.take(2).map(drop),
            8 => self.take(4).map(drop),
            4 | 10 => self.take(8).map(drop),
            11 => self.bytes().map(drop),
            12 => self.read_struct(|_, _, _| Ok(false)),
            13 => {
                let [key, value] = self.array()?;
                let length = self.length()?;
                self.nested(length, |reader| {
                    reader.skip(Kind(key))?;
                    reader.skip(Kind(value))
                })
            }
            14 | 15 => {
                let [kind] = self.array()?;
                let length = self.length()?;
                self.nested(length, |reader| reader.skip(Kind(kind)))
            }
            other => Err(self.error(&format!("unknown type {other}"))),
        }
    }

    /// Every element takes at least one byte, so the length is bounded by the message.
    fn nested(&mut self, length: usize, mut element: impl FnMut(&mut Self) -> Result<()>) -> Result<()> {
        self.enter()?;
        for _ in 0..length {
            element(self)?;
        }
        self.depth -= 1;
        Ok(())
    }

    fn enter(&mut self) -> Result<()> {
        self.depth += 1;
        if self.depth > MAX_DEPTH { Err(self.error("too many structs inside of each other")) } else { Ok(()) }
    }

    fn length(&mut self) -> Result<usize> {
        let length = i32::from_be_bytes(self.array()?);
        usize::try_from(length).map_err(|_| self.error("a length is negative"))
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        self.take(N)?.try_into().map_err(|_| self.error("unexpected end"))
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8]> {
        let (taken, rest) = self.bytes.split_at_checked(length).ok_or_else(|| self.error("unexpected end"))?;
        self.bytes = rest;
        Ok(taken)
    }

    fn error(&self, what: &str) -> InvalidRequest {
        InvalidRequest(format!("{what} at byte {}", self.total - self.bytes.len()))
    }
}
