//! Counting retries and redirects.

use std::cell::RefCell;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::{Extensions, Request};
use opentracing_core::http_rules::ResendCounter;
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

/// Gives each request a [`ResendCounter`], so that the [`TracingClientLayer`](crate::TracingClientLayer) inside can number the attempts.
/// Add it outside of the layer that retries or follows redirects, which must pass on the extensions of the request.
///
/// The second and later attempts have the tag `http.request.resend_count`. Attempts after a redirect to another host have no trace
/// headers and no baggage. A request that already has a counter keeps it. Costs one allocation a request.
///
/// The span that is active here is the parent of all attempts, also where another task sends them, as behind tower's `Buffer`. If no span
/// is active, the second and later attempts follow from the first one.
///
/// ```
/// use opentracing_core::Tracer;
/// use opentracing_tower::{CountResendsLayer, TracingClientLayer};
/// use tower::ServiceBuilder;
///
/// # fn traced<P: Clone, C: Clone>(retries: P, tracer: Tracer, client: C) {
/// let client = ServiceBuilder::new()
///     .layer(CountResendsLayer::new())
///     .retry(retries)
///     .layer(TracingClientLayer::with_tracer(tracer))
///     .service(client);
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[must_use]
pub struct CountResendsLayer;

/// A client whose requests have counters. Made by [`CountResendsLayer`].
#[derive(Clone, Copy, Debug, Default)]
pub struct CountResends<S> {
    inner: S,
}

impl CountResendsLayer {
    /// Makes the layer. It has no settings.
    pub fn new() -> Self {
        CountResendsLayer
    }
}

impl<S> CountResends<S> {
    /// Wraps a client.
    pub fn new(inner: S) -> Self {
        CountResends { inner }
    }

    /// The wrapped client.
    pub fn get_ref(&self) -> &S {
        &self.inner
    }

    /// The wrapped client, mutably.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// Unwraps the client.
    pub fn into_inner(self) -> S {
        self.inner
    }
}

impl<S> Layer<S> for CountResendsLayer {
    type Service = CountResends<S>;

    fn layer(&self, inner: S) -> CountResends<S> {
        CountResends::new(inner)
    }
}

impl<S, B> Service<Request<B>> for CountResends<S>
where
    S: Service<Request<B>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = CountResendsFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let counter = request.extensions_mut().get_or_insert_default::<ResendCounter>().clone();
        counter.called();
        let mut polled = Some(counter);
        let inner = during(&mut polled, || self.inner.call(request));
        CountResendsFuture { inner, counter: polled }
    }
}

pin_project! {
    /// The future of a request that may be sent several times.
    #[must_use = "futures do nothing unless polled"]
    pub struct CountResendsFuture<F> {
        #[pin]
        inner: F,
        counter: Option<ResendCounter>,
    }
}

impl<F: Future> Future for CountResendsFuture<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        during(this.counter, || this.inner.poll(cx))
    }
}

impl<F> fmt::Debug for CountResendsFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CountResendsFuture").field("counter", &self.counter).finish_non_exhaustive()
    }
}

/// The counter in the extensions of a request. tower-http removes all extensions when it redirects a request to another host, exactly the
/// case that must be recognized. Then it is the counter of the request that is being polled.
pub(crate) fn counter(extensions: &Extensions) -> Option<ResendCounter> {
    let given = extensions.get::<ResendCounter>().cloned();
    given.or_else(|| {
        let polled = POLLED.try_with(|polled| polled.borrow().clone()).ok().flatten();
        // Other requests without a counter may be sent meanwhile, to get a token for example.
        polled.filter(ResendCounter::awaits_redirect)
    })
}

thread_local! {
    /// The counter of the request that is being polled.
    static POLLED: RefCell<Option<ResendCounter>> = const { RefCell::new(None) };
}

/// Polls with the counter in the thread-local, and takes it back, also after a panic.
fn during<R>(counter: &mut Option<ResendCounter>, poll: impl FnOnce() -> R) -> R {
    struct Swap<'a>(&'a mut Option<ResendCounter>);

    impl Swap<'_> {
        fn swap(&mut self) {
            // Without thread-locals, at the end of a thread, there is no tracing either.
            let _ = POLLED.try_with(|polled| std::mem::swap(&mut *polled.borrow_mut(), self.0));
        }
    }

    impl Drop for Swap<'_> {
        fn drop(&mut self) {
            self.swap();
        }
    }

    let mut swap = Swap(counter);
    swap.swap();
    poll()
}
