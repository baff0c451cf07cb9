//! For clients of `reqwest-middleware`.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;

use http::Extensions;
use opentracing_core::Tracer;
use opentracing_core::http_rules::{ErrorText, Exchange, ExchangeEnd, ExchangeFuture, HttpFailure, ResendCounter};
use reqwest::{Request, Response};
use reqwest_middleware::{Middleware, Next, Result};

use crate::call::Call;
use crate::options::RequestOptions;
use crate::settings::{Settings, setters};

/// Records a span for every request, a child of the active span.
///
/// Add it after a middleware that retries: each attempt is then a span, and the second and later ones have the tag
/// `http.request.resend_count`. Middleware that is added later runs inside the span. [`RequestOptions`] among the extensions of a request
/// apply to it.
///
/// If a request is redirected to another host, reqwest sends the trace headers along.
///
/// ```
/// use opentracing_core::Tracer;
/// use opentracing_reqwest::{RequestOptions, TracingMiddleware};
/// use reqwest_middleware::ClientBuilder;
///
/// # async fn load(tracer: Tracer) -> reqwest_middleware::Result<()> {
/// let tracing = TracingMiddleware::with_tracer(tracer);
/// let client = ClientBuilder::new(reqwest::Client::new()).with(tracing).build();
/// let user = client
///     .get("http://users.example/users/42")
///     .with_extension(RequestOptions::new().operation_name("GET /users/{id}"))
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
