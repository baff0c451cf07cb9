//! Thrift structs of numbered fields, for both protocols (Apache Thrift, "Thrift Protocol Structure").

use std::marker::PhantomData;

/// The field types in Jaeger's structs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    I32,
    I64,
    Double,
    Text,
    List,
    Struct,
}

/// A Thrift protocol: how fields and values are written.
pub(super) trait Protocol {
    /// Writes the header of a field. `last` is the number of the previous field in the struct, or 0.
    fn field(out: &mut Vec<u8>, kind: Kind, number: i16, last: i16);
    /// Writes a whole boolean field.
    fn bool_field(out: &mut Vec<u8>, number: i16, last: i16, value: bool);
    /// Writes the header of a list.
    fn list(out: &mut Vec<u8>, of: Kind, length: usize);
    fn i32(out: &mut Vec<u8>, value: i32);
    fn i64(out: &mut Vec<u8>, value: i64);
    fn double(out: &mut Vec<u8>, value: f64);
    fn text(out: &mut Vec<u8>, text: &str);
    /// Skips a field with a 64-bit number.
    fn skip_i64_field(from: &mut &[u8]) -> Option<()>;

    /// Reads a field with a text.
    fn read_text_field<'a>(from: &mut &'a [u8]) -> Option<&'a [u8]>;

    /// Writes the start of a one-way call, up to the header of its only argument, a struct.
    fn call(out: &mut Vec<u8>, method: &str, sequence: i32);
}

/// Ends a struct, in both protocols.
pub(super) const STOP: u8 = 0;

/// A struct whose fields are being written.
pub(super) struct Struct<'o, P> {
    out: &'o mut Vec<u8>,
    last: i16,
    protocol: PhantomData<P>,
}

impl<'o, P: Protocol> Struct<'o, P> {
    #[inline]
    pub(super) fn new(out: &'o mut Vec<u8>) -> Self {
        Struct { out, last: 0, protocol: PhantomData }
    }

    #[inline]
    pub(super) fn bool(&mut self, number: i16, value: bool) {
        P::bool_field(self.out, number, self.last, value);
        self.last = number;
    }

    #[inline]
    pub(super) fn i32(&mut self, number: i16, value: i32) {
        P::i32(self.field(Kind::I32, number), value);
    }

    #[inline]
    pub(super) fn i64(&mut self, number: i16, value: i64) {
        P::i64(self.field(Kind::I64, number), value);
    }

    #[inline]
    pub(super) fn double(&mut self, number: i16, value: f64) {
        P::double(self.field(Kind::Double, number), value);
    }

    #[inline]
    pub(super) fn text(&mut self, number: i16, text: &str) {
        P::text(self.field(Kind::Text, number), text);
    }

    /// Starts a nested struct. The caller writes its fields and `STOP`.
    #[inline]
    pub(super) fn nested(&mut self, number: i16) -> &mut Vec<u8> {
        self.field(Kind::Struct, number)
    }

    /// Starts a list of structs. The caller writes them, each with `STOP`.
    #[inline]
    pub(super) fn list(&mut self, number: i16, length: usize) -> &mut Vec<u8> {
        let out = self.field(Kind::List, number);
        P::list(out, Kind::Struct, length);
        out
    }

    #[inline]
    pub(super) fn end(self) {
        self.out.push(STOP);
    }

    #[inline]
    fn field(&mut self, kind: Kind, number: i16) -> &mut Vec<u8> {
        P::field(self.out, kind, number, self.last);
        self.last = number;
        self.out
    }
}
