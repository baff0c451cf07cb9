//! A process that records nothing leaves the processor alone. Measured in a process of its own, on Linux.

use std::fs;
use std::process::Command;
use std::sync::mpsc::channel;
use std::time::Duration;

use opentracing_core::Tracer;
use opentracing_reporter::{BatchReporter, Jaeger, Otlp, Zipkin};

use crate::support::collector::{Collector, Reply};
use crate::support::transports::PATIENCE;

/// Set in the child process.
const CHILD: &str = "OPENTRACING_TEST_IDLE";
/// From then on, the pauses have their full length.
const SETTLING: Duration = Duration::from_secs(3);
const MEASURED: Duration = Duration::from_secs(4);

type TestResult = Result<(), Box<dyn std::error::Error>>;

/// How often each of our threads has slept, by name.
fn sleeps() -> std::io::Result<Vec<(String, u64)>> {
    let mut sleeps = Vec::new();
    for task in fs::read_dir("/proc/self/task")? {
        // A thread may end meanwhile.
        let Ok(status) = fs::read_to_string(task?.path().join("status")) else { continue };
        let field =
            |name| status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().trim().to_owned();
        let name = field("Name:");
        if name.starts_with("opentracing") {
            sleeps.push((name, field("voluntary_ctxt_switches:").parse().unwrap_or(0)));
        }
    }
    sleeps.sort();
    Ok(sleeps)
}

fn wait(time: Duration) {
    let (_sender, receiver) = channel::<()>();
    let _ = receiver.recv_timeout(time);
}

#[track_caller]
fn check(test: &str, body: fn() -> TestResult) -> TestResult {
    if std::env::var_os(CHILD).is_some() {
        return body();
    }
    let output =
        Command::new(std::env::current_exe()?).args([test, "--exact", "--nocapture"]).env(CHILD, "1").output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
    Ok(())
}

#[test]
fn threads_sleep_while_nothing_is_recorded() -> TestResult {
    check("reporter::idle::threads_sleep_while_nothing_is_recorded", || {
        let collectors = [Collector::start([])?, Collector::start([])?, Collector::start([])?];
        let [otlp, zipkin, jaeger] = [0, 1, 2].map(|number| collectors[number].url());
        let reporter = BatchReporter::new(Otlp::http(&otlp)?).transport(Zipkin::new(&*zipkin)?);
        let reporter = reporter.transport(Jaeger::http(&*jaeger)?).batch_size(1);
        let (tracer, guard) = reporter.start(Tracer::builder("shop"))?;
        tracer.span("work").start().finish();
        guard.flush(PATIENCE)?;
        wait(SETTLING);
        let before = sleeps()?;
        wait(MEASURED);
        let after = sleeps()?;
        assert_eq!(before.len(), 4, "the reporter, and a thread for each connection: {before:?}");
        for ((name, before), (_, after)) in before.into_iter().zip(after) {
            assert!(after - before <= 1, "{name} woke up {} times", after - before);
        }
        collectors.iter().for_each(|collector| drop(collector.next()));
        tracer.span("more").start().finish();
        collectors.iter().for_each(|collector| drop(collector.next()));
        Ok(())
    })
}

#[test]
fn threads_sleep_until_the_next_attempt_while_the_server_is_away() -> TestResult {
    check("reporter::idle::threads_sleep_until_the_next_attempt_while_the_server_is_away", || {
        let collector =
            Collector::start(vec![Reply::Say("503 Service Unavailable", &["retry-after: 100"], Vec::new())])?;
        let (tracer, guard) = BatchReporter::new(Otlp::http(&*collector.url())?).start(Tracer::builder("shop"))?;
        tracer.span("work").start().finish();
        collector.next();
        wait(SETTLING);
        let before = sleeps()?;
        wait(MEASURED);
        for ((name, before), (_, after)) in before.into_iter().zip(sleeps()?) {
            assert!(after - before <= 1, "{name} woke up {} times", after - before);
        }
        assert!(guard.close(Duration::ZERO).is_err());
        Ok(())
    })
}
