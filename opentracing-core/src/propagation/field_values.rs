//! The values of several fields, which are set at once.

use std::fmt;
use std::ops::Range;

use smallvec::SmallVec;

use crate::propagation::carrier::{Field, TextMapWriter};
use crate::propagation::fields::FieldSet;

/// The values of several fields, side by side in one buffer. See [`TextMapWriter::set_all`].
pub struct FieldValues {
    text: Vec<u8>,
    values: SmallVec<[(&'static Field, Value); 12]>,
}

enum Value {
    Static(&'static str),
    Written(Range<usize>),
}

/// As much as the default formats write.
const CAPACITY: usize = 320;

impl FieldValues {
    fn new() -> Self {
        FieldValues { text: Vec::with_capacity(CAPACITY), values: SmallVec::new() }
    }

    /// The number of fields.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there are no fields.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The fields with their values, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&'static Field, &[u8])> {
        self.values.iter().map(|(field, value)| (*field, value.bytes(&self.text)))
    }

    /// Removes the fields for whose values the closure returns false.
    pub fn retain(&mut self, mut keeps: impl FnMut(&[u8]) -> bool) {
        let text = &self.text;
        self.values.retain(|(_, value)| keeps(value.bytes(text)));
    }

    /// The fields with their values, which share one buffer. A value that a header cannot hold is left out.
    #[cfg(feature = "http")]
    pub(super) fn into_headers(self) -> impl Iterator<Item = (&'static Field, http::HeaderValue)> {
        let text = bytes::Bytes::from(self.text);
        self.values.into_iter().filter_map(move |(field, value)| {
            let value = match value {
                Value::Static(value) => http::HeaderValue::from_str(value),
                Value::Written(range) => http::HeaderValue::from_maybe_shared(text.slice(range)),
            };
            Some((field, value.ok()?))
        })
    }
}

impl Value {
    fn bytes<'a>(&'a self, text: &'a [u8]) -> &'a [u8] {
        match self {
            Value::Static(value) => value.as_bytes(),
            Value::Written(range) => &text[range.clone()],
        }
    }
}

/// Leaves out the values, which may be private.
impl fmt::Debug for FieldValues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.values.iter().map(|(field, _)| field.name())).finish()
    }
}

/// A carrier whose fields are set at the end, all at once.
pub(crate) struct Batch<'a> {
    carrier: &'a mut dyn TextMapWriter,
    fields: &'a FieldSet,
    values: FieldValues,
}

impl<'a> Batch<'a> {
    pub(crate) fn new(carrier: &'a mut dyn TextMapWriter, fields: &'a FieldSet) -> Self {
        Batch { carrier, fields, values: FieldValues::new() }
    }

    pub(crate) fn finish(self) {
        self.carrier.set_all(self.values);
    }

    fn forget(&mut self, name: &str) {
        self.values.values.retain(|(field, _)| !field.name().eq_ignore_ascii_case(name));
    }
}

impl TextMapWriter for Batch<'_> {
    fn set_key(&mut self, key: &str, value: &str) {
        self.forget(key);
        self.carrier.set_key(key, value);
    }

    fn remove_key(&mut self, key: &str) {
        self.forget(key);
        self.carrier.remove_key(key);
    }

    fn remove_prefix(&mut self, prefix: &str) {
        self.values.values.retain(|(field, _)| !crate::propagation::has_prefix(field.name(), prefix));
        self.carrier.remove_prefix(prefix);
    }

    fn set(&mut self, field: &Field, value: &str) {
        self.set_bytes(field, value.as_bytes());
    }

    fn set_bytes(&mut self, field: &Field, value: &[u8]) {
        match self.fields.get(field) {
            Some(field) => {
                let start = self.values.text.len();
                self.values.text.extend_from_slice(value);
                self.values.values.push((field, Value::Written(start..start + value.len())));
            }
            None => self.carrier.set_bytes(field, value),
        }
    }

    fn set_static(&mut self, field: &Field, value: &'static str) {
        match self.fields.get(field) {
            Some(field) => self.values.values.push((field, Value::Static(value))),
            None => self.carrier.set_static(field, value),
        }
    }
}
