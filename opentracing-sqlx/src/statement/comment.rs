//! Comments in the form of sqlcommenter: `/*application='shop',traceparent='00-…'*/`, keys in their order.

use std::fmt::Write;

use opentracing_core::SpanContext;

use crate::options::Commenter;

/// The comment for a statement, and whether another execution would have another one; `None` if there is none.
pub(crate) fn comment(
    commenter: &Commenter,
    application: Option<&str>,
    context: Option<&SpanContext>,
) -> Option<(String, bool)> {
    let (own, context) = match commenter {
        Commenter::Off => return None,
        Commenter::Static(own) => (own, None),
        Commenter::Full(own) => (own, context.filter(|context| context.is_sampled())),
    };
    let traceparent = context.map(|context| format!("00-{}-{}-01", context.trace_id(), context.span_id()));
    let standard = [("application", application), ("db_driver", Some("sqlx")), ("traceparent", traceparent.as_deref())];
    let mut pairs: Vec<(&str, &str)> = own.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    for (key, value) in standard {
        // What the user gives goes before what we know.
        if let Some(value) = value
            && !own.iter().any(|(own, _)| own == key)
        {
            pairs.push((key, value));
        }
    }
    pairs.sort_unstable();
    let mut comment = String::from(" /*");
    for (index, (key, value)) in pairs.iter().enumerate() {
        if index > 0 {
            comment.push(',');
        }
        encode(key, &mut comment);
        comment.push_str("='");
        encode(value, &mut comment);
        comment.push('\'');
    }
    comment.push_str("*/");
    Some((comment, traceparent.is_some()))
}

/// Everything but the unreserved characters of RFC 3986, section 2.3, is encoded: neither a quote nor the end of the comment can be
/// in it, and no question mark that a driver might take for a placeholder.
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
