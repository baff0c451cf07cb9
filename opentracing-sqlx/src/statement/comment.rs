//! Comments in the sqlcommenter format, keys sorted: `/*application='shop',traceparent='00-…'*/`.

use std::fmt::Write;

use opentracing_core::SpanContext;

use crate::options::SqlCommenter;
use crate::settings::Settings;

/// A comment to append to a statement.
pub(crate) struct Comment {
    /// With a space in front.
    pub(super) text: String,
    /// Whether the text differs on each execution.
    pub(super) is_unique: bool,
}

/// Makes the comment for a statement; `None` if sqlcommenter is off.
pub(super) fn comment(settings: &Settings, context: Option<&SpanContext>) -> Option<Comment> {
    let context = match settings.sqlcommenter {
        SqlCommenter::Off => return None,
        SqlCommenter::Static => None,
        SqlCommenter::Full => context.filter(|context| context.is_sampled()),
    };
    let application = settings.tracer.process().map(|process| process.service());
    let traceparent = context.map(|context| format!("00-{}-{}-01", context.trace_id(), context.span_id()));
    let standard = [("application", application), ("db_driver", Some("sqlx")), ("traceparent", traceparent.as_deref())];
    let own = &settings.sqlcommenter_tags;
    let mut tags: Vec<(&str, &str)> = own.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    for (key, value) in standard {
        // The user's tags win over the standard ones.
        if let Some(value) = value
            && !own.iter().any(|(own, _)| own == key)
        {
            tags.push((key, value));
        }
    }
    tags.sort_unstable();
    let mut text = String::from(" /*");
    for (index, (key, value)) in tags.iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        encode(key, &mut text);
        text.push_str("='");
        encode(value, &mut text);
        text.push('\'');
    }
    text.push_str("*/");
    Some(Comment { text, is_unique: traceparent.is_some() })
}

/// Percent-encodes everything but the unreserved characters of RFC 3986, section 2.3. So the text holds no quote, no end of a comment,
/// and no question mark that a driver might take for a placeholder.
fn encode(text: &str, into: &mut String) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            into.push(byte.into());
        } else {
            // Writing to a string does not fail.
            let _ = write!(into, "%{byte:02X}");
        }
    }
}
