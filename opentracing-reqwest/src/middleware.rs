//! For clients of `reqwest-middleware`.

use std::borrow::Cow;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;

use http::Extensions;
use opentracing_core::Tracer;
use opentracing_core::http_rules::{
    CallerContext, ErrorText, Exchange, ExchangeEnd, ExchangeFuture, HttpFailure, ResendCounter,
};
use reqwest::{Request, Response};
use reqwest_middleware::{Middleware, Next, RequestBuilder, Result};

use crate::call::Call;
use crate::options::RequestOptions;
use crate::settings::{Settings, setters};

/// Records a span for every request, a child of the active span.
///
/// Add it after a middleware that retries: each attempt is then a span, and the second and later ones have the tag
/// `http.request.resend_count`. Middleware that is added later runs inside the span. [`MiddlewareRequestExt`] has the settings for the span
/// of one request.
///
/// If a request is redirected to another host, reqwest sends the trace headers along.
///
/// ```
/// use opentracing_core::Tracer;
/// use opentracing_reqwest::{MiddlewareRequestExt, TracingMiddleware};
/// use reqwest_middleware::ClientBuilder;
///
/// # async fn load(tracer: Tracer) -> reqwest_middleware::Result<()> {
/// let tracing = TracingMiddleware::with_tracer(tracer);
/// let client = ClientBuilder::new(reqwest::Client::new()).with(tracing).build();
/// let user = client
///     .get("http://users.example/users/42")
///     .operation_name("GET /users/{id}")
///     .send()
///     .await?;
/// # drop(user);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct TracingMiddleware {
    settings: Arc<Settings>,
}

impl TracingMiddleware {
    /// Traces with the [global tracer](Tracer::global), which may be registered later.
    pub fn new() -> Self {
        Self::with_tracer(Tracer::global())
    }

    /// Traces with this tracer.
    pub fn with_tracer(tracer: Tracer) -> Self {
        TracingMiddleware { settings: Settings::new(tracer) }
    }

    setters!();
}

/// Settings for the span of one request of a client with [`TracingMiddleware`]. They change the [`RequestOptions`] among the extensions of
/// the request. Implemented for [`reqwest_middleware::RequestBuilder`].
pub trait MiddlewareRequestExt: Sized + sealed::Options {
    /// Sets the operation name. See [`RequestOptions::operation_name`].
    fn operation_name(self, name: impl Into<Cow<'static, str>>) -> Self {
        self.change(|options| options.operation_name(name))
    }

    /// Sets the tag `peer.service`. See [`RequestOptions::peer_service`].
    fn peer_service(self, name: impl Into<Cow<'static, str>>) -> Self {
        self.change(|options| options.peer_service(name))
    }

    /// Where the request is made, if another task or thread sends it. See [`RequestOptions::caller`].
    fn caller(self, caller: CallerContext) -> Self {
        self.change(|options| options.caller(caller))
    }

    /// Sends no trace headers. See [`RequestOptions::without_propagation`].
    fn without_propagation(self) -> Self {
        self.change(RequestOptions::without_propagation)
    }

    /// Sends the request without a span. See [`RequestOptions::untraced`].
    fn untraced(self) -> Self {
        self.change(RequestOptions::untraced)
    }
}

impl MiddlewareRequestExt for RequestBuilder {}

mod sealed {
    use super::{RequestBuilder, RequestOptions};

    pub trait Options {
        fn change(self, f: impl FnOnce(RequestOptions) -> RequestOptions) -> Self;
    }

    impl Options for RequestBuilder {
        fn change(mut self, f: impl FnOnce(RequestOptions) -> RequestOptions) -> Self {
            let options = self.extensions().get_or_insert_default::<RequestOptions>();
            *options = f(std::mem::take(options));
            self
        }
    }
}

impl Default for TracingMiddleware {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait::async_trait]
impl Middleware for TracingMiddleware {
    async fn handle(&self, mut request: Request, extensions: &mut Extensions, next: Next<'_>) -> Result<Response> {
        let mut options = extensions.get::<RequestOptions>().cloned().unwrap_or_default();
        // Middleware that retries passes the same extensions each time.
        let attempts = extensions.get_or_insert_default::<ResendCounter>();
        options.resend_counter.get_or_insert_with(|| attempts.clone());
        if options.caller.is_none() {
            options.caller = extensions.get().cloned();
        }
        let call = Call::start(&self.settings, &options, &mut request);
        let mut rest = pin!(ExchangeFuture::new(call, || next.run(request, extensions)));
        let (outcome, call) = poll_fn(|cx| rest.as_mut().poll_output(cx)).await;
        match (outcome, call) {
            (Ok(response), Some(call)) => Ok(call.on_response(response)),
            (Err(error), Some(mut call)) => {
                call.finish(ExchangeEnd::Failed(HttpFailure::Service(ErrorText::new(&error))));
                Err(error)
            }
            (outcome, None) => outcome,
        }
    }
}
