use opentracing_core::{SpanKind, Tracer};
use opentracing_reporter::BatchReporter;
use opentracing_viewer::{Span, Viewer};

use super::{count, get};
use crate::sample;

/// Calls of one operation in two versions, the second twice as slow, with a failure in ten.
fn versions(calls: u64) -> Vec<Span> {
    let processes = [sample::process("shop", "1.0"), sample::process("shop", "2.0")];
    let call = |index: u64| {
        let version = index % 2;
        let mut span =
            sample::span(1_000 + index, 1, 0, &processes[version as usize], "GET /cart", version, 10 * (version + 1));
        span.kind = SpanKind::Server;
        span.is_failed = version == 1 && index % 20 == 1;
        span.tags = vec![("deployment.id".into(), format!("d{version}").into())];
        span
    };
    (0..2 * calls).map(call).collect()
}

#[test]
fn draws_who_calls_whom() {
    let viewer = Viewer::bind("127.0.0.1:0").unwrap();
    assert!(get(&viewer, "/services").body.contains("No traces in this time"));
    viewer.store().insert(sample::checkout(1));
    let page = get(&viewer, "/services");
    assert_eq!((page.status, count(&page, "<rect class=\"node"), count(&page, "<path class=\"edge")), (200, 4, 3));
    for part in [
        "shop to cart: request, 1 calls",
        "cart to postgresql carts: database, 1 calls, 100 % failed",
        "shop to mail: message",
        "⚠ failing",
    ] {
        assert!(page.body.contains(part), "{part}");
    }
    let focused = get(&viewer, "/services?focus=mail");
    assert_eq!((count(&focused, "<rect class=\"node"), count(&focused, "<path class=\"edge")), (2, 1));
}

#[test]
fn lists_operations_with_their_figures() {
    let viewer = Viewer::bind("127.0.0.1:0").unwrap();
    viewer.store().insert(versions(40));
    viewer.store().insert(sample::checkout(1));
    let page = get(&viewer, "/operations");
    assert_eq!((page.status, count(&page, "href=\"/operation?")), (200, 7));
    assert_eq!(count(&get(&viewer, "/operations?service=mail"), "href=\"/operation?"), 1);
}

#[test]
fn compares_versions() {
    let viewer = Viewer::bind("127.0.0.1:0").unwrap();
    viewer.store().insert(versions(40));
    let path = "/operation?service=shop&operation=GET+%2Fcart&kind=server";
    for (by, before, after) in [("", "1.0", "2.0"), ("&by=deployment.id", "d0", "d1")] {
        let page = get(&viewer, &format!("{path}{by}"));
        assert!(
            page.body.contains(&format!(
                "{after} by {before}</th><td></td><td class=\"number\">+10.0 points</td><td class=\"number\">× 2.0"
            )),
            "{}",
            page.body
        );
    }
    let swapped = get(&viewer, &format!("{path}&before=2.0&after=1.0"));
    assert!(swapped.body.contains("1.0 by 2.0"));
    let time = get(&viewer, &format!("{path}&by=time"));
    assert!(time.body.contains("newer half by older half") && time.body.contains("too few spans to compare"));
    assert_eq!(count(&get(&viewer, "/operation"), "No spans in this time"), 1);
}

#[test]
fn tells_how_tracers_are() {
    let viewer = Viewer::bind("127.0.0.1:0").unwrap();
    let (handle, address) = (viewer.handle(), viewer.local_addr());
    let names = sample::process("chatty", "1");
    viewer
        .store()
        .insert((1..=1_100).map(|id| sample::span(id, 1, 0, &names, &format!("GET /user/{id}"), 0, 1)).collect());
    let (tracer, guard) = BatchReporter::new(viewer).start(Tracer::builder("shop")).unwrap();
    handle.watch(&tracer);
    tracer.span("work").start().finish();
    tracer.flush(std::time::Duration::from_secs(60)).unwrap();
    let page = crate::support::get(address, "/health", &[]).text();
    for part in ["Report of shop", "1100 distinct operation names", "elsewhere"] {
        assert!(page.contains(part), "{part}: {page}");
    }
    drop(guard);
}
