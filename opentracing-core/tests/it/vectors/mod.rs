//! Runs the vectors in `tests/data`, or in the folder that `OPENTRACING_VECTORS` names.

mod b3;
mod baggage;
mod carrier;
mod datadog;
mod instana_http;
mod instana_messaging;
mod jaeger;
mod other;
mod report;
mod w3c;

use std::io::Write as _;
use std::path::PathBuf;

use serde_json::Value;

use self::report::Report;

type Run = fn(&Value, &mut Report);

const FILES: [(&str, Run); 8] = [
    ("w3c.json", w3c::run),
    ("b3.json", b3::run),
    ("baggage.json", baggage::run),
    ("instana-http.json", instana_http::run),
    ("instana-messaging.json", instana_messaging::run),
    ("jaeger.json", jaeger::run),
    ("datadog.json", datadog::run),
    ("other.json", other::run),
];

#[test]
fn vectors() {
    let folder = match std::env::var_os("OPENTRACING_VECTORS") {
        Some(folder) => PathBuf::from(folder),
        None => PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data"),
    };
    let mut report = Report::default();
    for (name, run) in FILES {
        match std::fs::read_to_string(folder.join(name)) {
            Ok(text) => match serde_json::from_str(&text) {
                Ok(file) => {
                    report.begin(name);
                    run(&file, &mut report);
                }
                Err(error) => report.fail(name, "", &format!("is no JSON: {error}")),
            },
            Err(error) => report.leave_out(format!("{name}: {error}")),
        }
    }
    leave_out_unknown_files(&folder, &mut report);

    // Not captured by the test runner, unlike what the macros print.
    let _ = std::io::stderr().write_all(report.summary(&folder.display().to_string()).as_bytes());
    assert!(report.cases() > 0, "there are no vectors in {}", folder.display());
    assert!(report.failures.is_empty(), "{} checks failed:\n{}", report.failures.len(), report.failures.join("\n"));
}

fn leave_out_unknown_files(folder: &std::path::Path, report: &mut Report) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.ends_with(".json") && !FILES.iter().any(|(known, _)| *known == name) {
            report.leave_out(format!("{name}: its formats are not there"));
        }
    }
}
