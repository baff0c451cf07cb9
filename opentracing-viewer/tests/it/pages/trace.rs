use opentracing_core::SpanKind;
use opentracing_viewer::{Span, Viewer};

use super::{Answer, count, get};
use crate::sample::{self, trace_id};

const ROW: &str = "role=\"row\"";

fn shown(spans: Vec<Span>, query: &str) -> Answer {
    let viewer = Viewer::bind("127.0.0.1:0").unwrap();
    viewer.store().insert(spans);
    let page = get(&viewer, &format!("/traces/{}{query}", trace_id(1)));
    assert_eq!(page.status, 200);
    page
}

#[test]
fn shows_the_waterfall() {
    let page = shown(sample::checkout(1), "");
    assert_eq!(count(&page, ROW), 6);
    assert!(page.body.contains("role=\"treegrid\"") && page.body.contains("aria-rowcount=\"6\""));
    assert!(!page.body.contains("id=\"incomplete\"") && !page.body.contains("id=\"skew\""));
    let viewer = Viewer::bind("127.0.0.1:0").unwrap();
    let missing = get(&viewer, &format!("/traces/{}", trace_id(1)));
    assert_eq!((missing.status, get(&viewer, "/traces/nonsense").status), (404, 404));
    assert!(missing.body.contains("No such trace"));
}

#[test]
fn says_which_parents_are_missing() {
    let process = sample::process("shop", "1");
    let page = shown(
        vec![sample::span(1, 1, 0, &process, "root", 0, 9), sample::span(1, 2, 0xbad, &process, "lost", 1, 2)],
        "",
    );
    assert!(page.body.contains("0000000000000bad"));
    assert_eq!((count(&page, ROW), count(&page, "parent missing</span>")), (2, 1));
}

#[test]
fn adjusts_clocks_when_asked() {
    let (shop, cart) = (sample::process("shop", "1"), sample::process("cart", "1"));
    let mut call = sample::span(1, 1, 0, &shop, "GET", 500, 20);
    call.kind = SpanKind::Client;
    let mut served = sample::span(1, 2, 1, &cart, "GET /", 100, 10);
    served.kind = SpanKind::Server;
    let page = shown(vec![call.clone(), served.clone()], "");
    assert!(page.body.contains("Clocks differ") && page.body.contains("<b>420 ms</b>"));
    let page = shown(vec![call, served], "?clocks=adjusted&span=0000000000000002");
    assert!(page.body.contains("<b>20 ms</b>") && page.body.contains("moved by +405 ms"), "{}", page.body);
}

#[test]
fn names_calls_in_a_loop() {
    let process = sample::process("shop", "1");
    let mut spans = vec![sample::span(1, 1, 0, &process, "GET /cart", 0, 90)];
    spans.extend((0..12).map(|index| sample::span(1, 10 + index, 1, &process, "SELECT price", 7 * index, 5)));
    let page = shown(spans, "");
    assert!(page.body.contains("<b>12 ×</b>"));
}

#[test]
fn sends_structure_first() {
    let viewer = Viewer::bind("127.0.0.1:0").unwrap();
    let mut spans = sample::large(1, 10_000);
    spans.iter_mut().for_each(|span| span.tags.push(("secret".into(), "only in the details".into())));
    viewer.store().insert(spans);
    let page = get(&viewer, &format!("/traces/{}", trace_id(1)));
    assert_eq!(count(&page, ROW), 100);
    assert_eq!(count(&page, "only in the details"), 0);
    assert!(page.body.len() < 1_000_000, "{} bytes", page.body.len());
    let details = get(&viewer, &format!("/traces/{}/spans/0000000000002000", trace_id(1)));
    assert_eq!((details.status, count(&details, "only in the details")), (200, 1));
    assert_eq!(get(&viewer, &format!("/traces/{}/spans/00000000ffffffff", trace_id(1))).status, 404);
    let last = get(&viewer, &format!("/traces/{}?page=100", trace_id(1)));
    assert_eq!(count(&last, ROW), 100);
    assert_eq!(count(&get(&viewer, &format!("/traces/{}?page=101", trace_id(1))), ROW), 0);
}

#[test]
fn copes_with_a_very_deep_trace() {
    let process = sample::process("shop", "1");
    let spans = (1..=10_000).map(|id| sample::span(1, id, id - 1, &process, "deeper", id, 20_000 - id)).collect();
    let page = shown(spans, "?span=0000000000001000");
    assert!(page.body.contains("depth 10000"));
}

#[test]
fn finds_spans_by_their_content() {
    let viewer = Viewer::bind("127.0.0.1:0").unwrap();
    viewer.store().insert(sample::checkout(1));
    for (text, rows) in [
        ("select", "[3]"),
        ("db.system%3Dpostgresql", "[3]"),
        ("error", "[0,3]"),
        ("0000000000000006", "[5]"),
        ("TIMED+OUT", "[3]"),
        ("service.version%3D2.0", "[2,3]"),
        ("", "[]"),
    ] {
        let answer = get(&viewer, &format!("/traces/{}/find?text={text}", trace_id(1)));
        assert_eq!(answer.body, format!("{{\"count\":6,\"rows\":{rows}}}"), "{text}");
    }
}
