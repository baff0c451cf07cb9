//! `google.rpc.ErrorInfo` in the details of a status.

use std::convert::Infallible;

use http::{HeaderMap, Request, Response};
use opentracing_core::OwnedSpan;
use opentracing_core::mock::MockTracer;
use opentracing_tonic::{TracingClientLayer, TracingLayer};
use prost::Message;
use tonic::body::Body;
use tonic::{Code, Status};
use tower::{ServiceExt, service_fn};

use crate::support::check_tags;

/// A field of a message: a tag, a length, the bytes.
fn field(number: u8, value: &[u8]) -> Vec<u8> {
    let mut field = vec![number << 3 | 2];
    prost::encoding::encode_varint(value.len() as u64, &mut field);
    field.extend_from_slice(value);
    field
}

fn any(name: &str, message: &[u8]) -> Vec<u8> {
    field(3, &[field(1, name.as_bytes()), field(2, message)].concat())
}

fn error_info(reason: &str, domain: &str) -> Vec<u8> {
    let entry = [field(1, b"customer"), field(2, b"bob@example.com")].concat();
    let message = [field(1, reason.as_bytes()), field(2, domain.as_bytes()), field(3, &entry)].concat();
    any("type.googleapis.com/google.rpc.ErrorInfo", &message)
}

/// A `google.rpc.Status` with those details.
fn status(details: &[Vec<u8>]) -> Vec<u8> {
    // A number, a text, a fixed number that nobody knows.
    let mut status = vec![0x08, 0x05];
    status.extend_from_slice(&field(2, b"no credit"));
    status.extend_from_slice(&[0x7d, 1, 2, 3, 4]);
    status.extend(details.iter().flatten());
    status
}

/// The spans of a server and of a client whose call ends with those details.
async fn spans(code: Code, details: &[u8]) -> Vec<OwnedSpan> {
    let headers = {
        let mut headers = HeaderMap::new();
        Status::with_details(code, "no credit", details.to_vec().into()).add_header(&mut headers).unwrap();
        headers
    };
    spans_with(headers).await
}

async fn spans_with(headers: HeaderMap) -> Vec<OwnedSpan> {
    let mock = MockTracer::new();
    let service = service_fn(move |_: Request<Body>| {
        let mut response = Response::new(Body::empty());
        response.headers_mut().extend(headers.clone());
        async { Ok::<_, Infallible>(response) }
    });
    let server = TracingLayer::with_tracer(mock.tracer().clone()).wrap(service);
    let client = TracingClientLayer::with_tracer(mock.tracer().clone()).wrap(server);
    let call = Request::post("/acme.test.Bank/Pay").header("content-type", "application/grpc");
    client.oneshot(call.body(Body::empty()).unwrap()).await.unwrap();
    mock.finished_spans()
}

#[tokio::test]
async fn its_reason_and_domain_are_tags_and_its_metadata_are_not() {
    let other = any("type.googleapis.com/google.rpc.RetryInfo", &field(1, &[0x08, 0x05]));
    let details = status(&[other, error_info("CREDIT_EXCEEDED", "bank.acme.example"), error_info("SECOND", "")]);
    let spans = spans(Code::ResourceExhausted, &details).await;
    assert_eq!(spans.len(), 2);
    for span in spans {
        let tags = [("grpc.error.reason", "CREDIT_EXCEEDED"), ("grpc.error.domain", "bank.acme.example")];
        check_tags(&span, &tags);
        assert!(!format!("{span:?}").contains("bob@"), "{span:?}");
    }
}

#[tokio::test]
async fn long_ones_are_cut_and_odd_ones_left_out() {
    let long = "R".repeat(5_000);
    let rows: [(&str, &str, &str, &str); 5] = [
        (&long, &long, &long[..63], &long[..253]),
        ("WITH SPACE", "a.example", "", "a.example"),
        ("Grüße", "\u{0}", "", ""),
        ("bob@a.example", "a.example:443/v1", "", "a.example:443/v1"),
        ("ALONE", "", "ALONE", ""),
    ];
    for (reason, domain, expected_reason, expected_domain) in rows {
        for span in spans(Code::Internal, &status(&[error_info(reason, domain)])).await {
            check_tags(&span, &[("grpc.error.reason", expected_reason), ("grpc.error.domain", expected_domain)]);
        }
    }
}

#[tokio::test]
async fn details_that_cannot_be_read_are_ignored() {
    let good = status(&[error_info("REASON", "a.example")]);
    let huge = status(&[any("other", &vec![0; 20_000]), error_info("REASON", "a.example")]);
    let text = String::from("hello").encode_to_vec();
    for details in [&good[..good.len() - 1], &good[..20], &huge, &[0xff; 40], b"", &[0x1a, 0xff], &text] {
        for span in spans(Code::Internal, details).await {
            check_tags(&span, &[("grpc.error.reason", ""), ("rpc.status_code", "INTERNAL")]);
        }
    }
    for value in ["!!!", "=", "A", "AAAA===="] {
        let headers = [("grpc-status", "13"), ("grpc-status-details-bin", value)];
        let headers = headers.map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        for span in spans_with(headers.into_iter().collect()).await {
            check_tags(&span, &[("grpc.error.reason", ""), ("rpc.status_code", "INTERNAL")]);
        }
    }
    // A call without an error has none.
    for span in spans(Code::Ok, &good).await {
        check_tags(&span, &[("grpc.error.reason", ""), ("rpc.status_code", "OK")]);
    }
}

#[tokio::test]
async fn no_byte_of_the_details_does_harm() {
    let good = status(&[error_info("REASON", "a.example")]);
    for at in 0..good.len() {
        for byte in [0, 0x01, 0x0a, 0x1a, 0x7f, 0x80, 0xff] {
            let mut details = good.clone();
            details[at] = byte;
            for span in spans(Code::Internal, &details).await {
                check_tags(&span, &[("rpc.status_code", "INTERNAL")]);
                assert!(!format!("{span:?}").contains("bob@"), "{details:?}");
            }
        }
    }
}

#[tokio::test]
async fn padding_is_optional() {
    for reason in ["R", "RE", "REA", "REAS"] {
        let details = status(&[error_info(reason, "")]);
        for span in spans(Code::Internal, &details).await {
            check_tags(&span, &[("grpc.error.reason", reason)]);
        }
    }
}
