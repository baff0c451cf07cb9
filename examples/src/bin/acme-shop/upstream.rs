//! Calls from one service to another.

use axum::http::StatusCode;
use opentracing_reqwest::{TracingClient, TracingRequestBuilder};
use reqwest::{Response, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::failure::{Failure, Reason};

/// Another service, as its caller sees it.
#[derive(Clone)]
pub(crate) struct Upstream {
    pub(crate) name: &'static str,
    pub(crate) base: Url,
    pub(crate) client: TracingClient,
}

/// The segments of a path.
type Path<'a> = &'a [&'a str];

impl Upstream {
    pub(crate) async fn get<T: DeserializeOwned>(&self, path: Path<'_>) -> Result<T, Failure> {
        self.json(self.client.get(self.url(path))).await
    }

    pub(crate) async fn search<T: DeserializeOwned>(&self, path: Path<'_>, words: &str) -> Result<T, Failure> {
        let mut url = self.url(path);
        url.query_pairs_mut().append_pair("q", words);
        self.json(self.client.get(url)).await
    }

    pub(crate) async fn post<T: DeserializeOwned>(&self, path: Path<'_>, body: &impl Serialize) -> Result<T, Failure> {
        self.json(self.client.post(self.url(path)).json(body)).await
    }

    /// Like [`post`](Upstream::post), for a response without content.
    pub(crate) async fn send(&self, path: Path<'_>, body: &impl Serialize) -> Result<(), Failure> {
        self.send_request(self.client.post(self.url(path)).json(body)).await.map(drop)
    }

    pub(crate) async fn delete(&self, path: Path<'_>) -> Result<(), Failure> {
        self.send_request(self.client.delete(self.url(path))).await.map(drop)
    }

    /// Encodes each segment, so that input of a customer cannot add segments.
    fn url(&self, path: Path<'_>) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.extend(path);
        }
        url
    }

    async fn json<T: DeserializeOwned>(&self, request: TracingRequestBuilder) -> Result<T, Failure> {
        let response = self.send_request(request).await?;
        response.json().await.map_err(|_| self.bad_gateway("sent an invalid response"))
    }

    /// Passes on client errors of the other service. Any other error becomes 502.
    async fn send_request(&self, request: TracingRequestBuilder) -> Result<Response, Failure> {
        let response = request.send().await.map_err(|_| self.bad_gateway("cannot be reached"))?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let reason = response
            .json()
            .await
            .map_or_else(|_| format!("{} responded {status}", self.name), |Reason { error }| error);
        Err(Failure::new(if status.is_client_error() { status } else { StatusCode::BAD_GATEWAY }, reason))
    }

    fn bad_gateway(&self, what: &str) -> Failure {
        Failure::new(StatusCode::BAD_GATEWAY, format!("{} {what}", self.name))
    }
}
