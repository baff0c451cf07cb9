//! Tag keys and values as the caller gives them. Both only borrow, so a span that is not recorded never pays for a copy.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

/// A key or an operation name: static text is kept as a pointer, other text is copied into the span's own buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Text<'a> {
    /// Kept as a pointer.
    Static(&'static str),
    /// Copied when the span records.
    Copied(&'a str),
}

impl<'a> Text<'a> {
    /// The text itself.
    #[inline]
    pub const fn as_str(&self) -> &'a str {
        match *self {
            Text::Static(text) => text,
            Text::Copied(text) => text,
        }
    }
}

/// A literal, kept as a pointer. Other text is given by reference and copied: `&name` for a `name` of the type `&str`, `String`,
/// `Cow<str>`, `Box<str>` or `Arc<str>`.
impl From<&'static str> for Text<'_> {
    #[inline]
    fn from(text: &'static str) -> Self {
        Text::Static(text)
    }
}

/// A `&str` that need not live as long as the program: `tracer.span(&name)`.
impl<'a> From<&'a &str> for Text<'a> {
    #[inline]
    fn from(text: &'a &str) -> Self {
        Text::Copied(text)
    }
}

macro_rules! from_text {
    ($($type:ty),+) => { $(
        impl<'a> From<&'a $type> for Text<'a> {
            #[inline]
            fn from(text: &'a $type) -> Self {
                Text::Copied(text)
            }
        }

        impl<'a> From<&'a $type> for Value<'a> {
            #[inline]
            fn from(text: &'a $type) -> Self {
                Value::Str(text)
            }
        }
    )+ };
}
from_text! { String, Cow<'_, str>, Box<str>, Arc<str> }

/// A typed tag or log value. `Copy`, without destructor: text is borrowed until the span copies it.
///
/// Converts from `bool`, the integers up to 64 bits, floating-point numbers, `&str`, and references to the types that own text.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Value<'a> {
    /// A truth value.
    Bool(bool),
    /// A signed number.
    I64(i64),
    /// An unsigned number, for those that a signed one cannot hold.
    U64(u64),
    /// A floating-point number.
    F64(f64),
    /// Text that lives as long as the program: kept as a pointer.
    Static(&'static str),
    /// Any other text: copied when the span records.
    Str(&'a str),
    /// A URL in pieces, copied one behind the other when the span records. On the reporter's thread secrets are taken out of it by
    /// [`Secrets::redact_url`](crate::Secrets::redact_url). Reads back as [`Value::Str`].
    Url(&'a [&'a str]),
    /// Text for people, such as the message of an error. Copied when the span records, and treated as any other text: on the
    /// reporter's thread secrets are taken out by [`Secrets::redact_text`](crate::Secrets::redact_text). Reads back as [`Value::Str`].
    Message(&'a str),
}

impl Value<'_> {
    pub(crate) fn is_true(&self) -> bool {
        matches!(self, Value::Bool(true) | Value::Static("true") | Value::Str("true"))
    }

    /// `sampling.priority` is a number; above zero asks for the trace to be kept.
    pub(crate) fn is_positive(&self) -> bool {
        match *self {
            Value::I64(number) => number > 0,
            Value::U64(number) => number > 0,
            Value::F64(number) => number > 0.0,
            Value::Bool(truth) => truth,
            _ => false,
        }
    }

    pub(crate) fn as_text(&self) -> Option<&str> {
        match self {
            Value::Static(text) => Some(text),
            Value::Str(text) | Value::Message(text) => Some(text),
            _ => None,
        }
    }
}

impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Bool(value) => value.fmt(f),
            Value::I64(value) => value.fmt(f),
            Value::U64(value) => value.fmt(f),
            Value::F64(value) => value.fmt(f),
            Value::Static(value) => f.pad(value),
            Value::Str(value) | Value::Message(value) => f.pad(value),
            Value::Url(pieces) => pieces.iter().try_for_each(|piece| f.write_str(piece)),
        }
    }
}

macro_rules! value_from {
    ($($variant:ident: $($type:ty),+;)+) => { $($(impl From<$type> for Value<'_> {
        #[inline]
        fn from(value: $type) -> Self { Value::$variant(value as _) }
    })+)+ };
}
value_from! { I64: i8, i16, i32, i64, isize, u8, u16, u32; U64: u64, usize; F64: f32, f64; }

impl From<bool> for Value<'_> {
    #[inline]
    fn from(value: bool) -> Self {
        Value::Bool(value)
    }
}

impl<'a> From<&'a str> for Value<'a> {
    #[inline]
    fn from(value: &'a str) -> Self {
        Value::Str(value)
    }
}

/// What an iterator over texts lends.
impl<'a> From<&'a &str> for Value<'a> {
    #[inline]
    fn from(value: &'a &str) -> Self {
        Value::Str(value)
    }
}
