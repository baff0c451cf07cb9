//! A decoder for Thrift's compact and binary protocols.

use std::collections::BTreeMap;

/// A value. Fields of structs are found by their numbers.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Thrift {
    Bool(bool),
    Number(i64),
    Double(f64),
    Text(String),
    List(Vec<Thrift>),
    Struct(BTreeMap<i16, Thrift>),
}

impl Thrift {
    /// The field with this number.
    #[track_caller]
    pub(crate) fn field(&self, number: i16) -> &Thrift {
        match self {
            Thrift::Struct(fields) => fields.get(&number).unwrap_or_else(|| panic!("no field {number} in {self:?}")),
            other => panic!("{other:?} is no struct"),
        }
    }

    pub(crate) fn has(&self, number: i16) -> bool {
        matches!(self, Thrift::Struct(fields) if fields.contains_key(&number))
    }

    #[track_caller]
    pub(crate) fn text(&self, number: i16) -> &str {
        match self.field(number) {
            Thrift::Text(text) => text,
            other => panic!("{other:?} is no text"),
        }
    }

    #[track_caller]
    pub(crate) fn number(&self, number: i16) -> i64 {
        match self.field(number) {
            Thrift::Number(number) => *number,
            other => panic!("{other:?} is no number"),
        }
    }

    /// The elements of a list field; none if it is missing.
    pub(crate) fn list(&self, number: i16) -> &[Thrift] {
        match self {
            Thrift::Struct(fields) => match fields.get(&number) {
                Some(Thrift::List(elements)) => elements,
                _ => &[],
            },
            _ => &[],
        }
    }
}

/// Decodes one struct in the binary protocol, and nothing after it.
pub(crate) fn binary(bytes: &[u8]) -> Thrift {
    let mut reader = Reader(bytes);
    let value = reader.binary(12);
    assert!(reader.0.is_empty(), "nothing is behind the struct");
    value
}

/// Decodes one message in the compact protocol, and nothing after it: name, sequence number, argument.
pub(crate) fn compact_call(bytes: &[u8]) -> (String, u64, Thrift) {
    let mut reader = Reader(bytes);
    assert_eq!(reader.take(2), [0x82, 0x21], "protocol, version and type");
    let sequence = reader.varint();
    let name = reader.compact_text();
    let arguments = reader.compact(12);
    assert!(reader.0.is_empty(), "nothing is behind the message");
    (name, sequence, arguments.field(1).clone())
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(length);
        self.0 = rest;
        taken
    }

    fn byte(&mut self) -> u8 {
        self.take(1)[0]
    }

    fn array<const N: usize>(&mut self) -> [u8; N] {
        self.take(N).try_into().expect("it has that length")
    }

    fn varint(&mut self) -> u64 {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte();
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                break;
            }
        }
        value
    }

    fn zigzag(&mut self) -> i64 {
        let value = self.varint();
        (value >> 1) as i64 ^ -((value & 1) as i64)
    }

    fn string(&mut self, length: usize) -> String {
        String::from_utf8(self.take(length).to_vec()).expect("texts are UTF-8")
    }

    fn compact_text(&mut self) -> String {
        let length = self.varint() as usize;
        self.string(length)
    }

    fn compact(&mut self, kind: u8) -> Thrift {
        match kind {
            1 | 2 => Thrift::Bool(kind == 1),
            5 | 6 => Thrift::Number(self.zigzag()),
            7 => Thrift::Double(f64::from_le_bytes(self.array())),
            8 => Thrift::Text(self.compact_text()),
            9 => {
                let head = self.byte();
                let length = if head >> 4 == 15 { self.varint() } else { u64::from(head >> 4) };
                Thrift::List((0..length).map(|_| self.compact(head & 15)).collect())
            }
            12 => {
                let (mut fields, mut last) = (BTreeMap::new(), 0);
                loop {
                    let head = self.byte();
                    if head == 0 {
                        return Thrift::Struct(fields);
                    }
                    last = if head >> 4 == 0 { self.zigzag() as i16 } else { last + i16::from(head >> 4) };
                    assert!(fields.insert(last, self.compact(head & 15)).is_none(), "field {last} is there once");
                }
            }
            other => panic!("type {other} is none of Jaeger's"),
        }
    }

    fn binary(&mut self, kind: u8) -> Thrift {
        match kind {
            2 => Thrift::Bool(self.byte() == 1),
            4 => Thrift::Double(f64::from_be_bytes(self.array())),
            8 => Thrift::Number(i32::from_be_bytes(self.array()).into()),
            10 => Thrift::Number(i64::from_be_bytes(self.array())),
            11 => {
                let length = u32::from_be_bytes(self.array());
                Thrift::Text(self.string(length as usize))
            }
            12 => {
                let mut fields = BTreeMap::new();
                loop {
                    let kind = self.byte();
                    if kind == 0 {
                        return Thrift::Struct(fields);
                    }
                    let number = i16::from_be_bytes(self.array());
                    assert!(fields.insert(number, self.binary(kind)).is_none(), "field {number} is there once");
                }
            }
            15 => {
                let kind = self.byte();
                let length = u32::from_be_bytes(self.array());
                Thrift::List((0..length).map(|_| self.binary(kind)).collect())
            }
            other => panic!("type {other} is none of Jaeger's"),
        }
    }
}
