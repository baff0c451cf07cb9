//! The backend: receives Zipkin spans, and counts the entry spans of each request.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use examples::Server;
use serde::Deserialize;
use tokio::net::TcpListener;

use crate::traffic::number_of;

#[derive(Debug)]
pub(crate) struct Collector {
    address: SocketAddr,
    entries: Entries,
    _server: Server,
}

/// The number of entry spans per request, by the number of the request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Entries(Arc<Mutex<Vec<u8>>>);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Span {
    trace_id: String,
    kind: Option<String>,
    local_endpoint: Endpoint,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Endpoint {
    service_name: String,
}

impl Collector {
    pub(crate) async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let (address, entries) = (listener.local_addr()?, Entries::default());
        let router = Router::new()
            .route("/api/v2/spans", post(receive))
            .layer(DefaultBodyLimit::disable())
            .with_state(entries.clone());
        Ok(Collector { address, entries, _server: Server::start(listener, router) })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The counts so far.
    pub(crate) fn entries(&self) -> Vec<u8> {
        self.entries.lock().clone()
    }
}

impl Entries {
    fn lock(&self) -> MutexGuard<'_, Vec<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn receive(State(entries): State<Entries>, Json(spans): Json<Vec<Span>>) -> StatusCode {
    let mut entries = entries.lock();
    for span in spans {
        let is_entry = span.kind.as_deref() == Some("SERVER") && span.local_endpoint.service_name == "front-end";
        let Some(number) = number_of(&span.trace_id).filter(|_| is_entry) else { continue };
        if entries.len() <= number {
            entries.resize(number + 1, 0);
        }
        if let Some(count) = entries.get_mut(number) {
            *count = count.saturating_add(1);
        }
    }
    StatusCode::ACCEPTED
}
