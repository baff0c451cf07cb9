//! Headers that become tags.

use http::{HeaderMap, HeaderName, request, response};
use opentracing_core::{Span, Text, Value};

use crate::decorator::SpanDecorator;

/// Takes the values of the named headers for tags: `http.request.header.x-tenant`, `http.response.header.x-cache`. No other header
/// becomes one.
///
/// Names are in lower case. Of a header with several values each is kept, parted by commas; a value that is not visible ASCII is
/// left out. Values are not redacted: who names a header wants to see it.
///
/// ```
/// use http::HeaderName;
/// use opentracing_tower::{HeaderTags, TracingLayer};
///
/// let tenant = HeaderName::from_static("x-tenant");
/// let layer = TracingLayer::new().decorator(HeaderTags::new().request(tenant));
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct HeaderTags {
    request: Vec<(HeaderName, Box<str>)>,
    response: Vec<(HeaderName, Box<str>)>,
}

impl HeaderTags {
    /// Takes no headers yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes that header of requests.
    pub fn request(mut self, name: HeaderName) -> Self {
        let key = format!("http.request.header.{name}").into();
        self.request.push((name, key));
        self
    }

    /// Takes that header of answers.
    pub fn response(mut self, name: HeaderName) -> Self {
        let key = format!("http.response.header.{name}").into();
        self.response.push((name, key));
        self
    }
}

impl SpanDecorator for HeaderTags {
    fn on_request(&self, span: &mut Span, request: &request::Parts) {
        set_tags(span, &self.request, &request.headers);
    }

    fn on_response(&self, span: &mut Span, response: &response::Parts) {
        set_tags(span, &self.response, &response.headers);
    }
}

fn set_tags(span: &mut Span, names: &[(HeaderName, Box<str>)], headers: &HeaderMap) {
    if !span.is_recording() {
        return;
    }
    for (name, key) in names {
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
