//! JSON objects, written member by member.

use std::fmt::{self, Write as _};

use opentracing_core::Value;

use super::{decimal, escaped, string, value};

/// A JSON object that is being written. Members appear in the order in which they are added. The caller must not repeat a name.
#[derive(Debug)]
pub(crate) struct Object<'a> {
    out: &'a mut Vec<u8>,
    is_empty: bool,
}

/// Appends an object. The closure adds its members.
pub(crate) fn object(out: &mut Vec<u8>, members: impl FnOnce(&mut Object<'_>)) {
    out.push(b'{');
    members(&mut Object { out, is_empty: true });
    out.push(b'}');
}

impl Object<'_> {
    pub(crate) fn text(&mut self, name: &str, value: &str) {
        self.name(name);
        string(self.out, value);
    }

    /// Like [`text`](Object::text), but adds nothing if the buffer would grow beyond `end`.
    pub(crate) fn text_within(&mut self, end: usize, name: &str, value: &str) {
        let (start, was_empty) = (self.out.len(), self.is_empty);
        self.text(name, value);
        if self.out.len() > end {
            self.out.truncate(start);
            self.is_empty = was_empty;
        }
    }

    /// Adds the `Display` form as a string, escaped.
    pub(crate) fn display(&mut self, name: &str, value: impl fmt::Display) {
        self.name(name);
        self.out.push(b'"');
        // Writing to memory does not fail.
        let _ = write!(Escaped(self.out), "{value}");
        self.out.push(b'"');
    }

    pub(crate) fn number(&mut self, name: &str, value: u64) {
        self.name(name);
        decimal(self.out, value);
    }

    pub(crate) fn boolean(&mut self, name: &str, boolean: bool) {
        self.name(name);
        value(self.out, Value::Bool(boolean));
    }

    /// Adds numbers and booleans as such, and anything else as a string.
    pub(crate) fn value(&mut self, name: &str, of: Value<'_>) {
        self.name(name);
        value(self.out, of);
    }

    pub(crate) fn object(&mut self, name: &str, members: impl FnOnce(&mut Object<'_>)) {
        self.name(name);
        object(self.out, members);
    }

    /// Like [`object`](Object::object), but adds nothing if the closure adds no members.
    pub(crate) fn object_if_any(&mut self, name: &str, members: impl FnOnce(&mut Object<'_>)) {
        let (start, was_empty) = (self.out.len(), self.is_empty);
        self.name(name);
        self.out.push(b'{');
        let mut inner = Object { out: self.out, is_empty: true };
        members(&mut inner);
        if inner.is_empty {
            self.out.truncate(start);
            self.is_empty = was_empty;
        } else {
            self.out.push(b'}');
        }
    }

    fn name(&mut self, name: &str) {
        if !self.is_empty {
            self.out.push(b',');
        }
        self.is_empty = false;
        string(self.out, name);
        self.out.push(b':');
    }
}

struct Escaped<'a>(&'a mut Vec<u8>);

impl fmt::Write for Escaped<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        escaped(self.0, text);
        Ok(())
    }
}
