use opentracing_viewer::{Log, Viewer};

use super::get;
use crate::sample::{self, trace_id};

/// Texts that would run or break something where they are not escaped.
pub(crate) const TEXTS: &[&str] = &[
    "<script>window.broken = 1</script>",
    "</script><script>window.broken = 1</script>",
    "\" onload=\"window.broken = 1",
    "' onfocus='window.broken = 1' autofocus='",
    "<img src=x onerror=window.broken=1>",
    "<svg/onload=window.broken=1>",
    "javascript:window.broken=1",
    "{{ 7 * 7 }} ${window.broken = 1}",
    "<!--<script>",
    "\u{202e}txet\u{0}\u{7}\u{2028}",
];

/// A trace with each of the texts in every place that a sender can write to.
pub(crate) fn trace() -> Vec<opentracing_viewer::Span> {
    let spans = TEXTS.iter().enumerate().map(|(index, text)| {
        let id = index as u64 + 1;
        let mut span = sample::span(1, id, u64::from(index != 0), &sample::process(text, text), text, id, 20);
        span.tags = vec![
            ((*text).into(), (*text).into()),
            ("db.statement".into(), (*text).into()),
            ("http.url".into(), (*text).into()),
        ];
        span.logs = vec![Log::new(
            span.start_unix_ns,
            vec![((*text).into(), (*text).into()), ("event".into(), "error".into())],
        )];
        span.is_failed = true;
        span
    });
    spans.collect()
}

#[test]
fn escapes_everything_that_senders_write() {
    let viewer = Viewer::bind("127.0.0.1:0").unwrap();
    viewer.store().insert(trace());
    let id = trace_id(1);
    let quoted = "?text=%22%3E%3Cscript%3Ewindow.broken%3D1%3C%2Fscript%3E&service=%22%20onfocus%3Dx&min=%3Cscript%3E";
    let mut paths = vec![
        "/".to_owned(),
        format!("/{quoted}"),
        format!("/traces/{id}"),
        format!("/theme{quoted}"),
        format!("/traces/%3Cscript%3E"),
    ];
    paths.extend(
        (1..=TEXTS.len())
            .flat_map(|span| [format!("/traces/{id}?span={span:016x}"), format!("/traces/{id}/spans/{span:016x}")]),
    );
    for path in paths {
        let page = get(&viewer, &path);
        // The numbers for the script are JSON in the last element, where only its end matters.
        let (html, json) =
            page.body.split_once("<script type=\"application/json\" id=\"columns\">").unwrap_or((&page.body, ""));
        for part in ["<script>", "<img", "<svg/", "onload=\"", "onfocus='", "href=\"javascript"] {
            assert!(!html.contains(part), "{part} on {path}: {html}");
        }
        assert_eq!(json.split('<').nth(1).unwrap_or("/script>\n\n"), "/script>\n\n", "{path}");
    }
}

#[test]
fn bounds_what_it_reads_from_urls() {
    let viewer = Viewer::bind("127.0.0.1:0").unwrap();
    viewer.store().insert(sample::checkout(1));
    for query in [
        "tags=a+b+c".repeat(500),
        "text=x&".repeat(900),
        format!("text={}", "y".repeat(5_000)),
        "after=nonsense".into(),
    ] {
        assert_eq!(get(&viewer, &format!("/?{query}")).status, 200);
    }
    for path in [
        format!("/traces/{}?page=18446744073709551615", trace_id(1)),
        format!("/traces/{}/spans/xyz?row=99999999999999999999", trace_id(1)),
    ] {
        assert!(matches!(get(&viewer, &path).status, 200 | 404), "{path}");
    }
}
