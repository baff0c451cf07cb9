//! Reads from a server behind HTTP, on a runtime of whoever asks.

use std::future::Future;

use bytes::Bytes;
use http::Request;
use http::header::{ACCEPT, HOST, USER_AGENT};
use http_body_util::Full;
use tokio::sync::oneshot;

use super::client::{self, Client, Protocol};
use super::endpoint::Endpoint;
use super::remote::AGENT;
use super::{Answer, BoxError};

/// Gets one resource, again and again, over a connection that stays open.
pub(crate) struct Fetch {
    endpoint: Endpoint,
    client: Client,
}

impl Fetch {
    pub(crate) fn new(endpoint: Endpoint) -> Self {
        let client = Client::new(&endpoint, Protocol::Http);
        Fetch { endpoint, client }
    }

    /// The body, which is JSON. Any status but success is an error.
    pub(crate) async fn json(&mut self) -> Result<Vec<u8>, BoxError> {
        let mut request = Request::get(&*self.endpoint.path)
            .header(HOST, &*self.endpoint.authority)
            .header(USER_AGENT, AGENT)
            .header(ACCEPT, "application/json")
            .body(Full::new(Bytes::new()))?;
        // Last, since the user's own go before ours.
        request.headers_mut().extend(self.endpoint.headers.clone());
        match self.client.exchange(request).await {
            Answer::Accepted(body) => Ok(body),
            Answer::TooLarge => Err("the other side answered 413 Payload Too Large".into()),
            Answer::Retry { error, .. } | Answer::Refused(error) => Err(error),
        }
    }
}

/// Does the work until the sender of `stopped` is gone.
pub(crate) async fn until_stopped(stopped: oneshot::Receiver<()>, work: impl Future<Output = ()>) {
    client::unless(stopped, work).await;
}
