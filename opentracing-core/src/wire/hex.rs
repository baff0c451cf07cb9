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

/// Most ids have 16 digits. Without branches and tables, the compiler turns this into vector instructions.
#[inline]
fn decode_16(digits: &[u8; 16], to_lower: u8) -> Option<u64> {
    let (mut values, mut seen) = ([0; 16], 0);
    for (value, &byte) in values.iter_mut().zip(digits) {
        let (digit, letter) = (byte.wrapping_sub(b'0'), (byte | to_lower).wrapping_sub(b'a'));
        *value = if digit < 10 { digit } else { letter.wrapping_add(10) };
        seen |= u8::from(digit >= 10) & u8::from(letter >= 6);
    }
    let mut number = u128::from_be_bytes(values);
    // Moves the digits together: into bytes, then bytes into pairs, and so on.
    number = (number | number >> 4) & 0x00ff_00ff_00ff_00ff_00ff_00ff_00ff_00ff;
    number = (number | number >> 8) & 0x0000_ffff_0000_ffff_0000_ffff_0000_ffff;
    number = (number | number >> 16) & 0x0000_0000_ffff_ffff_0000_0000_ffff_ffff;
    (seen == 0).then_some((number | number >> 32) as u64)
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
