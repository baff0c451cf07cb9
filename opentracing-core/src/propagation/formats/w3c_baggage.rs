//! W3C Baggage: the header `baggage`.

use crate::model::baggage::BaggageItem;
use crate::model::context::SpanContext;
use crate::propagation::carrier::{Field, TextMapReader, TextMapWriter};
use crate::propagation::error::ExtractError;
use crate::propagation::extraction::Extraction;
use crate::propagation::formats::text_format::{Injection, TextFormat, trim};
use crate::propagation::medium::Medium;
use crate::wire::percent;
use crate::wire::text::Text;

static BAGGAGE: Field = Field::new("baggage", "baggage");
static FIELDS: [&Field; 1] = [&BAGGAGE];

/// At most this many times the size limit of the baggage is scanned, including whitespace and malformed members.
const MAX_SCAN_FACTOR: usize = 2;

/// The format `baggage`: [W3C Baggage](https://www.w3.org/TR/baggage/), with the limits of the
/// [`Composite`](crate::propagation::Composite).
///
/// Malformed members and those beyond the limits are dropped one by one. No member is ever truncated. Of several members with the same name, the
/// last is used. Properties are passed on without whitespace. An item whose name is not a token (RFC 9110) is not written, since names cannot be
/// encoded.
#[derive(Clone, Copy, Debug, Default)]
pub struct W3cBaggage(());

impl W3cBaggage {
    /// Creates the format.
    pub const fn new() -> Self {
        W3cBaggage(())
    }
}

impl TextFormat for W3cBaggage {
    fn name(&self) -> &'static str {
        "baggage"
    }

    fn fields(&self, _medium: Medium) -> &[&'static Field] {
        &FIELDS
    }

    fn extract(&self, carrier: &dyn TextMapReader, found: &mut Extraction) -> Result<(), ExtractError> {
        if found.medium().is_message() {
            let Some(value) = carrier.last(&BAGGAGE) else { return Ok(()) };
            let mut reader = Reader::new(found);
            reader.read(&value);
            return reader.finish();
        }
        let mut reader = Reader::new(found);
        carrier.values(&BAGGAGE, &mut |value| reader.read(value));
        reader.finish()
    }

    fn inject(&self, context: &SpanContext, carrier: &mut dyn TextMapWriter, injection: &Injection) {
        let items = context.baggage_items();
        if items.is_empty() {
            return;
        }
        let (mut list, mut count) = (Text::new(), 0);
        for item in items {
            if count == injection.max_baggage_items() || !is_token(item.key().as_bytes()) {
                injection.count_dropped_baggage();
                continue;
            }
            let before = list.len();
            list.push(if before == 0 { "" } else { "," });
            list.push(item.key());
            list.push("=");
            // Some readers decode `+` to a space.
            percent::encode(item.value(), &mut list, |byte| is_value_byte(byte) && !matches!(byte, b'%' | b'+'));
            if !item.properties().is_empty() && item.properties().split(';').all(is_property) {
                list.push(";");
                list.push(item.properties());
            }
            if list.len() > injection.max_baggage_bytes() {
                list.truncate(before);
                injection.count_dropped_baggage();
            } else {
                count += 1;
            }
        }
        if !list.is_empty() {
            carrier.set_bytes(&BAGGAGE, list.as_bytes());
        }
    }
}

struct Reader<'a> {
    found: &'a mut Extraction,
    kept_bytes: usize,
    left_to_scan: usize,
    malformed: Option<&'static str>,
}

impl<'a> Reader<'a> {
    fn new(found: &'a mut Extraction) -> Self {
        let left_to_scan = found.max_baggage_bytes().saturating_mul(MAX_SCAN_FACTOR);
        Reader { found, kept_bytes: 0, left_to_scan, malformed: None }
    }

    /// Reads one of several headers, which form one list.
    fn read(&mut self, value: &[u8]) {
        for member in value.split(|&byte| byte == b',') {
            self.left_to_scan = self.left_to_scan.saturating_sub(member.len() + 1);
            let member = trim(member);
            if member.is_empty() {
                continue;
            }
            if self.left_to_scan == 0 || self.found.is_full_of_baggage() {
                self.found.count_dropped_baggage();
                return;
            }
            let bytes = self.kept_bytes + usize::from(self.kept_bytes > 0) + member.len();
            if bytes > self.found.max_baggage_bytes() {
                self.found.count_dropped_baggage();
                continue;
            }
            match parse_member(member) {
                Some(item) => {
                    if self.found.add_baggage(item) {
                        self.kept_bytes = bytes;
                    }
                }
                None => self.malformed = Some("a member is malformed"),
            }
        }
    }

    fn finish(self) -> Result<(), ExtractError> {
        self.malformed.map_or(Ok(()), |reason| Err(ExtractError::corrupted(BAGGAGE.name(), reason)))
    }
}

/// Parses `key=value;property;property=value`, with optional whitespace around each part.
fn parse_member(member: &[u8]) -> Option<BaggageItem> {
    let mut parts = member.split(|&byte| byte == b';');
    let (key, value) = split_pair(parts.next()?);
    let (key, value) = (key_text(key)?, value.filter(|value| is_value(value))?);
    let value = percent::decode(value);
    let mut properties = Text::new();
    for property in parts.map(trim).filter(|property| !property.is_empty()) {
        let (name, value) = split_pair(property);
        properties.push(if properties.is_empty() { "" } else { ";" });
        properties.push(key_text(name)?);
        if let Some(value) = value {
            properties.push("=");
            properties.push(Some(value).filter(|value| is_value(value)).and_then(|v| std::str::from_utf8(v).ok())?);
        }
    }
    Some(BaggageItem::with_properties(key, &value, properties.as_str()))
}

fn split_pair(pair: &[u8]) -> (&[u8], Option<&[u8]>) {
    match pair.iter().position(|&byte| byte == b'=') {
        Some(equals) => {
            let (key, value) = pair.split_at(equals);
            (trim(key), value.get(1..).map(trim))
        }
        None => (trim(pair), None),
    }
}

fn key_text(key: &[u8]) -> Option<&str> {
    std::str::from_utf8(key).ok().filter(|key| is_token(key.as_bytes()))
}

fn is_property(property: &str) -> bool {
    let (name, value) = split_pair(property.as_bytes());
    is_token(name) && value.is_none_or(is_value)
}

/// Whether that is the name of the header, which has no part in a trace.
pub(crate) fn is_field(name: &str) -> bool {
    name == BAGGAGE.name()
}

/// Whether the key is a token (RFC 9110, section 5.6.2). Keys are never decoded.
pub(crate) fn is_token(key: &[u8]) -> bool {
    let is_token_byte = |&byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !key.is_empty() && key.iter().all(is_token_byte)
}

fn is_value(value: &[u8]) -> bool {
    value.iter().all(|&byte| is_value_byte(byte))
}

/// Printable ASCII without space, quote, comma, semicolon and backslash.
fn is_value_byte(byte: u8) -> bool {
    byte.is_ascii_graphic() && !matches!(byte, b'"' | b',' | b';' | b'\\')
}
