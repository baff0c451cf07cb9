//! Requests.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::header::{HeaderMap, HeaderName, HeaderValue};
use opentracing_core::http_rules::{CallerContext, ResendCounter};
use reqwest::{Body, Request, RequestBuilder, Version};

use crate::future::ResponseFuture;
use crate::options::RequestOptions;
use crate::redirect::Follow;
use crate::settings::Settings;
use crate::tracing_request::TracingRequest;

/// Builds a request that is traced when it is sent: a [`reqwest::RequestBuilder`] with settings for its span. Other methods of reqwest's
/// builder are available through [`map`](Self::map).
///
/// ```
/// use opentracing_core::Tracer;
/// use opentracing_reqwest::TracingClient;
///
/// let client = TracingClient::with_tracer(Tracer::noop(), reqwest::Client::new());
/// let request = client
///     .post("http://users.example/users")
///     .operation_name("POST /users")
///     .map(|request| request.header("accept", "text/plain"))
///     .body("Ada");
/// # drop(request);
/// ```
#[must_use = "a request does nothing until it is sent"]
pub struct TracingRequestBuilder<M = Async> {
    builder: RequestBuilder,
    options: RequestOptions,
    settings: Arc<Settings>,
    follow: Option<Arc<Follow>>,
    mode: M,
}

/// How a request is sent: its response is a future.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Async;

impl TracingRequestBuilder {
    pub(crate) fn new(builder: RequestBuilder, settings: Arc<Settings>, follow: Option<Arc<Follow>>) -> Self {
        TracingRequestBuilder { builder, options: RequestOptions::new(), settings, follow, mode: Async }
    }

    /// Sends the request. The span starts now, as a child of the active span.
    ///
    /// # Errors
    ///
    /// Those of [`reqwest::RequestBuilder::send`]. A request that cannot be built has no span.
    pub fn send(self) -> ResponseFuture {
        let (client, request) = self.builder.build_split();
        match request {
            Ok(request) => ResponseFuture::send(client, request, &self.settings, &self.options, self.follow.as_ref()),
            Err(error) => ResponseFuture::failed(client, error),
        }
    }
}

impl<M> TracingRequestBuilder<M> {
    /// The same request, sent in another way, and how it was to be sent.
    #[cfg(feature = "blocking")]
    pub(crate) fn replace_mode<N>(self, mode: N) -> (TracingRequestBuilder<N>, M) {
        let TracingRequestBuilder { builder, options, settings, follow, mode: replaced } = self;
        (TracingRequestBuilder { builder, options, settings, follow, mode }, replaced)
    }

    /// Calls any method of reqwest's builder.
    pub fn map(mut self, f: impl FnOnce(RequestBuilder) -> RequestBuilder) -> Self {
        self.builder = f(self.builder);
        self
    }

    fn set(mut self, f: impl FnOnce(RequestOptions) -> RequestOptions) -> Self {
        self.options = f(self.options);
        self
    }

    /// Sets these options, in place of all that were set before.
    pub fn options(self, options: RequestOptions) -> Self {
        self.set(|_| options)
    }

    /// Sets the operation name. See [`RequestOptions::operation_name`].
    pub fn operation_name(self, name: impl Into<Cow<'static, str>>) -> Self {
        self.set(|options| options.operation_name(name))
    }

    /// Sets the tag `peer.service`. See [`RequestOptions::peer_service`].
    pub fn peer_service(self, name: impl Into<Cow<'static, str>>) -> Self {
        self.set(|options| options.peer_service(name))
    }

    /// Sends no trace headers. See [`RequestOptions::without_propagation`].
    pub fn without_propagation(self) -> Self {
        self.set(RequestOptions::without_propagation)
    }

    /// How often the request was sent before. See [`RequestOptions::resend_count`].
    pub fn resend_count(self, count: u32) -> Self {
        self.set(|options| options.resend_count(count))
    }

    /// Counts the attempts of a loop that retries. See [`RequestOptions::resend_counter`].
    pub fn resend_counter(self, counter: &ResendCounter) -> Self {
        self.set(|options| options.resend_counter(counter))
    }

    /// Where the request is made, if another task or thread sends it. See [`RequestOptions::caller`].
    ///
    /// ```
    /// use opentracing_reqwest::{CallerContext, TracingClient};
    ///
    /// # fn queue(client: TracingClient, queue: std::sync::mpsc::Sender<opentracing_reqwest::TracingRequestBuilder>) {
    /// let request = client.get("http://users.example/").caller(CallerContext::active());
    /// queue.send(request).unwrap();
    /// # }
    /// ```
    pub fn caller(self, caller: CallerContext) -> Self {
        self.set(|options| options.caller(caller))
    }

    /// Sends the request without a span. See [`RequestOptions::untraced`].
    pub fn untraced(self) -> Self {
        self.set(RequestOptions::untraced)
    }

    /// Adds a header.
    pub fn header<K, V>(self, name: K, value: V) -> Self
    where
        HeaderName: TryFrom<K>,
        <HeaderName as TryFrom<K>>::Error: Into<http::Error>,
        HeaderValue: TryFrom<V>,
        <HeaderValue as TryFrom<V>>::Error: Into<http::Error>,
    {
        self.map(|builder| builder.header(name, value))
    }

    /// Sets these headers, in place of earlier ones with the same names.
    pub fn headers(self, headers: HeaderMap) -> Self {
        self.map(|builder| builder.headers(headers))
    }

    /// Authenticates with user name and password.
    pub fn basic_auth(self, username: impl fmt::Display, password: Option<impl fmt::Display>) -> Self {
        self.map(|builder| builder.basic_auth(username, password))
    }

    /// Authenticates with a bearer token.
    pub fn bearer_auth(self, token: impl fmt::Display) -> Self {
        self.map(|builder| builder.bearer_auth(token))
    }

    /// Sets the body.
    pub fn body(self, body: impl Into<Body>) -> Self {
        self.map(|builder| builder.body(body))
    }

    /// The time limit of the call, from sending the request to the end of the response body.
    pub fn timeout(self, timeout: Duration) -> Self {
        self.map(|builder| builder.timeout(timeout))
    }

    /// Sets the version of HTTP.
    pub fn version(self, version: Version) -> Self {
        self.map(|builder| builder.version(version))
    }

    /// Appends parameters to the query of the URL.
    #[cfg(feature = "query")]
    pub fn query<T: serde::Serialize + ?Sized>(self, query: &T) -> Self {
        self.map(|builder| builder.query(query))
    }

    /// Sends these parameters as a form.
    #[cfg(feature = "form")]
    pub fn form<T: serde::Serialize + ?Sized>(self, form: &T) -> Self {
        self.map(|builder| builder.form(form))
    }

    /// Sends the value as JSON.
    #[cfg(feature = "json")]
    pub fn json<T: serde::Serialize + ?Sized>(self, json: &T) -> Self {
        self.map(|builder| builder.json(json))
    }

    /// Sends a multipart form.
    #[cfg(feature = "multipart")]
    pub fn multipart(self, form: reqwest::multipart::Form) -> Self {
        self.map(|builder| builder.multipart(form))
    }

    /// A copy. `None` if the body is a stream, or if the request cannot be built.
    pub fn try_clone(&self) -> Option<Self>
    where
        M: Clone,
    {
        Some(TracingRequestBuilder {
            builder: self.builder.try_clone()?,
            options: self.options.clone(),
            settings: self.settings.clone(),
            follow: self.follow.clone(),
            mode: self.mode.clone(),
        })
    }

    /// Builds the request with the settings of its span, without sending it; [`TracingClient::execute`](crate::TracingClient::execute)
    /// does that.
    ///
    /// # Errors
    ///
    /// If the URL, a header or the body cannot be built.
    pub fn build_traced(self) -> reqwest::Result<TracingRequest> {
        Ok(TracingRequest::new(self.builder.build()?, self.options))
    }

    /// Builds the request without the settings of its span, and without sending it.
    ///
    /// # Errors
    ///
    /// If the URL, a header or the body cannot be built.
    pub fn build(self) -> reqwest::Result<Request> {
        self.builder.build()
    }
}

impl<M> fmt::Debug for TracingRequestBuilder<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TracingRequestBuilder")
            .field("builder", &self.builder)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
