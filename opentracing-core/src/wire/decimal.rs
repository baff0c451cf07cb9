//! Decimal digits, read byte by byte, because integer parsers also accept a sign.

/// Reads a number below 2^64, with any number of leading zeros.
pub(crate) fn parse(digits: &[u8]) -> Option<u64> {
    let add = |number: u64, &digit: &u8| {
        let value = digit.is_ascii_digit().then_some(u64::from(digit & 0xf))?;
        number.checked_mul(10)?.checked_add(value)
    };
    if digits.is_empty() { None } else { digits.iter().try_fold(0, add) }
}
