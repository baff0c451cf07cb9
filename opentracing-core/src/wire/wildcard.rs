//! Patterns with `*`.

/// Whether the whole text matches the pattern, in which `*` stands for any number of characters. Takes time in proportion to both lengths.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    let Some((prefix, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut text) = text.strip_prefix(prefix) else { return false };
    let mut parts = rest.split('*').peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return text.ends_with(part);
        }
        // The first place is as good as any later one, since more text remains.
        let Some(at) = text.find(part) else { return false };
        text = &text[at + part.len()..];
    }
    true
}
