//! The tags that a span starts with, until it starts.

use crate::model::value::{Text, Value};

/// Borrowed tags, the first ones in place.
///
/// Of plain parts, without a destructor that could look at what is borrowed: so a tag may borrow from a temporary in the very
/// statement that starts the span.
pub(crate) struct StartTags<'a> {
    len: usize,
    inline: [Option<(Text<'a>, Value<'a>)>; INLINE],
    more: Vec<(Text<'a>, Value<'a>)>,
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
            None => self.more.push((key, value)),
        }
        self.len += 1;
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Without an iterator over both parts, whose closure would be called and not inlined.
    #[inline(always)]
    pub(crate) fn for_each(&self, mut f: impl FnMut(Text<'a>, Value<'a>)) {
        for &place in &self.inline {
            let Some((key, value)) = place else { return };
            f(key, value);
        }
        for &(key, value) in &self.more {
            f(key, value);
        }
    }

    #[inline]
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Text<'a>, Value<'a>)> {
        self.inline[..self.len.min(INLINE)].iter().flatten().chain(&self.more).copied()
    }
}
