//! What one request has to itself.

use std::borrow::Cow;

use opentracing_core::Text;
use opentracing_core::http_rules::ResendCounter;

/// How one request is traced, where it differs from others.
///
/// [`TracingRequestBuilder`](crate::TracingRequestBuilder) has the same setters. For a client with middleware, this goes to
/// `with_extension`.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct RequestOptions {
    pub(crate) operation_name: Option<Cow<'static, str>>,
    pub(crate) peer_service: Option<Cow<'static, str>>,
    pub(crate) keeps_headers: bool,
    pub(crate) untraced: bool,
    pub(crate) resend_count: u32,
    pub(crate) resend_counter: Option<ResendCounter>,
}

impl RequestOptions {
    /// Nothing differs.
    pub fn new() -> Self {
        Self::default()
    }

    /// Names the span in place of the method. Names should be few: a template such as `GET /users/{id}`, never the path itself.
    pub fn operation_name(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.operation_name = Some(name.into());
        self
    }

    /// Names the service that the request goes to, in the tag `peer.service`, whatever else would.
    pub fn peer_service(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.peer_service = Some(name.into());
        self
    }

    /// Leaves the headers of the request as they are: the trace ends here. There is a span all the same.
    pub fn without_propagation(mut self) -> Self {
        self.keeps_headers = true;
        self
    }

    /// Sends the request as if it were not for tracing: no span, and its headers as they are.
    pub fn untraced(mut self) -> Self {
        self.untraced = true;
        self
    }

    /// How often the request was sent before, for a retry that is done by hand: the tag `http.request.resend_count`, to which
    /// redirects are added that are followed by a client of [`TracingClient::builder`](crate::TracingClient::builder). 0, which is no
    /// tag, by default.
    pub fn resend_count(mut self, count: u32) -> Self {
        self.resend_count = count;
        self
    }

    /// Counts the attempts at the request, for a loop that retries: each of them is given a clone of one counter. What
    /// [`resend_count`](Self::resend_count) says is added. None by default; `TracingMiddleware` has one for each request.
    pub fn resend_counter(mut self, counter: &ResendCounter) -> Self {
        self.resend_counter = Some(counter.clone());
        self
    }

    /// What lives as long as the program is not copied.
    pub(crate) fn name(&self) -> Option<Text<'_>> {
        Some(match self.operation_name.as_ref()? {
            Cow::Borrowed(name) => Text::Static(name),
            Cow::Owned(name) => Text::Copied(name),
        })
    }
}
