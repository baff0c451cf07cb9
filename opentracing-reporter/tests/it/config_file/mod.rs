//! OpenTelemetry's configuration file.

mod broken;
mod exporters;
mod ignored;
mod resource;
mod sample;
mod samplers;
mod settings;
mod substitution;
mod tail_sampling;

use std::collections::BTreeMap;
use std::fs;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use opentracing_core::{FinishedSpan, Secrets, Tracer, TracerBuilder};
use opentracing_reporter::{EnvConfig, FlushGuard, SendOutcome, SendReason, Transport};

const PATIENCE: Duration = Duration::from_secs(20);
/// A file in which a test's keys follow.
const HEAD: &str = "file_format: \"1.1\"\n";

/// Reads a file with this text, in which the variables may be referenced.
fn read_with(text: &str, variables: &[(&str, &str)]) -> EnvConfig {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("otel.yaml");
    fs::write(&path, text).expect("a file");
    let path = path.to_str().expect("the path is a text");
    EnvConfig::new(&|name| match name {
        "OTEL_CONFIG_FILE" => Some(path.to_owned()),
        name => variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()),
    })
}

/// Reads a file with these keys after the version.
fn read(keys: &str) -> EnvConfig {
    read_with(&format!("{HEAD}{keys}"), &[])
}

/// A provider with one exporter to the console, and these keys.
fn provider(keys: &str) -> String {
    format!("tracer_provider:\n  processors: [simple: {{exporter: {{console: }}}}]\n{keys}")
}

#[track_caller]
fn check_warnings(config: &EnvConfig, expected: &[&str]) {
    assert_eq!(config.invalid_file(), None);
    let found: Vec<String> = config.warnings().iter().map(ToString::to_string).collect();
    assert_eq!(found, expected);
}

/// A span and its process as text.
#[derive(Debug, Default)]
struct Told {
    service: String,
    process: BTreeMap<String, String>,
    name: String,
    tags: BTreeMap<String, String>,
    logs: usize,
    /// Of all logs together.
    fields: usize,
    references: usize,
}

struct Tell {
    waiting: usize,
    told: Sender<Told>,
}

impl Transport for Tell {
    fn name(&self) -> &'static str {
        "tell"
    }

    fn add(&mut self, span: FinishedSpan<'_>) {
        self.waiting += 1;
        let told = Told {
            service: span.process().service().into(),
            process: span.process().tags().map(|(key, value)| (key.into(), value.to_string())).collect(),
            name: span.operation_name().into(),
            tags: span.tags().map(|(key, value)| (key.into(), value.to_string())).collect(),
            logs: span.logs().count(),
            fields: span.logs().map(|log| log.fields().count()).sum(),
            references: span.references().count(),
        };
        // The test may already have ended.
        let _ = self.told.send(told);
    }

    fn pending(&self) -> usize {
        self.waiting
    }

    fn send(&mut self, _: SendReason, _: Instant) -> SendOutcome {
        SendOutcome::sent(std::mem::take(&mut self.waiting))
    }
}

/// Starts a tracer whose spans are received here instead of by the exporters.
#[track_caller]
fn start(config: EnvConfig) -> (Tracer, FlushGuard, Receiver<Told>) {
    assert_eq!(config.invalid_file(), None);
    let (sender, told) = channel();
    let (tracer, guard) = config.transport(Tell { waiting: 0, told: sender }).start().expect("it starts");
    (tracer, guard, told)
}

/// The process of a tracer.
#[track_caller]
fn process(config: EnvConfig) -> (String, BTreeMap<String, String>) {
    // Some values look like secrets.
    let redact_none = |tracer: TracerBuilder| tracer.secrets(Secrets::none());
    let (tracer, guard, told) = start(config.tracer(redact_none));
    tracer.span("work").start().finish();
    assert_eq!(guard.close(PATIENCE), Ok(()));
    let told = told.recv().expect("the span");
    (told.service, told.process)
}
