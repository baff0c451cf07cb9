//! What holds of every text whose secrets are taken out.

use opentracing_core::Secrets;

/// Redacting ends, adds no more than the marks, and changes nothing more the second time.
pub(crate) fn text(secrets: &Secrets, text: &str) {
    for redact in [Secrets::redact_text, Secrets::redact_url] {
        let once = redact(secrets, text);
        // Each secret takes at least one byte along.
        assert!(once.len() <= text.len() * (REDACTED.len() + 1) + REDACTED.len(), "{text:?} became {once:?}");
        assert_eq!(redact(secrets, &once), once, "of {text:?}");
    }
}

const REDACTED: &str = "<redacted>";
