//! Messages of databases and of user code, without the values that they quote.

use std::borrow::Cow;

/// The message with one `?` for everything from the first quote to the last. Quoted text may be a value, and a value may contain quotes.
/// The message stays as it is if all its quoted parts stand in the masked statement, `shown`. The apostrophe of a word such as `doesn't`
/// is no quote.
pub(crate) fn mask_quoted<'m>(message: &'m str, shown: &str) -> Cow<'m, str> {
    let quotes = || message.char_indices().filter(|(at, c)| is_quote(*c) && !is_apostrophe(message, *at, *c));
    let mut ends = quotes();
    let Some((first, _)) = ends.next() else { return Cow::Borrowed(message) };
    let rest = match ends.next_back() {
        Some((last, quote)) => &message[last + quote.len_utf8()..],
        None => return Cow::Owned(format!("{}?", &message[..first])),
    };
    if has_only_shown(message, quotes(), shown) {
        return Cow::Borrowed(message);
    }
    Cow::Owned(format!("{}?{rest}", &message[..first]))
}

/// Whether each quoted part stands in the masked statement.
fn has_only_shown(message: &str, mut quotes: impl Iterator<Item = (usize, char)>, shown: &str) -> bool {
    while let Some((start, open)) = quotes.next() {
        let Some((end, close)) = quotes.next() else { return false };
        if open != close || !is_shown(&message[start + open.len_utf8()..end], shown) {
            return false;
        }
    }
    true
}

/// Whether a text stands in the masked statement, as whole words.
pub(crate) fn is_shown(text: &str, shown: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    !text.is_empty()
        && shown.match_indices(text).any(|(at, _)| {
            !shown[..at].ends_with(is_part) && !shown[at + text.len()..].starts_with(is_part)
                || !text.starts_with(is_part) && !text.ends_with(is_part)
        })
}

fn is_quote(c: char) -> bool {
    matches!(c, '\'' | '"' | '`' | '‘' | '’' | '‚' | '“' | '”' | '„' | '«' | '»' | '‹' | '›' | '「' | '」')
}

/// Whether the quote at this position belongs to a word that English writes with an apostrophe.
fn is_apostrophe(message: &str, at: usize, quote: char) -> bool {
    if !matches!(quote, '\'' | '’') || !message[..at].ends_with(|c: char| c.is_ascii_alphabetic()) {
        return false;
    }
    let rest = &message[at + quote.len_utf8()..];
    let end = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
    matches!(&rest[..end], "t" | "s" | "re" | "ve" | "ll" | "d" | "m")
}
