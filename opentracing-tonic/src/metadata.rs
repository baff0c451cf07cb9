//! Metadata that become tags.

use http::{HeaderName, request, response};
use opentracing_core::Span;
use opentracing_core::http_rules::CapturedHeaders;

use crate::decorator::{Ending, SpanDecorator};

/// Takes the values of the named metadata for tags: `rpc.request.metadata.x-tenant`, `rpc.response.metadata.x-cache`. No other metadata
/// become one.
///
/// Of metadata with several values each is kept, parted by commas. Those whose names end in `-bin` are kept in base64, as they travel.
/// Values are not redacted: who names them wants to see them.
///
/// ```
/// use http::HeaderName;
/// use opentracing_tonic::{MetadataTags, TracingLayer};
///
/// let tenant = HeaderName::from_static("x-tenant");
/// let layer = TracingLayer::new().decorator(MetadataTags::new().request(tenant));
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct MetadataTags {
    request: CapturedHeaders,
    response: CapturedHeaders,
}

impl MetadataTags {
    /// Takes no metadata yet.
    pub fn new() -> Self {
        MetadataTags {
            request: CapturedHeaders::new("rpc.request.metadata."),
            response: CapturedHeaders::new("rpc.response.metadata."),
        }
    }

    /// Takes those metadata of requests.
    pub fn request(mut self, name: HeaderName) -> Self {
        self.request.add(name);
        self
    }

    /// Takes those metadata of answers, whether they come first or in the trailers, which count if they come in both.
    pub fn response(mut self, name: HeaderName) -> Self {
        self.response.add(name);
        self
    }
}

/// As [`MetadataTags::new`].
impl Default for MetadataTags {
    fn default() -> Self {
        Self::new()
    }
}

impl SpanDecorator for MetadataTags {
    fn on_request(&self, span: &mut Span, request: &request::Parts) {
        self.request.set_tags(span, &request.headers);
    }

    fn on_response(&self, span: &mut Span, response: &response::Parts) {
        self.response.set_tags(span, &response.headers);
    }

    fn on_end(&self, span: &mut Span, ending: &Ending<'_>) {
        if let Some(trailers) = ending.trailers() {
            self.response.set_tags(span, trailers);
        }
    }
}
