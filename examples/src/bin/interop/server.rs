//! The end of each chain, which responds with the headers that it received, and the backend of the relay.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::{get, post};
use axum::{Json, Router};
use examples::{BoxError, Server};
use reqwest::Url;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::link::hex;

/// A span that the relay reported, in Zipkin's format.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ReportedSpan {
    trace_id: String,
    id: String,
    parent_id: Option<String>,
    #[serde(default)]
    kind: String,
}

impl ReportedSpan {
    pub(crate) fn trace(&self) -> Option<u128> {
        hex(&self.trace_id)
    }

    pub(crate) fn id(&self) -> Option<u64> {
        hex(&self.id)
    }

    pub(crate) fn parent(&self) -> Option<u64> {
        self.parent_id.as_deref().and_then(hex)
    }

    pub(crate) fn is(&self, kind: &str) -> bool {
        self.kind == kind
    }
}

type Spans = Arc<Mutex<Vec<ReportedSpan>>>;

/// Serves until the program ends.
#[derive(Debug)]
pub(crate) struct Sink {
    pub(crate) url: Url,
    spans: Spans,
    _server: Server,
}

impl Sink {
    pub(crate) async fn start() -> Result<Sink, BoxError> {
        let spans = Spans::default();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let url = Url::parse(&format!("http://{}", listener.local_addr()?))?;
        let router =
            Router::new().route("/end", get(end)).route("/api/v2/spans", post(add)).with_state(Arc::clone(&spans));
        Ok(Sink { url, spans, _server: Server::start(listener, router) })
    }

    /// The spans that arrived since the last call.
    pub(crate) fn take(&self) -> Vec<ReportedSpan> {
        std::mem::take(&mut *self.spans.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

async fn end(headers: HeaderMap) -> Json<Value> {
    let pairs = headers.iter().map(|(name, value)| json!([name.as_str(), String::from_utf8_lossy(value.as_bytes())]));
    Json(json!({ "received": pairs.collect::<Vec<_>>() }))
}

async fn add(State(spans): State<Spans>, Json(reported): Json<Vec<ReportedSpan>>) {
    spans.lock().unwrap_or_else(PoisonError::into_inner).extend(reported);
}
