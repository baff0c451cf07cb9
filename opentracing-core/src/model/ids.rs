//! Trace and span identifiers.

use std::error::Error;
use std::fmt;
use std::str::FromStr;

use crate::wire;

/// Identifies a trace: 128 bits, written as 32 lower-case hexadecimal digits.
///
/// Zero is not a valid id. A 64-bit id is one whose high half is zero.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct TraceId([u64; 2]); // high, low: words, so that a context needs an alignment of 8 only

/// Identifies a span within its trace: 64 bits, written as 16 lower-case hexadecimal digits.
///
/// Zero is not a valid id.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct SpanId(u64);

impl TraceId {
    /// The id that no trace has.
    pub const INVALID: TraceId = TraceId([0, 0]);

    /// Puts an id together from its upper and lower 64 bits.
    #[inline]
    pub const fn from_parts(high: u64, low: u64) -> Self {
        TraceId([high, low])
    }

    /// The upper 64 bits; zero for a 64-bit id.
    #[inline]
    pub const fn high(self) -> u64 {
        self.0[0]
    }

    /// The lower 64 bits, which are what Instana and Datadog know of the id.
    #[inline]
    pub const fn low(self) -> u64 {
        self.0[1]
    }

    /// Whether the id is not zero.
    #[inline]
    pub const fn is_valid(self) -> bool {
        self.0[0] | self.0[1] != 0
    }

    /// The id in network byte order, as W3C Trace Context and OTLP count the bytes.
    pub const fn to_bytes(self) -> [u8; 16] {
        ((self.0[0] as u128) << 64 | self.0[1] as u128).to_be_bytes()
    }

    /// Reads an id in network byte order.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        let id = u128::from_be_bytes(bytes);
        TraceId([(id >> 64) as u64, id as u64])
    }
}

impl SpanId {
    /// The id that no span has.
    pub const INVALID: SpanId = SpanId(0);

    /// Makes an id of a number.
    #[inline]
    pub const fn new(id: u64) -> Self {
        SpanId(id)
    }

    /// The id as a number.
    #[inline]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// Whether the id is not zero.
    #[inline]
    pub const fn is_valid(self) -> bool {
        self.0 != 0
    }

    /// The id in network byte order.
    pub const fn to_bytes(self) -> [u8; 8] {
        self.0.to_be_bytes()
    }

    /// Reads an id in network byte order.
    pub const fn from_bytes(bytes: [u8; 8]) -> Self {
        SpanId(u64::from_be_bytes(bytes))
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}{:016x}", self.high(), self.low())
    }
}

impl fmt::Display for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Debug for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Reads 1 to 32 hexadecimal digits of either case, as a user would type them. Wire formats have stricter readers of their own.
impl FromStr for TraceId {
    type Err = InvalidId;

    fn from_str(digits: &str) -> Result<Self, InvalidId> {
        let id = parse(digits, 32)?;
        Ok(TraceId([(id >> 64) as u64, id as u64]))
    }
}

/// Reads 1 to 16 hexadecimal digits of either case, as a user would type them. Wire formats have stricter readers of their own.
impl FromStr for SpanId {
    type Err = InvalidId;

    fn from_str(digits: &str) -> Result<Self, InvalidId> {
        Ok(SpanId(parse(digits, 16)? as u64))
    }
}

/// A text that is not an id: empty, too long, zero, or with a character that is no hexadecimal digit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct InvalidId(());

impl fmt::Display for InvalidId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("invalid id: expected hexadecimal digits that are not all zero")
    }
}

impl Error for InvalidId {}

/// Digit by digit: `from_str_radix` would also take a sign.
fn parse(digits: &str, max_digits: usize) -> Result<u128, InvalidId> {
    if digits.len() > max_digits {
        return Err(InvalidId(()));
    }
    let mut id = 0;
    for digit in digits.chars() {
        id = id << 4 | u128::from(digit.to_digit(16).ok_or(InvalidId(()))?);
    }
    if id == 0 { Err(InvalidId(())) } else { Ok(id) }
}

/// Ids in their wire form.
impl wire::text::Text {
    #[inline]
    pub(crate) fn push_span_id(&mut self, id: SpanId) {
        self.push_hex(id.get());
    }

    /// All 32 digits.
    #[inline]
    pub(crate) fn push_trace_id(&mut self, id: TraceId) {
        self.push_hex(id.high());
        self.push_hex(id.low());
    }
}
