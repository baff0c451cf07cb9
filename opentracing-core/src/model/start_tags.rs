//! The tags of a span that has not started yet.

use crate::model::value::{Text, Value};

/// Borrowed tags, at most [`INLINE`] of them, stored without an allocation. The builder keeps the others.
pub(crate) struct StartTags<'a> {
    len: usize,
    inline: [Option<(Text<'a>, Value<'a>)>; INLINE],
}

/// A tag that has no place inline.
pub(crate) type MoreTag<'a> = (Text<'a>, Stored<'a>);

/// A tag's value outside of the inline array.
pub(crate) enum Stored<'a> {
    Borrowed(Value<'a>),
    Owned(String),
}

impl Stored<'_> {
    fn value(&self) -> Value<'_> {
        match self {
            Stored::Borrowed(value) => *value,
            Stored::Owned(text) => Value::Str(text),
        }
    }
}

const INLINE: usize = 6;

impl<'a> StartTags<'a> {
    #[inline]
    pub(crate) const fn new() -> Self {
        StartTags { len: 0, inline: [None; INLINE] }
    }

    /// Returns `false` if there is no place left. The tag is counted, and belongs behind the inline ones.
    #[inline]
    pub(crate) fn push(&mut self, key: Text<'a>, value: Value<'a>) -> bool {
        let place = self.inline.get_mut(self.len);
        self.len += 1;
        place.map(|place| *place = Some((key, value))).is_some()
    }

    /// Counts a tag that is stored elsewhere. Later tags must not go into free inline places, since they would then come before it.
    #[cold]
    pub(crate) fn close(&mut self) {
        self.len = self.len.max(INLINE) + 1;
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Two loops rather than `iter().for_each(f)`, whose closure the compiler does not inline.
    #[inline(always)]
    pub(crate) fn for_each(&self, more: &[MoreTag<'a>], mut f: impl FnMut(Text<'_>, Value<'_>)) {
        for &place in &self.inline {
            let Some((key, value)) = place else { break };
            f(key, value);
        }
        for (key, value) in more {
            f(*key, value.value());
        }
    }

    #[inline]
    pub(crate) fn iter<'s>(&'s self, more: &'s [MoreTag<'a>]) -> impl Iterator<Item = (Text<'s>, Value<'s>)> {
        let inline = self.inline[..self.len.min(INLINE)].iter().flatten().copied();
        inline.chain(more.iter().map(|(key, value)| (*key, value.value())))
    }
}
