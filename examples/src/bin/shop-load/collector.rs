//! The backend: takes spans in the form of Zipkin, and counts those by which requests entered the shop.

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

/// How many entry spans each request has, by its number.
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
            .route("/api/v2/spans", post(take))
            .layer(DefaultBodyLimit::disable())
            .with_state(entries.clone());
        Ok(Collector { address, entries, _server: Server::start(listener, router) })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What has come so far.
    pub(crate) fn entries(&self) -> Vec<u8> {
        self.entries.lock().clone()
    }
}

impl Entries {
    fn lock(&self) -> MutexGuard<'_, Vec<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn take(State(entries): State<Entries>, Json(spans): Json<Vec<Span>>) -> StatusCode {
    let mut entries = entries.lock();
    for span in spans {
        let entered = span.kind.as_deref() == Some("SERVER") && span.local_endpoint.service_name == "front-end";
        let Some(number) = number_of(&span.trace_id).filter(|_| entered) else { continue };
        if entries.len() <= number {
            entries.resize(number + 1, 0);
        }
        if let Some(count) = entries.get_mut(number) {
            *count = count.saturating_add(1);
        }
    }
    StatusCode::ACCEPTED
}
