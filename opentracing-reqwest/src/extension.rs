//! Tracing one request of any client.

use opentracing_core::Tracer;
use reqwest::RequestBuilder;

use crate::future::ResponseFuture;
use crate::request::TracingRequestBuilder;
use crate::settings::Settings;

/// Traces one request of a client that is not wrapped, because a library has made it for example. Implemented for
/// [`reqwest::RequestBuilder`] only.
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
pub trait RequestBuilderExt: Sized + sealed::Sealed {
    /// Sends the request. The span starts now, as a child of the active span.
    ///
    /// # Errors
    ///
    /// Those of [`reqwest::RequestBuilder::send`]. A request that cannot be built has no span.
    fn send_traced(self, tracer: &Tracer) -> ResponseFuture {
        self.traced(tracer).send()
    }

    /// Returns a builder with settings for the span of the request.
    fn traced(self, tracer: &Tracer) -> TracingRequestBuilder;
}

impl RequestBuilderExt for RequestBuilder {
    fn traced(self, tracer: &Tracer) -> TracingRequestBuilder {
        TracingRequestBuilder::new(self, Settings::new(tracer.clone()), None)
    }
}

mod sealed {
    pub trait Sealed {}

    impl Sealed for reqwest::RequestBuilder {}
}
