//! The methods of hyper-util's client.

use http::{Request, Uri};
use http_body::Body;
use hyper_util::client::legacy::connect::Connect;
use hyper_util::client::legacy::{Client, ResponseFuture as Pending};
use tower_service::Service;

use crate::client::service::TracingClientService;
use crate::future::ResponseFuture;

/// The methods of hyper-util's client, traced. Behind the feature `hyper-util`.
impl<C, B> TracingClientService<Client<C, B>>
where
    C: Connect + Clone + Send + Sync + 'static,
    B: Body + Send + Unpin + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    /// Sends a request. The span starts now, as a child of the active span.
    ///
    /// # Errors
    ///
    /// Those of [`Client::request`].
    pub fn request(&self, request: Request<B>) -> ResponseFuture<Pending> {
        // Clones are cheap and share the pool.
        self.clone().call(request)
    }

    /// Sends a `GET` request. The span starts now, as a child of the active span.
    ///
    /// # Errors
    ///
    /// Those of [`Client::request`].
    pub fn get(&self, uri: Uri) -> ResponseFuture<Pending>
    where
        B: Default,
    {
        let mut request = Request::new(B::default());
        *request.uri_mut() = uri;
        self.request(request)
    }
}
