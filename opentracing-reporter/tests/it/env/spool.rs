//! The spool by variables.

use std::sync::mpsc::channel;

use super::{LONG, check_warnings, read};
use crate::support::collector::{Collector, Reply};

type TestResult = Result<(), Box<dyn std::error::Error>>;

#[test]
fn a_variable_names_the_folder_of_a_spool() -> TestResult {
    let folder = tempfile::tempdir()?;
    let path = folder.path().to_str().ok_or("a path")?;
    let (records, seen) = channel();
    let own = folder.path().join("otlp-0");
    let collector = Collector::deciding(move |_| {
        let names = std::fs::read_dir(&own).into_iter().flatten().flatten().map(|entry| entry.file_name());
        // The test may already have ended.
        let _ = records.send(names.filter(|name| name.to_string_lossy().ends_with(".spans")).count());
        Reply::ok()
    })?;
    let url = collector.url();
    for (mode, expected) in [("on_failure", 0), ("before_sending", 1)] {
        let variables =
            [("OTEL_EXPORTER_OTLP_ENDPOINT", &*url), ("OPENTRACING_SPOOL", path), ("OPENTRACING_SPOOL_MODE", mode)];
        let (tracer, guard) = read(&variables).start()?;
        tracer.span("work").start().finish();
        guard.close(LONG)?;
        assert_eq!(seen.recv_timeout(LONG), Ok(expected), "{mode}");
    }
    Ok(())
}

#[test]
fn all_exporters_have_a_spool() -> TestResult {
    let folder = tempfile::tempdir()?;
    let path = folder.path().to_str().ok_or("a path")?;
    let variables = [("OTEL_TRACES_EXPORTER", "otlp,zipkin,jaeger,instana,console"), ("OPENTRACING_SPOOL", path)];
    drop(read(&variables));
    let mut names: Vec<_> = std::fs::read_dir(path)?.flatten().map(|entry| entry.file_name()).collect();
    names.sort();
    assert_eq!(names, ["instana-0", "jaeger-udp-0", "otlp-0", "zipkin-0"]);
    Ok(())
}

#[test]
fn invalid_settings_of_a_spool_cause_one_warning_each() -> TestResult {
    let folder = tempfile::tempdir()?;
    let path = folder.path().to_str().ok_or("a path")?;
    check_warnings(
        &[
            ("OTEL_TRACES_EXPORTER", "otlp,zipkin"),
            ("OPENTRACING_SPOOL", path),
            ("OPENTRACING_SPOOL_MODE", "always"),
            ("OPENTRACING_SPOOL_MAX_BYTES", "1 GB"),
        ],
        &[
            "OPENTRACING_SPOOL_MODE is \"always\", neither on_failure nor before_sending: using on_failure",
            "OPENTRACING_SPOOL_MAX_BYTES is \"1 GB\", not a number of bytes: using 268435456",
        ],
    );
    check_warnings(
        &[("OPENTRACING_SPOOL_MODE", "before_sending"), ("OPENTRACING_SPOOL_MAX_BYTES", "1000000")],
        &[
            "OPENTRACING_SPOOL_MODE is set without OPENTRACING_SPOOL: ignoring it",
            "OPENTRACING_SPOOL_MAX_BYTES is set without OPENTRACING_SPOOL: ignoring it",
        ],
    );
    let file = tempfile::NamedTempFile::new()?;
    let path = file.path().to_str().ok_or("a path")?;
    let warnings: Vec<_> = read(&[("OPENTRACING_SPOOL", path)]).warnings().iter().map(ToString::to_string).collect();
    let [warning] = &warnings[..] else { panic!("{warnings:?}") };
    assert!(warning.starts_with("OPENTRACING_SPOOL cannot be used (") && warning.ends_with("keeping spans in memory"));
    Ok(())
}
