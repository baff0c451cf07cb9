//! Baggage with a header for each item, as the OpenTracing libraries write it.

use std::borrow::Cow;

use crate::model::baggage::BaggageItem;
use crate::model::context::SpanContext;
use crate::propagation::carrier::{TextMapReader, TextMapWriter};
use crate::propagation::extraction::Extraction;
use crate::propagation::formats::text_format::Injection;
use crate::propagation::formats::w3c_baggage::is_token;
use crate::propagation::medium::Medium;
use crate::wire::percent;
use crate::wire::text::Text;

/// Headers whose names consist of a prefix and the name of the baggage item.
///
/// Over HTTP, names arrive in lower case and values are encoded where necessary. An item whose name is not a token (RFC 9110) is not written.
/// Text maps and messages hold names and values unchanged, as OpenTracing specifies. Of several names that differ only in letter case, one is
/// written.
#[derive(Debug)]
pub(crate) struct PrefixedBaggage {
    prefix: &'static str,
    encoding: Encoding,
    reserved: &'static [&'static str],
}

/// How peers decode a value over HTTP.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Encoding {
    /// As `%XX`, with `+` for a space. Spaces are written as `%20`, which all peers understand.
    Form,
    /// Peers neither encode nor decode, and some applications encode values themselves. A value is passed on byte for byte. Only bytes that
    /// cannot be in a header are written as `%XX`, and only values that were written like this are decoded.
    Raw,
}

impl PrefixedBaggage {
    /// `prefix` must be in lower case.
    pub(crate) const fn new(prefix: &'static str, encoding: Encoding) -> Self {
        PrefixedBaggage { prefix, encoding, reserved: &[] }
    }

    /// Sets names that have another meaning after the prefix. No item can have them.
    pub(crate) const fn reserving(mut self, names: &'static [&'static str]) -> Self {
        self.reserved = names;
        self
    }

    pub(crate) fn extract(&self, carrier: &dyn TextMapReader, found: &mut Extraction) {
        let is_http = found.medium() == Medium::Http;
        let max_bytes = found.max_baggage_bytes();
        carrier.for_each(&mut |name, value| {
            let Some(key) = self.key(name) else { return };
            let len = if is_http { percent::decoded_len(value) } else { value.len() };
            // Checked before anything is copied.
            if key.len().saturating_add(len) > max_bytes {
                return found.count_dropped_baggage();
            }
            let item = match is_http {
                true => BaggageItem::new(&key.to_ascii_lowercase(), &self.decode(value)),
                false => BaggageItem::new(key, &String::from_utf8_lossy(value)),
            };
            found.add_baggage(item);
        });
    }

    pub(crate) fn inject(&self, context: &SpanContext, carrier: &mut dyn TextMapWriter, injection: &Injection) {
        let is_http = injection.medium() == Medium::Http;
        let (mut items, mut bytes) = (0, 0);
        let (mut name, mut encoded) = (Text::new(), Text::new());
        for item in context.baggage_items() {
            let key = item.key();
            let value = match is_http {
                true => {
                    encoded.truncate(0);
                    self.encode(item.value(), &mut encoded);
                    encoded.as_str()
                }
                false => item.value(),
            };
            let after = bytes + key.len() + value.len();
            let is_name = !key.is_empty() && !self.is_reserved(key) && (!is_http || is_token(key.as_bytes()));
            let is_written = is_name && !is_shadowed(key, context.baggage_items());
            if !is_written || items == injection.max_baggage_items() || after > injection.max_baggage_bytes() {
                injection.count_dropped_baggage();
                continue;
            }
            (items, bytes) = (items + 1, after);
            name.truncate(0);
            name.push(self.prefix);
            name.push(key);
            carrier.set_key(name.as_str(), value);
        }
    }

    fn key<'a>(&self, name: &'a str) -> Option<&'a str> {
        let (start, key) = name.split_at_checked(self.prefix.len())?;
        let is_key = start.eq_ignore_ascii_case(self.prefix) && !key.is_empty() && !self.is_reserved(key);
        is_key.then_some(key)
    }

    fn is_reserved(&self, key: &str) -> bool {
        self.reserved.iter().any(|name| key.eq_ignore_ascii_case(name))
    }

    fn decode<'a>(&self, value: &'a [u8]) -> Cow<'a, str> {
        match self.encoding {
            Encoding::Form => percent::decode_form(value),
            Encoding::Raw => self.decode_raw(value),
        }
    }

    /// Decodes a value only if writing it again gives the same bytes.
    fn decode_raw<'a>(&self, value: &'a [u8]) -> Cow<'a, str> {
        let raw = String::from_utf8_lossy(value);
        let is_encoded = |decoded: &String| {
            let mut encoded = Text::new();
            self.encode(decoded, &mut encoded);
            encoded.as_str() == raw
        };
        let has_escapes = raw.contains('%') && raw.bytes().all(is_printable);
        let decoded = has_escapes.then(|| percent::decode_strict(&raw)).flatten().filter(is_encoded);
        decoded.map_or(raw, Cow::Owned)
    }

    fn encode(&self, value: &str, encoded: &mut Text) {
        // Spaces at either end of a header value get lost, so they are encoded.
        let is_trimmed = value.trim_ascii() == value;
        let plain = match self.encoding {
            Encoding::Form => |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'+' | b',' | b'%'),
            Encoding::Raw if is_trimmed && value.bytes().all(is_printable) => is_printable,
            Encoding::Raw if is_trimmed => |byte: u8| is_printable(byte) && byte != b'%',
            Encoding::Raw => |byte: u8| byte.is_ascii_graphic() && byte != b'%',
        };
        percent::encode(value, encoded, plain);
    }
}

fn is_printable(byte: u8) -> bool {
    matches!(byte, b' '..=b'~')
}

/// Whether another item with the same name in other letter case takes precedence, since header names ignore letter case. The last one in the
/// order of bytes is written: the name in lower case, if there is one.
fn is_shadowed(key: &str, items: &[BaggageItem]) -> bool {
    items.iter().any(|other| other.key().eq_ignore_ascii_case(key) && other.key() > key)
}
