//! A client for programs without an async runtime.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::thread;

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use pin_project_lite::pin_project;
use reqwest::blocking::Response;
use reqwest::{Body, Client, IntoUrl, Method};
use tokio::runtime::{self, Handle};
use tokio::sync::oneshot;

use crate::body;
use crate::client::TracingClient;
use crate::future::ResponseFuture;
use crate::request::{Async, TracingRequestBuilder};
use crate::tracing_request::TracingRequest;

/// A client for programs without an async runtime, as [`reqwest::blocking::Client`] is. Behind the feature `blocking`.
///
/// [`TracingClientBuilder::build_blocking`](crate::TracingClientBuilder::build_blocking) builds it. Spans and settings are those of
/// [`TracingClient`]. The response is a [`reqwest::blocking::Response`], and the span lasts until its body is read. Cloning is cheap. Clones
/// share connections.
///
/// ```no_run
/// use opentracing_core::Tracer;
/// use opentracing_reqwest::TracingClient;
///
/// fn book(tracer: &Tracer) -> reqwest::Result<String> {
///     let client = TracingClient::builder().tracer(tracer.clone()).build_blocking()?;
///     let request = client.get("http://catalog.example/books/42");
///     request.operation_name("GET /books/{id}").send()?.text()
/// }
/// ```
#[derive(Clone)]
#[must_use]
pub struct BlockingTracingClient {
    client: TracingClient,
    runtime: Arc<Runtime>,
}

/// How a request is sent: it blocks.
#[derive(Clone, Debug)]
pub struct Blocking(Arc<Runtime>);

/// A thread that drives connections and timers, as long as a client, a request or a response needs it.
struct Runtime {
    handle: Handle,
    // Dropping it ends the thread.
    _running: oneshot::Sender<()>,
}

impl Runtime {
    fn start() -> io::Result<Arc<Self>> {
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        let (running, dropped) = oneshot::channel();
        let handle = runtime.handle().clone();
        thread::Builder::new().name("opentracing-reqwest-blocking".to_owned()).spawn(move || {
            // Dropping the sender is an error here.
            let _ = runtime.block_on(dropped);
        })?;
        Ok(Arc::new(Runtime { handle, _running: running }))
    }

    fn send(self: &Arc<Self>, send: impl FnOnce() -> ResponseFuture) -> reqwest::Result<Response> {
        let future = {
            let _entered = self.handle.enter();
            send()
        };
        Ok(self.blocking(self.handle.block_on(future)?))
    }

    /// The same response. Its body finds the runtime that its time limits need.
    fn blocking(self: &Arc<Self>, response: reqwest::Response) -> Response {
        Response::from(body::wrap(response, |inner| DrivenBody { inner, runtime: self.clone() }))
    }
}

impl BlockingTracingClient {
    pub(crate) fn new(client: TracingClient) -> Self {
        BlockingTracingClient { client, runtime: Runtime::start().expect("the system starts a thread with a runtime") }
    }

    /// Builds a `GET` request.
    pub fn get(&self, url: impl IntoUrl) -> TracingRequestBuilder<Blocking> {
        self.request(Method::GET, url)
    }

    /// Builds a `POST` request.
    pub fn post(&self, url: impl IntoUrl) -> TracingRequestBuilder<Blocking> {
        self.request(Method::POST, url)
    }

    /// Builds a `PUT` request.
    pub fn put(&self, url: impl IntoUrl) -> TracingRequestBuilder<Blocking> {
        self.request(Method::PUT, url)
    }

    /// Builds a `PATCH` request.
    pub fn patch(&self, url: impl IntoUrl) -> TracingRequestBuilder<Blocking> {
        self.request(Method::PATCH, url)
    }

    /// Builds a `DELETE` request.
    pub fn delete(&self, url: impl IntoUrl) -> TracingRequestBuilder<Blocking> {
        self.request(Method::DELETE, url)
    }

    /// Builds a `HEAD` request.
    pub fn head(&self, url: impl IntoUrl) -> TracingRequestBuilder<Blocking> {
        self.request(Method::HEAD, url)
    }

    /// Builds a request of that method. An invalid URL is an error when the request is sent.
    pub fn request(&self, method: Method, url: impl IntoUrl) -> TracingRequestBuilder<Blocking> {
        self.client.request(method, url).replace_mode(Blocking(self.runtime.clone())).0
    }

    /// Sends a request: a [`reqwest::Request`], or one with [settings for its span](crate::RequestExt). The span is a child of the active
    /// span.
    ///
    /// # Errors
    ///
    /// Those of [`reqwest::Client::execute`].
    ///
    /// # Panics
    ///
    /// Within an async runtime.
    pub fn execute(&self, request: impl Into<TracingRequest>) -> reqwest::Result<Response> {
        self.runtime.send(|| self.client.execute(request))
    }

    /// The wrapped client. Requests that it sends directly are not traced.
    pub fn get_ref(&self) -> &Client {
        self.client.get_ref()
    }
}

impl TracingRequestBuilder<Blocking> {
    /// Sends the request, and returns once the head of the response is there. The span is a child of the active span.
    ///
    /// # Errors
    ///
    /// Those of [`reqwest::RequestBuilder::send`]. A request that cannot be built has no span.
    ///
    /// # Panics
    ///
    /// Within an async runtime.
    pub fn send(self) -> reqwest::Result<Response> {
        let (builder, Blocking(runtime)) = self.replace_mode(Async);
        runtime.send(|| builder.send())
    }
}

pin_project! {
    /// The body of a response, polled by the thread that reads it.
    struct DrivenBody {
        #[pin]
        inner: Body,
        runtime: Arc<Runtime>,
    }
}

impl HttpBody for DrivenBody {
    type Data = Bytes;
    type Error = reqwest::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, reqwest::Error>>> {
        let this = self.project();
        // A time limit of reads starts a timer.
        let _entered = this.runtime.handle.enter();
        this.inner.poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runtime").finish_non_exhaustive()
    }
}

impl fmt::Debug for BlockingTracingClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlockingTracingClient").field("client", &self.client).finish_non_exhaustive()
    }
}
