//! Files that cannot be used.

use std::io::ErrorKind;

use opentracing_reporter::EnvConfig;

use super::{HEAD, provider, read_with};

/// The error, without the path of the file.
pub(super) fn problem(text: &str) -> String {
    let config = read_with(text, &[]);
    let invalid =
        config.invalid_file().unwrap_or_else(|| panic!("this is no error: {}", text.get(..80).unwrap_or(text)));
    let found = invalid.to_string();
    let found = found.strip_prefix(invalid.path()).expect("it begins with the path").to_owned();
    let error = config.start().expect_err("a broken file");
    assert_eq!((error.kind(), error.to_string().ends_with(&found)), (ErrorKind::InvalidData, true), "{error}");
    found
}

#[test]
fn errors_name_line_and_path() {
    #[track_caller]
    fn check(keys: &str, expected: &str) {
        assert_eq!(problem(&format!("{HEAD}{keys}")), expected, "{keys}");
    }
    check("disabled: maybe", ":2: disabled is \"maybe\", not true or false");
    check("resource: 5", ":2: resource is 5, not a mapping");
    check("resource:\n  attributes:\n    - value: 1", ":4: resource.attributes[0].name is missing");
    check("resource:\n  attributes_list: a", ":3: resource.attributes_list is not a list of key=value");
    check(
        "resource:\n  attributes_list: a=b=c",
        ":3: resource.attributes_list has an = in a value, which must be written as %3D",
    );
    check(
        "resource:\n  attributes:\n    - name: a\n      value: b\n      type: date",
        ":5: resource.attributes[0].value has the type \"date\", which is unknown",
    );
    check("propagator: {composite: b3}", ":2: propagator.composite is \"b3\", not a list");
    check("propagator: {composite: [5]}", ":2: propagator.composite[0] is 5, not a mapping with one key");
    check("tracer_provider: {}", ":2: tracer_provider.processors is missing");
    check(
        "tracer_provider:\n  processors:\n    - batch:\n",
        ":4: tracer_provider.processors[0].batch.exporter is missing",
    );
    check(
        "tracer_provider:\n  processors:\n    - batch:\n        schedule_delay: soon\n        exporter: {console: }\n",
        ":5: tracer_provider.processors[0].batch.schedule_delay is \"soon\", not a whole number",
    );
    check(
        "tracer_provider:\n  processors:\n    - batch: {max_queue_size: 0, exporter: {console: }}\n",
        ":4: tracer_provider.processors[0].batch.max_queue_size is 0, but must be at least 1",
    );
    check(
        "tracer_provider:\n  processors:\n    - simple: {exporter: {otlp_http: {endpoint: nowhere}}}\n",
        ":4: tracer_provider.processors[0].simple.exporter.otlp_http.endpoint is invalid (\"nowhere\" is not a valid endpoint: \
         it must start with http://, https:// or unix:)",
    );
    check(
        "tracer_provider:\n  processors:\n    - simple: {exporter: {otlp_http: {headers: [{name: \"a b\", value: secret}]}}}\n",
        ":4: tracer_provider.processors[0].simple.exporter.otlp_http.headers[0] is invalid: the header \"a b\" has an invalid \
         name or value",
    );
    check(
        "tracer_provider:\n  processors:\n    - simple: {exporter: {otlp_http: {headers_list: secret}}}\n",
        ":4: tracer_provider.processors[0].simple.exporter.otlp_http.headers_list is not a list of key=value",
    );
    check(
        &provider("  sampler: {trace_id_ratio_based: {ratio: 2}}\n"),
        ":4: tracer_provider.sampler.trace_id_ratio_based.ratio is 2, not between 0 and 1",
    );
    check(
        &provider("  sampler: {always_on: , always_off: }\n"),
        ":4: tracer_provider.sampler is a mapping, not a mapping with one key",
    );
    check(
        &provider("  limits: {event_count_limit: -1}\n"),
        ":4: tracer_provider.limits.event_count_limit is -1, but must be at least 0",
    );
}

#[test]
fn yaml_must_be_valid() {
    #[track_caller]
    fn check(text: &str, expected: &str) {
        let found = problem(text);
        assert!(found.starts_with(expected), "{}: {found}", text.get(..80).unwrap_or(text));
    }
    check("file_format: \"1.1\"\n  indented: x\n", ":2: is not YAML: ");
    check("file_format: \"1.1\"\ndisabled: [true\n", ":3: is not YAML: ");
    check("file_format: \"1.1\"\ndisabled: true\ndisabled: false\n", ":3: is not YAML: duplicated key");
    check("file_format: \"1.1\"\n--- \nfile_format: \"1.1\"\n", ":3: has a second document");
    check("file_format: \"1.1\"\n? [a, b]\n: c\n", ":2: has a key that is not a text");
    check("file_format: !!int one\n", ":1: has \"one\", which does not fit its tag");
    check(&format!("a: {}", "[".repeat(100)), ":1: is nested more than 64 levels deep");
    check(&format!("a: {}", "[".repeat(100_000)), ":1: is not YAML: recursion limit exceeded");
    check(&format!("a:\n{}", "- ".repeat(100_000)), ":2: is nested more than 64 levels deep");
    let laughs: String = (1..20).map(|n| format!("a{n}: &a{n} [{}]\n", format!("*a{},", n - 1).repeat(10))).collect();
    check(&format!("a0: &a0 [a]\n{laughs}"), ":6: is not YAML: alias expansion exceeded");
    check("- file_format\n", ":1: the document is a list, not a mapping");
}

#[test]
fn version_must_be_known() {
    assert_eq!(problem(""), ":1: the document has no file_format");
    assert_eq!(problem("disabled: true"), ":1: the document has no file_format");
    for version in ["\"2.0\"", "1", "\"one\"", "\"1.x\"", "\"\""] {
        let found = problem(&format!("file_format: {version}"));
        assert!(found.ends_with("but only versions 0.x and 1.x are supported"), "{found}");
    }
    for version in ["0.4", "1.0", "\"1.0-rc.2\"", "\"1.1\"", "\"1.25\""] {
        assert_eq!(read_with(&format!("file_format: {version}"), &[]).invalid_file(), None, "{version}");
    }
}

#[test]
fn a_missing_file_is_an_error() {
    for name in ["OTEL_CONFIG_FILE", "OTEL_EXPERIMENTAL_CONFIG_FILE"] {
        let config = EnvConfig::new(&|variable| (variable == name).then(|| "/nowhere/otel.yaml".to_owned()));
        let invalid = config.invalid_file().expect("there is no such file");
        assert_eq!((invalid.path(), invalid.line()), ("/nowhere/otel.yaml", None));
        assert!(config.start().is_err());
    }
}
