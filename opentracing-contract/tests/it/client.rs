//! A client.

use http::Request;
use http_body_util::Full;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use opentracing_contract::{
    AnswerBody, ClientAdapter, ClientFeature, ClientSetup, Sender, check_client, client_checks,
};
use opentracing_core::{InSpan, SpanKind, http_rules::inject, tags};

use crate::check;

/// Ends spans with heads, and adds headers to those that are there.
struct Naive;

impl ClientAdapter for Naive {
    fn features(&self) -> &[ClientFeature] {
        &[ClientFeature::StartsAtCall]
    }

    fn client(&self, setup: &ClientSetup) -> Sender {
        let (client, tracer) = (Client::builder(TokioExecutor::new()).build_http(), setup.tracer().clone());
        Sender::new(move |outgoing| {
            let mut request: Request<_> = outgoing.request.map(Full::new);
            let mut span = tracer.span(request.method().to_string()).kind(SpanKind::Client).start();
            span.set(tags::HTTP_URL, request.uri().to_string());
            if let Some(context) = span.context() {
                inject(&tracer, &context, request.headers_mut());
            }
            let (call, tracer) = (client.request(request), tracer.clone());
            let call = async move {
                let answer = call.await?;
                tracer.with_active(|span| {
                    span.set(tags::HTTP_STATUS_CODE, answer.status().as_u16());
                });
                Ok(answer.map(AnswerBody::new))
            };
            call.in_span(span)
        })
    }
}

#[tokio::test]
async fn what_a_naive_client_gets_wrong_is_found() {
    let report = check_client(Naive).await;
    check(
        &report,
        &["the_context_goes_out_in_every_format", "copied_trace_headers_are_replaced", "an_interim_answer_is_none"],
        &[
            ("the_server_has_an_address", "the tag peer.ipv4 of \"GET\" should be Some(\"127.0.0.1\"), not None"),
            ("a_refused_connection_is_a_failure", "it should have failed"),
            ("the_span_lasts_as_long_as_the_body", "the number of spans within the body should be 0, not 1"),
            ("a_half_read_body_is_aborted", "the tag http.outcome"),
            ("a_dropped_call_is_cancelled", "the tag http.outcome"),
        ],
    );
    assert_eq!(report.passed.len() + report.failures.len() + report.skipped.len(), client_checks().count());
    assert!(report.skipped.iter().any(|name| name == "another_host_gets_no_trace_headers"));
}
