//! Hexadecimal digits, read byte by byte, because integer parsers also accept signs and any length.

/// No digit has any of these bits.
const INVALID: u8 = 0xf0;

const LOWER_CASE: [u8; 256] = digits(false);
const ANY_CASE: [u8; 256] = digits(true);

const fn digits(upper: bool) -> [u8; 256] {
    let mut table = [INVALID; 256];
    let mut digit = 0;
    while digit < 16 {
        let lower = b"0123456789abcdef"[digit];
        table[lower as usize] = digit as u8;
        if upper {
            table[lower.to_ascii_uppercase() as usize] = digit as u8;
        }
        digit += 1;
    }
    table
}

/// Reads up to 16 lower-case digits. The caller checks how many there are.
#[inline]
pub(crate) fn lower_case(digits: &[u8]) -> Option<u64> {
    match <&[u8; 16]>::try_from(digits) {
        Ok(digits) => decode_16(digits, 0),
        Err(_) => decode(digits, &LOWER_CASE),
    }
}

/// Reads up to 16 digits of either case. The caller checks how many there are.
#[inline]
pub(crate) fn any_case(digits: &[u8]) -> Option<u64> {
    match <&[u8; 16]>::try_from(digits) {
        Ok(digits) => decode_16(digits, 0x20),
        Err(_) => decode(digits, &ANY_CASE),
    }
}

/// Reads 1 to 32 digits of either case: the upper and the lower 64 bits of a number.
pub(crate) fn any_length(digits: &[u8]) -> Option<(u64, u64)> {
    let (high, low) = digits.split_at(digits.len().saturating_sub(16));
    let fits = !low.is_empty() && high.len() <= 16;
    fits.then(|| Some((any_case(high)?, any_case(low)?))).flatten()
}

#[inline]
fn decode(digits: &[u8], table: &[u8; 256]) -> Option<u64> {
    let (mut number, mut seen) = (0, 0);
    for &digit in digits {
        let value = table[usize::from(digit)];
        seen |= value;
        number = number << 4 | u64::from(value & !INVALID);
    }
    (seen & INVALID == 0).then_some(number)
}

/// Most ids have 16 digits, which are read eight at a time.
#[inline]
fn decode_16(digits: &[u8; 16], to_lower: u8) -> Option<u64> {
    let (&[high, low], []) = digits.as_chunks::<8>() else { return None };
    let ((high, is_high), (low, is_low)) = (decode_8(high, to_lower), decode_8(low, to_lower));
    (is_high & is_low).then_some(high << 32 | low)
}

/// The number, and whether all bytes are digits. Each byte is computed within its own eight bits.
#[inline]
fn decode_8(digits: [u8; 8], to_lower: u8) -> (u64, bool) {
    const fn all(byte: u8) -> u64 {
        u64::from_ne_bytes([byte; 8])
    }
    let text = u64::from_be_bytes(digits);
    // The letters of ASCII have the bit 0x40: `a` is 0x61 and stands for ten.
    let is_letter = text >> 6 & all(1);
    let text = text | (is_letter * u64::from(to_lower));
    let values = (text & all(0x0f)) + is_letter * 9;
    let again = values + all(b'0') + is_letter * u64::from(b'a' - b'0' - 10);
    let is_above_nine = (values + all(6)) >> 4 & all(1);
    let is_valid = again == text && is_above_nine == is_letter && values & all(0xf0) == 0;
    // Moves the digits together: into bytes, then bytes into pairs, and so on.
    let number = (values | values >> 4) & 0x00ff_00ff_00ff_00ff;
    let number = (number | number >> 8) & 0x0000_ffff_0000_ffff;
    ((number | number >> 16) & 0xffff_ffff, is_valid)
}

const PAIRS: [[u8; 2]; 256] = {
    let mut pairs = [[0; 2]; 256];
    let mut byte = 0;
    while byte < 256 {
        pairs[byte] = [b"0123456789abcdef"[byte >> 4], b"0123456789abcdef"[byte & 0xf]];
        byte += 1;
    }
    pairs
};

/// The 16 lower-case digits of a number.
#[inline]
pub(crate) fn encode(number: u64) -> [u8; 16] {
    let mut digits = [0; 16];
    for (pair, byte) in digits.as_chunks_mut::<2>().0.iter_mut().zip(number.to_be_bytes()) {
        *pair = PAIRS[usize::from(byte)];
    }
    digits
}

/// The two upper-case digits of a byte, as recommended for percent-encoding (RFC 3986, section 2.1).
pub(crate) fn upper_case_pair(byte: u8) -> [u8; 2] {
    PAIRS[usize::from(byte)].map(|digit| digit.to_ascii_uppercase())
}
