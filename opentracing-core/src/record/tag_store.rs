//! The tags of a record: entries of fixed size whose text is static or in the record's buffer.

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

    /// Whether two tags have the same key. Collects the lengths of the keys in one bit set and their outer letters in another, and compares
    /// keys only if both match. This is cheaper than comparing all pairs.
    #[inline]
    pub(crate) fn repeats(&self, text: &str) -> bool {
        let (mut lengths, mut letters, mut index) = (0u64, 0u64, 0);
        self.len > 1
            && self.iter().any(|tag| {
                let key = tag.key.resolve(text).as_bytes();
                let (first, last) = (key.first().copied().unwrap_or(0), key.last().copied().unwrap_or(0));
                let (length, outer) = (1 << (key.len() & 63), 1 << ((first ^ last.rotate_left(3)) & 63));
                let repeated = lengths & length != 0 && letters & outer != 0 && self.is_among_first(index, key, text);
                (lengths, letters) = (lengths | length, letters | outer);
                index += 1;
                repeated
            })
    }

    #[cold]
    fn is_among_first(&self, count: usize, key: &[u8], text: &str) -> bool {
        self.iter().take(count).any(|tag| tag.key.resolve(text).as_bytes() == key)
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
        let all: Vec<Tag> = self.iter().copied().collect();
        self.more.clear();
        self.len = 0;
        for (index, tag) in all.iter().enumerate() {
            let key = tag.key.resolve(text);
            if !all[index + 1..].iter().any(|later| later.key.resolve(text) == key) {
                self.push(*tag);
            }
        }
        self.len() < all.len()
    }
}

/// Appends a text to the text of a span.
#[inline]
pub(super) fn append(text: &mut String, piece: &str) -> Piece {
    let at = text.len() as u32;
    text.push_str(piece);
    Piece::Range { at, len: piece.len() as u32 }
}
