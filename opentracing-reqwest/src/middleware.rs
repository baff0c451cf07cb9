//! For clients of `reqwest-middleware`.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;

use http::Extensions;
use opentracing_core::Tracer;
use opentracing_core::http_rules::{
    ErrorStatuses, ErrorText, Exchange, ExchangeEnd, ExchangeFuture, HostAllowList, HttpFailure, PeerServices,
    ResendCounter,
};
use reqwest::{Request, Response};
use reqwest_middleware::{Middleware, Next, Result};

use crate::call::Call;
use crate::decorator::SpanDecorator;
use crate::options::RequestOptions;
use crate::settings::{Settings, setters};

/// Makes a span of every request that comes by, a child of the active span.
///
/// Put it behind a middleware that retries, and there is one span an attempt, the second and later ones with the tag
/// `http.request.resend_count`. What comes after it runs in its span. [`RequestOptions`] among the extensions of the request apply
/// to it.
///
/// If a request is redirected to another host, reqwest sends the trace headers along.
///
/// ```
/// use opentracing_core::Tracer;
/// use opentracing_reqwest::{RequestOptions, TracingMiddleware};
/// use reqwest_middleware::ClientBuilder;
///
/// # async fn load(tracer: Tracer) -> reqwest_middleware::Result<()> {
/// let client = ClientBuilder::new(reqwest::Client::new()).with(TracingMiddleware::with_tracer(tracer)).build();
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
    /// With the global tracer.
    pub fn new() -> Self {
        Self::with_tracer(Tracer::global())
    }

    /// With that tracer.
    pub fn with_tracer(tracer: Tracer) -> Self {
        TracingMiddleware { settings: Arc::new(Settings::new(tracer)) }
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
        // Middleware that retries hands on the same extensions each time.
        let attempts = extensions.get_or_insert_default::<ResendCounter>();
        options.resend_counter.get_or_insert_with(|| attempts.clone());
        let call = Call::start(&self.settings, &options, &mut request);
        let mut rest = pin!(ExchangeFuture::new(call, || next.run(request, extensions)));
        let (outcome, call) = poll_fn(|cx| rest.as_mut().poll_output(cx)).await;
        match (outcome, call) {
            (Ok(response), Some(call)) => Ok(call.on_response(response)),
            (Err(error), Some(call)) => {
                call.finish(ExchangeEnd::Failed(HttpFailure::Service(ErrorText::new(&error))));
                Err(error)
            }
            (outcome, None) => outcome,
        }
    }
}
