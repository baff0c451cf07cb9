//! What the span of a served request is called, and what its tags say about it.

use axum::Router;
use axum::routing::get as on_get;
use opentracing_core::mock::MockTracer;
use opentracing_core::{OwnedSpan, Value};
use opentracing_tower::TracingLayer;

use crate::support::{get, only_span, serve};

async fn ask(mock: &MockTracer, router: Router, line: &str, headers: &str) -> OwnedSpan {
    get(serve(router).await, line, headers).await;
    only_span(mock).await
}

fn layer(mock: &MockTracer) -> TracingLayer {
    TracingLayer::with_tracer(mock.tracer().clone())
}

fn text<'a>(span: &'a OwnedSpan, key: &str) -> Option<&'a str> {
    match span.tag(key) {
        Some(Value::Str(text) | Value::Static(text)) => Some(text),
        _ => None,
    }
}

#[cfg(feature = "axum")]
mod axum_routes {
    use super::*;
    use std::future::ready;

    use axum::body::Body;
    use opentracing_tower::MatchedPathLayer;

    async fn ok() {}

    fn check(span: &OwnedSpan, name: &str, route: Option<&str>) {
        assert_eq!(&*span.operation_name, name);
        assert_eq!(text(span, "http.route"), route);
        assert_eq!(text(span, "component"), Some(if route.is_some() { "axum" } else { "http" }));
    }

    #[tokio::test]
    async fn the_name_is_the_template() {
        let mock = MockTracer::new();
        let router = Router::new().route("/users/{id}", on_get(ok)).layer(layer(&mock));
        let span = ask(&mock, router, "GET /users/7", "").await;
        check(&span, "GET /users/{id}", Some("/users/{id}"));
        assert_eq!(mock.tracer().stats().missing_route, 0);
    }

    #[tokio::test]
    async fn the_template_of_a_nested_router_is_whole() {
        let mock = MockTracer::new();
        let users = Router::new().route("/users/{id}", on_get(ok));
        let router = Router::new().nest("/api/{version}", users).layer(layer(&mock));
        let span = ask(&mock, router, "GET /api/v1/users/7?a=b", "").await;
        check(&span, "GET /api/{version}/users/{id}", Some("/api/{version}/users/{id}"));
        assert_eq!(text(&span, "http.url"), Some("http://shop.example/api/v1/users/7?a=b"));
    }

    #[tokio::test]
    async fn a_layer_in_a_nested_router_knows_the_whole_template_and_url() {
        let mock = MockTracer::new();
        let users = Router::new().route("/users/{id}", on_get(ok)).layer(layer(&mock));
        let router = Router::new().nest("/api", users);
        let span = ask(&mock, router, "GET /api/users/7", "").await;
        check(&span, "GET /api/users/{id}", Some("/api/users/{id}"));
        assert_eq!(text(&span, "http.url"), Some("http://shop.example/api/users/7"));
    }

    #[tokio::test]
    async fn a_nested_service_has_the_template_of_its_prefix() {
        #[track_caller]
        fn folder(name: &str) -> Router {
            Router::new().nest_service(name, tower::service_fn(|_| ready(Ok(http::Response::new(Body::empty())))))
        }
        let mock = MockTracer::new();
        for (router, path, template) in [
            (folder("/assets"), "/assets/css/shop.css", "/assets/{*rest}"),
            (folder("/{tenant}/assets"), "/7/assets/shop.css", "/{tenant}/assets/{*rest}"),
            (folder("/assets"), "/assets", "/assets"),
            (Router::new().nest("/v1", folder("/assets")), "/v1/assets/shop.css", "/v1/assets/{*rest}"),
            (Router::new().nest_service("/v1", folder("/assets")), "/v1/assets/shop.css", "/v1/{*rest}"),
        ] {
            mock.reset();
            let span = ask(&mock, router.layer(layer(&mock)), &format!("GET {path}"), "").await;
            check(&span, &format!("GET {template}"), Some(template));
        }
        mock.reset();
        let inside = tower::service_fn(|_| ready(Ok(http::Response::new(Body::empty()))));
        let span =
            ask(&mock, Router::new().nest_service("/assets", layer(&mock).wrap(inside)), "GET /assets/a", "").await;
        check(&span, "GET /assets/{*rest}", Some("/assets/{*rest}"));
        assert_eq!(mock.tracer().stats().missing_route, 0);
        mock.reset();
        let span = ask(&mock, folder("/assets").layer(layer(&mock)), "GET /images/a", "").await;
        check(&span, "GET", None);
    }

    #[tokio::test]
    async fn a_layer_outside_is_told_the_template() {
        let mock = MockTracer::new();
        let users = Router::new().route("/users/{id}", on_get(ok)).layer(MatchedPathLayer::new());
        let router = Router::new().nest_service("/api", users).layer(layer(&mock));
        let span = ask(&mock, router, "GET /api/users/7", "").await;
        check(&span, "GET /api/users/{id}", Some("/api/users/{id}"));
    }

    #[tokio::test]
    async fn a_service_around_the_router_is_told_the_template_also_of_a_panic() {
        let mock = MockTracer::new();
        let panic = || async {
            if std::hint::black_box(true) {
                panic!("the handler panics");
            }
        };
        let router = Router::new().route("/users/{id}", on_get(panic)).layer(MatchedPathLayer::new());
        let outer = Router::new().fallback_service(layer(&mock).wrap(router));
        let span = ask(&mock, outer, "GET /users/7", "").await;
        check(&span, "GET /users/{id}", Some("/users/{id}"));
        assert!(span.is_failed);
    }

    #[tokio::test]
    async fn without_a_route_the_name_is_the_method() {
        let mock = MockTracer::new();
        let router = Router::new().route("/users/{id}", on_get(ok)).layer(layer(&mock));
        let span = ask(&mock, router, "GET /nothing/here", "").await;
        check(&span, "GET", None);
        assert_eq!(span.tag("http.status_code"), Some(Value::I64(404)));
        assert!(!span.is_failed);
        assert_eq!(mock.tracer().stats().missing_route, 0, "there is none");
    }

    #[tokio::test]
    async fn a_method_that_the_route_has_not_keeps_the_template() {
        let mock = MockTracer::new();
        let router = Router::new().route("/users/{id}", on_get(ok)).layer(layer(&mock));
        let span = ask(&mock, router, "DELETE /users/7", "").await;
        check(&span, "DELETE /users/{id}", Some("/users/{id}"));
        assert_eq!(span.tag("http.status_code"), Some(Value::I64(405)));
    }

    #[tokio::test]
    async fn long_templates_are_whole() {
        let mock = MockTracer::new();
        let template = format!("/{}/{{id}}", "long".repeat(50));
        let router = Router::new().route(&template, on_get(ok)).layer(layer(&mock));
        let span = ask(&mock, router, &format!("GET /{}/7", "long".repeat(50)), "").await;
        check(&span, &format!("GET {template}"), Some(&template));
    }

    #[tokio::test]
    async fn the_peer_is_known_from_connect_info() {
        let mock = MockTracer::new();
        let router = Router::new().route("/", on_get(ok)).layer(layer(&mock));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let service = router.into_make_service_with_connect_info::<std::net::SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, service).await });
        get(address, "GET /", "").await;
        let span = only_span(&mock).await;
        assert_eq!(text(&span, "peer.ipv4"), Some("127.0.0.1"));
        assert!(matches!(span.tag("peer.port"), Some(Value::I64(1..))));
    }
}

#[tokio::test]
async fn an_unknown_method_is_other() {
    let mock = MockTracer::new();
    let router = Router::new().fallback(|| async {}).layer(layer(&mock));
    let span = ask(&mock, router, "BREW /pot", "").await;
    assert_eq!(&*span.operation_name, "_OTHER");
    assert_eq!(text(&span, "http.method"), Some("_OTHER"));
    assert_eq!(text(&span, "http.request.method_original"), Some("BREW"));
}

#[tokio::test]
async fn a_span_without_route_is_counted() {
    let mock = MockTracer::new();
    let router = Router::new().fallback(|| async {}).layer(layer(&mock));
    ask(&mock, router, "GET /", "").await;
    assert_eq!(mock.tracer().stats().missing_route, 1);
}

#[tokio::test]
async fn the_url_is_whole_and_without_secrets() {
    #[track_caller]
    fn check(span: &OwnedSpan, url: &str) {
        assert_eq!(text(span, "http.url"), Some(url));
    }
    for (line, url) in [
        ("GET /a/b?c=d", "http://shop.example/a/b?c=d"),
        ("GET /a?token=41&c=d", "http://shop.example/a?token=<redacted>&c=d"),
        ("GET http://other.example/a", "http://other.example/a"),
        ("OPTIONS *", "http://shop.example"),
    ] {
        let mock = MockTracer::new();
        let router = Router::new().fallback(|| async {}).layer(layer(&mock));
        let span = ask(&mock, router, line, "").await;
        check(&span, url);
        assert_eq!(text(&span, "http.method"), line.split(' ').next());
        assert_eq!(span.tag("http.request.method_original"), None);
    }
}

#[tokio::test]
async fn no_header_becomes_a_tag() {
    let mock = MockTracer::new();
    let router = Router::new().fallback(|| async {}).layer(layer(&mock));
    let span = ask(&mock, router, "GET /", "authorization: Bearer hunter2\r\ncookie: id=hunter2\r\n").await;
    let mut keys: Vec<_> = span.tags.iter().map(|(key, _)| &**key).collect();
    keys.sort_unstable();
    assert_eq!(keys, ["component", "http.method", "http.status_code", "http.url", "network.protocol.version"]);
}

#[tokio::test]
async fn the_component_can_be_named() {
    let mock = MockTracer::new();
    let router = Router::new().route("/", on_get(|| async {})).layer(layer(&mock).component("shop"));
    assert_eq!(text(&ask(&mock, router, "GET /", "").await, "component"), Some("shop"));
}
