//! Counting what a layer that retries or follows redirects does.

use std::cell::RefCell;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::{Extensions, Request};
use opentracing_core::http_rules::ResendCounter;
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

/// Gives each request a [`ResendCounter`], so that the [`TracingClientLayer`](crate::TracingClientLayer) inside knows which attempt it
/// sees. Belongs outside of whatever sends a request several times, retries or redirects, and hands its extensions on.
///
/// The second and later attempts have the tag `http.request.resend_count`. Attempts behind a redirect to another host have no trace
/// headers and no baggage. A request that has a counter keeps it. Costs an allocation a request. Where no span is active, each attempt
/// begins a trace of its own.
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

/// Gives each request a counter. Made by [`CountResendsLayer`].
#[derive(Clone, Copy, Debug)]
pub struct CountResends<S> {
    inner: S,
}

impl CountResendsLayer {
    /// The layer.
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

    /// The wrapped client, to be changed.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// The wrapped client again.
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
        let mut polled = Some(counter);
        let inner = during(&mut polled, || self.inner.call(request));
        CountResendsFuture { inner, counter: polled }
    }
}

pin_project! {
    /// The answer to a request that may be sent several times.
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

/// The counter of a request: the one among its extensions. tower-http takes all extensions from a request that it redirects to
/// another host, the very one that must be recognised: then it is the counter of the request that is being polled.
pub(crate) fn counter(extensions: &Extensions) -> Option<ResendCounter> {
    let given = extensions.get::<ResendCounter>().cloned();
    given.or_else(|| {
        let polled = POLLED.try_with(|polled| polled.borrow().clone()).ok().flatten();
        // Another request without a counter may be made meanwhile, for a token for example.
        polled.filter(ResendCounter::awaits_redirect)
    })
}

thread_local! {
    /// The counter of the request that is being polled.
    static POLLED: RefCell<Option<ResendCounter>> = const { RefCell::new(None) };
}

/// Polls with the counter in its place on the thread, and takes it back, also after a panic.
fn during<R>(counter: &mut Option<ResendCounter>, poll: impl FnOnce() -> R) -> R {
    struct Swap<'a>(&'a mut Option<ResendCounter>);

    impl Swap<'_> {
        fn swap(&mut self) {
            // Without the thread's locals there is no tracing either.
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
