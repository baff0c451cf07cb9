//! Headers as the fuzzer makes them up.

use opentracing_core::propagation::Medium;

use crate::wire::{Formats, MEDIA, Wire};

/// The first line chooses the list of formats and the medium; every further one is a header. One that begins with the letter of a header
/// of the formats is its value, or if it is the letter of a prefix, name and value with an equals sign between. Others have their own
/// name, which ends with a colon. So most of what is made up is read at all.
///
/// Behind the byte 1 a byte says how often, in tens, the one before is repeated, and at the beginning of a line the byte 2 and another
/// one say how often the line before is: that reaches limits that the fuzzer would not reach byte by byte.
pub(crate) fn parse<'a>(lists: &'a [Formats], data: &[u8]) -> (&'a Formats, Medium, Wire) {
    let mut lines = data.split(|&byte| byte == b'\n');
    let first = lines.next().unwrap_or_default();
    let choose = |at: usize| usize::from(first.get(at).copied().unwrap_or(0));
    let list = &lists[choose(0) % lists.len()];
    let medium = MEDIA[choose(1) % MEDIA.len()];
    let (fields, prefixes) = lists[0].field_names();
    let mut headers = vec![];
    for line in lines {
        if let [2, times, ..] = line {
            repeat(&mut headers, usize::from(*times), prefixes);
        } else {
            headers.extend(header(fields, prefixes, &stretched(line)));
        }
    }
    (list, medium, Wire(headers))
}

type Header = (String, Vec<u8>);

fn header(fields: &[String], prefixes: &[String], line: &[u8]) -> Option<Header> {
    let (&letter, rest) = line.split_first()?;
    let at = usize::from(letter).wrapping_sub(usize::from(LETTERS));
    if let Some(field) = fields.get(at) {
        return Some((field.clone(), rest.to_vec()));
    }
    let (prefix, equals, rest) = match prefixes.get(at.wrapping_sub(fields.len())) {
        Some(prefix) => (prefix.as_str(), b'=', rest),
        None => ("", b':', line),
    };
    let end = rest.iter().position(|&byte| byte == equals).unwrap_or(rest.len());
    let (name, value) = rest.split_at(end);
    Some((format!("{prefix}{}", String::from_utf8_lossy(name)), value.get(1..).unwrap_or_default().to_vec()))
}

/// Items of baggage get names of their own, other headers come several times.
fn repeat(headers: &mut Vec<Header>, times: usize, prefixes: &[String]) {
    let Some((name, value)) = headers.last().cloned() else { return };
    let is_item = prefixes.iter().any(|prefix| name.starts_with(prefix));
    for number in 0..times.min(MAX_BYTES / (name.len() + value.len() + 1)) {
        let name = if is_item { format!("{name}{number}") } else { name.clone() };
        headers.push((name, value.clone()));
    }
}

fn stretched(line: &[u8]) -> Vec<u8> {
    let mut stretched: Vec<u8> = vec![];
    let mut bytes = line.iter().copied();
    while let Some(byte) = bytes.next() {
        match stretched.last().copied().filter(|_| byte == 1) {
            Some(last) => {
                let times = 10 * usize::from(bytes.next().unwrap_or(0));
                let len = (stretched.len() + times).min(MAX_BYTES.max(stretched.len()));
                stretched.resize(len, last);
            }
            None => stretched.push(byte),
        }
    }
    stretched
}

/// Whether the formats have a header of that name.
pub(crate) fn knows(formats: &Formats, name: &str) -> bool {
    letter(formats, name).is_some()
}

/// The letter of that header, and what of its name follows.
fn letter<'a>(formats: &Formats, name: &'a str) -> Option<(u8, &'a str)> {
    let (fields, prefixes) = formats.field_names();
    let nth = |at: usize| u8::try_from(at).ok()?.checked_add(LETTERS);
    if let Some(at) = fields.iter().position(|field| field.eq_ignore_ascii_case(name)) {
        return Some((nth(at)?, ""));
    }
    prefixes.iter().enumerate().find_map(|(at, prefix)| {
        let (start, rest) = name.split_at_checked(prefix.len())?;
        start.eq_ignore_ascii_case(prefix).then_some((nth(fields.len() + at)?, rest))
    })
}

/// The headers as input for the first list of formats and HTTP.
pub(crate) fn text(formats: &Formats, headers: &[(String, String)]) -> String {
    let mut text = String::from("\0\0");
    for (name, value) in headers {
        text.push('\n');
        match letter(formats, name) {
            Some((letter, "")) => text.push(char::from(letter)),
            Some((letter, rest)) => text.extend([&char::from(letter).to_string(), rest, "="]),
            None => text.extend([" ", name, ":"]),
        }
        text.push_str(value);
    }
    text
}

const LETTERS: u8 = b'0';
/// Of what is repeated.
const MAX_BYTES: usize = 64 * 1024;
