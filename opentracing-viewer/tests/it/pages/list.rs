use opentracing_viewer::Viewer;

use super::{count, get};
use crate::sample::{self, trace_id};

const ROW: &str = "<tr data-trace=";

#[test]
fn says_how_to_send_while_it_is_empty() {
    let viewer = Viewer::bind("127.0.0.1:0").unwrap();
    let page = get(&viewer, "/");
    assert_eq!(page.status, 200);
    assert!(page.body.contains(&format!("http://{}/v1/traces", viewer.local_addr())));
    assert!(page.body.len() < 100_000, "{} bytes", page.body.len());
}

#[test]
fn filters_by_the_url() {
    let viewer = Viewer::bind("127.0.0.1:0").unwrap();
    viewer.store().insert(sample::checkout(1));
    viewer.store().insert(vec![sample::span(2, 1, 0, &sample::process("probe", "3"), "GET /health", 0, 1)]);
    for (query, expected) in [
        ("", 2),
        ("?service=shop", 1),
        ("?service=none", 0),
        ("?service=&operation=GET+%2Fhealth", 1),
        ("?status=failed", 1),
        ("?status=ok", 2),
        ("?min=50ms", 1),
        ("?min=0.05s", 1),
        ("?min=50", 1),
        ("?max=999us", 0),
        ("?tags=db.system", 1),
        ("?tags=%21db.system", 2),
        ("?tags=db.namespace%3Dcarts+db.system%3D%22postgresql%22", 1),
        ("?tags=http.status_code%3D500", 1),
        ("?text=STATEMENT+timed", 1),
        ("?trace=abc0000000000000002", 1),
        ("?version=3", 1),
        ("?kind=consumer", 1),
        ("?from=1&until=2", 0),
    ] {
        let page = get(&viewer, &format!("/{query}"));
        assert_eq!(count(&page, ROW), expected, "{query}");
        let total = get(&viewer, &format!("/count{query}")).body;
        assert!(total.starts_with(&format!("{{\"total\":{expected},")), "{query}: {total}");
    }
}

#[test]
fn says_what_is_wrong_with_a_filter() {
    let viewer = Viewer::bind("127.0.0.1:0").unwrap();
    for query in ["min=soon", "max=1h", "trace=xyz", "min=-1ms", "min=1e400s"] {
        let page = get(&viewer, &format!("/?{query}"));
        assert_eq!((page.status, count(&page, "aria-invalid")), (200, 1), "{query}");
    }
}

#[test]
fn leads_to_older_traces() {
    let viewer = Viewer::bind("127.0.0.1:0").unwrap();
    let process = sample::process("shop", "1");
    viewer.store().insert((0..120).map(|trace| sample::span(trace + 1, 1, 0, &process, "work", trace, 1)).collect());
    let (mut path, mut seen) = ("/?service=shop".to_owned(), Vec::new());
    loop {
        let page = get(&viewer, &path);
        seen.extend(page.body.split(ROW).skip(1).map(|row| row[1..33].to_owned()));
        let Some((_, next)) = page.body.split_once("rel=\"next\" href=\"") else { break };
        path = next.split('"').next().unwrap().replace("&#38;", "&");
        assert!(path.contains("service=shop"), "{path}");
    }
    let newest_first: Vec<String> = (0..120).rev().map(|trace| trace_id(trace + 1).to_string()).collect();
    assert_eq!(seen, newest_first);
}

#[test]
fn marks_traces_that_are_not_whole() {
    let viewer = Viewer::bind("127.0.0.1:0").unwrap();
    viewer.store().insert(vec![sample::span(1, 2, 1, &sample::process("shop", "1"), "work", 0, 1)]);
    assert_eq!(count(&get(&viewer, "/"), ">no root<"), 1);
}
