//! Tags, logs and links of a span as bytes.
//!
//! ```text
//! span   = sections, [name], fields, [links], [logs]
//! fields = count, (key, value)*
//! key    = 0, text  |  number in the dictionary + 1
//! value  = payload × 8 + type, …
//! text   = length, bytes
//! ```
//!
//! Numbers are varints.

use opentracing_core::{SpanId, TraceId};

use crate::model::{Link, LinkKind, Log, Span, Text, Value};
use crate::store::dictionary::{Dictionary, Texts};

/// Gives numbers to texts.
pub(crate) trait Intern {
    fn key(&mut self, text: &str) -> Option<u32>;
    fn value(&mut self, text: &str) -> Option<u32>;
    /// Learns of a tag of the span itself.
    fn tag(&mut self, key: Option<u32>, name: &str, value: &Value);
}

/// Stores all texts with the span, for a file.
#[cfg(feature = "sqlite")]
pub(crate) struct Inline;

#[cfg(feature = "sqlite")]
impl Intern for Inline {
    fn key(&mut self, _: &str) -> Option<u32> {
        None
    }

    fn value(&mut self, _: &str) -> Option<u32> {
        None
    }

    fn tag(&mut self, _: Option<u32>, _: &str, _: &Value) {}
}

/// Stores texts in the dictionary, and calls back for tags.
pub(super) struct Shared<'a, F> {
    pub(super) dictionary: &'a mut Dictionary,
    pub(super) on_tag: F,
}

impl<F: FnMut(Option<u32>, &str, &Value)> Intern for Shared<'_, F> {
    fn key(&mut self, text: &str) -> Option<u32> {
        self.dictionary.intern(text)
    }

    fn value(&mut self, text: &str) -> Option<u32> {
        self.dictionary.intern_value(text)
    }

    fn tag(&mut self, key: Option<u32>, name: &str, value: &Value) {
        (self.on_tag)(key, name, value);
    }
}

const HAS_NAME: u8 = 1;
const HAS_LINKS: u8 = 2;
const HAS_LOGS: u8 = 4;

const DICTIONARY: u64 = 0;
const TEXT: u64 = 1;
const BOOL: u64 = 2;
const I64: u64 = 3;
const F64: u64 = 4;
const U64: u64 = 5;
const DICTIONARY_JSON: u64 = 6;
const JSON: u64 = 7;

/// Appends a span. `with_name` is for names that are not in a column.
pub(crate) fn encode(span: &Span, with_name: bool, intern: &mut impl Intern, out: &mut Vec<u8>) {
    let sections = if with_name { HAS_NAME } else { 0 }
        | if span.links.is_empty() { 0 } else { HAS_LINKS }
        | if span.logs.is_empty() { 0 } else { HAS_LOGS };
    out.push(sections);
    if with_name {
        put_text(&span.name, out);
    }
    put_varint(span.tags.len() as u64, out);
    for (key, value) in &span.tags {
        let id = put_field(key, value, intern, out);
        intern.tag(id, key, value);
    }
    if !span.links.is_empty() {
        put_varint(span.links.len() as u64, out);
        for link in &span.links {
            out.push(match link.kind {
                LinkKind::ChildOf => 0,
                LinkKind::FollowsFrom => 1,
                LinkKind::Link => 2,
            });
            out.extend_from_slice(&link.trace_id.to_bytes());
            out.extend_from_slice(&link.span_id.to_bytes());
            put_fields(&link.tags, intern, out);
        }
    }
    if !span.logs.is_empty() {
        put_varint(span.logs.len() as u64, out);
        for log in &span.logs {
            put_varint(zigzag(log.unix_ns.wrapping_sub(span.start_unix_ns) as i64), out);
            put_fields(&log.fields, intern, out);
        }
    }
}

/// Appends fields on their own, such as those of a resource.
pub(crate) fn put_fields(fields: &[(Text, Value)], intern: &mut impl Intern, out: &mut Vec<u8>) {
    put_varint(fields.len() as u64, out);
    for (key, value) in fields {
        put_field(key, value, intern, out);
    }
}

fn put_field(key: &str, value: &Value, intern: &mut impl Intern, out: &mut Vec<u8>) -> Option<u32> {
    let id = intern.key(key);
    match id {
        Some(id) => put_varint(u64::from(id) + 1, out),
        None => {
            out.push(0);
            put_text(key, out);
        }
    }
    match value {
        Value::Bool(value) => put_varint(u64::from(*value) << 3 | BOOL, out),
        Value::I64(value) => {
            out.push(I64 as u8);
            put_varint(zigzag(*value), out);
        }
        Value::U64(value) => {
            out.push(U64 as u8);
            put_varint(*value, out);
        }
        Value::F64(value) => {
            out.push(F64 as u8);
            out.extend_from_slice(&value.to_bits().to_le_bytes());
        }
        Value::Str(text) => put_value(text, DICTIONARY, TEXT, intern, out),
        Value::Json(text) => put_value(text, DICTIONARY_JSON, JSON, intern, out),
    }
    id
}

fn put_value(text: &str, known: u64, inline: u64, intern: &mut impl Intern, out: &mut Vec<u8>) {
    match intern.value(text) {
        Some(id) => put_varint(u64::from(id) << 3 | known, out),
        None => {
            put_varint((text.len() as u64) << 3 | inline, out);
            out.extend_from_slice(text.as_bytes());
        }
    }
}

fn put_text(text: &str, out: &mut Vec<u8>) {
    put_varint(text.len() as u64, out);
    out.extend_from_slice(text.as_bytes());
}

fn put_varint(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn zigzag(number: i64) -> u64 {
    (number << 1 ^ number >> 63) as u64
}

/// A key or a text value as it is stored.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum RawText<'a> {
    Known(u32),
    Inline(&'a [u8]),
}

/// A value as it is stored.
#[derive(Clone, Copy)]
pub(super) enum RawValue<'a> {
    Bool(bool),
    I64(i64),
    U64(u64),
    F64(f64),
    Text(RawText<'a>),
    Json(RawText<'a>),
}

/// Reads an encoded span, one section after the other. Every method returns `None` if the bytes are not an encoded span.
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
    sections: u8,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Option<Self> {
        let (&sections, bytes) = bytes.split_first()?;
        Some(Reader { bytes, sections })
    }

    /// Reads fields that were written on their own.
    #[cfg(feature = "sqlite")]
    pub(crate) fn of_fields(bytes: &'a [u8]) -> Self {
        Reader { bytes, sections: 0 }
    }

    /// The name, if it is stored here.
    pub(crate) fn name(&mut self) -> Option<Option<&'a [u8]>> {
        Some(if self.sections & HAS_NAME == 0 { None } else { Some(self.text()?) })
    }

    /// Calls `visit` for each field of a group of fields, until it returns false.
    pub(super) fn visit(&mut self, mut visit: impl FnMut(RawText<'a>, RawValue<'a>) -> bool) -> Option<bool> {
        for _ in 0..self.varint()? {
            let key = self.key()?;
            if !visit(key, self.value()?) {
                return Some(false);
            }
        }
        Some(true)
    }

    /// Calls `visit` for each field of the logs, after the tags were read.
    pub(super) fn visit_logs(&mut self, mut visit: impl FnMut(RawText<'a>, RawValue<'a>) -> bool) -> Option<bool> {
        if self.sections & HAS_LINKS != 0 {
            for _ in 0..self.varint()? {
                self.take(25)?;
                self.visit(|_, _| true)?;
            }
        }
        if self.sections & HAS_LOGS != 0 {
            for _ in 0..self.varint()? {
                self.varint()?;
                if !self.visit(&mut visit)? {
                    return Some(false);
                }
            }
        }
        Some(true)
    }

    pub(crate) fn fields(&mut self, texts: &Texts) -> Option<Vec<(Text, Value)>> {
        let mut fields = Vec::new();
        self.visit(|key, value| {
            fields.push((key.to_text(texts), value.to_value(texts)));
            true
        })?;
        Some(fields)
    }

    pub(crate) fn links(&mut self, texts: &Texts) -> Option<Vec<Link>> {
        let mut links = Vec::new();
        if self.sections & HAS_LINKS != 0 {
            for _ in 0..self.varint()? {
                let kind = match self.take(1)?[0] {
                    0 => LinkKind::ChildOf,
                    1 => LinkKind::FollowsFrom,
                    _ => LinkKind::Link,
                };
                let trace_id = TraceId::from_bytes(self.take(16)?.try_into().ok()?);
                let span_id = SpanId::from_bytes(self.take(8)?.try_into().ok()?);
                links.push(Link { kind, trace_id, span_id, tags: self.fields(texts)? });
            }
        }
        Some(links)
    }

    pub(crate) fn logs(&mut self, start_unix_ns: u64, texts: &Texts) -> Option<Vec<Log>> {
        let mut logs = Vec::new();
        if self.sections & HAS_LOGS != 0 {
            for _ in 0..self.varint()? {
                let offset = self.varint()?;
                let offset = (offset >> 1) as i64 ^ -((offset & 1) as i64);
                logs.push(Log { unix_ns: start_unix_ns.wrapping_add(offset as u64), fields: self.fields(texts)? });
            }
        }
        Some(logs)
    }

    fn key(&mut self) -> Option<RawText<'a>> {
        Some(match self.varint()? {
            0 => RawText::Inline(self.text()?),
            number => RawText::Known((number - 1) as u32),
        })
    }

    fn value(&mut self) -> Option<RawValue<'a>> {
        let head = self.varint()?;
        let payload = head >> 3;
        Some(match head & 7 {
            DICTIONARY => RawValue::Text(RawText::Known(payload as u32)),
            TEXT => RawValue::Text(RawText::Inline(self.take(payload as usize)?)),
            BOOL => RawValue::Bool(payload != 0),
            I64 => {
                let number = self.varint()?;
                RawValue::I64((number >> 1) as i64 ^ -((number & 1) as i64))
            }
            F64 => RawValue::F64(f64::from_bits(u64::from_le_bytes(self.take(8)?.try_into().ok()?))),
            U64 => RawValue::U64(self.varint()?),
            DICTIONARY_JSON => RawValue::Json(RawText::Known(payload as u32)),
            _ => RawValue::Json(RawText::Inline(self.take(payload as usize)?)),
        })
    }

    fn text(&mut self) -> Option<&'a [u8]> {
        let length = self.varint()?;
        self.take(length as usize)
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.bytes.split_at_checked(length)?;
        self.bytes = rest;
        Some(taken)
    }

    fn varint(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let (&byte, rest) = self.bytes.split_first()?;
            self.bytes = rest;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }
}

impl RawText<'_> {
    pub(super) fn is(self, text: &[u8], texts: &Texts) -> bool {
        match self {
            RawText::Known(id) => texts.get(id).as_bytes() == text,
            RawText::Inline(bytes) => bytes == text,
        }
    }

    pub(super) fn to_text(self, texts: &Texts) -> Text {
        match self {
            RawText::Known(id) => texts.find(id).map(|text| text.clone().into()).unwrap_or_default(),
            RawText::Inline(bytes) => String::from_utf8_lossy(bytes).into_owned().into(),
        }
    }
}

impl RawValue<'_> {
    pub(super) fn to_value(self, texts: &Texts) -> Value {
        match self {
            RawValue::Bool(value) => Value::Bool(value),
            RawValue::I64(value) => Value::I64(value),
            RawValue::U64(value) => Value::U64(value),
            RawValue::F64(value) => Value::F64(value),
            RawValue::Text(text) => Value::Str(text.to_text(texts)),
            RawValue::Json(text) => Value::Json(text.to_text(texts)),
        }
    }
}
