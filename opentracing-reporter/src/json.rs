//! JSON, written straight into a buffer.

use std::fmt::{self, Write as _};

use opentracing_core::Value;

/// A JSON object that is being written. Members come out in the order in which they are added; names are the caller's to keep apart.
#[derive(Debug)]
pub(crate) struct Object<'a> {
    out: &'a mut Vec<u8>,
    is_empty: bool,
}

/// Appends an object with the members that the closure adds.
pub(crate) fn object(out: &mut Vec<u8>, members: impl FnOnce(&mut Object<'_>)) {
    out.push(b'{');
    members(&mut Object { out, is_empty: true });
    out.push(b'}');
}

impl Object<'_> {
    pub(crate) fn text(&mut self, name: &str, value: &str) {
        self.name(name);
        text(self.out, value);
    }

    /// Text in its written form, which is escaped on the way.
    pub(crate) fn display(&mut self, name: &str, value: impl fmt::Display) {
        self.name(name);
        display(self.out, value);
    }

    pub(crate) fn number(&mut self, name: &str, value: u64) {
        self.name(name);
        plain(self.out, value);
    }

    pub(crate) fn truth(&mut self, name: &str, value: bool) {
        self.name(name);
        plain(self.out, value);
    }

    /// Numbers and truth values as such, everything else as text.
    pub(crate) fn value(&mut self, name: &str, value: Value<'_>) {
        self.name(name);
        match value {
            Value::Bool(value) => plain(self.out, value),
            Value::I64(value) => plain(self.out, value),
            Value::U64(value) => plain(self.out, value),
            // JSON has no words for what is not finite.
            Value::F64(value) if value.is_finite() => plain(self.out, value),
            value => display(self.out, value),
        }
    }

    pub(crate) fn object(&mut self, name: &str, members: impl FnOnce(&mut Object<'_>)) {
        self.name(name);
        object(self.out, members);
    }

    /// As [`object`](Object::object), but nothing at all if it has no members.
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
        text(self.out, name);
        self.out.push(b':');
    }
}

/// Appends a string.
pub(crate) fn text(out: &mut Vec<u8>, value: &str) {
    out.push(b'"');
    escape(out, value);
    out.push(b'"');
}

fn display(out: &mut Vec<u8>, value: impl fmt::Display) {
    out.push(b'"');
    // Writing to memory does not fail.
    let _ = write!(Escaped(out), "{value}");
    out.push(b'"');
}

/// What needs no escaping.
fn plain(out: &mut Vec<u8>, value: impl fmt::Display) {
    let _ = std::io::Write::write_fmt(out, format_args!("{value}"));
}

struct Escaped<'a>(&'a mut Vec<u8>);

impl fmt::Write for Escaped<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        escape(self.0, text);
        Ok(())
    }
}

/// Quote, backslash and the control characters below 32 (RFC 8259, section 7).
fn escape(out: &mut Vec<u8>, value: &str) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let bytes = value.as_bytes();
    let mut plain_from = 0;
    for (at, &byte) in bytes.iter().enumerate() {
        if byte >= b' ' && byte != b'"' && byte != b'\\' {
            continue;
        }
        out.extend_from_slice(&bytes[plain_from..at]);
        plain_from = at + 1;
        match byte {
            b'"' => out.extend_from_slice(br#"\""#),
            b'\\' => out.extend_from_slice(br"\\"),
            b'\n' => out.extend_from_slice(br"\n"),
            b'\r' => out.extend_from_slice(br"\r"),
            b'\t' => out.extend_from_slice(br"\t"),
            _ => {
                out.extend_from_slice(br"\u00");
                out.push(DIGITS[usize::from(byte >> 4)]);
                out.push(DIGITS[usize::from(byte & 15)]);
            }
        }
    }
    out.extend_from_slice(&bytes[plain_from..]);
}
