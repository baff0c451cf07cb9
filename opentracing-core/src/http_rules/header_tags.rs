//! Headers that become tags.

use http::{HeaderMap, HeaderName};

use crate::model::value::{Text, Value};
use crate::span::span::Span;

/// Records the values of the named headers as tags: `http.request.header.x-tenant`, `http.response.header.x-cache`. No other header
/// becomes a tag.
///
/// Header names are written in lower case. The values of a repeated header are joined with commas; a value that is not visible ASCII is
/// left out. Values under a secret name, such as `authorization`, are redacted.
///
/// Add it with the `decorator` method of an adapter's layer, client or middleware.
///
/// ```
/// use http::HeaderName;
/// use opentracing_core::http_rules::HeaderTags;
/// use opentracing_core::mock::MockTracer;
///
/// let tags = HeaderTags::new().request(HeaderName::from_static("x-tenant"));
/// let mock = MockTracer::new();
/// let mut span = mock.tracer().span("GET").start();
/// let request = http::Request::get("/").header("x-tenant", "acme").header("cookie", "id=7");
/// let request = request.body(())?;
/// tags.set_request_tags(&mut span, request.headers());
/// span.finish();
/// assert_eq!(mock.span("GET").tag("http.request.header.x-tenant"), Some("acme".into()));
/// assert_eq!(mock.span("GET").tags.len(), 1);
/// # Ok::<(), http::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct HeaderTags {
    request: Named,
    response: Named,
}

#[derive(Clone, Debug)]
struct Named {
    prefix: &'static str,
    /// Headers with the names of their tags.
    headers: Vec<(HeaderName, Box<str>)>,
}

impl HeaderTags {
    /// Records no headers yet.
    pub const fn new() -> Self {
        Self::with_prefixes("http.request.header.", "http.response.header.")
    }

    /// Records no headers yet. The names of tags begin with these prefixes: for adapters of protocols over HTTP.
    pub const fn with_prefixes(request: &'static str, response: &'static str) -> Self {
        HeaderTags {
            request: Named { prefix: request, headers: Vec::new() },
            response: Named { prefix: response, headers: Vec::new() },
        }
    }

    /// Records that header of requests.
    pub fn request(mut self, name: HeaderName) -> Self {
        self.request.add(name);
        self
    }

    /// Records that header of responses.
    pub fn response(mut self, name: HeaderName) -> Self {
        self.response.add(name);
        self
    }

    /// Sets the tags of a request. Allocates only for a repeated header.
    pub fn set_request_tags(&self, span: &mut Span, headers: &HeaderMap) {
        self.request.set_tags(span, headers);
    }

    /// Sets the tags of a response. Allocates only for a repeated header.
    pub fn set_response_tags(&self, span: &mut Span, headers: &HeaderMap) {
        self.response.set_tags(span, headers);
    }
}

impl Default for HeaderTags {
    fn default() -> Self {
        Self::new()
    }
}

impl Named {
    fn add(&mut self, name: HeaderName) {
        let key = format!("{}{name}", self.prefix).into();
        self.headers.push((name, key));
    }

    fn set_tags(&self, span: &mut Span, headers: &HeaderMap) {
        if !span.is_recording() {
            return;
        }
        for (name, key) in &self.headers {
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
