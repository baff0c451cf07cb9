//! A server.

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use opentracing_contract::{ServerAdapter, ServerFeature, Site, check_server, server_checks};
use opentracing_core::propagation::HttpHeaders;
use opentracing_core::{InSpan, SpanKind, tags};
use tokio::net::TcpListener;

use crate::check;

/// Finishes spans with the response head, trusts every caller, and records all headers.
struct Naive;

async fn traced(site: Site, request: Request) -> Response {
    let tracer = site.tracer().clone();
    let caller = tracer.extract(HttpHeaders, request.headers()).ok().flatten();
    let mut span = tracer.span(request.method().to_string()).kind(SpanKind::Server).child_of(&caller).start();
    span.set(tags::HTTP_METHOD, request.method().as_str()).set(tags::HTTP_URL, request.uri().to_string());
    for (name, value) in request.headers() {
        span.set_tag(&name.to_string(), value.to_str().unwrap_or_default());
    }
    let answer = async {
        let response = site.answer(request).await;
        tracer.with_active(|span| {
            span.set(tags::HTTP_STATUS_CODE, response.status().as_u16());
        });
        response.map(Body::new)
    };
    answer.in_span(span).await
}

impl ServerAdapter for Naive {
    fn features(&self) -> &[ServerFeature] {
        &[ServerFeature::Http1]
    }

    fn serve(&self, listener: TcpListener, site: Site) -> impl Future<Output = ()> + Send + 'static {
        let router = Router::new().fallback(move |request: Request| traced(site.clone(), request));
        async move { drop(axum::serve(listener, router).await) }
    }
}

/// So many checks are about HTTP/2 alone.
const OF_HTTP_2: usize = 2;

#[tokio::test]
async fn what_a_naive_server_gets_wrong_is_found() {
    let report = check_server(Naive).await;
    check(
        &report,
        &[
            "http1: continues_a_trace_of_b3",
            "http1: the_span_is_active_behind_an_await",
            "http1: a_known_body_ends_the_span",
            "http1: an_upload_is_part_of_the_span",
        ],
        &[
            ("http1: the_url_is_whole", "should be Some(\"http://shop.example/foo?z=2&yAA=1\")"),
            ("http1: no_header_becomes_a_tag", "no header should be in the span"),
            ("http1: forwarded_headers_of_an_untrusted_peer_are_ignored", "the address comes from an untrusted peer"),
            ("http1: a_server_error_is_a_failure", "a 5xx should be a failure"),
            ("http1: a_stream_ends_the_span_with_its_last_chunk", "the tree of spans should be"),
            ("http1: the_span_lasts_as_long_as_the_stream", "the number of spans within the stream"),
            ("http1: a_client_that_disconnects_before_the_response_cancels", "http.outcome"),
            ("http1: a_client_that_disconnects_from_a_stream_aborts_it", "should last 3s"),
            ("http1: a_body_that_breaks_is_a_failure", ""),
        ],
    );
    assert_eq!(report.passed.len() + report.failures.len() + report.skipped.len(), server_checks().count() - OF_HTTP_2);
    let panicked = std::panic::catch_unwind(|| report.assert_ok()).unwrap_err();
    assert!(panicked.downcast_ref::<String>().unwrap().contains("- http1: the_url_is_whole: "));
}

#[test]
fn checks_have_names_of_their_own() {
    let mut names: Vec<_> = server_checks().collect();
    names.sort_unstable();
    let count = names.len();
    names.dedup();
    assert_eq!(names.len(), count);
}
