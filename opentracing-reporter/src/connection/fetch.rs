//! Reads a resource of a server over HTTP or gRPC, on the caller's runtime.

use std::future::Future;
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http::header::{ACCEPT, CONTENT_TYPE, HOST, TE, USER_AGENT};
use http_body_util::Full;
use tokio::sync::oneshot;

use super::client::Client;
use super::endpoint::Endpoint;
use super::http_channel::OUR_USER_AGENT;
use super::protocol::Protocol;
use super::worker::until_cancelled;
use super::{Answer, BoxError, grpc};

/// Fetches one resource repeatedly, over a connection that stays open.
pub(crate) struct Fetcher {
    endpoint: Endpoint,
    client: Client,
    /// The body of the call, with its prefix. `None` for a GET request.
    call: Option<Bytes>,
}

impl Fetcher {
    /// Gets JSON over HTTP.
    pub(crate) fn json(endpoint: Endpoint) -> Self {
        let client = Client::new(&endpoint, Protocol::Http);
        Fetcher { endpoint, client, call: None }
    }

    /// Calls a gRPC method, which is the endpoint's path, with this message.
    pub(crate) fn grpc(endpoint: Endpoint, message: Vec<u8>) -> Self {
        let client = Client::new(&endpoint, Protocol::Grpc);
        Fetcher { endpoint, client, call: Some(grpc::framed(message, false).into()) }
    }

    /// The error of a fetch that was cancelled, since it took longer than `timeout`.
    pub(crate) fn timed_out(&self, timeout: Duration) -> BoxError {
        self.client.progress().timed_out(&self.endpoint, timeout)
    }

    /// The body or the message of the response. Any status that is not a success is an error.
    pub(crate) async fn fetch(&mut self) -> Result<Vec<u8>, BoxError> {
        let (head, body) = match &self.call {
            Some(call) => {
                let head = Request::post(self.endpoint.uri()).header(TE, "trailers");
                (head.header(CONTENT_TYPE, "application/grpc"), call.clone())
            }
            None => {
                let head = Request::get(&*self.endpoint.path).header(HOST, &*self.endpoint.authority);
                (head.header(ACCEPT, "application/json"), Bytes::new())
            }
        };
        let mut request = head.header(USER_AGENT, OUR_USER_AGENT).body(Full::new(body))?;
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
