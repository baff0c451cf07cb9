//! What Datadog's headers say beside ids, decision and baggage.

use std::fmt::Write as _;

use crate::model::context::{Sampling, SpanContext};
use crate::wire::hex;
use crate::wire::text::Text;

/// Of the tags in `x-datadog-tags`.
pub(crate) const MAX_TAGS_BYTES: usize = 512;
/// Of the member's value in `tracestate`.
const MAX_MEMBER_BYTES: usize = 256;
/// The tags that are passed on begin so.
const TAG_PREFIX: &str = "_dd.p.";
/// The tag of the upper 64 bits of the trace id.
pub(crate) const TRACE_ID_HIGH: &str = "_dd.p.tid";

/// Vendor state that a context from Datadog carries, passed on to whoever is called.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct DatadogState {
    /// A user has decided, not a sampler: priority 2 or -1, not 1 or 0.
    pub(crate) by_user: bool,
    /// Where the trace comes from: `rum`, `synthetics` and others.
    pub(crate) origin: Option<Box<str>>,
    /// `_dd.p.…=…` with commas between, in order and without the upper half of the trace id.
    pub(crate) tags: Box<str>,
}

impl DatadogState {
    pub(crate) fn is_empty(&self) -> bool {
        *self == DatadogState::default()
    }

    pub(crate) fn tags(&self) -> impl Iterator<Item = &str> {
        self.tags.split(',').filter(|tag| !tag.is_empty())
    }

    /// The number for the decision, if there is one.
    pub(crate) fn priority(context: &SpanContext) -> Option<i8> {
        let by_user = context.datadog().is_some_and(|state| state.by_user);
        match context.sampling() {
            Sampling::Undecided => None,
            Sampling::NotSampled => Some(if by_user { -1 } else { 0 }),
            Sampling::Sampled => Some(if by_user { 2 } else { 1 }),
            Sampling::Debug => Some(2),
        }
    }

    /// `s:<priority>;o:<origin>;p:<span>;t.<tag>:<value>`. What makes it too long is left out.
    pub(crate) fn member(context: &SpanContext) -> Text {
        let mut member = Text::new();
        if let Some(priority) = Self::priority(context) {
            let _ = write!(member, "s:{priority};");
        }
        member.push("p:");
        member.push_span_id(context.span_id());
        let mut add = |prefix: &str, key: &str, value: &str| {
            let before = member.len();
            member.push(prefix);
            push_mapped(&mut member, key, |byte| if matches!(byte, b':' | b';' | b',' | b'=') { b'_' } else { byte });
            member.push(":");
            push_mapped(&mut member, value, |byte| match byte {
                b',' | b';' | b'~' => b'_',
                b'=' => b'~',
                byte => byte,
            });
            if member.len() > MAX_MEMBER_BYTES || member.as_str().ends_with(' ') {
                member.truncate(before);
            }
        };
        let Some(state) = context.datadog() else { return member };
        if let Some(origin) = &state.origin {
            add(";", "o", origin);
        }
        for (key, value) in state.tags().filter_map(|tag| tag.strip_prefix(TAG_PREFIX)?.split_once('=')) {
            add(";t.", key, value);
        }
        member
    }

    /// Reads the value of the member. Unknown parts are skipped, and so is a priority that is at odds with the sampled flag.
    pub(crate) fn from_member(member: &str, sampled: bool) -> DatadogState {
        let (mut state, mut tags) = (DatadogState::default(), String::new());
        for (key, value) in member.split(';').filter_map(|part| part.trim().split_once(':')) {
            match key {
                "s" => state.by_user = value.parse::<i64>().is_ok_and(|s| if sampled { s > 1 } else { s < 0 }),
                // Blanks in front of it would be lost in a header of its own.
                "o" if !value.trim_start().is_empty() => {
                    state.origin = Some(value.trim_start().replace('~', "=").into());
                }
                _ => {
                    if let Some(tag) = key.strip_prefix("t.").filter(|tag| !tag.is_empty() && *tag != "tid") {
                        let comma = if tags.is_empty() { "" } else { "," };
                        let _ = write!(tags, "{comma}{TAG_PREFIX}{tag}={}", value.replace('~', "="));
                    }
                }
            }
        }
        state.tags = tags.into();
        state
    }
}

fn push_mapped(text: &mut Text, from: &str, map: impl Fn(u8) -> u8) {
    // Printable ASCII, as all of the state is.
    from.bytes().for_each(|byte| text.push(char::from(map(byte)).encode_utf8(&mut [0; 4])));
}

/// Reads `x-datadog-tags`: what is to be passed on, and the upper half of the trace id, zero if that is malformed.
pub(crate) fn read_tags(value: &[u8]) -> Result<(Box<str>, Option<u64>), &'static str> {
    if value.len() > MAX_TAGS_BYTES {
        return Err("it is too long");
    }
    if !value.iter().all(|byte| matches!(byte, b' '..=b'~')) {
        return Err("a character is not printable ASCII");
    }
    let value = std::str::from_utf8(value).map_err(|_| "it is not text")?;
    let (mut tags, mut high) = (String::new(), None);
    for tag in value.split(',').map(str::trim).filter(|tag| !tag.is_empty()) {
        let (key, value) = tag.split_once('=').ok_or("a tag has no value")?;
        if key == TRACE_ID_HIGH {
            let digits = value.as_bytes();
            high = Some(hex::lower_case(digits).filter(|_| digits.len() == 16).unwrap_or(0));
        } else if key.len() > TAG_PREFIX.len() && key.starts_with(TAG_PREFIX) {
            tags.push_str(if tags.is_empty() { "" } else { "," });
            tags.push_str(tag);
        }
    }
    Ok((tags.into(), high))
}
