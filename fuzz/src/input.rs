//! Decodes the input of the fuzzer to headers.

use opentracing_core::propagation::Medium;

use crate::wire::{Formats, MEDIA, Wire};

/// The first line chooses the list of formats and the medium. Each other line is a header. A line that starts with the letter of a header
/// of the formats is the value of that header. If the letter stands for a prefix, the line is `name=value`. Any other line is
/// `name:value`. So most inputs reach the parsers.
///
/// The byte 1 and a count repeat the previous byte, in tens. At the start of a line, the byte 2 and a count repeat the previous line. So
/// the fuzzer can reach limits of size and count.
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
            headers.extend(header(fields, prefixes, &expanded(line)));
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

/// Baggage items get numbered names, other headers are repeated.
fn repeat(headers: &mut Vec<Header>, times: usize, prefixes: &[String]) {
    let Some((name, value)) = headers.last().cloned() else { return };
    let is_item = prefixes.iter().any(|prefix| name.starts_with(prefix));
    for number in 0..times.min(MAX_BYTES / (name.len() + value.len() + 1)) {
        let name = if is_item { format!("{name}{number}") } else { name.clone() };
        headers.push((name, value.clone()));
    }
}

fn expanded(line: &[u8]) -> Vec<u8> {
    let mut expanded: Vec<u8> = vec![];
    let mut bytes = line.iter().copied();
    while let Some(byte) = bytes.next() {
        match expanded.last().copied().filter(|_| byte == 1) {
            Some(last) => {
                let times = 10 * usize::from(bytes.next().unwrap_or(0));
                let len = (expanded.len() + times).min(MAX_BYTES.max(expanded.len()));
                expanded.resize(len, last);
            }
            None => expanded.push(byte),
        }
    }
    expanded
}

/// Whether the formats have a header with this name.
pub(crate) fn knows(formats: &Formats, name: &str) -> bool {
    letter(formats, name).is_some()
}

/// The letter of the header, and the rest of its name after a prefix.
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

/// Encodes headers as input for the first list of formats and HTTP.
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
/// Limit of repeated bytes.
const MAX_BYTES: usize = 64 * 1024;
