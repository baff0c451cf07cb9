//! Remote sampling over gRPC.

use opentracing_core::{ConstSampler, RemoteSampler, Sampler, SamplingStrategy};
use opentracing_reporter::JaegerRemoteSampling;

use super::{hurried, per_operation, probabilistic, rate_limiting, wait_until};
use crate::support::service::{Answer, Service, Version};

/// A field of a message with a length.
fn message(number: u8, content: &[u8]) -> Vec<u8> {
    [&[number << 3 | 2, content.len() as u8], content].concat()
}

fn double(number: u8, value: f64) -> Vec<u8> {
    [&[number << 3 | 1], &value.to_le_bytes()[..]].concat()
}

fn int(number: u8, value: u8) -> Vec<u8> {
    vec![number << 3, value]
}

fn answer(message: &[u8]) -> Answer {
    let mut body = vec![0, 0, 0, 0, message.len() as u8];
    body.extend_from_slice(message);
    Answer { status: 200, body, trailers: vec![("grpc-status", "0".into())], ..Answer::default() }
}

fn start(service: &Service, sampler: &RemoteSampler) -> impl Sized {
    hurried().grpc_endpoint(&format!("http://{}/ignored", service.address)).unwrap().start(sampler).unwrap()
}

#[test]
fn asks_over_grpc() {
    let service = Service::start(Version::Http2, None, [answer(&message(2, &double(1, 0.5)))]).unwrap();
    let sampler = RemoteSampler::new(ConstSampler::off());
    let _polling = JaegerRemoteSampling::new("shop & co")
        .grpc_endpoint(&format!("http://{}", service.address))
        .unwrap()
        .start(&sampler)
        .unwrap();
    let call = service.next();
    assert_eq!(call.path, "/jaeger.api_v2.SamplingManager/GetSamplingStrategy");
    let parameters = message(1, b"shop & co");
    assert_eq!(call.body, [&[0, 0, 0, 0, parameters.len() as u8], &parameters[..]].concat());
    assert_eq!(
        (&call.headers["content-type"], &call.headers["te"]),
        (&"application/grpc".parse().unwrap(), &"trailers".parse().unwrap())
    );
    wait_until(|| sampler.strategy() == Some(probabilistic(0.5)));
}

#[test]
fn reads_the_strategies_of_the_message() {
    #[track_caller]
    fn check(message: &[u8], expected: &SamplingStrategy) {
        let service = Service::start(Version::Http2, None, [answer(message)]).unwrap();
        let sampler = RemoteSampler::new(ConstSampler::off());
        let _polling = start(&service, &sampler);
        wait_until(|| sampler.strategy().as_ref() == Some(expected));
    }
    // Zero is not written in Protocol Buffers.
    check(&message(2, &[]), &probabilistic(0.0));
    check(&[int(1, 0), message(2, &double(1, 1.0))].concat(), &probabilistic(1.0));
    check(&[int(1, 1), message(3, &int(1, 42))].concat(), &rate_limiting(42.0));
    let named = [message(1, b"GET /a"), message(2, &double(1, 0.2))].concat();
    let unnamed = message(2, &double(1, 0.75));
    let without_rate = message(1, b"GET /b");
    let operations = [
        double(1, 0.001),
        double(2, 0.25),
        message(3, &named),
        message(3, &unnamed),
        message(3, &without_rate),
        double(4, 10.0),
    ];
    // Rates of operations win, and an unknown field is ignored.
    let all = [message(2, &double(1, 0.5)), message(4, &operations.concat()), message(9, b"new")].concat();
    check(&all, &per_operation(0.001, 0.25, 10.0, &[("GET /a", 0.2), ("", 0.75)]));
}

#[test]
fn keeps_the_last_strategy_when_a_call_fails() {
    let unknown = vec![("grpc-status", "12".to_owned()), ("grpc-message", "unknown service".to_owned())];
    let failure = Answer { status: 200, trailers: unknown, ..Answer::default() };
    let answers = [answer(&message(2, &double(1, 0.5))), failure, answer(&[])];
    let service = Service::start(Version::Http2, None, answers).unwrap();
    let sampler = RemoteSampler::new(ConstSampler::off());
    let _polling = start(&service, &sampler);
    wait_until(|| sampler.stats().updates_failed >= 1);
    assert_eq!(sampler.strategy(), Some(probabilistic(0.5)));
    assert_eq!((sampler.stats().updates_ok, sampler.stats().queries_failed), (1, 1));
}
