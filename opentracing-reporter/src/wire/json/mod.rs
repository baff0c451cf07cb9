//! JSON (RFC 8259), written straight into the request's buffer.

#[cfg(any(feature = "datadog", feature = "instana"))]
mod object;

use std::io::Write;

use opentracing_core::Value;

#[cfg(any(feature = "datadog", feature = "instana"))]
pub(crate) use self::object::{Object, object};

/// Appends a string with its quotes.
#[inline]
pub(crate) fn string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    escaped(out, text);
    out.push(b'"');
}

/// Appends part of a string, without quotes.
pub(crate) fn escaped(out: &mut Vec<u8>, text: &str) {
    let mut rest = text.as_bytes();
    while let Some(at) = rest.iter().position(|&byte| ESCAPES[usize::from(byte)] != 0) {
        let (plain, special) = rest.split_at(at);
        out.extend_from_slice(plain);
        let byte = special[0];
        match ESCAPES[usize::from(byte)] {
            b'u' => {
                out.extend_from_slice(b"\\u00");
                hex(out, &[byte]);
            }
            letter => out.extend_from_slice(&[b'\\', letter]),
        }
        rest = &special[1..];
    }
    out.extend_from_slice(rest);
}

/// Appends a value in its own type. NaN and infinities become strings.
pub(crate) fn value(out: &mut Vec<u8>, value: Value<'_>) {
    match value {
        Value::Bool(_) | Value::I64(_) | Value::U64(_) => text(out, value),
        Value::F64(number) if number.is_finite() => text(out, value),
        _ => {
            out.push(b'"');
            text(out, value);
            out.push(b'"');
        }
    }
}

/// Appends a value as part of a string.
pub(crate) fn text(out: &mut Vec<u8>, value: Value<'_>) {
    match value {
        Value::Bool(truth) => out.extend_from_slice(if truth { b"true" } else { b"false" }),
        Value::I64(number) => {
            if number < 0 {
                out.push(b'-');
            }
            decimal(out, number.unsigned_abs());
        }
        Value::U64(number) => decimal(out, number),
        // With an exponent if the number is long without it. Writing to memory does not fail.
        Value::F64(_) => write!(out, "{value}").unwrap_or_default(),
        Value::Static(text) => escaped(out, text),
        Value::Str(text) | Value::Message(text) => escaped(out, text),
        Value::Url(pieces) => pieces.iter().for_each(|piece| escaped(out, piece)),
        other => escaped(out, &other.to_string()),
    }
}

/// Appends an integer.
pub(crate) fn decimal(out: &mut Vec<u8>, mut number: u64) {
    const MAX_DIGITS: usize = 20;
    let mut digits = [0; MAX_DIGITS];
    let mut at = MAX_DIGITS;
    loop {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

/// Appends bytes in hexadecimal, two lower-case digits each.
pub(crate) fn hex(out: &mut Vec<u8>, bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    out.extend(bytes.iter().flat_map(|byte| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]));
}

/// Reads the string that follows `key`, such as `"name":`, for the first time. A key within a string is not found, since its quotes are
/// escaped there.
pub(crate) fn string_after(json: &[u8], key: &str) -> Option<String> {
    let at = json.windows(key.len()).position(|window| window == key.as_bytes())?;
    let mut rest = json.get(at + key.len()..)?.strip_prefix(b"\"")?.iter();
    let mut text = Vec::new();
    loop {
        match *rest.next()? {
            b'"' => return Some(String::from_utf8_lossy(&text).into_owned()),
            b'\\' => match *rest.next()? {
                b'u' => {
                    let (digits, behind) = rest.as_slice().split_first_chunk::<4>()?;
                    rest = behind.iter();
                    let code = u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
                    let letter = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
                    text.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
                }
                letter => text.push(ESCAPES.iter().position(|&escape| escape == letter)? as u8),
            },
            byte => text.push(byte),
        }
    }
}

/// For each byte the letter after the backslash: `u` if it has no short escape, 0 if it needs none.
const ESCAPES: [u8; 256] = {
    let mut escapes = [0; 256];
    let mut control = 0;
    while control < 0x20 {
        escapes[control] = b'u';
        control += 1;
    }
    escapes[0x08] = b'b';
    escapes[0x09] = b't';
    escapes[0x0a] = b'n';
    escapes[0x0c] = b'f';
    escapes[0x0d] = b'r';
    escapes[b'"' as usize] = b'"';
    escapes[b'\\' as usize] = b'\\';
    escapes
};
