//! Headers that become tags.

use http::{HeaderMap, HeaderName};

use crate::model::value::{Text, Value};
use crate::span::span::Span;

/// The headers whose values become tags, by a list of names: nothing else does.
///
/// Of a header with several values each is kept, parted by commas; a value that is not visible ASCII is left out. Values are not
/// redacted: who names a header wants to see it.
#[derive(Clone, Debug)]
pub struct CapturedHeaders {
    prefix: &'static str,
    names: Vec<(HeaderName, Box<str>)>,
}

impl CapturedHeaders {
    /// No headers yet. The name of a header behind the prefix is the name of its tag.
    pub const fn new(prefix: &'static str) -> Self {
        CapturedHeaders { prefix, names: Vec::new() }
    }

    /// Adds a header.
    pub fn add(&mut self, name: HeaderName) {
        let key = format!("{}{name}", self.prefix).into();
        self.names.push((name, key));
    }

    /// Sets the tags of those headers that are there. Allocates for a header with several values only.
    pub fn set_tags(&self, span: &mut Span, headers: &HeaderMap) {
        if !span.is_recording() {
            return;
        }
        for (name, key) in &self.names {
            let mut values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
            let Some(first) = values.next() else { continue };
            match values.next() {
                None => span.set_tag(Text::Copied(key), Value::Str(first)),
                Some(second) => {
                    let all: Vec<&str> = [first, second].into_iter().chain(values).collect();
                    span.set_tag(Text::Copied(key), Value::Str(&all.join(", ")))
                }
            };
        }
    }
}
