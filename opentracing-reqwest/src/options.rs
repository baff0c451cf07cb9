//! Settings of one request.

use std::borrow::Cow;

use opentracing_core::Text;
use opentracing_core::http_rules::{CallerContext, ResendCounter};

/// How one request is traced, if it differs from others.
///
/// [`TracingRequestBuilder`](crate::TracingRequestBuilder) has the same setters. With `reqwest-middleware`, pass it to `with_extension`.
///
/// ```
/// use opentracing_core::Tracer;
/// use opentracing_reqwest::{RequestOptions, TracingClient};
///
/// let client = TracingClient::with_tracer(Tracer::noop(), reqwest::Client::new());
/// let user = RequestOptions::new().operation_name("GET /users/{id}").peer_service("users");
/// let request = client.get("http://users.example/users/42").options(user);
/// # drop(request);
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct RequestOptions {
    pub(crate) operation_name: Option<Cow<'static, str>>,
    pub(crate) peer_service: Option<Cow<'static, str>>,
    pub(crate) keeps_headers: bool,
    pub(crate) untraced: bool,
    pub(crate) resend_count: u32,
    pub(crate) resend_counter: Option<ResendCounter>,
    pub(crate) caller: Option<CallerContext>,
}

impl RequestOptions {
    /// No differences.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the operation name. The default is the method. There should be few names: a template such as `GET /users/{id}`, never the
    /// path itself.
    pub fn operation_name(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.operation_name = Some(name.into());
        self
    }

    /// Sets the tag `peer.service`. Wins over the names of the client.
    pub fn peer_service(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.peer_service = Some(name.into());
        self
    }

    /// Sends the request without changing its headers: it has a span, but carries no context.
    pub fn without_propagation(mut self) -> Self {
        self.keeps_headers = true;
        self
    }

    /// Sends the request without a span and without changing its headers.
    pub fn untraced(mut self) -> Self {
        self.untraced = true;
        self
    }

    /// How often the request was sent before, for retries of your own: the tag `http.request.resend_count`. Redirects that a client of
    /// [`TracingClient::builder`](crate::TracingClient::builder) follows are added. The default is 0, which sets no tag.
    pub fn resend_count(mut self, count: u32) -> Self {
        self.resend_count = count;
        self
    }

    /// Counts the attempts at the request, for a loop that retries: give each of them the same counter.
    /// [`resend_count`](Self::resend_count) is added. None by default; `TracingMiddleware` has one for each request.
    pub fn resend_counter(mut self, counter: &ResendCounter) -> Self {
        self.resend_counter = Some(counter.clone());
        self
    }

    /// Where the request is made, if another task or thread sends it. Else its span begins a trace there.
    pub fn caller(mut self, caller: CallerContext) -> Self {
        self.caller = Some(caller);
        self
    }

    /// A `'static` name is not copied.
    pub(crate) fn name(&self) -> Option<Text<'_>> {
        Some(match self.operation_name.as_ref()? {
            Cow::Borrowed(name) => Text::Static(name),
            Cow::Owned(name) => Text::Copied(name),
        })
    }
}
