//! The tags of a record: entries of fixed size whose text is static or in the record's buffer.

use smallvec::SmallVec;

use crate::model::value::Value;

/// Text of a tag: a static pointer, or a range of the record's buffer. 16 bytes.
#[derive(Clone, Copy)]
pub(crate) enum Piece {
    Static(&'static str),
    Range { at: u32, len: u32 },
}

impl Piece {
    /// Ranges are always valid and on character boundaries. An invalid one would read as empty, so that the draining thread cannot panic.
    #[inline]
    pub(crate) fn resolve(self, text: &str) -> &str {
        match self {
            Piece::Static(text) => text,
            Piece::Range { at, len } => text.get(at as usize..(at + len) as usize).unwrap_or_default(),
        }
    }
}

#[derive(Clone, Copy)]
pub(crate) enum Number {
    Bool,
    I64,
    U64,
    F64,
}

#[derive(Clone, Copy)]
pub(crate) enum Stored {
    Number(Number, u64),
    Text(Piece),
    /// A URL that has not been redacted yet.
    Url(Piece),
    /// Text with URLs that have not been redacted yet.
    Message(Piece),
}

impl Stored {
    pub(crate) fn piece_mut(&mut self) -> Option<&mut Piece> {
        match self {
            Stored::Number(..) => None,
            Stored::Text(piece) | Stored::Url(piece) | Stored::Message(piece) => Some(piece),
        }
    }

    #[inline]
    pub(crate) fn resolve(self, text: &str) -> Value<'_> {
        match self {
            Stored::Number(Number::Bool, bits) => Value::Bool(bits != 0),
            Stored::Number(Number::I64, bits) => Value::I64(bits as i64),
            Stored::Number(Number::U64, bits) => Value::U64(bits),
            Stored::Number(Number::F64, bits) => Value::F64(f64::from_bits(bits)),
            Stored::Text(Piece::Static(text)) => Value::Static(text),
            Stored::Text(piece) | Stored::Url(piece) | Stored::Message(piece) => Value::Str(piece.resolve(text)),
        }
    }
}

#[derive(Clone, Copy)]
pub(crate) struct Tag {
    pub(crate) key: Piece,
    pub(crate) value: Stored,
}

/// Tags in the order in which they were set. The first ones are stored inline: most spans have few tags, and each allocation is another cache
/// line to fetch from another processor.
#[repr(C)]
pub(crate) struct TagStore {
    len: u64,
    inline: [Tag; INLINE],
    more: Vec<Tag>,
}

const INLINE: usize = 6;
/// Up to this number of tags, keys are compared with each other.
const COMPARED: usize = 16;
const EMPTY: Tag = Tag { key: Piece::Static(""), value: Stored::Text(Piece::Static("")) };

impl TagStore {
    pub(crate) const fn new() -> Self {
        TagStore { len: 0, inline: [EMPTY; INLINE], more: Vec::new() }
    }

    /// The number of all tags.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.len as usize
    }

    pub(crate) fn capacity(&self) -> usize {
        self.more.capacity()
    }

    #[inline]
    pub(crate) fn clear(&mut self) {
        if self.len as usize > INLINE {
            self.more.clear();
        }
        self.len = 0;
    }

    #[inline(always)]
    pub(crate) fn push(&mut self, tag: Tag) {
        match self.inline.get_mut(self.len as usize) {
            Some(place) => *place = tag,
            None => self.more.push(tag),
        }
        self.len += 1;
    }

    /// Whether the next tag fits inline and within the limit.
    #[inline(always)]
    pub(crate) fn has_room_inline(&self, max: u16) -> bool {
        self.len() < INLINE && self.len < max.into()
    }

    #[cold]
    fn get_beyond(&self, index: usize) -> Option<&Tag> {
        self.more.get(index - INLINE)
    }

    /// The tags whose key is set again later.
    #[inline]
    pub(crate) fn superseded(&self, text: &str) -> Superseded {
        match self.len() {
            0 | 1 => Superseded::default(),
            2..=COMPARED => self.superseded_of_few(text),
            _ => self.superseded_of_many(text),
        }
    }

    /// Collects the lengths of the keys in one bit set and their outer letters in another, and compares keys only if both match. This is
    /// cheaper than comparing all pairs.
    #[inline]
    fn superseded_of_few(&self, text: &str) -> Superseded {
        let (mut lengths, mut letters) = (0u64, 0u64);
        let may_repeat = self.iter().any(|tag| {
            let key = tag.key.resolve(text).as_bytes();
            let (first, last) = (key.first().copied().unwrap_or(0), key.last().copied().unwrap_or(0));
            let (length, outer) = (1 << (key.len() & 63), 1 << ((first ^ last.rotate_left(3)) & 63));
            let matches = lengths & length != 0 && letters & outer != 0;
            (lengths, letters) = (lengths | length, letters | outer);
            matches
        });
        if may_repeat { self.compare_all(text) } else { Superseded::default() }
    }

    #[cold]
    fn compare_all(&self, text: &str) -> Superseded {
        let mut superseded = Superseded::default();
        for (index, tag) in self.iter().enumerate() {
            let key = tag.key.resolve(text);
            if self.iter().skip(index + 1).any(|later| later.key.resolve(text) == key) {
                superseded.insert(index);
            }
        }
        superseded
    }

    /// Enters the keys from the last to the first into a hash table.
    #[cold]
    fn superseded_of_many(&self, text: &str) -> Superseded {
        let size = (2 * self.len()).next_power_of_two();
        // A tag's index plus one, or zero for a free slot. The length of a store is below 2^16.
        let mut slots: SmallVec<[u16; 256]> = SmallVec::from_elem(0, size);
        let mut superseded = Superseded::default();
        for index in (0..self.len()).rev() {
            let Some(tag) = self.get(index) else { continue };
            let key = tag.key.resolve(text);
            let mut slot = hash(key.as_bytes()) as usize & (size - 1);
            loop {
                match slots[slot] {
                    0 => {
                        slots[slot] = index as u16 + 1;
                        break;
                    }
                    later if self.get(usize::from(later) - 1).is_some_and(|later| later.key.resolve(text) == key) => {
                        superseded.insert(index);
                        break;
                    }
                    _ => slot = (slot + 1) & (size - 1),
                }
            }
        }
        superseded
    }

    #[inline]
    pub(crate) fn get(&self, index: usize) -> Option<&Tag> {
        if index >= self.len() { None } else { self.inline.get(index).or_else(|| self.get_beyond(index)) }
    }

    #[inline]
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &Tag> + Clone {
        self.inline[..self.len().min(INLINE)].iter().chain(&self.more)
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Tag> {
        let inline = self.len().min(INLINE);
        self.inline[..inline].iter_mut().chain(&mut self.more)
    }

    /// Removes the first tag with that key. Returns whether there was one.
    #[cold]
    pub(crate) fn remove(&mut self, key: &str, text: &str) -> bool {
        let Some(at) = self.iter().position(|tag| tag.key.resolve(text) == key) else { return false };
        let rest: Vec<Tag> = self.iter().skip(at + 1).copied().collect();
        self.more.truncate(at.saturating_sub(INLINE));
        self.len = at as u64;
        rest.into_iter().for_each(|tag| self.push(tag));
        true
    }

    /// Removes all but the last tag of each key. Returns whether there were any to remove.
    #[cold]
    pub(crate) fn remove_repeated(&mut self, text: &str) -> bool {
        let superseded = self.superseded(text);
        let all: Vec<Tag> = self.iter().copied().collect();
        self.more.clear();
        self.len = 0;
        for (index, tag) in all.iter().enumerate() {
            if !superseded.contains(index) {
                self.push(*tag);
            }
        }
        self.len() < all.len()
    }
}

/// A set of indices. Allocates only for those from 64.
#[derive(Default)]
pub(crate) struct Superseded {
    first: u64,
    further: Vec<u64>,
}

impl Superseded {
    #[inline]
    pub(crate) fn contains(&self, index: usize) -> bool {
        let word = if index < 64 { self.first } else { self.further.get(index / 64 - 1).copied().unwrap_or(0) };
        word >> (index & 63) & 1 != 0
    }

    fn insert(&mut self, index: usize) {
        let bit = 1 << (index & 63);
        if index < 64 {
            self.first |= bit;
        } else {
            let word = index / 64 - 1;
            self.further.resize(self.further.len().max(word + 1), 0);
            self.further[word] |= bit;
        }
    }
}

/// A hash of a key, good in its low bits. Keys are chosen by the program, so it need not withstand an attack.
#[inline]
fn hash(key: &[u8]) -> u64 {
    let (chunks, rest) = key.as_chunks::<8>();
    let whole = chunks.iter().fold(key.len() as u64, |hash, chunk| mix(hash ^ u64::from_le_bytes(*chunk)));
    let last = rest.iter().fold(0, |last, &byte| last << 8 | u64::from(byte));
    mix(whole ^ last)
}

#[inline]
fn mix(word: u64) -> u64 {
    let product = u128::from(word) * 0x9e37_79b9_7f4a_7c15;
    product as u64 ^ (product >> 64) as u64
}

/// Appends a text to the text of a span.
#[inline]
pub(super) fn append(text: &mut String, piece: &str) -> Piece {
    let at = text.len() as u32;
    text.push_str(piece);
    Piece::Range { at, len: piece.len() as u32 }
}
