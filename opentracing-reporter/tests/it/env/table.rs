//! Every known variable is honoured, or answered by a warning that names it.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::process::Command;

use opentracing_reporter::EnvConfig;

/// A line of the table.
struct Row {
    name: &'static str,
    outcome: &'static str,
    valid: Option<&'static str>,
    invalid: Option<&'static str>,
    with: Vec<(&'static str, &'static str)>,
    effect: &'static str,
}

const TABLE: &str = include_str!("../../data/environment.txt");

fn rows() -> Vec<Row> {
    let is_row = |line: &&str| !line.is_empty() && !line.starts_with('#');
    TABLE.lines().filter(is_row).map(Row::parse).collect()
}

impl Row {
    fn parse(line: &'static str) -> Self {
        let fields: Vec<_> = line.splitn(6, " | ").collect();
        let [name, outcome, valid, invalid, with, effect] = fields[..] else { panic!("six columns: {line}") };
        let value = |text: &'static str| (text != "-").then_some(text);
        let with = value(with).into_iter().flat_map(|with| with.split(' '));
        let with = with.map(|pair| pair.split_once('=').expect("a name and a value")).collect();
        Row { name, outcome, valid: value(valid), invalid: value(invalid), with, effect }
    }

    /// The warnings that name the variable, and the names that were looked up.
    fn warnings(&self, value: &str) -> (Vec<String>, BTreeSet<String>) {
        let asked = RefCell::new(BTreeSet::new());
        let read = EnvConfig::new(&|name| {
            asked.borrow_mut().insert(name.to_owned());
            let own = (name == self.name).then_some(value);
            own.or_else(|| self.with.iter().find(|(other, _)| *other == name).map(|(_, value)| *value))
                .map(str::to_owned)
        });
        let mentions = |warning: &&opentracing_reporter::EnvWarning| warning.variable() == self.name;
        (read.warnings().iter().filter(mentions).map(ToString::to_string).collect(), asked.into_inner())
    }
}

#[test]
fn every_variable_is_honoured_or_answered_by_a_warning() {
    for row in rows().into_iter().filter(|row| !row.name.ends_with('*')) {
        let Row { name, outcome, valid, invalid, effect, .. } = &row;
        assert!(valid.is_some() || invalid.is_some(), "{name} has no value to try");
        if let Some(value) = valid {
            let (warnings, asked) = row.warnings(value);
            assert_eq!(warnings, [""; 0], "{name}={value}");
            assert!(asked.contains(*name), "{name} is not read");
        }
        let Some(value) = invalid else { continue };
        let (warnings, _) = row.warnings(value);
        match *outcome {
            "honoured" | "refused" => {
                // One text may mention two variables' values.
                assert_eq!(warnings.len(), 1, "{name}={value}: {warnings:?}");
                assert!(!warnings[0].contains("is not supported: use "), "{name} is {outcome}: {warnings:?}");
            }
            "unsupported" => assert_eq!(warnings, [format!("{name} is not supported: {effect}")], "{value}"),
            other => panic!("{name}: {other:?} is no outcome"),
        }
    }
}

#[test]
fn every_variable_that_is_read_is_in_the_table() {
    let known: BTreeSet<_> = rows().iter().map(|row| row.name).collect();
    assert_eq!(known.len(), rows().len(), "a name is there twice");
    let settings: [&[(&str, &str)]; 10] = [
        &[],
        &[("OTEL_TRACES_EXPORTER", "otlp,otlp_file,zipkin,jaeger,instana,datadog,console")],
        &[("OTEL_TRACES_EXPORTER", "jaeger"), ("JAEGER_ENDPOINT", "http://a/")],
        &[("DD_TRACE_AGENT_URL", "http://a")],
        &[("INSTANA_ENDPOINT_URL", "http://a"), ("INSTANA_AGENT_KEY", "k")],
        &[("JAEGER_SAMPLER_TYPE", "remote")],
        &[("OTEL_TRACES_SAMPLER", "jaeger_remote")],
        &[("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")],
        &[("OPENTRACING_SPOOL", "/dev/null/spans")],
        &[("OPENTRACING_TAIL_SAMPLING", "true")],
    ];
    let mut unknown = BTreeSet::new();
    for variables in settings {
        let asked = RefCell::new(BTreeSet::new());
        let _ = EnvConfig::new(&|name| {
            asked.borrow_mut().insert(name.to_owned());
            variables.iter().find(|(other, _)| *other == name).map(|(_, value)| (*value).to_owned())
        });
        unknown.extend(asked.into_inner().into_iter().filter(|name| !known.contains(&**name)));
    }
    assert_eq!(unknown, BTreeSet::new());
}

/// The variables of the process, of which some are known only by the beginning of their names.
#[test]
fn families_of_variables_are_answered_by_a_warning() {
    const FILTER: &str = "INSTANA_TRACING_FILTER_EXCLUDE_HEALTH_ATTRIBUTES";
    if std::env::var_os(FILTER).is_none() {
        let own = std::env::current_exe().expect("it has a path");
        let test = "env::table::families_of_variables_are_answered_by_a_warning";
        let child = Command::new(own).args(["--exact", test]).env(FILTER, "type;health").output();
        return assert!(child.is_ok_and(|child| child.status.success()));
    }
    let read = opentracing_reporter::from_env();
    let warnings: Vec<_> = read.warnings().iter().filter(|warning| warning.variable() == FILTER).collect();
    assert_eq!(warnings.len(), 1);
    assert_eq!(warnings[0].to_string(), format!("{FILTER} is not supported: use skip of the adapters"));
}

/// Words that are names in a program, in backticks.
fn with_code(text: &str) -> String {
    let words = text.split(' ').map(|word| {
        let name = word.trim_end_matches([',', ';', '.']);
        let is_camel = name.chars().skip(1).any(char::is_uppercase) && name.chars().any(char::is_lowercase);
        let is_name = is_camel || name.contains(['_', ':']);
        if is_name { format!("`{name}`{}", &word[name.len()..]) } else { word.to_owned() }
    });
    words.collect::<Vec<_>>().join(" ")
}

/// Run with `WRITE_DOCS=1` to write the page anew.
#[test]
fn the_page_has_the_rows_of_the_table() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/environment.md");
    let page = std::fs::read_to_string(path).expect("the page");
    let (head, _) = page.split_once("\n## ").expect("a section");
    let mut expected = head.to_owned();
    for section in TABLE.split("\n## ").skip(1) {
        let (title, lines) = section.split_once('\n').expect("a title");
        expected.push_str(&format!("\n## {title}\n\n| variable | effect |\n|---|---|\n"));
        for row in lines.lines().filter(|line| !line.is_empty()).map(Row::parse) {
            let effect = match row.outcome {
                "unsupported" => format!("not supported: {}", with_code(row.effect)),
                _ => row.effect.to_owned(),
            };
            expected.push_str(&format!("| `{}` | {effect} |\n", row.name));
        }
    }
    if std::env::var_os("WRITE_DOCS").is_some() {
        return std::fs::write(path, &expected).expect("the page can be written");
    }
    let differs = page.lines().zip(expected.lines()).find(|(written, wanted)| written != wanted);
    assert_eq!(differs, None, "docs/environment.md differs from tests/data/environment.txt");
    assert_eq!(page.len(), expected.len(), "docs/environment.md ends early or late");
}
