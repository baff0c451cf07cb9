//! For clients of `reqwest-middleware`.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::Extensions;
use opentracing_core::Tracer;
use opentracing_core::http_rules::{ErrorStatuses, HostAllowList, PeerServices, ResendCounter};
use pin_project_lite::pin_project;
use reqwest::{Request, Response};
use reqwest_middleware::{Error, Middleware, Next, Result};

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
        match Call::start(&self.settings, &options, &mut request) {
            Some(call) => Traced { inner: Some(next.run(request, extensions)), call: Some(call) }.await,
            None => next.run(request, extensions).await,
        }
    }
}

pin_project! {
    /// The rest of the stack, in the span of the call.
    struct Traced<F> {
        #[pin]
        inner: Option<F>,
        call: Option<Call>,
    }

    impl<F> PinnedDrop for Traced<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if let Some(mut call) = this.call.take() {
                {
                    let _scope = call.span.lend();
                    this.inner.set(None);
                }
                call.cancelled();
            }
        }
    }
}

impl<F: Future<Output = Result<Response>>> Future for Traced<F> {
    type Output = Result<Response>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let (Some(call), Some(inner)) = (this.call.as_mut(), this.inner.as_mut().as_pin_mut()) else {
            panic!("a future is not polled again after it was ready");
        };
        let outcome = {
            let _scope = call.span.lend();
            let outcome = ready!(inner.poll(cx));
            this.inner.set(None);
            outcome
        };
        let call = this.call.take().expect("it was there above");
        Poll::Ready(match outcome {
            Ok(response) => Ok(call.answered(response)),
            Err(error) => {
                match &error {
                    Error::Reqwest(error) => call.failed(error, "request"),
                    Error::Middleware(error) => call.failed(error.as_ref(), "middleware"),
                }
                Err(error)
            }
        })
    }
}
