//! Lists of pairs, as in variables.

/// Comma-separated `k=v` pairs. `None` if one of them is invalid.
pub(crate) fn pairs(text: &str) -> Option<Vec<(&str, &str)>> {
    text.split(',')
        .filter(|pair| !pair.trim().is_empty())
        .map(|pair| {
            let (key, value) = pair.split_once('=')?;
            let (key, value) = (key.trim(), value.trim());
            (!key.is_empty()).then_some((key, value))
        })
        .collect()
}
