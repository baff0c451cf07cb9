//! Tracing one request of any client.

use std::sync::Arc;

use opentracing_core::Tracer;
use reqwest::RequestBuilder;

use crate::future::ResponseFuture;
use crate::request::TracingRequestBuilder;
use crate::settings::Settings;

/// Traces one request of a client that is not wrapped: one that a library has made, for example.
///
/// If the request is redirected to another host, reqwest sends the trace headers along.
///
/// ```
/// use opentracing_core::Tracer;
/// use opentracing_reqwest::RequestBuilderExt;
///
/// # async fn load(tracer: &Tracer, client: &reqwest::Client) -> reqwest::Result<()> {
/// let book = client.get("http://catalog.example/books/1").send_traced(tracer).await?;
/// let user = client
///     .get("http://users.example/users/42")
///     .traced(tracer)
///     .operation_name("GET /users/{id}")
///     .send()
///     .await?;
/// # drop((book, user));
/// # Ok(())
/// # }
/// ```
pub trait RequestBuilderExt: Sized {
    /// Sends the request. Its span starts now, as a child of the span that is active now.
    ///
    /// # Errors
    ///
    /// Those of [`reqwest::RequestBuilder::send`]. A request that cannot be built has no span.
    fn send_traced(self, tracer: &Tracer) -> ResponseFuture {
        self.traced(tracer).send()
    }

    /// Makes a builder with settings for the request's span.
    fn traced(self, tracer: &Tracer) -> TracingRequestBuilder;
}

impl RequestBuilderExt for RequestBuilder {
    fn traced(self, tracer: &Tracer) -> TracingRequestBuilder {
        TracingRequestBuilder::new(self, Arc::new(Settings::new(tracer.clone())), None)
    }
}
