//! Baggage: key-value pairs that travel with a trace.

use std::borrow::Cow;

use crate::wire::percent;

/// One item of baggage: a key and a value that travel with the trace, and the item's properties.
///
/// ```
/// use opentracing_core::BaggageItem;
///
/// let item = BaggageItem::with_properties("tenant", "acme", "ttl=60");
/// assert_eq!((item.key(), item.value()), ("tenant", "acme"));
/// assert_eq!(item.property_values().next(), Some(("ttl", Some("60".into()))));
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct BaggageItem {
    /// Key, value and properties in one string, so that an item is one allocation.
    text: Box<str>,
    key_len: usize,
    value_len: usize,
}

impl BaggageItem {
    /// Creates an item without properties.
    pub fn new(key: &str, value: &str) -> Self {
        Self::with_properties(key, value, "")
    }

    /// Creates an item with properties in wire form, such as `a;b=c` (W3C Baggage, section 3.3.1). They are propagated unchanged.
    pub fn with_properties(key: &str, value: &str, properties: &str) -> Self {
        let text = [key, value, properties].concat().into_boxed_str();
        BaggageItem { text, key_len: key.len(), value_len: value.len() }
    }

    /// The item's key.
    pub fn key(&self) -> &str {
        &self.text[..self.key_len]
    }

    /// The item's value, decoded.
    pub fn value(&self) -> &str {
        &self.text[self.key_len..][..self.value_len]
    }

    /// The item's properties in wire form; empty if it has none.
    pub fn properties(&self) -> &str {
        &self.text[self.key_len + self.value_len..]
    }

    /// The item's properties: the name of each, and its decoded value if it has one. A name may occur several times.
    pub fn property_values(&self) -> impl Iterator<Item = (&str, Option<Cow<'_, str>>)> {
        self.properties().split(';').filter(|property| !property.is_empty()).map(|property| {
            match property.split_once('=') {
                Some((key, value)) => (key.trim(), Some(percent::decode(value.trim().as_bytes()))),
                None => (property.trim(), None),
            }
        })
    }

    pub(crate) fn bytes(&self) -> usize {
        self.text.len()
    }
}

/// Shows the key only, since the value may be private.
impl std::fmt::Debug for BaggageItem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BaggageItem").field("key", &self.key()).finish_non_exhaustive()
    }
}

/// The items of one context, in the order in which they were set. A linear search is fast enough for so few.
#[derive(Clone, Default, Debug, PartialEq, Eq)]
pub(crate) struct Baggage {
    items: Vec<BaggageItem>,
}

impl Baggage {
    pub(crate) fn items(&self) -> &[BaggageItem] {
        &self.items
    }

    pub(crate) fn set(&mut self, item: BaggageItem) {
        match self.items.iter_mut().find(|other| other.key() == item.key()) {
            Some(other) => *other = item,
            None => self.items.push(item),
        }
    }

    /// Sets the item, unless the baggage would then exceed a limit. Returns whether the item was set.
    pub(crate) fn set_within(&mut self, item: BaggageItem, max_items: usize, max_bytes: usize) -> bool {
        let others = self.items.iter().filter(|other| other.key() != item.key());
        let (count, bytes) = others.fold((0, 0), |(count, bytes), other| (count + 1, bytes + other.bytes()));
        let fits = count < max_items && bytes + item.bytes() <= max_bytes;
        if fits {
            self.set(item);
        }
        fits
    }

    pub(crate) fn remove(&mut self, key: &str) {
        self.items.retain(|item| item.key() != key);
    }
}
