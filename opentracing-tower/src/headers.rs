//! Headers that become tags.

use http::{HeaderName, request, response};
use opentracing_core::Span;
use opentracing_core::http_rules::CapturedHeaders;

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
#[derive(Clone, Debug)]
#[must_use]
pub struct HeaderTags {
    request: CapturedHeaders,
    response: CapturedHeaders,
}

impl HeaderTags {
    /// Takes no headers yet.
    pub fn new() -> Self {
        HeaderTags {
            request: CapturedHeaders::new("http.request.header."),
            response: CapturedHeaders::new("http.response.header."),
        }
    }

    /// Takes that header of requests.
    pub fn request(mut self, name: HeaderName) -> Self {
        self.request.add(name);
        self
    }

    /// Takes that header of answers.
    pub fn response(mut self, name: HeaderName) -> Self {
        self.response.add(name);
        self
    }
}

/// As [`HeaderTags::new`].
impl Default for HeaderTags {
    fn default() -> Self {
        Self::new()
    }
}

impl SpanDecorator for HeaderTags {
    fn on_request(&self, span: &mut Span, request: &request::Parts) {
        self.request.set_tags(span, &request.headers);
    }

    fn on_response(&self, span: &mut Span, response: &response::Parts) {
        self.response.set_tags(span, &response.headers);
    }
}
