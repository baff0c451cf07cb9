//! Remote sampling, with a scripted server and with a real Jaeger.

mod grpc;

use std::error::Error;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::{Duration, Instant};

use log::Level;
use opentracing_core::{
    ConstSampler, PerOperationStrategies, RemoteSampler, Sampler, SamplerStats, SamplingStrategy, Tracer,
};
use opentracing_reporter::{
    BatchReporter, Endpoint, JaegerRemoteSampling, SendOutcome, parse_jaeger_sampling_response,
};

use crate::connection::addresses::BlackHole;
use crate::reporter::logging::lines_with;
use crate::support::collector::{Collector, Reply};
use crate::support::transports::{NEVER, PATIENCE, scripted};

fn probabilistic(sampling_rate: f64) -> SamplingStrategy {
    SamplingStrategy::Probabilistic { sampling_rate }
}

fn rate_limiting(max_traces_per_second: f64) -> SamplingStrategy {
    SamplingStrategy::RateLimiting { max_traces_per_second }
}

/// The default rate, the two bounds, and the rates of operations.
fn per_operation(share: f64, lower: f64, upper: f64, named: &[(&str, f64)]) -> SamplingStrategy {
    let mut strategies = PerOperationStrategies::default();
    strategies.default_sampling_probability = share;
    strategies.default_lower_bound_traces_per_second = lower;
    strategies.default_upper_bound_traces_per_second = upper;
    strategies.per_operation = named.iter().map(|(name, share)| ((*name).to_owned(), *share)).collect();
    SamplingStrategy::PerOperation(strategies)
}

#[test]
fn parses_the_responses_of_servers() {
    #[track_caller]
    fn check(json: &str, expected: SamplingStrategy) {
        assert_eq!(parse_jaeger_sampling_response(json.as_bytes()).unwrap(), expected, "{json}");
    }
    // The strategy type as text, as a number, and missing.
    check(r#"{"strategyType":"PROBABILISTIC","probabilisticSampling":{"samplingRate":0.5}}"#, probabilistic(0.5));
    check(r#"{"strategyType":0,"probabilisticSampling":{"samplingRate":0.5}}"#, probabilistic(0.5));
    check(r#"{"probabilisticSampling":{"samplingRate":1}}"#, probabilistic(1.0));
    check(r#"{"strategyType":"RATE_LIMITING","rateLimitingSampling":{"maxTracesPerSecond":42}}"#, rate_limiting(42.0));
    check(r#"{"strategyType":1,"rateLimitingSampling":{"maxTracesPerSecond":2.5}}"#, rate_limiting(2.5));
    // Members that are null, as older servers write them, and unknown ones.
    check(
        r#"{"strategyType":0,"probabilisticSampling":null,"rateLimitingSampling":{"maxTracesPerSecond":3},"operationSampling":null}"#,
        rate_limiting(3.0),
    );
    check(r#"{"version":{"a":[1]},"probabilisticSampling":{"samplingRate":0.25,"more":null}}"#, probabilistic(0.25));
    // Servers that write Protocol Buffers omit zero.
    check(r#"{"probabilisticSampling":{}}"#, probabilistic(0.0));
    check(r#"{"strategyType":"RATE_LIMITING","rateLimitingSampling":{}}"#, rate_limiting(0.0));
    check(r#"{"probabilisticSampling":{"samplingRate":null}}"#, probabilistic(0.0));
    check(r#"{"operationSampling":{}}"#, per_operation(0.0, 0.0, 0.0, &[]));
    // Numbers as text, and names as in Protocol Buffers.
    check(r#"{"rate_limiting_sampling":{"max_traces_per_second":"7"}}"#, rate_limiting(7.0));
    check(r#"{"probabilisticSampling":{"samplingRate":"5e-1"}}"#, probabilistic(0.5));
    check(
        r#"{"strategyType":"PROBABILISTIC","operationSampling":{
            "defaultSamplingProbability":0.001,"defaultLowerBoundTracesPerSecond":0.0166,"defaultUpperBoundTracesPerSecond":10,
            "perOperationStrategies":[
                {"operation":"GET /a","probabilisticSampling":{"samplingRate":0.2}},
                {"operation":"GET /b","probabilisticSampling":{}},
                {"operation":"has no share"},
                {"operation":"GET \"ü\"\n","probabilisticSampling":{"samplingRate":1}},
                {"probabilisticSampling":{"samplingRate":0.3}}]}}"#,
        per_operation(0.001, 0.0166, 10.0, &[("GET /a", 0.2), ("GET /b", 0.0), ("GET \"ü\"\n", 1.0), ("", 0.3)]),
    );
    check(
        r#"{"operation_sampling":{"default_sampling_probability":0.1,"default_lower_bound_traces_per_second":1,
            "default_upper_bound_traces_per_second":2,
            "per_operation_strategies":[{"operation":"a","probabilistic_sampling":{"sampling_rate":0.4}}]}}"#,
        per_operation(0.1, 1.0, 2.0, &[("a", 0.4)]),
    );
    check(r#"{"operationSampling":{"perOperationStrategies":null}}"#, per_operation(0.0, 0.0, 0.0, &[]));
    // Of several the most specific one, whatever the type says.
    check(
        r#"{"strategyType":"RATE_LIMITING","rateLimitingSampling":{"maxTracesPerSecond":1},
            "probabilisticSampling":{"samplingRate":0.5},"operationSampling":{"defaultSamplingProbability":0.1}}"#,
        per_operation(0.1, 0.0, 0.0, &[]),
    );
    check(
        r#"{"strategyType":1,"rateLimitingSampling":{"maxTracesPerSecond":1},"probabilisticSampling":{"samplingRate":0.5}}"#,
        probabilistic(0.5),
    );
    // Numbers out of range are parsed. The sampler refuses them.
    check(r#"{"probabilisticSampling":{"samplingRate":-7}}"#, probabilistic(-7.0));
}

#[test]
fn refuses_invalid_responses() {
    #[track_caller]
    fn check(json: &[u8], expected: &str) {
        let error = parse_jaeger_sampling_response(json).unwrap_err();
        let cause = error.source().map(ToString::to_string).unwrap_or_default();
        assert!(format!("{error}: {cause}").contains(expected), "{error}: {cause}");
    }
    check(b"", "EOF");
    check(b"<html>", "expected value");
    check(b"\xff\xfe", "expected value");
    check(b"[]", "expected struct");
    check(b"null", "expected struct");
    check(b"{\"probabilisticSampling\":{\"samplingRate\":0.5}} x", "trailing");
    check(b"{\"probabilisticSampling\":{\"samplingRate\":0.5}", "EOF");
    check(b"{}", "contains no sampling strategy");
    check(b"{\"strategyType\":\"PROBABILISTIC\"}", "contains no sampling strategy");
    check(b"{\"probabilisticSampling\":0.5}", "invalid type");
    check(b"{\"probabilisticSampling\":{\"samplingRate\":true}}", "a number");
    check(b"{\"probabilisticSampling\":{\"samplingRate\":\"half\"}}", "a number");
    check(b"{\"operationSampling\":{\"perOperationStrategies\":{}}}", "invalid type");
    check(b"{\"operationSampling\":{\"perOperationStrategies\":[{\"operation\":1}]}}", "invalid type");
    let nested = [b"{\"x\":".as_slice(), &b"[".repeat(100_000)].concat();
    check(&nested, "EOF");
}

/// Answers as scripted, then not at all.
fn server(replies: &[Reply]) -> Collector {
    Collector::start(replies.iter().cloned().chain([Reply::Nothing])).unwrap()
}

fn json(text: &str) -> Reply {
    Reply::Say("200 OK", &["content-type: application/json"], text.as_bytes().to_vec())
}

fn half() -> Reply {
    json(r#"{"probabilisticSampling":{"samplingRate":0.5}}"#)
}

/// Polls without a pause.
fn hurried() -> JaegerRemoteSampling {
    JaegerRemoteSampling::new("shop").interval(Duration::ZERO)
}

/// The counters of the sampler.
fn counts(sampler: &RemoteSampler) -> (u64, u64, u64, u64) {
    let SamplerStats { queries_ok, queries_failed, updates_ok, updates_failed, .. } = sampler.stats();
    (queries_ok, queries_failed, updates_ok, updates_failed)
}

#[test]
fn polls_at_once_and_then_after_the_interval() {
    #[track_caller]
    fn check(service: &str, path: &str, expected: &str) {
        let (server, sampler) = (server(&[half()]), RemoteSampler::default());
        let endpoint: Endpoint = format!("{}{path}", server.url()).parse().unwrap();
        let endpoint = endpoint.bearer_auth("token").unwrap();
        let polling = JaegerRemoteSampling::new(service).endpoint(endpoint).unwrap().interval(Duration::ZERO);
        let _polling = polling.start(&sampler).unwrap();
        let (first, second) = (server.next(), server.next());
        assert_eq!((&*first.line, &*second.line), (expected, expected));
        assert_eq!(first.header("authorization"), Some("Bearer token"));
        assert_eq!(first.header("accept"), Some("application/json"));
        assert_eq!(first.header("host").map(|host| format!("http://{host}")), Some(server.url()));
        assert_eq!((first.body.len(), first.connection, second.connection), (0, 0, 0));
        assert_eq!(sampler.strategy(), Some(probabilistic(0.5)));
    }
    check("shop", "", "GET /sampling?service=shop HTTP/1.1");
    check("shop", "/api/sampling", "GET /api/sampling?service=shop HTTP/1.1");
    check("shop", "/sampling?zone=b", "GET /sampling?zone=b&service=shop HTTP/1.1");
    check("a b&c=d/ü?", "/", "GET /sampling?service=a%20b%26c%3Dd%2F%C3%BC%3F HTTP/1.1");
}

#[test]
fn applies_each_new_strategy() {
    let answers = [
        (r#"{"strategyType":"RATE_LIMITING","rateLimitingSampling":{"maxTracesPerSecond":2}}"#, rate_limiting(2.0)),
        (
            r#"{"operationSampling":{"defaultLowerBoundTracesPerSecond":1,"perOperationStrategies":[{"operation":"a","probabilisticSampling":{"samplingRate":1}}]}}"#,
            per_operation(0.0, 1.0, 0.0, &[("a", 1.0)]),
        ),
        (r#"{"strategyType":0,"probabilisticSampling":{"samplingRate":0.5}}"#, probabilistic(0.5)),
    ];
    for number in 1..=answers.len() {
        let replies: Vec<_> = answers[..number].iter().map(|(text, _)| json(text)).collect();
        let (server, sampler) = (server(&replies), RemoteSampler::default());
        let _polling = hurried().endpoint(&server.url()).unwrap().start(&sampler).unwrap();
        // The next poll shows that the last answer is in effect.
        (0..=number).for_each(|_| drop(server.next()));
        assert_eq!(sampler.strategy().as_ref(), Some(&answers[number - 1].1));
        assert_eq!(counts(&sampler), (number as u64, 0, number as u64, 0));
    }
}

/// After a valid answer and one of this kind, the valid one is in effect, and polling continues.
#[test]
fn an_invalid_response_keeps_the_last_strategy_and_is_counted() {
    #[track_caller]
    fn check(reply: Reply, expected: (u64, u64, u64, u64)) {
        let (server, sampler) = (server(&[half(), reply.clone()]), RemoteSampler::default());
        let _polling = hurried().endpoint(&server.url()).unwrap().start(&sampler).unwrap();
        (0..3).for_each(|_| drop(server.next()));
        assert_eq!(sampler.strategy(), Some(probabilistic(0.5)), "{reply:?}");
        assert_eq!(counts(&sampler), expected, "{reply:?}");
    }
    let failed = (1, 1, 1, 0);
    for status in
        ["404 Not Found", "400 Bad Request", "500 Internal Server Error", "503 Service Unavailable", "302 Found"]
    {
        check(Reply::status(status), failed);
    }
    check(Reply::status("413 Content Too Large"), failed);
    let refused = (2, 0, 1, 1);
    check(json(""), refused);
    check(json("garbage"), refused);
    check(json("{}"), refused);
    check(json(r#"{"probabilisticSampling":{"samplingRate":1.5}}"#), refused);
    check(json(r#"{"probabilisticSampling":{"samplingRate":"NaN"}}"#), refused);
    check(json(r#"{"rateLimitingSampling":{"maxTracesPerSecond":-1}}"#), refused);
}

#[test]
fn an_oversized_response_is_not_read() {
    let large = Reply::Say("200 OK", &[], vec![b' '; (4 << 20) + 1]);
    let (server, sampler) = (server(&[large.clone(), large]), RemoteSampler::default());
    let _polling = hurried().endpoint(&server.url()).unwrap().start(&sampler).unwrap();
    (0..3).for_each(|_| drop(server.next()));
    assert_eq!((sampler.strategy(), counts(&sampler)), (None, (0, 2, 0, 0)));
}

#[test]
fn a_server_that_does_not_answer_is_polled_again() {
    let (server, sampler) = (server(&[Reply::Nothing, half()]), RemoteSampler::default());
    let polling = hurried().endpoint(&server.url()).unwrap().timeout(Duration::from_secs(1));
    let polling = polling.start(&sampler).unwrap();
    (0..3).for_each(|_| drop(server.next()));
    drop(polling);
    assert_eq!(sampler.strategy(), Some(probabilistic(0.5)));
    let (ok, failed, ..) = counts(&sampler);
    assert_eq!((ok, failed >= 1), (1, true));
}

#[test]
fn closed_and_refused_connections_are_retried() {
    let cut = Reply::Cut("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"prob");
    let (server, sampler) = (server(&[cut, Reply::CutInside, half()]), RemoteSampler::default());
    let _polling = hurried().endpoint(&server.url()).unwrap().start(&sampler).unwrap();
    (0..4).for_each(|_| drop(server.next()));
    assert_eq!((sampler.strategy(), counts(&sampler)), (Some(probabilistic(0.5)), (1, 2, 1, 0)));

    let closed = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap();
    let sampler = RemoteSampler::default();
    let _polling = hurried().endpoint(&format!("http://{closed}")).unwrap().start(&sampler).unwrap();
    wait_until(|| sampler.stats().queries_failed >= 3);
    assert_eq!((sampler.strategy(), sampler.stats().queries_ok), (None, 0));
}

#[track_caller]
fn wait_until(mut done: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < PATIENCE, "this should have come to pass");
        std::thread::park_timeout(Duration::from_millis(1));
    }
}

#[test]
fn logs_when_polling_fails_and_when_it_works_again() {
    assert!(lines_with("no logger yet").is_empty());
    let (server, sampler) =
        (server(&[Reply::status("404 Not Found"), json("{}"), half(), half(), json("x")]), RemoteSampler::default());
    let url = server.url();
    let _polling = hurried().endpoint(&url).unwrap().start(&sampler).unwrap();
    (0..6).for_each(|_| drop(server.next()));
    let from = format!("from {url}/sampling?service=shop");
    let expected = [
        (
            Level::Warn,
            format!(
                "no sampling strategy {from}, the last one stays in effect: the server answered 404 Not Found; \
                 the server does not know {url}/sampling?service=shop; is it the right server and port?"
            ),
        ),
        (Level::Debug, format!("still no sampling strategy {from}: the response contains no sampling strategy")),
        (Level::Info, format!("polling {url}/sampling?service=shop for sampling strategies works again")),
        (
            Level::Warn,
            format!(
                "no sampling strategy {from}, the last one stays in effect: the response is not a sampling strategy: \
                 expected value at line 1 column 1"
            ),
        ),
    ];
    assert_eq!(lines_with(&url), expected);
}

#[test]
fn polling_ends_with_the_guard() {
    #[track_caller]
    fn check(answer: Option<&str>) {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let sampler = RemoteSampler::default();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let polling = JaegerRemoteSampling::new("shop").endpoint(&url).unwrap().interval(NEVER).timeout(NEVER);
        let guard = polling.start(&sampler).unwrap();
        let (mut stream, _) = listener.accept().unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut request = [0; 1024];
        assert!(stream.read(&mut request).unwrap() > 0);
        if let Some(answer) = answer {
            stream.write_all(answer.as_bytes()).unwrap();
            wait_until(|| sampler.strategy().is_some());
        }
        drop(guard);
        // The end of the thread closes its connection.
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).unwrap();
    }
    // While it waits for an answer, and while it waits for the next poll.
    check(None);
    check(Some("HTTP/1.1 200 OK\r\ncontent-length: 46\r\n\r\n{\"probabilisticSampling\":{\"samplingRate\":0.5}}"));
}

#[test]
fn root_spans_have_the_tags_of_their_strategy() {
    let answer = r#"{"operationSampling":{"defaultSamplingProbability":1,"perOperationStrategies":[{"operation":"never","probabilisticSampling":{"samplingRate":0}}]}}"#;
    let (server, sampler) = (server(&[json(answer)]), RemoteSampler::default());
    let _polling = hurried().endpoint(&server.url()).unwrap().start(&sampler).unwrap();
    (0..2).for_each(|_| drop(server.next()));
    let reporter = BatchReporter::new(scripted(|_, names| SendOutcome::sent(std::mem::take(names).len())));
    let (tracer, guard) = reporter.start(Tracer::builder("shop").sampler(sampler)).unwrap();
    for name in ["always", "never"] {
        assert_eq!(tracer.span(name).start().is_recording(), name == "always");
    }
    guard.close(PATIENCE).unwrap();
    let stats = tracer.stats();
    assert_eq!((stats.sampled, stats.not_sampled, stats.reporter.sent), (1, 1, 1));
    assert_eq!((stats.sampler.queries_ok, stats.sampler.updates_ok), (1, 1));
}

#[test]
fn polls_the_next_address_while_the_first_does_not_answer() {
    let (hole, server) = (BlackHole::new().unwrap(), server(&[half()]));
    let endpoint: Endpoint = "http://jaeger.example:5778".parse().unwrap();
    let endpoint = endpoint.resolve([hole.address, server.address()]);
    let sampler = RemoteSampler::default();
    let _polling = hurried().endpoint(endpoint).unwrap().start(&sampler).unwrap();
    assert_eq!(server.next().header("host"), Some("jaeger.example:5778"));
}

#[test]
fn an_invalid_endpoint_is_an_error() {
    let error = JaegerRemoteSampling::new("shop").endpoint("127.0.0.1:5778").unwrap_err();
    assert!(error.to_string().contains("127.0.0.1:5778"), "{error}");
}

/// Polls the collector, whose address `scripts/test` provides, and the agent if there is one. By default Jaeger keeps one trace
/// in a thousand.
#[test]
fn a_real_jaeger_answers() {
    #[track_caller]
    fn check(url: &str) {
        let sampler = RemoteSampler::new(ConstSampler::off());
        let _polling = hurried().endpoint(url).unwrap().start(&sampler).unwrap();
        wait_until(|| sampler.stats().queries_ok >= 2);
        assert_eq!((sampler.strategy(), sampler.stats().updates_ok), (Some(probabilistic(0.001)), 1), "{url}");
    }
    let Ok(collector) = std::env::var("JAEGER_URL") else {
        assert!(std::env::var_os("CI").is_none(), "JAEGER_URL is missing");
        let _ = writeln!(std::io::stderr(), "skipped, JAEGER_URL is not set: a_real_jaeger_answers");
        return;
    };
    check(&format!("{collector}/api/sampling"));
    if let Ok(agent) = std::env::var("JAEGER_SAMPLING") {
        check(&agent);
    }
    if let Ok(grpc) = std::env::var("JAEGER_GRPC_URL") {
        let sampler = RemoteSampler::new(ConstSampler::off());
        let _polling = hurried().grpc_endpoint(&grpc).unwrap().start(&sampler).unwrap();
        wait_until(|| sampler.stats().queries_ok >= 2);
        assert_eq!((sampler.strategy(), sampler.stats().updates_ok), (Some(probabilistic(0.001)), 1), "{grpc}");
    }
}
