//! What a panic says, with the hook. It belongs to the process, so each test runs in one of its own.

use std::process::Command;

use axum::Router;
use opentracing_core::mock::MockTracer;
use opentracing_core::{OwnedSpan, panic_hook};
use opentracing_tower::TracingLayer;
use tower_http::catch_panic::CatchPanicLayer;

use crate::support::{get, only_span, serve};

const CHILD: &str = "OPENTRACING_TEST_CHILD";

/// Runs the body in a child process, which is this program with that one test.
fn in_child_process(test: &str, body: impl Future<Output = ()>) {
    if std::env::var_os(CHILD).is_some() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        return runtime.block_on(body);
    }
    let program = std::env::current_exe().unwrap();
    let child = Command::new(program).args([test, "--exact", "--nocapture"]).env(CHILD, "1").output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&child.stdout), String::from_utf8_lossy(&child.stderr));
    assert!(child.status.success() && out.contains("1 passed"), "{out}\n{err}");
}

fn check(span: &OwnedSpan) {
    assert!(span.is_failed && span.logs.len() == 1, "{span:?}");
    let text = |key: &str| span.logs[0].field(key).map(|value| value.to_string()).unwrap_or_default();
    assert_eq!((text("event"), text("error.kind")), ("error".into(), "panic".into()));
    assert_eq!(text("message"), "no stock at https://db.example/");
    assert!(text("place").contains("panics.rs:"), "{}", text("place"));
}

async fn out_of_stock() {
    tokio::task::yield_now().await;
    let password = "S3CR3T";
    panic!("no stock at https://me:{password}@db.example/");
}

#[test]
fn a_panic_of_a_handler_names_text_and_place() {
    in_child_process("panics::a_panic_of_a_handler_names_text_and_place", async {
        panic_hook();
        let mock = MockTracer::new();
        let layer = TracingLayer::with_tracer(mock.tracer().clone());
        get(serve(Router::new().fallback(out_of_stock).layer(layer)).await, "GET /", "").await;
        let span = only_span(&mock).await;
        check(&span);
        assert_eq!(span.tag("http.status_code"), None);
    });
}

#[test]
fn a_panic_that_a_layer_inside_catches_names_text_and_place() {
    in_child_process("panics::a_panic_that_a_layer_inside_catches_names_text_and_place", async {
        panic_hook();
        let mock = MockTracer::new();
        let layer = TracingLayer::with_tracer(mock.tracer().clone());
        let router = Router::new().fallback(out_of_stock).layer(CatchPanicLayer::new()).layer(layer);
        let answer = get(serve(router).await, "GET /", "").await;
        assert!(answer.starts_with("HTTP/1.1 500"), "{answer}");
        let span = only_span(&mock).await;
        check(&span);
        assert_eq!(span.tag("http.status_code"), Some(500.into()));
    });
}
