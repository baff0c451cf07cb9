//! The tags of a span that has not started yet.

use crate::model::value::{Text, Value};

/// Borrowed tags. The first [`INLINE`] are stored without an allocation.
///
/// The type has no destructor of its own, so a tag can borrow from a temporary of the statement that starts the span.
pub(crate) struct StartTags<'a> {
    len: usize,
    inline: [Option<(Text<'a>, Value<'a>)>; INLINE],
    more: Vec<(Text<'a>, Stored<'a>)>,
}

/// A tag's value outside of the inline array.
enum Stored<'a> {
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
        StartTags { len: 0, inline: [None; INLINE], more: Vec::new() }
    }

    #[inline]
    pub(crate) fn push(&mut self, key: Text<'a>, value: Value<'a>) {
        match self.inline.get_mut(self.len) {
            Some(place) => *place = Some((key, value)),
            None => self.more.push((key, Stored::Borrowed(value))),
        }
        self.len += 1;
    }

    /// Adds an owned text. Later tags must not go into free inline places, since they would then come before this one.
    #[cold]
    pub(crate) fn push_own(&mut self, key: Text<'a>, text: String) {
        self.len = self.len.max(INLINE) + 1;
        self.more.push((key, Stored::Owned(text)));
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Two loops rather than `iter().for_each(f)`, whose closure the compiler does not inline.
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
