//! What was recorded arrives at real servers: sent through the reporter, read back from where their users look.

mod collector;
mod jaeger;
mod json;
mod net;
mod seen;
mod traces;
mod zipkin;

use std::collections::BTreeSet;

use opentracing_core::Tracer;
use opentracing_reporter::{BatchReporter, Jaeger, Transport, Zipkin};
use serde_json::Value;

use crate::backends::net::{addresses, ask_until, get};
use crate::backends::seen::{Memory, Seen, compare};
use crate::backends::traces::{MANY, PATIENCE, ROWS, Row, unsampled};

/// Records the rows and sends them by that transport; gives back what was recorded.
#[track_caller]
fn play(rows: &[Row], transport: impl Fn() -> Box<dyn Transport>) -> Vec<Seen> {
    let mut all = Vec::new();
    for row in rows {
        let memory = Memory::default();
        let builder = (row.settings)(Tracer::builder("Shop").tag("zone", "a/1").tag("replicas", 3));
        let reporter = BatchReporter::new(transport()).transport(memory.clone()).queue(2 * MANY.spans);
        let (tracer, guard) = reporter.start(builder).expect("a thread starts");
        (row.record)(&tracer);
        assert_eq!(guard.close(PATIENCE), Ok(()), "{}", row.name);
        let spans = memory.spans();
        assert_eq!(spans.len(), row.spans, "{}", row.name);
        all.extend(spans);
    }
    all
}

/// Sends a trace that is not sampled, and then one that is, so that one knows when the first would be there.
fn play_unsampled(transport: impl Fn() -> Box<dyn Transport>) -> (String, Vec<Seen>) {
    let (tracer, guard) = BatchReporter::new(transport()).start(Tracer::builder("Shop")).expect("a thread starts");
    let id = unsampled(&tracer);
    assert_eq!(guard.close(PATIENCE), Ok(()));
    assert_eq!(tracer.stats().delivered, 0);
    (id.to_string(), play(&ROWS[..1], transport))
}

fn trace_ids(spans: &[Seen]) -> Vec<String> {
    spans.iter().map(|span| span.trace.clone()).collect::<BTreeSet<_>>().into_iter().collect()
}

/// Asks for each trace by its id until all spans are there.
fn read(spans: &[Seen], url: impl Fn(&str) -> String, read: fn(&Value) -> Vec<Seen>) -> Vec<Seen> {
    let mut all = Vec::new();
    for id in trace_ids(spans) {
        let wanted = spans.iter().filter(|span| span.trace == id).count();
        // As it was written: an id of 64 bits has 16 digits.
        let url = url(id.strip_prefix("0000000000000000").unwrap_or(&id));
        let ask = || match get(&url) {
            // Zipkin's answer ends in zeros if some text in it takes less room than it had reckoned with.
            (200, body) => read(&serde_json::from_slice(without_zeros(&body)).expect("the answer is JSON")),
            _ => Vec::new(),
        };
        all.extend(ask_until(ask, |seen| seen.len() >= wanted));
    }
    all
}

#[track_caller]
fn check_zipkin(way: &str, api: &str, transport: impl Fn() -> Box<dyn Transport>) {
    let url = |id: &str| format!("{api}/api/v2/trace/{id}");
    for rows in [ROWS, &[MANY]] {
        let recorded = play(rows, &transport);
        let seen = read(&recorded, url, zipkin::read);
        compare(way, recorded.into_iter().map(zipkin::view).map(zipkin::lower_case), seen);
    }
    let (id, then) = play_unsampled(&transport);
    assert_eq!(read(&then, url, zipkin::read).len(), then.len(), "{way}");
    assert_eq!(get(&url(&id)).0, 404, "{way}");
}

#[track_caller]
fn check_jaeger(way: &str, api: &str, transport: impl Fn() -> Box<dyn Transport>) {
    // Unless it is told to, it moves spans whose times do not fit their parent's.
    let url = |id: &str| format!("{api}/api/traces/{id}?raw=true");
    for rows in [ROWS, &[MANY]] {
        let recorded = play(rows, &transport);
        let seen = read(&recorded, url, jaeger::read);
        compare(way, recorded.into_iter().map(jaeger::view), seen);
    }
    let (id, then) = play_unsampled(&transport);
    assert_eq!(read(&then, url, jaeger::read).len(), then.len(), "{way}");
    assert_eq!(get(&url(&id)).0, 404, "{way}");
}

#[track_caller]
fn check_collector(from: collector::From, file: &str, transport: impl Fn() -> Box<dyn Transport>) {
    let way = format!("{from:?} to the Collector");
    let look = |ids: &[String]| {
        let lines = std::fs::read(file).unwrap_or_else(|error| panic!("{file}: {error}"));
        collector::read(from, &String::from_utf8_lossy(&lines), ids)
    };
    for rows in [ROWS, &[MANY]] {
        let recorded = play(rows, &transport);
        let ids = trace_ids(&recorded);
        let seen = ask_until(|| look(&ids), |seen| seen.len() >= recorded.len());
        compare(&way, recorded.into_iter().map(|span| collector::view(from, span)), seen);
    }
    let (id, then) = play_unsampled(&transport);
    let ids = trace_ids(&then);
    assert_eq!(ask_until(|| look(&ids), |seen| seen.len() >= then.len()).len(), then.len(), "{way}");
    assert_eq!(look(&[id]), [], "{way}");
}

fn without_zeros(body: &[u8]) -> &[u8] {
    let end = body.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
    &body[..end]
}

fn to_zipkin(url: &str) -> Box<dyn Transport> {
    Box::new(Zipkin::new(&format!("{url}/api/v2/spans")).expect("that is an address"))
}

fn to_jaeger(url: &str) -> Box<dyn Transport> {
    Box::new(Jaeger::http(url).expect("that is an address"))
}

fn to_agent(address: &str) -> Box<dyn Transport> {
    Box::new(Jaeger::udp(address).expect("that is an address"))
}

#[test]
fn zipkin_shows_what_was_recorded() {
    let Some([url]) = addresses(["ZIPKIN_URL"]) else { return };
    check_zipkin("Zipkin", &url, || to_zipkin(&url));
    check_zipkin("Zipkin, compressed", &url, || {
        Box::new(Zipkin::new(&format!("{url}/api/v2/spans")).expect("that is an address").gzip())
    });
}

#[test]
fn jaeger_shows_what_its_collector_got() {
    let Some([url, api]) = addresses(["JAEGER_URL", "JAEGER_QUERY"]) else { return };
    check_jaeger("Jaeger's collector", &api, || to_jaeger(&url));
}

#[test]
fn jaeger_shows_what_its_agent_got() {
    let Some([address, api]) = addresses(["JAEGER_AGENT", "JAEGER_QUERY"]) else { return };
    check_jaeger("Jaeger's agent", &api, || to_agent(&address));
}

#[test]
fn collector_writes_what_came_as_zipkins() {
    let Some([url, file]) = addresses(["OTELCOL_ZIPKIN_URL", "OTELCOL_SPANS"]) else { return };
    check_collector(collector::From::Zipkin, &file, || to_zipkin(&url));
}

#[test]
fn collector_writes_what_came_as_jaegers() {
    let Some([url, agent, file]) = addresses(["OTELCOL_JAEGER_URL", "OTELCOL_JAEGER_AGENT", "OTELCOL_SPANS"]) else {
        return;
    };
    check_collector(collector::From::Jaeger, &file, || to_jaeger(&url));
    check_collector(collector::From::Jaeger, &file, || to_agent(&agent));
}
