//! The lists of texts with and without secrets, through a tracer.

use opentracing_core::Value;
use opentracing_core::mock::MockTracer;
use serde_json::Value as Json;

struct Case {
    kind: String,
    key: Option<&'static str>,
    text: String,
    secret: Option<String>,
}

fn cases(file: &str) -> Vec<Case> {
    let list: Json = serde_json::from_str(file).unwrap();
    let cases = list["cases"].as_array().unwrap().iter();
    let text = |case: &Json, field: &str| case[field].as_str().map(str::to_owned);
    let cases = cases.map(|case| Case {
        kind: text(case, "kind").unwrap(),
        key: text(case, "key").map(|key| &*key.leak()),
        text: text(case, "text").unwrap(),
        secret: text(case, "secret"),
    });
    cases.collect()
}

/// Records the text in each way in which texts of its kind are recorded, and gives back all that leaves.
fn exported(mock: &MockTracer, case: &Case) -> Vec<String> {
    mock.reset();
    let text = case.text.as_str();
    let mut span = mock.tracer().span("call").start();
    match (case.kind.as_str(), case.key) {
        ("url", None) => {
            let (start, end) = text.split_at(text.char_indices().nth(3).map_or(text.len(), |(at, _)| at));
            span.set_tag("http.url", text).set_tag("target", Value::Url(&[start, end]));
            span.log_kv(&[("http.url", Value::Str(text)), ("target", Value::Url(&[text]))]);
        }
        ("error", None) => {
            span.set_tag("reason", text).set_tag("status", Value::Message(text));
            span.log_error(&std::io::Error::other(text)).log_kv(&[("reason", Value::Str(text))]);
        }
        ("tag", Some(key)) => {
            span.set_tag(key, text);
            let mut copied = mock.tracer().span("copied").start();
            copied.set_tag(&key.to_owned(), text).log_kv(&[(key, Value::Str(text))]);
        }
        ("log", Some(key)) => {
            span.log_kv(&[(key, Value::Str(text))]);
        }
        (kind, key) => panic!("{kind:?} with {key:?} is no kind of case"),
    }
    span.finish();
    let mut exported = vec![];
    for span in mock.finished_spans() {
        let fields = span.logs.iter().flat_map(|log| &log.fields);
        let of_the_error = |key: &str| case.kind == "error" && ["event", "error.kind"].contains(&key);
        let all = span.tags.iter().chain(fields).filter(|(key, _)| !of_the_error(key));
        exported.extend(all.map(|(_, value)| value.as_value().to_string()));
    }
    exported
}

#[test]
fn no_secret_of_the_list_leaves() {
    let mock = MockTracer::new();
    let cases = cases(include_str!("../data/secrets.json"));
    assert!(cases.len() >= 150);
    let mut left = vec![];
    for case in &cases {
        let secret = case.secret.as_deref().unwrap();
        assert!(case.text.contains(secret), "{:?} has no {secret:?}", case.text);
        let exported = exported(&mock, case);
        assert!(!exported.is_empty());
        left.extend(exported.into_iter().filter(|text| text.contains(secret)).map(|text| (&case.text, text)));
    }
    assert!(left.is_empty(), "{} left: {left:#?}", left.len());
}

#[test]
fn no_harmless_text_of_the_list_is_damaged() {
    let mock = MockTracer::new();
    let cases = cases(include_str!("../data/harmless.json"));
    assert!(cases.len() >= 150);
    let mut damaged = vec![];
    for case in &cases {
        let exported = exported(&mock, case);
        assert!(!exported.is_empty());
        damaged.extend(exported.into_iter().filter(|text| *text != case.text));
    }
    assert!(damaged.is_empty(), "{} damaged: {damaged:#?}", damaged.len());
}
