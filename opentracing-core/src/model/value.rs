//! Borrowed tag keys and values. A span that is not recorded never copies them.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

/// A key or an operation name. A recorded span keeps static text as a pointer and copies other text into its own buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Text<'a> {
    /// Static text, kept as a pointer.
    Static(&'static str),
    /// Other text, copied if the span is recorded.
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

/// Converts a literal, which is kept as a pointer. Pass other text by reference: `&name` for a `name` of type `&str`, `String`,
/// `Cow<str>`, `Box<str>` or `Arc<str>`. It is copied.
impl From<&'static str> for Text<'_> {
    #[inline]
    fn from(text: &'static str) -> Self {
        Text::Static(text)
    }
}

/// Converts a `&str` of any lifetime, which is copied: `tracer.span(&name)`.
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

/// A typed tag or log value. The type is `Copy` and borrows its text until the span copies it.
///
/// Converts from `bool`, integers up to 64 bits, floating-point numbers, `&str`, and references to `String`, `Cow<str>`, `Box<str>`
/// and `Arc<str>`.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Value<'a> {
    /// A Boolean.
    Bool(bool),
    /// A signed integer.
    I64(i64),
    /// An unsigned integer, for types whose values may not fit into an `i64`.
    U64(u64),
    /// A floating-point number.
    F64(f64),
    /// Static text, kept as a pointer.
    Static(&'static str),
    /// Other text, copied if the span is recorded.
    Str(&'a str),
    /// A URL in parts, which are concatenated if the span is recorded. The draining thread redacts secrets in it by
    /// [`Secrets::redact_url`](crate::Secrets::redact_url). A finished span returns it as [`Value::Str`].
    Url(&'a [&'a str]),
    /// A human-readable text, such as the message of an error, copied if the span is recorded. The draining thread redacts secrets in it
    /// by [`Secrets::redact_text`](crate::Secrets::redact_text), as in any text. A finished span returns it as [`Value::Str`].
    Message(&'a str),
}

impl Value<'_> {
    pub(crate) fn is_true(&self) -> bool {
        matches!(self, Value::Bool(true) | Value::Static("true") | Value::Str("true"))
    }

    /// Whether a value of `sampling.priority` requests that the trace is kept: it is above zero.
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
            Value::F64(value) => fmt_f64(*value, f),
            Value::Static(value) => f.pad(value),
            Value::Str(value) | Value::Message(value) => f.pad(value),
            Value::Url(pieces) => pieces.iter().try_for_each(|piece| f.write_str(piece)),
        }
    }
}

/// Very large and very small numbers in scientific notation, in the range where `Debug` uses it too: `f64::MAX` would have 309 digits.
fn fmt_f64(value: f64, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let size = value.abs();
    if size == 0.0 || !size.is_finite() || (1e-5..1e16).contains(&size) {
        fmt::Display::fmt(&value, f)
    } else {
        fmt::LowerExp::fmt(&value, f)
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

/// Converts the items of an iterator over `&[&str]`.
impl<'a> From<&'a &str> for Value<'a> {
    #[inline]
    fn from(value: &'a &str) -> Self {
        Value::Str(value)
    }
}
