//! The wrapped client.

use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use opentracing_core::Tracer;
use reqwest::{Client, ClientBuilder, Error, IntoUrl, Method, Response};
use tower_service::Service;

use crate::builder::TracingClientBuilder;
use crate::future::ResponseFuture;
use crate::redirect::Follow;
use crate::request::TracingRequestBuilder;
use crate::settings::Settings;
use crate::tracing_request::TracingRequest;

/// A [`reqwest::Client`] that records a span for every request, a child of the active span.
///
/// [`builder`](Self::builder) and [`from_builder`](Self::from_builder) build a client that does not send trace headers to other hosts
/// after a redirect. A ready-made client, which [`from_client`](Self::from_client) wraps, sends them: reqwest follows redirects inside
/// of one call. All settings belong to the [`TracingClientBuilder`].
///
/// Cloning is cheap. Clones share connections.
///
/// ```
/// use opentracing_core::mock::MockTracer;
/// use opentracing_reqwest::TracingClient;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mock = MockTracer::new();
/// let client = TracingClient::builder()
///     .tracer(mock.tracer().clone())
///     .peer_service("catalog")
///     .build()?;
/// assert!(client.get("http://127.0.0.1:1/").send().await.is_err()); // nobody listens there
/// mock.assert_tree("GET (client) !");
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[must_use]
pub struct TracingClient {
    client: Client,
    settings: Arc<Settings>,
    /// Only for a client that our builder has built.
    follow: Option<Arc<Follow>>,
}

impl TracingClient {
    /// Wraps a ready-made client, with the [global tracer](Tracer::global), which may be registered later, and the default settings.
    ///
    /// ```
    /// use opentracing_core::Tracer;
    /// use opentracing_core::mock::MockTracer;
    /// use opentracing_reqwest::TracingClient;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let client = TracingClient::new(reqwest::Client::new());
    /// let mock = MockTracer::new();
    /// Tracer::set_global(mock.tracer().clone())?;
    /// assert!(client.get("http://127.0.0.1:1/").send().await.is_err()); // nobody listens there
    /// mock.assert_tree("GET (client) !");
    /// # Ok(())
    /// # }
    /// ```
    pub fn new(client: Client) -> Self {
        Self::from_client(client).build()
    }

    /// Wraps a ready-made client, with the default settings.
    pub fn with_tracer(tracer: Tracer, client: Client) -> Self {
        Self::from_client(client).tracer(tracer).build()
    }

    /// Builds a client.
    pub fn builder() -> TracingClientBuilder {
        Self::from_builder(Client::builder())
    }

    /// Builds a client with the settings of reqwest's builder.
    ///
    /// Its redirect policy holds, with [one exception for trace headers](TracingClientBuilder::redirects).
    pub fn from_builder(builder: ClientBuilder) -> TracingClientBuilder {
        TracingClientBuilder::new(builder)
    }

    /// Wraps a ready-made client, with settings.
    ///
    /// ```
    /// use opentracing_core::Tracer;
    /// use opentracing_reqwest::TracingClient;
    ///
    /// let client = TracingClient::from_client(reqwest::Client::new())
    ///     .tracer(Tracer::noop())
    ///     .peer_service("catalog")
    ///     .build();
    /// # drop(client);
    /// ```
    pub fn from_client(client: Client) -> TracingClientBuilder<Client> {
        TracingClientBuilder::new(client)
    }

    pub(crate) fn built(client: Client, settings: Arc<Settings>, follow: Option<Follow>) -> Self {
        TracingClient { client, settings, follow: follow.map(Arc::new) }
    }

    /// Builds a `GET` request.
    pub fn get(&self, url: impl IntoUrl) -> TracingRequestBuilder {
        self.request(Method::GET, url)
    }

    /// Builds a `POST` request.
    pub fn post(&self, url: impl IntoUrl) -> TracingRequestBuilder {
        self.request(Method::POST, url)
    }

    /// Builds a `PUT` request.
    pub fn put(&self, url: impl IntoUrl) -> TracingRequestBuilder {
        self.request(Method::PUT, url)
    }

    /// Builds a `PATCH` request.
    pub fn patch(&self, url: impl IntoUrl) -> TracingRequestBuilder {
        self.request(Method::PATCH, url)
    }

    /// Builds a `DELETE` request.
    pub fn delete(&self, url: impl IntoUrl) -> TracingRequestBuilder {
        self.request(Method::DELETE, url)
    }

    /// Builds a `HEAD` request.
    pub fn head(&self, url: impl IntoUrl) -> TracingRequestBuilder {
        self.request(Method::HEAD, url)
    }

    /// Builds a request of that method. An invalid URL is an error when the request is sent.
    pub fn request(&self, method: Method, url: impl IntoUrl) -> TracingRequestBuilder {
        TracingRequestBuilder::new(self.client.request(method, url), self.settings.clone(), self.follow.clone())
    }

    /// Sends a request: a [`reqwest::Request`], or one with [settings for its span](crate::RequestExt). The span starts now, as a child of
    /// the active span.
    ///
    /// # Errors
    ///
    /// Those of [`reqwest::Client::execute`].
    pub fn execute(&self, request: impl Into<TracingRequest>) -> ResponseFuture {
        let TracingRequest { request, options } = request.into();
        ResponseFuture::send(self.client.clone(), request, &self.settings, &options, self.follow.as_ref())
    }

    /// The wrapped client. Requests that it sends directly are not traced.
    pub fn get_ref(&self) -> &Client {
        &self.client
    }

    /// The wrapped client. Requests that it sends directly are not traced.
    pub fn into_inner(self) -> Client {
        self.client
    }
}

/// As [`reqwest::Client`], a service of tower. It is always ready.
impl<R: Into<TracingRequest>> Service<R> for TracingClient {
    type Response = Response;
    type Error = Error;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: R) -> ResponseFuture {
        self.execute(request)
    }
}

impl fmt::Debug for TracingClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TracingClient").field("client", &self.client).field("settings", &self.settings).finish()
    }
}
