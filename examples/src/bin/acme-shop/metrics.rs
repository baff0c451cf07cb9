//! The figures of all services on one page. As separate processes, each service would serve its own.

use std::net::SocketAddr;

use axum::Router;
use axum::http::HeaderMap;
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::routing::get;
use examples::{BoxError, Server};
use opentracing_core::Metrics;
use tokio::net::TcpListener;

/// Serves `/metrics`, without tracing it. Returns the address in use.
pub(crate) async fn serve(address: SocketAddr, services: Vec<Metrics>) -> Result<(SocketAddr, Server), BoxError> {
    let no_address = |error| format!("cannot serve metrics on {address}: {error}");
    let listener = TcpListener::bind(address).await.map_err(no_address)?;
    let address = listener.local_addr()?;
    let mut services = services.into_iter();
    let first = services.next().ok_or("there are no services")?;
    let all = services.fold(first, Metrics::and);
    let page = async move |headers: HeaderMap| {
        let page = all.page(headers.get(ACCEPT).and_then(|accept| accept.to_str().ok()));
        ([(CONTENT_TYPE, page.content_type())], page.into_text())
    };
    Ok((address, Server::start(listener, Router::new().route("/metrics", get(page)))))
}
