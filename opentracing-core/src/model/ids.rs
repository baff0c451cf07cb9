//! Trace and span identifiers.

use std::error::Error;
use std::fmt;
use std::str::FromStr;

use crate::wire;

/// Identifies a trace: 128 bits, written as 32 lower-case hexadecimal digits.
///
/// Zero is not a valid id. The upper half of a 64-bit id is zero.
///
/// ```
/// use opentracing_core::TraceId;
///
/// let id: TraceId = "463ac35c9f6413ad48485a3953bb6124".parse()?;
/// assert_eq!(id.low(), 0x4848_5a39_53bb_6124);
/// assert_eq!(id.to_string(), "463ac35c9f6413ad48485a3953bb6124");
///
/// let short: TraceId = "4848".parse()?;
/// assert_eq!(short.to_string(), "00000000000000000000000000004848");
/// assert!("0".parse::<TraceId>().is_err());
/// # Ok::<(), opentracing_core::InvalidId>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct TraceId([u64; 2]); // upper and lower half: two words need an alignment of 8, `u128` needs 16

/// Identifies a span within its trace: 64 bits, written as 16 lower-case hexadecimal digits.
///
/// Zero is not a valid id.
///
/// ```
/// use opentracing_core::SpanId;
///
/// let id = SpanId::new(255);
/// assert_eq!(id.to_string(), "00000000000000ff");
/// assert_eq!("ff".parse(), Ok(id));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct SpanId(u64);

impl TraceId {
    /// Zero, which no trace has as its id.
    pub const INVALID: TraceId = TraceId([0, 0]);

    /// Creates an id from its upper and lower 64 bits.
    #[inline]
    pub const fn from_parts(high: u64, low: u64) -> Self {
        TraceId([high, low])
    }

    /// The upper 64 bits; zero for a 64-bit id.
    #[inline]
    pub const fn high(self) -> u64 {
        self.0[0]
    }

    /// The lower 64 bits. Instana and Datadog identify a trace by these alone.
    #[inline]
    pub const fn low(self) -> u64 {
        self.0[1]
    }

    /// Whether the id is not zero.
    #[inline]
    pub const fn is_valid(self) -> bool {
        self.0[0] | self.0[1] != 0
    }

    /// The id in network byte order, as in W3C Trace Context and OTLP.
    pub const fn to_bytes(self) -> [u8; 16] {
        ((self.0[0] as u128) << 64 | self.0[1] as u128).to_be_bytes()
    }

    /// The 32 digits of the wire form as ASCII, for example for a log line. About a tenth of the cost of `Display`.
    #[inline]
    pub fn to_hex(self) -> [u8; 32] {
        let mut digits = [0; 32];
        digits[..16].copy_from_slice(&wire::hex::encode(self.high()));
        digits[16..].copy_from_slice(&wire::hex::encode(self.low()));
        digits
    }

    /// Reads an id in network byte order.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        let id = u128::from_be_bytes(bytes);
        TraceId([(id >> 64) as u64, id as u64])
    }
}

impl SpanId {
    /// Zero, which no span has as its id.
    pub const INVALID: SpanId = SpanId(0);

    /// Creates an id from a number.
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

    /// The 16 digits of the wire form as ASCII, for example for a log line.
    #[inline]
    pub fn to_hex(self) -> [u8; 16] {
        wire::hex::encode(self.0)
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

/// The error for text that is not an id: it is empty, too long or zero, or contains a character that is not a hexadecimal digit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct InvalidId(());

impl fmt::Display for InvalidId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("invalid id: expected hexadecimal digits that are not all zero")
    }
}

impl Error for InvalidId {}

/// Parses digit by digit, since `from_str_radix` would also accept a sign.
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

    /// Appends all 32 digits.
    #[inline]
    pub(crate) fn push_trace_id(&mut self, id: TraceId) {
        self.push_hex(id.high());
        self.push_hex(id.low());
    }
}
