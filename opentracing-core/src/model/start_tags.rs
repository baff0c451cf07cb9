//! The tags that a span starts with, until it starts.

use crate::model::value::{Text, Value};

/// Borrowed tags, the first ones in place.
///
/// It has no destructor that could look at what is borrowed, so a tag may borrow from a temporary of the statement that starts the span.
pub(crate) struct StartTags<'a> {
    len: usize,
    inline: [Option<(Text<'a>, Value<'a>)>; INLINE],
    more: Vec<(Text<'a>, Kept<'a>)>,
}

/// A value beyond those in place, or text that the builder was given to keep.
enum Kept<'a> {
    Lent(Value<'a>),
    Own(String),
}

impl Kept<'_> {
    fn value(&self) -> Value<'_> {
        match self {
            Kept::Lent(value) => *value,
            Kept::Own(text) => Value::Str(text),
        }
    }
}

const INLINE: usize = 6;

impl<'a> StartTags<'a> {
    #[inline]
    pub(crate) const fn new() -> Self {
        StartTags { len: 0, inline: [None; INLINE], more: Vec::new() }
    }

    #[inline]
    pub(crate) fn push(&mut self, key: Text<'a>, value: Value<'a>) {
        match self.inline.get_mut(self.len) {
            Some(place) => *place = Some((key, value)),
            None => self.more.push((key, Kept::Lent(value))),
        }
        self.len += 1;
    }

    /// Keeps the text, and leaves the places free, so that the order stays.
    #[cold]
    pub(crate) fn push_own(&mut self, key: Text<'a>, text: String) {
        self.len = self.len.max(INLINE) + 1;
        self.more.push((key, Kept::Own(text)));
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Without an iterator over both parts, whose closure would be called and not inlined.
    #[inline(always)]
    pub(crate) fn for_each(&self, mut f: impl FnMut(Text<'_>, Value<'_>)) {
        for &place in &self.inline {
            let Some((key, value)) = place else { break };
            f(key, value);
        }
        for (key, value) in &self.more {
            f(*key, value.value());
        }
    }

    #[inline]
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Text<'_>, Value<'_>)> {
        let inline = self.inline[..self.len.min(INLINE)].iter().flatten().copied();
        inline.chain(self.more.iter().map(|(key, value)| (*key, value.value())))
    }
}
