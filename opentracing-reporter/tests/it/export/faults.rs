//! What happens to spans when the server is unavailable, slow, overloaded or wrong.
//!
//! Time is moved by hand, so nothing waits. Requests use real connections and take real time: a test continues when the
//! collector has received one, or when the statistics show it.

use std::io::Read;
use std::net::TcpListener;
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

use opentelemetry_proto::tonic::collector::trace::v1::{ExportTracePartialSuccess, ExportTraceServiceResponse};
use opentracing_core::{FlushError, ReporterStats, Tracer};
use opentracing_reporter::{BatchReporter, Otlp};
use prost::Message;

use crate::otlp::spans::{TestResult, names_in};
use crate::support::collector::{Collector, Got, Hand, Reply, stepped};
use crate::support::transports::{NEVER, PATIENCE, finish_spans, names};

/// A tracer that sends to this address, and its clock.
pub(crate) fn tracer(
    address: &str,
    set: impl FnOnce(Otlp) -> Otlp,
) -> Result<(Tracer, Hand), Box<dyn std::error::Error>> {
    let hand = Hand::new();
    let otlp = set(Otlp::http(address)?.clock(hand.shared()));
    Ok((Tracer::builder("shop").build_inline(BatchReporter::new(otlp).queue_size(100_000).batch_delay(NEVER)), hand))
}

/// Runs the transport until the statistics are as expected.
#[track_caller]
pub(crate) fn until(tracer: &Tracer, is_there: impl Fn(ReporterStats) -> bool) -> ReporterStats {
    let (mut end, mut sent) = (Instant::now() + PATIENCE, 0);
    loop {
        let flushed = tracer.flush(Duration::ZERO);
        let stats = tracer.stats().reporter;
        if is_there(stats) {
            return stats;
        }
        if stats.sent > sent {
            (end, sent) = (Instant::now() + PATIENCE, stats.sent);
        }
        assert!(Instant::now() < end, "it should have happened by now: {stats:?}, {flushed:?}");
        std::thread::yield_now();
    }
}

/// Runs the transport until the collector has received a request.
#[track_caller]
pub(crate) fn next(tracer: &Tracer, collector: &Collector) -> Got {
    let end = Instant::now() + PATIENCE;
    loop {
        let _ = tracer.flush(Duration::ZERO);
        if let Some(got) = collector.try_next() {
            return got;
        }
        assert!(Instant::now() < end, "a request should have come by now");
        std::thread::yield_now();
    }
}

/// Checks that the transport does not send, although it could.
#[track_caller]
pub(crate) fn nothing_arrives(tracer: &Tracer, collector: &Collector) {
    // Long enough for the answer, and for a request that a bug would send.
    assert_eq!(tracer.flush(Duration::from_millis(50)), Err(FlushError::Timeout));
    assert_eq!(collector.all().len(), 0, "nothing was to be sent yet");
}

#[test]
fn reuses_a_connection() -> TestResult {
    let collector = Collector::start([])?;
    let (tracer, _) = tracer(&collector.url(), |otlp| otlp)?;
    for _ in 0..3 {
        finish_spans(&tracer, 2);
        assert_eq!(tracer.flush(PATIENCE), Ok(()));
    }
    assert_eq!(collector.all().iter().map(|got| got.connection).collect::<Vec<_>>(), [0, 0, 0]);
    assert_eq!(tracer.stats().reporter.sent, 6);
    Ok(())
}

#[test]
fn opens_a_new_connection_after_the_old_one_was_closed() -> TestResult {
    let collector = Collector::start([Reply::SayAndClose, Reply::SayAndClose])?;
    let (tracer, _) = tracer(&collector.url(), |otlp| otlp)?;
    for _ in 0..3 {
        finish_spans(&tracer, 2);
        assert_eq!(tracer.flush(PATIENCE), Ok(()));
    }
    assert_eq!(collector.all().iter().map(|got| got.connection).collect::<Vec<_>>(), [0, 1, 2]);
    Ok(())
}

#[test]
fn retries_temporary_errors() -> TestResult {
    let no_answer = Reply::Cut("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf");
    let failures = [
        ("429", Reply::status("429 Too Many Requests")),
        ("502", Reply::status("502 Bad Gateway")),
        ("503", Reply::status("503 Service Unavailable")),
        ("504", Reply::status("504 Gateway Timeout")),
        ("cut before the answer", Reply::CutInside),
        ("cut within the answer", no_answer),
    ];
    for (name, failure) in failures {
        let collector = Collector::start([failure])?;
        let (tracer, hand) = tracer(&collector.url(), |otlp| otlp)?;
        finish_spans(&tracer, 3);
        assert_eq!(names_in(&next(&tracer, &collector)), names(3), "{name}");
        nothing_arrives(&tracer, &collector);
        hand.advance(Duration::from_secs(1));
        assert_eq!(names_in(&next(&tracer, &collector)), names(3), "{name}");
        assert_eq!(tracer.flush(PATIENCE), Ok(()), "{name}");
        assert_eq!(tracer.stats().reporter.sent, 3, "{name}");
    }
    Ok(())
}

#[test]
fn waits_longer_with_each_failure() -> TestResult {
    const ABIT: Duration = Duration::from_millis(20);
    let collector = Collector::start(vec![Reply::status("503 Service Unavailable"); 12])?;
    let hand = Hand::new();
    let otlp = Otlp::http(&collector.url())?.clock(hand.shared());
    let tracer = stepped(BatchReporter::new(otlp).batch_delay(Duration::ZERO));
    finish_spans(&tracer, 1);
    next(&tracer, &collector);
    // Half as long again each time, up to half a minute. The actual wait is between half of that and all of it.
    for whole_ms in [1000.0, 1500.0, 2250.0, 3375.0, 5062.5, 7593.0, 11390.0, 17085.0, 25628.0, 30000.0, 30000.0] {
        let half = Duration::from_secs_f64(whole_ms / 2000.0);
        tracer.flush(ABIT)?;
        hand.advance(half - Duration::from_millis(1));
        tracer.flush(ABIT)?;
        assert_eq!(collector.all().len(), 0, "not before half of {whole_ms} ms");
        hand.advance(half + Duration::from_millis(2));
        next(&tracer, &collector);
    }
    let stats = tracer.stats().transports.remove(0);
    assert_eq!((stats.retries, stats.queued), (11, 1));
    // The rest is not awaited.
    tracer.close(Duration::ZERO)?;
    Ok(())
}

#[test]
fn does_not_retry_permanent_errors() -> TestResult {
    for status in ["400 Bad Request", "401 Unauthorized", "404 Not Found", "500 Internal Server Error", "301 Moved"] {
        let collector = Collector::start([Reply::status(status)])?;
        let (tracer, hand) = tracer(&collector.url(), |otlp| otlp)?;
        finish_spans(&tracer, 3);
        assert_eq!(tracer.flush(PATIENCE), Err(FlushError::Failed), "{status}");
        hand.advance(Duration::from_secs(100));
        finish_spans(&tracer, 1);
        assert_eq!(tracer.flush(PATIENCE), Ok(()), "{status}");
        let stats = tracer.stats().reporter;
        assert_eq!((stats.sent, stats.dropped_failed), (1, 3), "{status}");
        assert_eq!(collector.all().len(), 2, "{status}");
    }
    Ok(())
}

#[test]
fn waits_for_the_delay_of_the_server() -> TestResult {
    // The clock starts at 08:49:37 on that day.
    const BUSY: &str = "503 Service Unavailable";
    for (status, header, seconds) in [
        (BUSY, "retry-after: 7", 7),
        ("429 Too Many Requests", "retry-after: 8", 8),
        (BUSY, "retry-after: Sun, 06 Nov 1994 08:50:07 GMT", 30),
        (BUSY, "retry-after: Sunday, 06-Nov-94 08:49:47 GMT", 10),
        (BUSY, "retry-after: 99999999999999999999", 300),
    ] {
        let headers: &'static [&'static str] = Box::leak(Box::new([header]));
        let collector = Collector::start([Reply::Say(status, headers, Vec::new())])?;
        let (tracer, hand) = tracer(&collector.url(), |otlp| otlp)?;
        finish_spans(&tracer, 1);
        next(&tracer, &collector);
        nothing_arrives(&tracer, &collector);
        hand.advance(Duration::from_secs(seconds) - Duration::from_millis(1));
        nothing_arrives(&tracer, &collector);
        hand.advance(Duration::from_millis(1));
        next(&tracer, &collector);
        assert_eq!(tracer.flush(PATIENCE), Ok(()), "{header}");
    }
    Ok(())
}

#[test]
fn counts_spans_rejected_by_a_partial_success() -> TestResult {
    let response = ExportTraceServiceResponse {
        partial_success: Some(ExportTracePartialSuccess { rejected_spans: 2, error_message: "too old".into() }),
    };
    let collector = Collector::start([Reply::Say("200 OK", &[], response.encode_to_vec())])?;
    let (tracer, _) = tracer(&collector.url(), |otlp| otlp)?;
    finish_spans(&tracer, 5);
    assert_eq!(tracer.flush(PATIENCE), Err(FlushError::Failed));
    let stats = tracer.stats().reporter;
    assert_eq!((stats.sent, stats.dropped_failed), (3, 2));
    assert_eq!(collector.all().len(), 1, "what was rejected is not sent again");
    Ok(())
}

#[test]
fn splits_requests_that_are_too_large() -> TestResult {
    let too_large = || Reply::status("413 Payload Too Large");
    // All eight, then four, then two; then the rest in parts that were small enough.
    let collector = Collector::start([too_large(), too_large()])?;
    let (tracer, _) = tracer(&collector.url(), |otlp| otlp)?;
    finish_spans(&tracer, 8);
    assert_eq!(tracer.flush(PATIENCE), Ok(()));
    let sizes: Vec<_> = collector.all().iter().map(|got| names_in(got).len()).collect();
    assert_eq!(sizes, [8, 4, 2, 2, 4]);
    assert_eq!(tracer.stats().reporter.sent, 8);
    Ok(())
}

#[test]
fn drops_a_single_span_that_is_too_large_for_the_server() -> TestResult {
    let too_large = || Reply::status("413 Payload Too Large");
    let collector = Collector::start([too_large(), too_large()])?;
    let (tracer, _) = tracer(&collector.url(), |otlp| otlp)?;
    finish_spans(&tracer, 2);
    assert_eq!(tracer.flush(PATIENCE), Err(FlushError::Failed));
    let stats = tracer.stats().reporter;
    assert_eq!((stats.sent, stats.dropped_failed), (1, 1));
    Ok(())
}

#[test]
fn accepts_a_late_answer() -> TestResult {
    let barrier = Arc::new(Barrier::new(2));
    let collector = Collector::start([Reply::Late(barrier.clone())])?;
    let (tracer, hand) = tracer(&collector.url(), |otlp| otlp)?;
    finish_spans(&tracer, 3);
    next(&tracer, &collector);
    finish_spans(&tracer, 2);
    hand.advance(Duration::from_millis(9_999));
    nothing_arrives(&tracer, &collector);
    assert_eq!((tracer.stats().reporter.sent, tracer.stats().transports[0].queued), (0, 5));
    barrier.wait();
    assert_eq!(tracer.flush(PATIENCE), Ok(()));
    let got = collector.all();
    assert_eq!(got.iter().map(|got| (got.connection, names_in(got))).collect::<Vec<_>>(), [(0, names(2))]);
    let stats = tracer.stats().transports.remove(0);
    assert_eq!((stats.sent, stats.retries, stats.failed_requests), (5, 0, 0));
    Ok(())
}

#[test]
fn a_time_out_of_zero_is_none() -> TestResult {
    let barrier = Arc::new(Barrier::new(2));
    let collector = Collector::start([Reply::Late(barrier.clone())])?;
    let (tracer, hand) = tracer(&collector.url(), |otlp| otlp.timeout(Duration::ZERO))?;
    finish_spans(&tracer, 3);
    next(&tracer, &collector);
    hand.advance(Duration::from_secs(3600));
    nothing_arrives(&tracer, &collector);
    barrier.wait();
    assert_eq!(tracer.flush(PATIENCE), Ok(()));
    let stats = tracer.stats().transports.remove(0);
    assert_eq!((stats.sent, stats.retries, stats.failed_requests), (3, 0, 0));
    Ok(())
}

#[test]
fn retries_a_request_whose_connection_was_closed() -> TestResult {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let (tracer, hand) = tracer(&format!("http://{}", listener.local_addr()?), |otlp| otlp)?;
    // More than the buffers of both sockets hold.
    let text = "x".repeat(4_000);
    for number in 0..900 {
        tracer.span(number.to_string()).tag("text", &text).start().finish();
    }
    let cut = std::thread::spawn(move || {
        let mut stream = listener.accept()?.0;
        stream.read_exact(&mut [0; 1_000])?;
        Ok::<_, std::io::Error>(listener)
    });
    while !cut.is_finished() {
        let _ = tracer.flush(Duration::ZERO);
        std::thread::yield_now();
    }
    let listener = cut.join().map_err(|_| "no client connected")??;
    until(&tracer, |_| tracer.stats().transports[0].failed_requests == 1);
    let collector = Collector::listen(listener, [])?;
    hand.advance(Duration::from_secs(1));
    assert_eq!(tracer.flush(PATIENCE), Ok(()));
    assert_eq!(collector.all().iter().flat_map(names_in).collect::<Vec<_>>(), names(900));
    Ok(())
}

#[test]
fn retries_while_a_host_name_cannot_be_resolved() -> TestResult {
    let (tracer, hand) = tracer("http://collector.invalid:4318", |otlp| otlp)?;
    finish_spans(&tracer, 3);
    for failures in 1..4 {
        until(&tracer, |_| tracer.stats().transports[0].failed_requests == failures);
        hand.advance(Duration::from_secs(30));
    }
    let stats = tracer.stats().transports.remove(0);
    assert_eq!((stats.queued, stats.dropped_failed), (3, 0));
    let error = stats.last_error.ok_or("it has failed")?;
    assert!(error.contains("collector.invalid"), "{error}");
    tracer.close(Duration::ZERO).unwrap_err();
    assert_eq!(tracer.stats().lost(), 3);
    Ok(())
}

#[test]
fn retries_after_a_time_out() -> TestResult {
    let collector = Collector::start([Reply::Nothing])?;
    let (tracer, hand) = tracer(&collector.url(), |otlp| otlp.timeout(Duration::from_secs(3)))?;
    finish_spans(&tracer, 3);
    next(&tracer, &collector);
    hand.advance(Duration::from_millis(2999));
    nothing_arrives(&tracer, &collector);
    hand.advance(Duration::from_millis(1));
    nothing_arrives(&tracer, &collector);
    hand.advance(Duration::from_secs(1));
    let second = next(&tracer, &collector);
    assert_eq!((second.connection, names_in(&second)), (1, names(3)), "by a new connection");
    assert_eq!(tracer.flush(PATIENCE), Ok(()));
    assert_eq!(tracer.stats().reporter.sent, 3);
    Ok(())
}

#[test]
fn sends_to_a_server_that_starts_later() -> TestResult {
    // A port that is free now. Another process could take it, but is unlikely to.
    let address = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?;
    let (tracer, hand) = tracer(&format!("http://{address}"), |otlp| otlp)?;
    finish_spans(&tracer, 3);
    assert_eq!(tracer.flush(Duration::from_millis(50)), Err(FlushError::Timeout));
    let collector = Collector::listen(TcpListener::bind(address)?, [])?;
    hand.advance(Duration::from_secs(1));
    assert_eq!(names_in(&next(&tracer, &collector)), names(3));
    assert_eq!(tracer.flush(PATIENCE), Ok(()));
    assert_eq!(tracer.stats().reporter.sent, 3);
    Ok(())
}

#[test]
fn drops_spans_after_the_maximum_retry_time() -> TestResult {
    // RFC 2606 reserves this name, so it never resolves.
    let (tracer, hand) = tracer("http://collector.invalid:4318", |otlp| otlp.max_retry_time(Duration::from_secs(60)))?;
    finish_spans(&tracer, 3);
    let _ = tracer.flush(Duration::from_millis(50));
    hand.advance(Duration::from_secs(61));
    let stats = until(&tracer, |stats| stats.dropped_failed > 0);
    assert_eq!((stats.sent, stats.dropped_failed), (0, 3));
    Ok(())
}

#[test]
fn bounds_the_waiting_bytes() -> TestResult {
    let collector = Collector::start([])?;
    let (tracer, _) = tracer(&collector.url(), |otlp| otlp.max_queue_bytes(10_000))?;
    let text = "x".repeat(900);
    for _ in 0..30 {
        tracer.span("large").tag("text", &text).start().finish();
    }
    assert_eq!(tracer.flush(PATIENCE), Err(FlushError::Failed));
    let stats = tracer.stats().reporter;
    assert_eq!((stats.sent, stats.dropped_failed), (10, 20), "each takes a little less than 1,000 bytes");
    Ok(())
}

/// At 1,000 spans per second. The spans in the queue arrive afterwards, in order. The rest is counted, and nothing else is dropped.
#[test]
fn the_queue_bridges_an_outage_of_ten_minutes() -> TestResult {
    const SPANS: usize = 600_000;
    for queue in [2_048, SPANS] {
        // As above: free now, and unlikely to be taken by another process.
        let address = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?;
        let hand = Hand::new();
        let otlp = Otlp::http(&format!("http://{address}"))?.clock(hand.shared());
        let tracer = stepped(BatchReporter::new(otlp).queue_size(queue).batch_delay(Duration::ZERO));
        for _ in 0..600 {
            finish_spans(&tracer, SPANS / 600);
            tracer.flush(Duration::ZERO)?;
            hand.advance(Duration::from_secs(1));
        }
        let stats = tracer.stats();
        assert_eq!((stats.reporter.sent, stats.reporter.dropped_queue_full), (0, (SPANS - queue) as u64));
        assert_eq!((stats.delivered, stats.transports[0].queued), (SPANS as u64, queue as u64));

        let collector = Collector::listen(TcpListener::bind(address)?, [])?;
        hand.advance(Duration::from_secs(30));
        let stats = until(&tracer, |stats| stats.sent == queue as u64);
        assert_eq!((stats.dropped_queue_full, stats.dropped_failed), ((SPANS - queue) as u64, 0));
        let arrived = collector.all().iter().flat_map(names_in).collect::<Vec<_>>();
        let expected = (0..queue).map(|number| (number % (SPANS / 600)).to_string());
        assert!(arrived.into_iter().eq(expected), "the first ones that came, in order");

        // As before the outage.
        finish_spans(&tracer, 10);
        until(&tracer, |stats| stats.sent == queue as u64 + 10);
    }
    Ok(())
}
