//! Which names a set of headers may have.

/// A summary of the names of headers, by which most names that are absent are told apart without a search.
///
/// Names that are equal in any letter case count as one.
///
/// ```
/// use opentracing_core::message_rules::HeaderNames;
///
/// let mut names = HeaderNames::new();
/// assert!(!names.add(b"Traceparent"));
/// assert!(names.may_have(b"traceparent"));
/// assert!(!names.may_have(b"tracestate"));
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct HeaderNames(u64);

impl HeaderNames {
    /// Creates an empty set.
    pub const fn new() -> Self {
        HeaderNames(0)
    }

    /// Adds a name. Returns whether the set may have had it.
    pub fn add(&mut self, name: &[u8]) -> bool {
        let (before, bit) = (self.0, bit(name));
        self.0 |= bit;
        before & bit != 0
    }

    /// Whether the set may have the name. `false` is certain, `true` is not.
    pub fn may_have(self, name: &[u8]) -> bool {
        self.0 & bit(name) != 0
    }
}

fn bit(name: &[u8]) -> u64 {
    1 << place(name)
}

/// A number below [`PLACES`]. The names of trace headers differ in their length, first or last letter. With these factors, hardly any two of
/// them have the same place.
#[inline]
pub(crate) fn place(name: &[u8]) -> usize {
    let (Some(first), Some(last)) = (name.first(), name.last()) else { return 0 };
    let (first, last) = (usize::from(first | 0x20), usize::from(last | 0x20));
    name.len().wrapping_mul(11).wrapping_add(first * 7 + last) % PLACES
}

pub(crate) const PLACES: usize = u64::BITS as usize;
