//! The methods of hyper-util's client.

use http::{Request, Uri};
use http_body::Body;
use hyper_util::client::legacy::connect::Connect;
use hyper_util::client::legacy::{Client, ResponseFuture as Pending};
use tower_service::Service;

use crate::client::service::TracingClientService;
use crate::future::ResponseFuture;

/// The methods of hyper-util's client, traced. Behind the feature `hyper-util`.
impl<C, B, T> TracingClientService<Client<C, B>, T>
where
    C: Connect + Clone + Send + Sync + 'static,
    B: Body + Send + Unpin + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    Self: Clone + Service<Request<B>, Future = ResponseFuture<Pending, T>>,
{
    /// Sends a request. The span starts now, as a child of the active span.
    ///
    /// # Errors
    ///
    /// Those of [`Client::request`].
    pub fn request(&self, request: Request<B>) -> ResponseFuture<Pending, T> {
        // Clones are cheap and share the pool.
        self.clone().call(request)
    }

    /// Sends a `GET` request. The span starts now, as a child of the active span.
    ///
    /// # Errors
    ///
    /// Those of [`Client::request`].
    pub fn get(&self, uri: Uri) -> ResponseFuture<Pending, T>
    where
        B: Default,
    {
        let mut request = Request::new(B::default());
        *request.uri_mut() = uri;
        self.request(request)
    }
}
