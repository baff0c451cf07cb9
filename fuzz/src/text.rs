//! The targets that read texts: messages with secrets, what proxies say, statements.

use std::sync::LazyLock;

use opentracing_core::Secrets;

use crate::sql::{Dialect, Reading, mask_quoted, summary};
use crate::{proxied, redacted_text};

/// Takes secrets out of the text, with the default list and with others.
pub fn redact_text(data: &[u8]) {
    static LISTS: LazyLock<[Secrets; 3]> = LazyLock::new(|| {
        let list = |list: &str| list.parse().expect("it is a list");
        [Secrets::default(), list("contains-ignore-case:key,pass,secret"), Secrets::none()]
    });
    let text = String::from_utf8_lossy(data);
    LISTS.iter().for_each(|secrets| redacted_text::text(secrets, &text));
}

/// Reads each line as a header of a proxy.
pub fn forwarded(data: &[u8]) {
    proxied::read(&proxied::headers(data.split(|&byte| byte == b'\n')));
}

/// Reads a statement as each database does. Its text and summary are bounded, and folding lists only removes text.
pub fn statement(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    for dialect in [Dialect::Postgres, Dialect::MySql, Dialect::Sqlite] {
        let found = summary(&text, Reading { dialect, folds_in_lists: false });
        assert!(found.masked.len() <= 2 * text.len() + 1, "{text:?} became {:?}", found.masked);
        assert!(found.query_summary.chars().count() <= 255, "{text:?} has the summary {:?}", found.query_summary);
        let folded = summary(&text, Reading { dialect, folds_in_lists: true });
        assert!(
            found.is_truncated || folded.masked.len() <= found.masked.len(),
            "{:?} became {:?}",
            found.masked,
            folded.masked
        );
        assert!(found.comment_at.is_none_or(|at| text.is_char_boundary(at)), "{text:?}");
    }
    let (message, shown) = text.split_once('\n').unwrap_or((&text, ""));
    assert!(mask_quoted(message, shown).len() <= message.len() + 1, "{text:?}");
}
