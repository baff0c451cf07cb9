//! Without a tracer.

use axum::Router;
use opentracing_core::Tracer;
use opentracing_tower::TracingLayer;

use crate::support::{get, serve};
use crate::warnings;

#[tokio::test]
async fn requests_are_served_and_one_warning_is_written() {
    warnings::collect();
    assert!(!Tracer::is_global_registered(), "no test of this binary may register one");
    let router = Router::new().fallback(|headers: http::HeaderMap| async move { format!("{headers:?}") });
    let address = serve(router.layer(TracingLayer::new())).await;
    for _ in 0..3 {
        let answer = get(address, "GET /", "x-b3-traceid: 1\r\n").await;
        assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.contains(r#""x-b3-traceid": "1""#), "{answer}");
        assert!(!answer.contains("server-timing"), "{answer}");
    }
    let warned = || warnings::about("no tracer is registered");
    assert!(warned().len() == 1 && warned()[0].starts_with("WARN"), "{:?}", warned());

    let router = Router::new().fallback(|| async { "served" });
    let address = serve(router.layer(TracingLayer::with_tracer(Tracer::noop()))).await;
    assert!(get(address, "GET /", "").await.ends_with("served"));
    assert_eq!(warned().len(), 1, "a tracer that does nothing is no oversight");
}
