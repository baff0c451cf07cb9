//! The fields of Datadog's headers other than ids, decision and baggage.

use std::fmt::Write as _;

use crate::model::context::{Sampling, SpanContext};
use crate::wire::hex;
use crate::wire::text::Text;

/// The maximum size of `x-datadog-tags`.
pub(crate) const MAX_TAGS_BYTES: usize = 512;
/// The maximum size of the value of Datadog's member in `tracestate`.
const MAX_MEMBER_BYTES: usize = 256;
/// The prefix of tags that are propagated.
const TAG_PREFIX: &str = "_dd.p.";
/// The tag that holds the upper 64 bits of the trace id.
pub(crate) const TRACE_ID_HIGH: &str = "_dd.p.tid";

/// The vendor state of a context from Datadog, or of a trace that a sampler has tagged for Datadog. It is propagated to all called services.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DatadogState {
    /// Whether a user rather than a sampler made the decision: the priority is 2 or -1 instead of 1 or 0.
    pub(crate) by_user: bool,
    /// The origin of the trace, such as `rum` or `synthetics`.
    pub(crate) origin: Option<Box<str>>,
    /// The propagated tags `_dd.p.…=…`, separated by commas, in order. The upper half of the trace id is not among them.
    pub(crate) tags: Box<str>,
    /// The parts of the member of `tracestate` that only Datadog knows, with semicolons between.
    pub(crate) others: Box<str>,
}

impl DatadogState {
    /// The origin of the trace, such as `rum` or `synthetics`.
    pub fn origin(&self) -> Option<&str> {
        self.origin.as_deref()
    }

    /// The keys and values of the propagated tags, which begin with `_dd.p.`, in order. The upper half of the trace id (`_dd.p.tid`) is not
    /// among them.
    pub fn tags(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs().filter_map(|pair| pair.split_once('='))
    }

    pub(crate) fn is_empty(&self) -> bool {
        *self == DatadogState::default()
    }

    /// The propagated tags as they are written to headers.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = &str> {
        self.tags.split(',').filter(|tag| !tag.is_empty())
    }

    /// Adds a tag, unless there is one with this key.
    pub(crate) fn add_tag(&mut self, key: &str, value: &str) {
        if self.tags().all(|(known, _)| known != key) {
            let comma = if self.tags.is_empty() { "" } else { "," };
            self.tags = [&*self.tags, comma, key, "=", value].concat().into();
        }
    }

    /// The sampling priority for the decision; `None` if it is undecided.
    pub(crate) fn priority(context: &SpanContext) -> Option<i8> {
        let by_user = context.datadog().is_some_and(|state| state.by_user);
        match context.sampling() {
            Sampling::Undecided => None,
            Sampling::NotSampled => Some(if by_user { -1 } else { 0 }),
            Sampling::Sampled => Some(if by_user { 2 } else { 1 }),
            Sampling::Debug => Some(2),
        }
    }

    /// The value of the member: `s:<priority>;o:<origin>;p:<span>;t.<tag>:<value>`. Parts that would make it too long are left out.
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
        for (key, value) in state.tags().filter_map(|(key, value)| Some((key.strip_prefix(TAG_PREFIX)?, value))) {
            add(";t.", key, value);
        }
        for other in state.others.split(';').filter(|other| !other.is_empty()) {
            if member.len() + 1 + other.len() <= MAX_MEMBER_BYTES {
                member.push(";");
                member.push(other);
            }
        }
        member
    }

    /// Parses the value of the member. Keeps unknown parts as they are. Skips a priority that contradicts the sampled flag.
    pub(crate) fn from_member(member: &str, sampled: bool) -> DatadogState {
        let (mut state, mut tags, mut others) = (DatadogState::default(), String::new(), String::new());
        for part in member.split(';').map(str::trim) {
            let (key, value) = part.split_once(':').unwrap_or((part, ""));
            match key {
                "s" => state.by_user = value.parse::<i64>().is_ok_and(|s| if sampled { s > 1 } else { s < 0 }),
                // Leading blanks would be lost in the header `x-datadog-origin`.
                "o" if !value.trim_start().is_empty() => {
                    state.origin = Some(value.trim_start().replace('~', "=").into());
                }
                // The parent is the span that is written, and the upper half of the trace id stands in `traceparent`.
                "" | "o" | "p" | "t." | "t.tid" => {}
                _ => match key.strip_prefix("t.") {
                    Some(tag) if part.contains(':') => {
                        let comma = if tags.is_empty() { "" } else { "," };
                        let _ = write!(tags, "{comma}{TAG_PREFIX}{tag}={}", value.replace('~', "="));
                    }
                    _ => {
                        others.push_str(if others.is_empty() { "" } else { ";" });
                        others.push_str(part);
                    }
                },
            }
        }
        (state.tags, state.others) = (tags.into(), others.into());
        state
    }
}

/// Whether the headers can carry the tag. The upper half of the trace id is written from the id itself.
pub(crate) fn is_propagated_tag(key: &str, value: &str) -> bool {
    let is_printable = |text: &str| text.bytes().all(|byte| matches!(byte, b' '..=b'~') && byte != b',');
    let is_key = key.len() > TAG_PREFIX.len() && key.starts_with(TAG_PREFIX) && key != TRACE_ID_HIGH;
    is_key && is_printable(key) && !key.contains('=') && is_printable(value)
}

fn push_mapped(text: &mut Text, from: &str, map: impl Fn(u8) -> u8) {
    // The whole state is printable ASCII, so each byte is a character.
    from.bytes().for_each(|byte| text.push(char::from(map(byte)).encode_utf8(&mut [0; 4])));
}

/// Parses `x-datadog-tags` into the tags to propagate and the upper half of the trace id, which is zero if it is malformed.
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
