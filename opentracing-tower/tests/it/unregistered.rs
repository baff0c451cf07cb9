//! Without a tracer.

use std::sync::Mutex;

use axum::Router;
use log::{LevelFilter, Log, Metadata, Record};
use opentracing_core::Tracer;
use opentracing_tower::TracingLayer;

use crate::support::{get, serve};

static WARNINGS: Mutex<Vec<String>> = Mutex::new(Vec::new());

struct Warnings;

impl Log for Warnings {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        if record.args().to_string().contains("no tracer is registered") {
            WARNINGS.lock().unwrap().push(record.level().to_string());
        }
    }

    fn flush(&self) {}
}

#[tokio::test]
async fn requests_are_served_and_one_warning_is_written() {
    log::set_logger(&Warnings).unwrap();
    log::set_max_level(LevelFilter::Warn);
    assert!(!Tracer::is_global_registered(), "no test of this binary may register one");
    let router = Router::new().fallback(|headers: http::HeaderMap| async move { format!("{headers:?}") });
    let address = serve(router.layer(TracingLayer::new())).await;
    for _ in 0..3 {
        let answer = get(address, "GET /", "x-b3-traceid: 1\r\n").await;
        assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.contains(r#""x-b3-traceid": "1""#), "{answer}");
        assert!(!answer.contains("server-timing"), "{answer}");
    }
    assert_eq!(*WARNINGS.lock().unwrap(), ["WARN"]);

    let router = Router::new().fallback(|| async { "served" });
    let address = serve(router.layer(TracingLayer::with_tracer(Tracer::noop()))).await;
    assert!(get(address, "GET /", "").await.ends_with("served"));
    assert_eq!(WARNINGS.lock().unwrap().len(), 1, "a tracer that does nothing is no oversight");
}
