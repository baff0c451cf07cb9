//! Text that is safe for a terminal, and its width.

use std::borrow::Cow;
use std::fmt::Write;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Copies the text and escapes everything that could move the cursor, change colours or reverse the line, since names and values come from
/// peers. Truncates to `max_chars`, which also bounds combining marks, which have no width.
pub(super) fn clean(text: &str, max_chars: usize) -> Box<str> {
    let mut out = String::with_capacity(text.len().min(max_chars));
    for (index, c) in text.chars().enumerate() {
        if index == max_chars {
            out.push('…');
            break;
        }
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if is_unsafe(c) => {
                let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.into()
}

/// Control characters (Unicode category Cc), and invisible format and separator characters (Cf, Zl, Zp).
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}' | '\u{890}'..='\u{891}' | '\u{8e2}' | '\u{180e}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{110bd}' | '\u{110cd}' | '\u{13430}'..='\u{1343f}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e007f}')
}

/// The width of the text in columns.
pub(super) fn width(text: &str) -> usize {
    text.width()
}

/// The text, or as much of it as fits into `columns` with an ellipsis.
pub(super) fn fit(text: &str, columns: usize) -> Cow<'_, str> {
    if width(text) <= columns {
        return Cow::Borrowed(text);
    }
    let Some(room) = columns.checked_sub(1) else { return Cow::Borrowed("") };
    Cow::Owned(format!("{}…", split(text, room).0))
}

/// Wraps the text into lines of at most `columns`, at blanks if possible.
pub(super) fn wrap(mut text: &str, columns: usize) -> Vec<&str> {
    let mut lines = Vec::new();
    while width(text) > columns {
        let (mut line, mut rest) = split(text, columns);
        if !rest.starts_with(' ')
            && let Some(blank) = line.rfind(' ')
        {
            (line, rest) = text.split_at(blank);
        }
        if line.is_empty() {
            break;
        }
        lines.push(line);
        text = rest.trim_start_matches(' ');
    }
    lines.push(text);
    lines
}

/// Splits the text after `columns`.
fn split(text: &str, columns: usize) -> (&str, &str) {
    let mut taken = 0;
    let end = text.char_indices().find(|(_, c)| {
        taken += c.width().unwrap_or(0);
        taken > columns
    });
    text.split_at(end.map_or(text.len(), |(index, _)| index))
}
