//! Message headers that become tags.

use crate::model::value::Text;

/// The message headers that become tags: those that were added by name, and no others.
///
/// The tag of a header is `messaging.header.` followed by the name of the header in lower case. Names match in any letter case.
///
/// ```
/// use opentracing_core::Text;
/// use opentracing_core::message_rules::MessageHeaderTags;
///
/// let mut tags = MessageHeaderTags::new();
/// tags.add("X-Tenant");
/// assert_eq!(tags.tag(b"x-tenant"), Some(Text::Copied("messaging.header.x-tenant")));
/// assert_eq!(tags.tag(b"password"), None);
/// ```
#[derive(Clone, Debug, Default)]
pub struct MessageHeaderTags {
    /// The name of each header, and its tag.
    headers: Vec<(Box<str>, Box<str>)>,
}

impl MessageHeaderTags {
    /// Captures no header yet.
    pub const fn new() -> Self {
        MessageHeaderTags { headers: Vec::new() }
    }

    /// Adds a header.
    pub fn add(&mut self, name: &str) {
        let tag = format!("messaging.header.{}", name.to_ascii_lowercase());
        self.headers.push((name.into(), tag.into()));
    }

    /// Whether no header was added.
    pub const fn is_empty(&self) -> bool {
        self.headers.is_empty()
    }

    /// The tag of the header with this name, if the header was added.
    pub fn tag(&self, name: &[u8]) -> Option<Text<'_>> {
        let found = self.headers.iter().find(|(header, _)| header.as_bytes().eq_ignore_ascii_case(name));
        found.map(|(_, tag)| Text::Copied(tag))
    }
}
