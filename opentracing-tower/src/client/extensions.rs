//! What a request may say about its span, in its extensions.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// The operation name of the request's span. Put into the extensions of a request; without it the name is the method. Names should be
/// few: `GET /users/{id}`, not `GET /users/7`.
///
/// ```
/// use http::Request;
/// use opentracing_tower::OperationName;
///
/// let request = Request::get("http://users.example/users/7").extension(OperationName("GET /users/{id}".into())).body(())?;
/// # Ok::<(), http::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OperationName(pub Cow<'static, str>);

/// The name of the service that the request goes to: the tag `peer.service`. Put into the extensions of a request; goes before what
/// [`TracingClientLayer::peer_services`](crate::TracingClientLayer::peer_services) says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PeerServiceName(pub Cow<'static, str>);

/// Counts how often a request is sent. Put into the extensions of a request before it goes to a layer that retries outside of the
/// [`TracingClientLayer`](crate::TracingClientLayer) and clones extensions with the request: each attempt is a span, and those behind
/// the first have the tag `http.request.resend_count`.
#[derive(Clone, Debug, Default)]
pub struct ResendCounter(Arc<AtomicU32>);

impl ResendCounter {
    /// A counter for one request and its clones.
    pub fn new() -> Self {
        Self::default()
    }

    /// Counts an attempt, and says how many there were before.
    pub(crate) fn count(&self) -> u32 {
        self.0.fetch_add(1, Ordering::Relaxed)
    }
}
