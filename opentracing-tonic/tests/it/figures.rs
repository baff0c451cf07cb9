//! Requests, errors and durations by method and code.

use opentracing_core::mock::MockTracer;
use opentracing_core::{ConstSampler, RedFigures, SpanKind};

use crate::echo::{SERVER_STREAM, UNARY};
use crate::support::{Fixture, request, status_of};

#[tokio::test]
async fn calls_are_counted_by_method_and_code_whether_or_not_they_are_sampled() {
    for sampler in [ConstSampler::on(), ConstSampler::off()] {
        let figures = RedFigures::new();
        let mock = MockTracer::with(|builder| builder.red(&figures).sampler(sampler));
        let fixture = Fixture::with(mock, |layer| layer).await;
        let mut client = fixture.client();
        client.unary("hello").await.unwrap();
        client.unary("hello").await.unwrap();
        client.unary("fail 5 no such customer").await.unwrap_err();
        client.unary("fail 13 broken").await.unwrap_err();
        let mut answers = client.server_stream("1 hang").await.unwrap();
        answers.message().await.unwrap().expect("a message");
        drop(answers);
        let mut sender = fixture.connection().await;
        for path in ["/no.such/Method", "/no.such/Other"] {
            let answer = sender.send_request(request(fixture.address, path, &[], "hello")).await.unwrap();
            assert_eq!(status_of(answer).await.as_deref(), Some("12"));
        }
        let count = |kind, name: &str| {
            fixture.mock.finished_spans();
            figures.operation(kind, name)
        };
        let (method, stream) = (&UNARY[1..], &SERVER_STREAM[1..]);
        while [SpanKind::Server, SpanKind::Client].iter().any(|kind| count(*kind, stream).is_none()) {
            tokio::task::yield_now().await;
        }
        for (kind, errors) in [(SpanKind::Client, 2), (SpanKind::Server, 1)] {
            let red = count(kind, method).unwrap();
            let codes: Vec<_> = red.codes.iter().map(|(code, count)| (&**code, *count)).collect();
            assert_eq!(codes, [("INTERNAL", 1), ("NOT_FOUND", 1), ("OK", 2)], "{kind}");
            assert_eq!((red.requests, red.errors), (4, errors), "{kind}");
            let dropped = count(kind, stream).unwrap();
            assert_eq!((dropped.requests, dropped.errors, dropped.codes["CANCELLED"]), (1, 0, 1), "{kind}");
        }
        let other = count(SpanKind::Server, "_OTHER").unwrap();
        assert_eq!((other.requests, other.codes["UNIMPLEMENTED"]), (2, 2));
        let text = figures.prometheus().to_string();
        let line =
            r#"opentracing_requests_by_code_total{kind="client",operation="acme.test.Echo/Unary",code="NOT_FOUND"} 1"#;
        assert!(text.lines().any(|found| found == line), "{text}");
    }
}
