//! A carrier in which no old values of the written fields remain.

use std::sync::Arc;

use smallvec::SmallVec;

use crate::propagation::carrier::{Field, TextMapWriter};
use crate::propagation::formats::text_format::TextFormat;
use crate::propagation::medium::Medium;

/// Tracks which fields of the writing list have been set. Only the others need to be removed, which costs a search in most carriers.
pub(crate) struct Replacing<'a> {
    carrier: &'a mut dyn TextMapWriter,
    unset: SmallVec<[&'static Field; 16]>,
}

impl<'a> Replacing<'a> {
    pub(crate) fn new(carrier: &'a mut dyn TextMapWriter, formats: &[Arc<dyn TextFormat>], medium: Medium) -> Self {
        let unset = formats.iter().flat_map(|format| format.fields(medium)).copied().collect();
        Replacing { carrier, unset }
    }

    /// Removes the fields that were not set, which may be left from an earlier injection.
    pub(crate) fn remove_unset(self) {
        self.unset.iter().for_each(|field| self.carrier.remove(field));
    }

    fn mark_set(&mut self, field: &Field) {
        self.unset.retain(|unset| !std::ptr::eq(*unset, field));
    }
}

impl TextMapWriter for Replacing<'_> {
    fn set_key(&mut self, key: &str, value: &str) {
        self.unset.retain(|unset| !unset.name().eq_ignore_ascii_case(key));
        self.carrier.set_key(key, value);
    }

    fn remove_key(&mut self, key: &str) {
        self.carrier.remove_key(key);
    }

    fn remove_prefix(&mut self, prefix: &str) {
        self.carrier.remove_prefix(prefix);
    }

    fn set(&mut self, field: &Field, value: &str) {
        self.mark_set(field);
        self.carrier.set(field, value);
    }

    fn set_bytes(&mut self, field: &Field, value: &[u8]) {
        self.mark_set(field);
        self.carrier.set_bytes(field, value);
    }

    fn set_static(&mut self, field: &Field, value: &'static str) {
        self.mark_set(field);
        self.carrier.set_static(field, value);
    }

    fn remove(&mut self, field: &Field) {
        self.carrier.remove(field);
    }
}
