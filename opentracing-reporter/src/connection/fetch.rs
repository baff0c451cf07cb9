//! Reads a JSON resource of a server over HTTP, on the caller's runtime.

use std::future::Future;

use bytes::Bytes;
use http::Request;
use http::header::{ACCEPT, HOST, USER_AGENT};
use http_body_util::Full;
use tokio::sync::oneshot;

use super::client::Client;
use super::endpoint::Endpoint;
use super::http_channel::OUR_USER_AGENT;
use super::protocol::Protocol;
use super::worker::until_cancelled;
use super::{Answer, BoxError};

/// Fetches one resource repeatedly, over a connection that stays open.
pub(crate) struct JsonFetcher {
    endpoint: Endpoint,
    client: Client,
}

impl JsonFetcher {
    pub(crate) fn new(endpoint: Endpoint) -> Self {
        let client = Client::new(&endpoint, Protocol::Http);
        JsonFetcher { endpoint, client }
    }

    /// The body of the response. Any status that is not a success is an error.
    pub(crate) async fn fetch(&mut self) -> Result<Vec<u8>, BoxError> {
        let mut request = Request::get(&*self.endpoint.path)
            .header(HOST, &*self.endpoint.authority)
            .header(USER_AGENT, OUR_USER_AGENT)
            .header(ACCEPT, "application/json")
            .body(Full::new(Bytes::new()))?;
        // Added last, so that the user's headers replace ours.
        request.headers_mut().extend(self.endpoint.headers.clone());
        match self.client.exchange(request).await {
            Answer::Accepted(body) => Ok(body),
            Answer::TooLarge => Err("the server answered 413 Payload Too Large".into()),
            Answer::Retry { error, .. } | Answer::Refused(error) => Err(error),
        }
    }
}

/// Does the work until the sender of `stopped` is dropped.
pub(crate) async fn until_stopped(stopped: oneshot::Receiver<()>, work: impl Future<Output = ()>) {
    until_cancelled(stopped, work).await;
}
