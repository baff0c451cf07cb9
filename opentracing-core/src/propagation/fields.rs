//! The fields of several formats, to find them in one pass over a carrier.

use std::borrow::Cow;

use smallvec::SmallVec;

use crate::propagation::carrier::{Field, TextMapReader};

/// The fields of the formats of a list. A carrier tells its few trace headers from its many others by two loads for each name.
#[derive(Clone, Debug)]
pub struct FieldSet {
    entries: Vec<Entry>,
    /// The first letters of the fields, by length.
    first_letters: [u32; LENGTHS],
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    field: &'static Field,
    /// Length and last letter of the name. The names of one format often differ only in their last letters.
    key: u32,
    /// The formats of the list that have the field, as bits by position.
    formats: u64,
}

/// Longer names share the last place.
const LENGTHS: usize = 32;

impl FieldSet {
    pub(crate) const fn new() -> Self {
        FieldSet { entries: Vec::new(), first_letters: [0; LENGTHS] }
    }

    /// Adds the fields of the format with this position in the list.
    pub(crate) fn add(&mut self, fields: &[&'static Field], format: usize) {
        let formats = format_bit(format);
        for field in fields {
            match self.entries.iter_mut().find(|entry| is_same(entry.field, field)) {
                Some(entry) => entry.formats |= formats,
                None => {
                    if let Some(&first) = field.name().as_bytes().first() {
                        self.first_letters[length(field.name())] |= letter(first);
                    }
                    self.entries.push(Entry { field, key: key(field.name()), formats });
                }
            }
        }
    }

    /// The fields, by their places.
    pub fn iter(&self) -> impl Iterator<Item = &'static Field> {
        self.entries.iter().map(|entry| entry.field)
    }

    /// The field of the set that is this one, for as long as the program runs.
    pub(crate) fn get(&self, field: &Field) -> Option<&'static Field> {
        self.iter().find(|known| std::ptr::eq(*known, field))
    }

    /// The place of the field with this name, in any letter case.
    #[inline]
    pub fn place(&self, name: &str) -> Option<usize> {
        let first = *name.as_bytes().first()?;
        if self.first_letters[length(name)] & letter(first) == 0 {
            return None;
        }
        self.search(name)
    }

    fn search(&self, name: &str) -> Option<usize> {
        let key = key(name);
        self.entries.iter().position(|entry| entry.key == key && entry.field.matches(name))
    }
}

#[inline]
fn length(name: &str) -> usize {
    name.len().min(LENGTHS - 1)
}

#[inline]
fn key(name: &str) -> u32 {
    let last = name.as_bytes().last().map_or(0, |byte| byte | 0x20);
    (name.len() as u32) << 8 | u32::from(last)
}

/// Letters of either case have the same bit, and some other characters share it.
#[inline]
const fn letter(byte: u8) -> u32 {
    1 << (byte & 31)
}

/// The bit of a format by its position in a list. Those behind the 64th share the last one.
pub(crate) fn format_bit(position: usize) -> u64 {
    1 << position.min(63)
}

#[inline]
fn is_same(field: &Field, other: &Field) -> bool {
    std::ptr::eq(field, other) || field.name().len() == other.name().len() && field.matches(other.name())
}

/// The fields of a [`FieldSet`] that a carrier has.
pub(crate) struct Collected<'a> {
    carrier: &'a dyn TextMapReader,
    fields: &'a FieldSet,
    values: SmallVec<[(usize, &'a [u8]); 8]>,
    formats: u64,
}

/// A carrier with more values is read field by field, so that its values need no memory.
const MAX_VALUES: usize = 256;

impl<'a> Collected<'a> {
    /// Reads a carrier once.
    pub(crate) fn new(carrier: &'a dyn TextMapReader, fields: &'a FieldSet) -> Self {
        let mut collected = Collected { carrier, fields, values: SmallVec::new(), formats: 0 };
        carrier.find(fields, &mut |place, value| {
            if let Some(entry) = fields.entries.get(place) {
                collected.formats |= entry.formats;
            }
            if collected.values.len() <= MAX_VALUES {
                collected.values.push((place, value));
            }
        });
        collected
    }

    fn of(&self, field: &Field) -> impl DoubleEndedIterator<Item = &'a [u8]> {
        let is_field = |place| self.fields.entries.get(place).is_some_and(|entry: &Entry| is_same(entry.field, field));
        self.values.iter().filter(move |(place, _)| is_field(*place)).map(|(_, value)| *value)
    }

    /// The formats that have a field in the carrier, as bits by position.
    pub(crate) fn formats(&self) -> u64 {
        self.formats
    }
}

impl TextMapReader for Collected<'_> {
    fn for_each<'b>(&'b self, visit: &mut dyn FnMut(&'b str, &'b [u8])) {
        self.carrier.for_each(visit);
    }

    fn last(&self, field: &Field) -> Option<Cow<'_, [u8]>> {
        if self.values.len() > MAX_VALUES {
            return self.carrier.last(field);
        }
        self.of(field).next_back().map(Cow::Borrowed)
    }

    fn values(&self, field: &Field, visit: &mut dyn FnMut(&[u8])) {
        if self.values.len() > MAX_VALUES {
            return self.carrier.values(field, visit);
        }
        self.of(field).for_each(visit);
    }
}
