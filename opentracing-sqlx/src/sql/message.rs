//! Messages of databases and of user code, without the values that they quote.

use std::borrow::Cow;

/// The message with one `?` for everything from the first quote to the last. Quoted text may be a value, and a value may contain quotes.
/// The apostrophe of a word such as `doesn't` is no quote.
pub(crate) fn mask_quoted(message: &str) -> Cow<'_, str> {
    let mut quotes = message.char_indices().filter(|(at, c)| is_quote(*c) && !is_apostrophe(message, *at, *c));
    let Some((first, _)) = quotes.next() else { return Cow::Borrowed(message) };
    let rest = match quotes.next_back() {
        Some((last, quote)) => &message[last + quote.len_utf8()..],
        None => "",
    };
    Cow::Owned(format!("{}?{rest}", &message[..first]))
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
