//! The figures of all services on one page. As separate processes, each service would serve its own.

use std::collections::HashMap;
use std::net::SocketAddr;

use axum::Router;
use axum::http::HeaderMap;
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::routing::get;
use examples::{BoxError, Server};
use opentracing_core::{Metrics, MetricsPage};
use tokio::net::TcpListener;

/// Serves `/metrics`, without tracing it. Returns the address in use.
pub(crate) async fn serve(address: SocketAddr, services: Vec<Metrics>) -> Result<(SocketAddr, Server), BoxError> {
    let no_address = |error| format!("cannot serve metrics on {address}: {error}");
    let listener = TcpListener::bind(address).await.map_err(no_address)?;
    let address = listener.local_addr()?;
    let page = async move |headers: HeaderMap| {
        let accept = headers.get(ACCEPT).and_then(|accept| accept.to_str().ok());
        let pages: Vec<MetricsPage> = services.iter().map(|metrics| metrics.page(accept)).collect();
        let content_type = pages.first().map_or("text/plain", MetricsPage::content_type);
        ([(CONTENT_TYPE, content_type)], merged(&pages))
    };
    Ok((address, Server::start(listener, Router::new().route("/metrics", get(page)))))
}

/// A page must have all samples of a metric together, below its description.
fn merged(pages: &[MetricsPage]) -> String {
    let mut metrics: Vec<String> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    let mut end = "";
    for page in pages {
        let mut place = 0;
        let mut is_new = false;
        for line in page.text().lines() {
            if line == "# EOF" {
                end = "# EOF\n";
                continue;
            }
            if let Some(name) = line.strip_prefix("# HELP ").and_then(|rest| rest.split(' ').next()) {
                place = *places.entry(name).or_insert(metrics.len());
                is_new = place == metrics.len();
                if is_new {
                    metrics.push(String::new());
                }
            }
            if let Some(metric) = metrics.get_mut(place).filter(|_| is_new || !line.starts_with('#')) {
                metric.push_str(line);
                metric.push('\n');
            }
        }
    }
    metrics.concat() + end
}
