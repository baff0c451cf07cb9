//! SIGTERM and SIGINT in a process without handlers.

use std::fs::OpenOptions;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use opentracing_core::{FinishedSpan, Tracer};
use opentracing_reporter::{BatchReporter, SendOutcome, SendReason, Transport};

/// The file that the child process writes its spans to.
const FILE: &str = "OPENTRACING_TEST_TERMINATE";
const READY: &str = "ready for the signal";

/// Appends a line for each span to a file when it is flushed.
struct Append {
    lines: Vec<String>,
    file: std::fs::File,
}

impl Transport for Append {
    fn name(&self) -> &'static str {
        "append"
    }

    fn add(&mut self, span: FinishedSpan<'_>) {
        let unfinished = span.tags().any(|(key, value)| key == "unfinished" && value.to_string() == "true");
        self.lines.push(format!("{}{}", span.operation_name(), if unfinished { " unfinished" } else { "" }));
    }

    fn pending(&self) -> usize {
        self.lines.len()
    }

    fn send(&mut self, _: SendReason, _: Instant) -> SendOutcome {
        let lines = std::mem::take(&mut self.lines);
        // In one write, since two tracers append to the file at the same time.
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        self.file.write_all(text.as_bytes()).unwrap();
        SendOutcome::sent(lines.len())
    }
}

#[test]
fn a_signal_flushes_all_tracers_and_ends_the_process() -> std::io::Result<()> {
    if let Some(path) = std::env::var_os(FILE) {
        return wait_for_the_signal(path);
    }
    for (name, number) in [("TERM", 15), ("INT", 2)] {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("spans");
        let mut child = Command::new(std::env::current_exe()?)
            .args(["--exact", "terminate::a_signal_flushes_all_tracers_and_ends_the_process", "--nocapture"])
            .env(FILE, &path)
            .stdout(Stdio::piped())
            .spawn()?;
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert!(lines.map_while(Result::ok).any(|line| line.contains(READY)), "{name}");
        assert!(Command::new("kill").args([&format!("-{name}"), &child.id().to_string()]).status()?.success());
        assert_eq!(child.wait()?.signal(), Some(number));
        let spans = std::fs::read_to_string(&path)?;
        let mut spans: Vec<_> = spans.lines().collect();
        spans.sort_unstable();
        assert_eq!(spans, ["hung unfinished", "hung unfinished", "work", "work"], "{name}");
    }
    Ok(())
}

fn wait_for_the_signal(path: std::ffi::OsString) -> std::io::Result<()> {
    let mut running = Vec::new();
    for service in ["first", "second"] {
        let file = OpenOptions::new().create(true).append(true).open(&path)?;
        let reporter = BatchReporter::new(Append { lines: Vec::new(), file }).batch_delay(Duration::from_secs(600));
        let (tracer, guard) = reporter.start(Tracer::builder(service))?;
        guard.flush_on_terminate(Duration::from_secs(20))?;
        guard.flush_on_terminate(Duration::from_secs(20))?;
        tracer.span("work").start().finish();
        let hung = tracer.span("hung").start();
        running.push((tracer, guard, hung));
    }
    writeln!(std::io::stdout(), "\n{READY}")?;
    loop {
        std::thread::park();
    }
}
