//! Carriers: headers, message properties and maps as a propagator sees them.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::hash::BuildHasher;

use crate::propagation::field_values::FieldValues;
use crate::propagation::fields::FieldSet;

/// The name of a header or property that a format reads or writes.
///
/// Create it once, as a `static`, so that carriers over `http` types look it up without parsing the name again.
#[derive(Debug)]
pub struct Field {
    name: &'static str,
    lower: &'static str,
    #[cfg(feature = "http")]
    header: http::HeaderName,
}

impl Field {
    /// `name` is the spelling for carriers that preserve letter case, and `lower` is the same name in lower case.
    ///
    /// # Panics
    ///
    /// If `lower` is not a header name in lower case, or if the two names differ in length. For a `static`, this is a compile-time error.
    pub const fn new(name: &'static str, lower: &'static str) -> Self {
        assert!(name.len() == lower.len(), "a field has one name in two spellings");
        Field {
            name,
            lower,
            #[cfg(feature = "http")]
            header: http::HeaderName::from_static(lower),
        }
    }

    /// The spelling of the name for carriers that preserve letter case.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Whether this is the name, in any letter case.
    pub fn matches(&self, name: &str) -> bool {
        // HTTP headers have their names in lower case.
        name == self.lower || name.eq_ignore_ascii_case(self.name)
    }

    /// The name as a header.
    #[cfg(feature = "http")]
    pub const fn header(&self) -> &http::HeaderName {
        &self.header
    }
}

/// A carrier that a context is read from. Names match in any letter case.
pub trait TextMapReader {
    /// Calls `visit` with every name and value of the carrier, in order.
    fn for_each<'a>(&'a self, visit: &mut dyn FnMut(&'a str, &'a [u8]));

    /// Whether the carrier finds a field by its name without a search, so that it is asked field by field instead of being read once as a whole.
    /// `false` by default.
    fn is_indexed(&self) -> bool {
        false
    }

    /// Calls `visit` with the place in the set and the value of each entry that has one of the fields, in order.
    fn find<'a>(&'a self, fields: &FieldSet, visit: &mut dyn FnMut(usize, &'a [u8])) {
        self.for_each(&mut |name, value| {
            if let Some(place) = fields.place(name) {
                visit(place, value);
            }
        });
    }

    /// Calls `visit` with each value of the field, in order. Values may be arbitrary bytes.
    fn values(&self, field: &Field, visit: &mut dyn FnMut(&[u8])) {
        self.for_each(&mut |name, value| {
            if field.matches(name) {
                visit(value);
            }
        });
    }

    /// The last value of the field. Messages have one value for a field, and the last one is used if an earlier one was not replaced.
    ///
    /// Override it in a carrier that can find the value by its name: the default searches all of them and copies the last one.
    fn last(&self, field: &Field) -> Option<Cow<'_, [u8]>> {
        let mut last: Option<Vec<u8>> = None;
        self.values(field, &mut |value| {
            let last = last.get_or_insert_default();
            last.clear();
            last.extend_from_slice(value);
        });
        last.map(Cow::Owned)
    }
}

/// A carrier that a context is written to. Other entries in it stay unchanged.
pub trait TextMapWriter {
    /// Replaces all values of that name, in any letter case, with this one. If the carrier cannot hold the value, only removes the earlier
    /// ones.
    fn set_key(&mut self, key: &str, value: &str);

    /// Removes every value of that name, in any letter case.
    fn remove_key(&mut self, key: &str);

    /// Removes every entry whose name has that prefix, in any letter case. Some formats write each baggage item as an entry of its own.
    fn remove_prefix(&mut self, prefix: &str);

    /// As [`set_key`](TextMapWriter::set_key), for a predefined name.
    fn set(&mut self, field: &Field, value: &str) {
        self.set_key(field.name(), value);
    }

    /// As [`set`](TextMapWriter::set), for a value as bytes, as formats build it. Override it in a carrier that accepts bytes: the default
    /// first checks that the value is UTF-8, and only removes the earlier ones if it is not.
    fn set_bytes(&mut self, field: &Field, value: &[u8]) {
        match std::str::from_utf8(value) {
            Ok(value) => self.set(field, value),
            Err(_) => self.remove(field),
        }
    }

    /// As [`set`](TextMapWriter::set), for a static value.
    fn set_static(&mut self, field: &Field, value: &'static str) {
        self.set(field, value);
    }

    /// As [`remove_key`](TextMapWriter::remove_key), for a predefined name.
    fn remove(&mut self, field: &Field) {
        self.remove_key(field.name());
    }

    /// Whether the carrier is known to have no entries, so that nothing has to be removed before a context is written. `false` by default.
    fn is_blank(&self) -> bool {
        false
    }

    /// Whether the carrier may have one of these fields, in any letter case. If not, nothing has to be removed before a context is written.
    /// By default, it may unless it is [blank](TextMapWriter::is_blank).
    fn may_have(&self, fields: &FieldSet) -> bool {
        let _ = fields;
        !self.is_blank()
    }

    /// Whether to call [`set_all`](TextMapWriter::set_all) once instead of [`set`](TextMapWriter::set) for each field. `false` by default.
    fn sets_all(&self) -> bool {
        false
    }

    /// As [`set`](TextMapWriter::set), for several fields at once. The carrier has none of them.
    fn set_all(&mut self, values: FieldValues) {
        values.iter().for_each(|(field, value)| self.set_bytes(field, value));
    }
}

macro_rules! map_carrier {
    ($map:ident, $($hasher:ident)?) => {
        impl<$($hasher)?> TextMapReader for $map<String, String, $($hasher)?> {
            fn for_each<'a>(&'a self, visit: &mut dyn FnMut(&'a str, &'a [u8])) {
                self.iter().for_each(|(key, value)| visit(key, value.as_bytes()));
            }
        }

        impl<$($hasher: BuildHasher)?> TextMapWriter for $map<String, String, $($hasher)?> {
            fn set_key(&mut self, key: &str, value: &str) {
                self.remove_key(key);
                self.insert(key.to_owned(), value.to_owned());
            }

            fn remove_key(&mut self, key: &str) {
                self.retain(|other, _| !other.eq_ignore_ascii_case(key));
            }

            fn remove_prefix(&mut self, prefix: &str) {
                self.retain(|other, _| !has_prefix(other, prefix));
            }

            fn is_blank(&self) -> bool {
                self.is_empty()
            }

            fn may_have(&self, fields: &FieldSet) -> bool {
                self.keys().any(|key| fields.place(key).is_some())
            }
        }
    };
}

map_carrier!(HashMap, S);
map_carrier!(BTreeMap,);

impl TextMapReader for Vec<(String, String)> {
    fn for_each<'a>(&'a self, visit: &mut dyn FnMut(&'a str, &'a [u8])) {
        self.iter().for_each(|(key, value)| visit(key, value.as_bytes()));
    }
}

impl TextMapWriter for Vec<(String, String)> {
    fn set_key(&mut self, key: &str, value: &str) {
        self.remove_key(key);
        self.push((key.to_owned(), value.to_owned()));
    }

    fn remove_key(&mut self, key: &str) {
        self.retain(|(other, _)| !other.eq_ignore_ascii_case(key));
    }

    fn remove_prefix(&mut self, prefix: &str) {
        self.retain(|(other, _)| !has_prefix(other, prefix));
    }

    fn is_blank(&self) -> bool {
        self.is_empty()
    }

    fn may_have(&self, fields: &FieldSet) -> bool {
        self.iter().any(|(key, _)| fields.place(key).is_some())
    }
}

/// Whether a name starts with the prefix, in any letter case. For carriers that implement [`TextMapWriter::remove_prefix`].
pub fn has_prefix(name: impl AsRef<[u8]>, prefix: &str) -> bool {
    name.as_ref().get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix.as_bytes()))
}

#[cfg(feature = "http")]
impl TextMapReader for http::HeaderMap {
    fn values(&self, field: &Field, visit: &mut dyn FnMut(&[u8])) {
        self.get_all(field.header()).iter().for_each(|value| visit(value.as_bytes()));
    }

    fn for_each<'a>(&'a self, visit: &mut dyn FnMut(&'a str, &'a [u8])) {
        self.iter().for_each(|(name, value)| visit(name.as_str(), value.as_bytes()));
    }

    fn find<'a>(&'a self, fields: &FieldSet, visit: &mut dyn FnMut(usize, &'a [u8])) {
        for (name, value) in self {
            if let Some(place) = fields.place(name.as_str()) {
                visit(place, value.as_bytes());
            }
        }
    }
}

/// Invalid header names and values are not written: tracing never fails a request.
#[cfg(feature = "http")]
impl TextMapWriter for http::HeaderMap {
    fn set_key(&mut self, key: &str, value: &str) {
        let Ok(name) = http::HeaderName::from_bytes(key.as_bytes()) else { return };
        match http::HeaderValue::from_str(value) {
            // The map refuses to grow beyond 32,768 entries.
            Ok(value) => drop(self.try_insert(name, value)),
            Err(_) => drop(http::HeaderMap::remove(self, name)),
        }
    }

    fn remove_key(&mut self, key: &str) {
        // A key that is not a valid header name is simply not found.
        http::HeaderMap::remove(self, key);
    }

    fn remove_prefix(&mut self, prefix: &str) {
        let names: Vec<_> = self.keys().filter(|name| has_prefix(name.as_str(), prefix)).cloned().collect();
        for name in names {
            http::HeaderMap::remove(self, name);
        }
    }

    fn set(&mut self, field: &Field, value: &str) {
        match http::HeaderValue::from_str(value) {
            Ok(value) => drop(self.try_insert(field.header(), value)),
            Err(_) => drop(http::HeaderMap::remove(self, field.header())),
        }
    }

    fn set_static(&mut self, field: &Field, value: &'static str) {
        if value.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
            drop(self.try_insert(field.header(), http::HeaderValue::from_static(value)));
        } else {
            http::HeaderMap::remove(self, field.header());
        }
    }

    fn remove(&mut self, field: &Field) {
        http::HeaderMap::remove(self, field.header());
    }

    fn is_blank(&self) -> bool {
        self.is_empty()
    }

    fn may_have(&self, fields: &FieldSet) -> bool {
        self.keys().any(|name| fields.place(name.as_str()).is_some())
    }

    fn sets_all(&self) -> bool {
        true
    }

    fn set_all(&mut self, values: FieldValues) {
        // The map refuses to grow beyond 32,768 entries.
        let _ = self.try_reserve(values.len());
        for (field, value) in values.into_headers() {
            drop(self.try_insert(field.header(), value));
        }
    }
}
