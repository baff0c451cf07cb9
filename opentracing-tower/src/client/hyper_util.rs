//! The client of hyper-util, by its own methods.

use http::{Request, Uri};
use http_body::Body;
use hyper_util::client::legacy::connect::Connect;
use hyper_util::client::legacy::{Client, ResponseFuture as Pending};
use tower_service::Service;

use crate::client::service::TracingClientService;
use crate::future::ResponseFuture;

/// What hyper-util's client offers beside being a service, traced. Behind the feature `hyper-util`.
impl<C, B> TracingClientService<Client<C, B>>
where
    C: Connect + Clone + Send + Sync + 'static,
    B: Body + Send + Unpin + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    /// Sends a request. Its span starts now, as a child of the span that is active now.
    ///
    /// # Errors
    ///
    /// Those of [`Client::request`].
    pub fn request(&self, request: Request<B>) -> ResponseFuture<Pending> {
        // Cheap, and without a pool of its own: clones share it.
        self.clone().call(request)
    }

    /// Sends a `GET` request to that URI. Its span starts now, as a child of the span that is active now.
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
