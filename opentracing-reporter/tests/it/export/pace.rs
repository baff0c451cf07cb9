//! How often requests are sent, how large they are, and where redirects lead.

use std::time::{Duration, Instant};

use opentracing_core::FlushError;
use opentracing_reporter::{BatchReporter, Otlp};

use crate::export::faults::{next, nothing_arrives, tracer, until};
use crate::otlp::spans::{TestResult, names_in};
use crate::support::collector::{Collector, Hand, Reply, stepped};
use crate::support::transports::{PATIENCE, finish_spans, names};

/// Answers that ask for no delay.
const AT_ONCE: [(&str, &[&str]); 3] = [
    ("429 Too Many Requests", &["retry-after: 0"]),
    // The test's clock starts a minute later.
    ("503 Service Unavailable", &["retry-after: Sun, 06 Nov 1994 08:48:37 GMT"]),
    ("503 Service Unavailable", &[]),
];

#[test]
fn a_delay_of_zero_is_no_shorter_than_the_backoff() -> TestResult {
    for (status, headers) in AT_ONCE {
        let collector = Collector::start([Reply::Say(status, headers, Vec::new())])?;
        let hand = Hand::new();
        let otlp = Otlp::http(&collector.url())?.clock(hand.shared());
        let tracer = stepped(BatchReporter::new(otlp).batch_delay(Duration::ZERO));
        finish_spans(&tracer, 1);
        next(&tracer, &collector);
        until(&tracer, |_| tracer.stats().transports[0].failed_requests == 1);
        hand.advance(Duration::from_millis(499));
        tracer.flush(Duration::from_millis(20))?;
        assert_eq!(collector.all().len(), 0, "{status} {headers:?}");
        hand.advance(Duration::from_millis(501));
        next(&tracer, &collector);
        until(&tracer, |stats| stats.sent == 1);
        tracer.close(Duration::ZERO)?;
    }
    Ok(())
}

#[test]
fn a_flush_waits_between_retries_whatever_the_server_says() -> TestResult {
    for (status, headers) in AT_ONCE {
        let reply = Reply::Say(status, headers, Vec::new());
        let collector = Collector::start([reply.clone(), reply])?;
        let (tracer, hand) = tracer(&collector.url(), |otlp| otlp)?;
        finish_spans(&tracer, 1);
        next(&tracer, &collector);
        nothing_arrives(&tracer, &collector);
        hand.advance(Duration::from_millis(249));
        nothing_arrives(&tracer, &collector);
        hand.advance(Duration::from_millis(1));
        next(&tracer, &collector);
        nothing_arrives(&tracer, &collector);
        hand.advance(Duration::from_millis(250));
        assert_eq!(tracer.flush(PATIENCE), Ok(()), "{status} {headers:?}");
    }
    Ok(())
}

#[test]
fn splits_requests_that_are_too_large_in_the_words_of_a_400() -> TestResult {
    for words in ["http: request body too large", "Request body too large. The max request body size is 20000 bytes."] {
        let collector = Collector::start([Reply::Say("400 Bad Request", &[], words.into())])?;
        let (tracer, _) = tracer(&collector.url(), |otlp| otlp)?;
        finish_spans(&tracer, 4);
        assert_eq!(tracer.flush(PATIENCE), Ok(()), "{words}");
        let sizes: Vec<_> = collector.all().iter().map(|got| names_in(got).len()).collect();
        assert_eq!(sizes, [4, 2, 2], "{words}");
    }
    Ok(())
}

/// Flushes 64 spans of about 500 bytes so many times, and returns the numbers of spans of all requests.
fn sizes(collector: &Collector, flushes: usize) -> Result<Vec<usize>, Box<dyn std::error::Error>> {
    let (tracer, _) = tracer(&collector.url(), |otlp| otlp)?;
    let text = "x".repeat(400);
    for _ in 0..flushes {
        for _ in 0..64 {
            tracer.span("large").tag("text", &text).start().finish();
        }
        assert_eq!(tracer.flush(PATIENCE), Ok(()));
    }
    Ok(collector.all().iter().map(|got| names_in(got).len()).collect())
}

#[test]
fn requests_grow_again_after_one_was_too_large() -> TestResult {
    let collector = Collector::start([Reply::status("413 Payload Too Large")])?;
    let sizes = sizes(&collector, 9)?;
    // Sixteen halves are accepted before the next whole.
    assert_eq!(sizes, [&[64][..], &[32; 16], &[64]].concat());
    Ok(())
}

#[test]
fn a_limit_that_stays_is_tried_less_and_less_often() -> TestResult {
    let collector = Collector::deciding(|got| match names_in(got).len() {
        64.. => Reply::status("413 Payload Too Large"),
        _ => Reply::ok(),
    })?;
    let sizes = sizes(&collector, 150)?;
    // 300 halves: refused at first, then after 16, 32, 64, 128.
    assert_eq!(sizes.iter().filter(|&&size| size == 64).count(), 5);
    assert_eq!(sizes.iter().filter(|&&size| size == 32).count(), 300);
    Ok(())
}

#[test]
fn sends_several_small_requests_in_a_pass() -> TestResult {
    let collector = Collector::start([Reply::status("413 Payload Too Large"), Reply::status("413 Payload Too Large")])?;
    let hand = Hand::new();
    let otlp = Otlp::http(&collector.url())?.clock(hand.shared());
    let reporter = BatchReporter::new(otlp).queue_size(100_000).batch_delay(Duration::ZERO);
    let tracer = stepped(reporter);
    finish_spans(&tracer, 20_000);
    until(&tracer, |stats| stats.sent > 0);
    let end = Instant::now() + PATIENCE;
    loop {
        let before = tracer.stats().transports[0].requests;
        tracer.flush(Duration::ZERO)?;
        // One request would be two: one as the spans are reported, and one in the tick.
        if tracer.stats().transports[0].requests > before + 3 {
            break;
        }
        finish_spans(&tracer, 1_000);
        assert!(Instant::now() < end, "several small requests are answered within one pass");
    }
    tracer.close(Duration::ZERO)?;
    Ok(())
}

#[test]
fn follows_one_redirect_to_the_same_server() -> TestResult {
    for status in ["301 Moved Permanently", "307 Temporary Redirect", "308 Permanent Redirect"] {
        for location in ["/v1/traces/", "{url}/v1/traces/"] {
            let collector = Collector::redirecting(status, location)?;
            let (tracer, _) = tracer(&collector.url(), |otlp| otlp)?;
            finish_spans(&tracer, 3);
            assert_eq!(tracer.flush(PATIENCE), Ok(()), "{status} {location}");
            let got = collector.all();
            let lines: Vec<_> = got.iter().map(|got| &*got.line).collect();
            assert_eq!(lines, ["POST /v1/traces HTTP/1.1", "POST /v1/traces/ HTTP/1.1"], "{status} {location}");
            assert_eq!(names_in(&got[1]), names(3), "{status} {location}");
            assert_eq!(got[1].header("content-type"), got[0].header("content-type"), "{status} {location}");
        }
    }
    Ok(())
}

#[test]
fn names_the_target_of_other_redirects() -> TestResult {
    let rows: [(&str, &[&str], usize); 4] = [
        ("308 Permanent Redirect", &["location: https://collector.example/v1/traces"], 1),
        ("308 Permanent Redirect", &["location: //collector.example/v1/traces"], 1),
        ("302 Found", &["location: /login"], 1),
        ("308 Permanent Redirect", &["location: /again"], 2),
    ];
    for (status, headers, requests) in rows {
        let collector = Collector::start(vec![Reply::Say(status, headers, Vec::new()); 2])?;
        let (tracer, _) = tracer(&collector.url(), |otlp| otlp)?;
        finish_spans(&tracer, 3);
        assert_eq!(tracer.flush(PATIENCE), Err(FlushError::Failed), "{headers:?}");
        assert_eq!(collector.all().len(), requests, "{headers:?}");
        let error = tracer.stats().transports.remove(0).last_error.ok_or("it has failed")?;
        let target = headers[0].trim_start_matches("location: ");
        assert!(error.contains(status) && error.contains(target), "{error}");
    }
    Ok(())
}
