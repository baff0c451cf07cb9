//! Metadata that become tags.

use http::{HeaderName, request, response};
use opentracing_core::Span;
use opentracing_core::http_rules::HeaderTags;

use crate::decorator::{Ending, GrpcDecorator};

/// Records the values of the named metadata as tags: `rpc.request.metadata.x-tenant`, `rpc.response.metadata.x-cache`. No other metadata
/// become tags.
///
/// Repeated values are joined with commas. Metadata whose names end in `-bin` are recorded in base64, as they travel. Values under a
/// secret name, such as `authorization`, are redacted.
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
pub struct MetadataTags(HeaderTags);

impl MetadataTags {
    /// Records no metadata yet.
    pub const fn new() -> Self {
        MetadataTags(HeaderTags::with_prefixes("rpc.request.metadata.", "rpc.response.metadata."))
    }

    /// Records these metadata of requests.
    pub fn request(self, name: HeaderName) -> Self {
        MetadataTags(self.0.request(name))
    }

    /// Records these metadata of responses, from the head or from the trailers. If both have them, the trailers win.
    pub fn response(self, name: HeaderName) -> Self {
        MetadataTags(self.0.response(name))
    }
}

/// As [`MetadataTags::new`].
impl Default for MetadataTags {
    fn default() -> Self {
        Self::new()
    }
}

impl GrpcDecorator for MetadataTags {
    fn on_request(&self, span: &mut Span, request: &request::Parts) {
        self.0.set_request_tags(span, &request.headers);
    }

    fn on_response(&self, span: &mut Span, response: &response::Parts) {
        self.0.set_response_tags(span, &response.headers);
    }

    fn on_end(&self, span: &mut Span, ending: &Ending<'_>) {
        if let Some(trailers) = ending.trailers() {
            self.0.set_response_tags(span, trailers);
        }
    }
}
