//! The tables of the page about semantic conventions: each row is recorded and sent.

use std::collections::BTreeSet;

use opentracing_core::{SpanKind, Tracer, Value};
use opentracing_reporter::{AttributeNames, Otlp, SemanticConventions};

use crate::otlp::spans::{sent_by, spans, written};

const PAGE: &str = include_str!("../../../../docs/semantic-conventions.md");
const TAGS: &str = include_str!("../../../../opentracing-core/src/model/tags.rs");

/// A row of a table: what is recorded, and what is sent.
#[derive(Debug)]
pub(crate) struct Row {
    area: Option<&'static str>,
    kind: SpanKind,
    recorded: Vec<&'static str>,
    pub(crate) sent: BTreeSet<String>,
    older: BTreeSet<String>,
}

/// The texts in backticks.
fn quoted(cell: &'static str) -> Vec<&'static str> {
    cell.split('`').skip(1).step_by(2).collect()
}

fn set(cell: &'static str) -> BTreeSet<String> {
    quoted(cell).into_iter().map(str::to_owned).collect()
}

pub(crate) fn rows() -> Vec<Row> {
    let kind = |cell: &str| SpanKind::from_tag(cell).unwrap_or_else(|| panic!("{cell} is no kind"));
    let lines = PAGE.lines().filter(|line| line.starts_with("| ") && line.contains("=") || line.contains("| kind"));
    lines
        .filter_map(|line| {
            let cells: Vec<_> = line.trim_matches('|').split(" | ").map(str::trim).collect();
            match cells[..] {
                [recorded, kinds, sent, _] if recorded.starts_with('`') => Some(Row {
                    area: None,
                    kind: kind(kinds),
                    recorded: quoted(recorded),
                    sent: set(sent),
                    older: BTreeSet::new(),
                }),
                [area, recorded, kinds, sent, older] if recorded.starts_with('`') => Some(Row {
                    area: Some(area),
                    kind: kind(kinds),
                    recorded: quoted(recorded),
                    sent: set(sent),
                    older: set(older),
                }),
                _ => None,
            }
        })
        .collect()
}

/// A value as the page writes it.
fn value(text: &str) -> Value<'_> {
    let text = match text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
        Some(text) => return Value::Str(text),
        None => text,
    };
    match (text.parse(), text.parse(), text.parse()) {
        (Ok(truth), ..) => Value::Bool(truth),
        (_, Ok(number), _) => Value::I64(number),
        (_, _, Ok(number)) => Value::F64(number),
        _ => panic!("{text} is no value"),
    }
}

/// Records the row, and returns its trace.
pub(crate) fn record(tracer: &Tracer, row: &Row) -> String {
    let name = row.recorded.iter().find_map(|given| given.strip_prefix("name "));
    let mut span = tracer.span(name.unwrap_or("x").trim_matches('"')).kind(row.kind).start();
    for (key, text) in row.recorded.iter().filter_map(|given| given.split_once('=')) {
        span.set_tag(key, value(text));
    }
    span.context().expect("it has a tracer").trace_id().to_string()
}

/// What is not told by an attribute.
pub(crate) fn fields(row: &Row, name: &str, kind: i32, status: i32) -> Vec<String> {
    const KINDS: [SpanKind; 5] =
        [SpanKind::Internal, SpanKind::Server, SpanKind::Client, SpanKind::Producer, SpanKind::Consumer];
    let mut fields = Vec::new();
    if name != "x" {
        fields.push(format!("name \"{name}\""));
    }
    let kind = KINDS[usize::try_from(kind - 1).expect("there is a kind")];
    if kind != row.kind {
        fields.push(format!("kind {kind}"));
    }
    match status {
        0 => {}
        1 => fields.push("status ok".to_owned()),
        _ => fields.push("status error".to_owned()),
    }
    fields
}

/// An attribute as the page writes it, from the form of the other tests.
fn as_on_the_page(attribute: &str) -> String {
    let (key, value) = attribute.split_once('=').expect("it has a value");
    if let Some(number) = ["int ", "bool "].iter().find_map(|of| value.strip_prefix(of)) {
        return format!("{key}={number}");
    }
    if let Some(number) = value.strip_prefix("double ") {
        return format!("{key}={number}");
    }
    match value.strip_prefix('[').and_then(|value| value.strip_suffix(']')) {
        Some(text) => format!("{key}=[\"{text}\"]"),
        None => format!("{key}=\"{value}\""),
    }
}

fn sent_for(row: &Row, names: AttributeNames) -> BTreeSet<String> {
    let conventions = SemanticConventions::new().http(names).database(names).messaging(names).rpc(names);
    let set = |otlp: Otlp| otlp.semantic_conventions(conventions);
    let resource = sent_by(set, Tracer::builder("shop"), |tracer| _ = record(tracer, row));
    let span = spans(&resource).next().expect("there is one");
    let status = span.status.as_ref().map_or(0, |status| status.code);
    let attributes: Vec<_> = written(&span.attributes).iter().map(|attribute| as_on_the_page(attribute)).collect();
    let keys: BTreeSet<_> = span.attributes.iter().map(|attribute| &attribute.key).collect();
    assert_eq!(keys.len(), attributes.len(), "each key once: {attributes:?}");
    attributes.into_iter().chain(fields(row, &span.name, span.kind, status)).collect()
}

#[test]
fn each_row_is_sent_as_the_page_says() {
    let rows = rows();
    assert!(rows.len() > 90, "{} rows", rows.len());
    for row in &rows {
        assert_eq!(sent_for(row, AttributeNames::Current), row.sent, "{row:?}");
    }
}

#[test]
fn each_row_has_the_older_names_of_the_page() {
    let with_older: Vec<_> = rows().into_iter().filter(|row| row.area.is_some()).collect();
    assert!(with_older.len() > 10, "{} rows", with_older.len());
    for row in &with_older {
        assert_eq!(sent_for(row, AttributeNames::Older), row.older, "{row:?}");
        // Where both have one name, today's value wins.
        let key = |attribute: &String| attribute.split('=').next().unwrap_or_default().to_owned();
        let today: BTreeSet<_> = row.sent.iter().map(key).collect();
        let older = row.older.iter().filter(|attribute| !today.contains(&key(attribute)));
        let both: BTreeSet<_> = row.sent.iter().chain(older).cloned().collect();
        assert_eq!(sent_for(row, AttributeNames::Both), both, "{row:?}");
    }
}

#[test]
fn only_the_area_of_a_span_has_older_names() {
    for row in rows().iter().filter(|row| row.area.is_some()) {
        for area in ["http", "database", "messaging", "rpc"] {
            let (conventions, unknown) = SemanticConventions::from_opt_in(match area {
                "http" => "http/old",
                "database" => "database/old",
                "messaging" => "messaging/old",
                _ => "rpc/old",
            });
            assert_eq!(unknown, [] as [&str; 0]);
            let set = |otlp: Otlp| otlp.semantic_conventions(conventions);
            let resource = sent_by(set, Tracer::builder("shop"), |tracer| _ = record(tracer, row));
            assert_eq!(resource.schema_url, "", "no schema has these names");
            let span = spans(&resource).next().expect("there is one");
            let sent: BTreeSet<_> = written(&span.attributes).iter().map(|line| as_on_the_page(line)).collect();
            let expected = if row.area == Some(area) { &row.older } else { &row.sent };
            let expected: BTreeSet<_> = expected.iter().filter(|line| line.contains('=')).cloned().collect();
            assert_eq!(sent, expected, "{area}: {row:?}");
        }
    }
}

#[test]
fn every_standard_tag_is_on_the_page() {
    let names = TAGS.lines().filter_map(|line| line.trim().strip_suffix("\";")?.rsplit_once(" = \""));
    let names: Vec<_> = names.map(|(_, name)| name).filter(|name| !name.is_empty()).collect();
    assert!(names.len() > 60, "{} tags", names.len());
    let rows = rows();
    for name in names {
        let is_there = |given: &&str| given.strip_prefix(name).is_some_and(|rest| rest.starts_with('='));
        assert!(rows.iter().any(|row| row.recorded.iter().any(&is_there)), "{name} is missing");
    }
}

#[test]
fn reads_which_names_are_opted_into() {
    use AttributeNames::{Both, Current, Older};

    #[track_caller]
    fn check(text: &str, expected: [AttributeNames; 4], expected_unknown: &[&str]) {
        let (SemanticConventions { http, database, messaging, rpc, .. }, unknown) =
            SemanticConventions::from_opt_in(text);
        assert_eq!([http, database, messaging, rpc], expected, "{text:?}");
        assert_eq!(unknown, expected_unknown, "{text:?}");
    }
    check("", [Current; 4], &[]);
    check("http", [Current; 4], &[]);
    check("http/dup", [Both, Current, Current, Current], &[]);
    check(" database/dup , messaging/dup,rpc/dup,", [Current, Both, Both, Both], &[]);
    check("http/old,database/old,messaging/old,rpc/old", [Older; 4], &[]);
    check("http/dup,http", [Both, Current, Current, Current], &[]);
    check("http,http/dup,http/old", [Both, Current, Current, Current], &[]);
    check("http,http/old", [Current; 4], &[]);
    check("code,k8s/dup,gen_ai_latest_experimental", [Current; 4], &[]);
    check("HTTP,http/new,database/dup,htpp", [Current, Both, Current, Current], &["HTTP", "http/new", "htpp"]);
}
