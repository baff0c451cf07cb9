//! Baggage: named values that travel with a trace.

use std::borrow::Cow;

use crate::wire::percent;

/// One item of baggage.
#[derive(Clone, PartialEq, Eq)]
pub struct BaggageItem {
    /// Key, value and properties, so that an item is one allocation.
    text: Box<str>,
    key_len: usize,
    value_len: usize,
}

impl BaggageItem {
    /// An item without properties.
    pub fn new(key: &str, value: &str) -> Self {
        Self::with_properties(key, value, "")
    }

    /// An item with properties in wire form, `a;b=c` (W3C Baggage, section 3.3.1), passed on as they came.
    pub fn with_properties(key: &str, value: &str, properties: &str) -> Self {
        let text = [key, value, properties].concat().into_boxed_str();
        BaggageItem { text, key_len: key.len(), value_len: value.len() }
    }

    /// The item's name.
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

    /// The item's properties: each name, and the decoded value of those that have one. A name may come several times.
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

/// Shows the name only: the value may be private.
impl std::fmt::Debug for BaggageItem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BaggageItem").field("key", &self.key()).finish_non_exhaustive()
    }
}

/// The items of one context, few and in order.
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

    /// Sets the item unless the whole would then be over a limit.
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
