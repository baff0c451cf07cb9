//! The wrapped client.

use std::fmt;
use std::sync::Arc;

use opentracing_core::Tracer;
use opentracing_core::http_rules::{ErrorStatuses, HostAllowList, PeerServices};
use reqwest::{Client, ClientBuilder, IntoUrl, Method, Request};

use crate::builder::TracingClientBuilder;
use crate::decorator::SpanDecorator;
use crate::future::ResponseFuture;
use crate::options::RequestOptions;
use crate::redirect::Follow;
use crate::request::TracingRequestBuilder;
use crate::settings::{Settings, setters};

/// A [`reqwest::Client`] that makes a span of every request, a child of the active span.
///
/// [`builder`](Self::builder) makes one that keeps trace headers from other hosts after a redirect. A ready-made client, which
/// [`with_tracer`](Self::with_tracer) takes, sends them along: reqwest follows redirects inside of one call.
///
/// Cloning is cheap, and clones share connections.
#[derive(Clone)]
#[must_use]
pub struct TracingClient {
    client: Client,
    settings: Arc<Settings>,
    /// Only of a client that we have built.
    follow: Option<Arc<Follow>>,
}

impl TracingClient {
    /// Wraps a ready-made client, with the [global tracer](Tracer::global), also with one that is registered later.
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
        Self::with_tracer(Tracer::global(), client)
    }

    /// Wraps a ready-made client.
    pub fn with_tracer(tracer: Tracer, client: Client) -> Self {
        TracingClient { client, settings: Arc::new(Settings::new(tracer)), follow: None }
    }

    /// Begins to build a client.
    pub fn builder() -> TracingClientBuilder {
        Self::from_builder(Client::builder())
    }

    /// Begins to build a client with what reqwest's builder has been told. Its policy for redirects is replaced.
    pub fn from_builder(builder: ClientBuilder) -> TracingClientBuilder {
        TracingClientBuilder::new(builder)
    }

    pub(crate) fn built(tracer: Tracer, client: Client, follow: Option<Follow>) -> Self {
        TracingClient { client, settings: Arc::new(Settings::new(tracer)), follow: follow.map(Arc::new) }
    }

    setters!();

    /// Begins a `GET` request.
    pub fn get(&self, url: impl IntoUrl) -> TracingRequestBuilder {
        self.request(Method::GET, url)
    }

    /// Begins a `POST` request.
    pub fn post(&self, url: impl IntoUrl) -> TracingRequestBuilder {
        self.request(Method::POST, url)
    }

    /// Begins a `PUT` request.
    pub fn put(&self, url: impl IntoUrl) -> TracingRequestBuilder {
        self.request(Method::PUT, url)
    }

    /// Begins a `PATCH` request.
    pub fn patch(&self, url: impl IntoUrl) -> TracingRequestBuilder {
        self.request(Method::PATCH, url)
    }

    /// Begins a `DELETE` request.
    pub fn delete(&self, url: impl IntoUrl) -> TracingRequestBuilder {
        self.request(Method::DELETE, url)
    }

    /// Begins a `HEAD` request.
    pub fn head(&self, url: impl IntoUrl) -> TracingRequestBuilder {
        self.request(Method::HEAD, url)
    }

    /// Begins a request of that method. A URL that cannot be read shows when the request is sent.
    pub fn request(&self, method: Method, url: impl IntoUrl) -> TracingRequestBuilder {
        TracingRequestBuilder::new(self.client.request(method, url), self.settings.clone(), self.follow.clone())
    }

    /// Sends a request. Its span starts now, as a child of the span that is active now.
    ///
    /// # Errors
    ///
    /// Those of [`reqwest::Client::execute`].
    pub fn execute(&self, request: Request) -> ResponseFuture {
        let options = RequestOptions::new();
        ResponseFuture::send(self.client.clone(), request, &self.settings, &options, self.follow.as_ref())
    }

    /// The client inside. What it sends is not traced.
    pub fn get_ref(&self) -> &Client {
        &self.client
    }

    /// The client inside. What it sends is not traced.
    pub fn into_inner(self) -> Client {
        self.client
    }
}

impl fmt::Debug for TracingClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TracingClient").field("client", &self.client).field("settings", &self.settings).finish()
    }
}
