//! Batches that go to the disk before they are sent.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::sync::{Arc, Barrier};
use std::time::Duration;

use opentracing_core::Tracer;
use opentracing_reporter::{BatchReporter, Otlp, Spool, SpoolMode};

use crate::export::faults::{next, until};
use crate::export::spool::{CHILD, SAFE, child, names_at, records_in, spool_records, stats, tracer};
use crate::otlp::spans::{TestResult, names_in};
use crate::reporter::logging::lines_with;
use crate::support::collector::{Collector, Hand, Reply, stepped};
use crate::support::transports::{NEVER, PATIENCE, finish_spans, names};

/// A port that no program gets by chance.
const NOBODY: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 1);

fn spool(folder: &Path) -> Spool {
    Spool::new(folder).mode(SpoolMode::BeforeSending)
}

#[test]
fn a_batch_is_on_the_disk_until_it_is_accepted() -> TestResult {
    let folder = tempfile::tempdir()?;
    let own = folder.path().join("otlp-0");
    let (records, seen) = channel();
    let seen_in = own.clone();
    let collector = Collector::deciding(move |_| {
        // The test may already have ended.
        let _ = records.send(records_in(&seen_in).map_or(0, |records| records.len()));
        Reply::ok()
    })?;
    let (tracer, _) = tracer(collector.address(), spool(folder.path()))?;
    for _ in 0..2 {
        finish_spans(&tracer, 3);
        assert_eq!(tracer.flush(PATIENCE), Ok(()));
    }
    assert_eq!(names_at(&collector), [names(3), names(3)].concat());
    assert_eq!(seen.try_iter().collect::<Vec<_>>(), [1, 1]);
    assert_eq!(records_in(&own)?.len(), 0);
    let stats = stats(&tracer);
    assert_eq!((stats.sent, stats.requests, stats.spooled, stats.recovered_sent), (6, 2, 0, 0));
    Ok(())
}

#[test]
fn full_batches_go_to_the_disk_while_a_request_is_in_flight() -> TestResult {
    let folder = tempfile::tempdir()?;
    let collector = Collector::start([Reply::Nothing])?;
    let hand = Hand::new();
    let otlp = Otlp::http(&*collector.url())?.clock(hand.shared()).spool(spool(folder.path()))?;
    let tracer = stepped(BatchReporter::new(otlp).batch_size(4).batch_delay(NEVER));
    for (finished, spooled) in [(4, 4), (4, 8), (6, 12)] {
        finish_spans(&tracer, finished);
        until(&tracer, |_| stats(&tracer).spooled == spooled);
    }
    assert_eq!((stats(&tracer).queued, next(&tracer, &collector).connection), (2, 0), "two are no batch");
    hand.advance(Duration::from_secs(11));
    until(&tracer, |_| stats(&tracer).failed_requests == 1);
    assert_eq!(stats(&tracer).spooled, 14, "after a second, the rest goes too");
    hand.advance(Duration::from_secs(2));
    until(&tracer, |stats| stats.sent == 14);
    assert_eq!(collector.all().iter().map(|got| names_in(got).len()).collect::<Vec<_>>(), [4, 4, 4, 2]);
    Ok(())
}

#[test]
fn the_next_process_sends_what_the_server_has_not_accepted() -> TestResult {
    let folder = tempfile::tempdir()?;
    let (first, _) = tracer(NOBODY, spool(folder.path()))?;
    spool_records(&first, 3, 2);
    assert_eq!((stats(&first).spooled, stats(&first).failed_requests), (6, 1));
    assert_eq!(first.close(PATIENCE), Ok(()));
    let collector = Collector::start([])?;
    let (heir, _) = tracer(collector.address(), spool(folder.path()))?;
    assert_eq!(heir.flush(PATIENCE), Ok(()));
    assert_eq!((names_at(&collector), stats(&heir).recovered_sent), (names(6), 6));
    Ok(())
}

#[test]
fn sends_from_memory_while_the_disk_takes_nothing() -> TestResult {
    let folder = tempfile::tempdir()?;
    let collector = Collector::start([])?;
    assert_eq!(lines_with("no more than 1234 bytes"), []);
    let (tracer, hand) = tracer(collector.address(), spool(folder.path()).max_bytes(1234))?;
    for _ in 0..3 {
        finish_spans(&tracer, 2);
        assert_eq!(tracer.flush(PATIENCE), Ok(()));
        hand.advance(Duration::from_secs(2));
    }
    assert_eq!(names_at(&collector), [names(2), names(2), names(2)].concat());
    assert_eq!((tracer.stats().reporter.sent, tracer.stats().lost()), (6, 0));
    assert_eq!(lines_with("no more than 1234 bytes").len(), 1, "once a minute");
    Ok(())
}

/// The server accepts the first batch, and has the second when the process is killed. The third is on the disk, the fourth is not full.
#[test]
fn a_killed_process_loses_only_the_batch_that_fills_up() -> TestResult {
    if let Some(variable) = std::env::var_os(CHILD) {
        return work_until_killed(&variable.to_string_lossy());
    }
    let folder = tempfile::tempdir()?;
    let answer = Arc::new(Barrier::new(2));
    let collector = Collector::start([Reply::ok(), Reply::Late(answer.clone())])?;
    let mut child = child("spool_first::a_killed_process_loses_only_the_batch_that_fills_up", Command::new)?
        .env(CHILD, format!("{} {}", collector.url(), folder.path().display()))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let output = BufReader::new(child.stdout.take().ok_or("it has an output")?);
    assert!(output.lines().map_while(Result::ok).any(|line| line.ends_with(SAFE)), "the child has spooled its spans");
    // With SIGKILL where it exists.
    child.kill()?;
    child.wait()?;
    answer.wait();
    let (heir, _) = tracer(collector.address(), spool(folder.path()))?;
    assert_eq!(heir.flush(PATIENCE), Ok(()));
    let all = names(30);
    let expected = [&all[..10], &all[10..20], &all[10..20], &all[20..30]].concat();
    assert_eq!(names_at(&collector), expected, "only what was in flight arrives twice");
    assert_eq!(stats(&heir).recovered_sent, 20);
    Ok(())
}

fn work_until_killed(variable: &str) -> TestResult {
    let (url, folder) = variable.split_once(' ').ok_or("an address and a folder")?;
    let otlp = Otlp::http(url)?.spool(spool(Path::new(folder)))?;
    let reporter = BatchReporter::new(otlp).batch_size(10).batch_delay(NEVER);
    let (tracer, guard) = reporter.start(Tracer::builder("shop"))?;
    let until = |spooled, sent| loop {
        let stats = tracer.stats();
        if stats.transports.first().is_some_and(|stats| stats.spooled == spooled && stats.sent == sent) {
            return;
        }
        std::thread::yield_now();
    };
    for number in 0..35 {
        tracer.span(number.to_string()).start().finish();
        match number {
            9 => until(0, 10),
            19 => until(10, 10),
            29 => until(20, 10),
            _ => {}
        }
    }
    writeln!(io::stdout(), "{SAFE}")?;
    // Runs until it is killed, or until its parent has ended.
    io::stdin().read_line(&mut String::new())?;
    drop(guard);
    Ok(())
}

/// On a small disk of its own, which only root can mount.
#[cfg(target_os = "linux")]
#[test]
fn says_that_no_space_is_left_once_a_minute() -> TestResult {
    if let Some(folder) = std::env::var_os(CHILD) {
        return fill_the_disk(Path::new(&folder));
    }
    let folder = tempfile::tempdir()?;
    let mount = "mount -t tmpfs -o size=32k tmpfs \"$0\" && exec \"$@\"";
    let in_namespace = |folder: &Path| {
        let mut unshare = Command::new("unshare");
        unshare.args(["--mount", "sh", "-c", mount]).arg(folder);
        unshare
    };
    if !in_namespace(folder.path()).arg("true").output().is_ok_and(|output| output.status.success()) {
        writeln!(io::stderr(), "skipped: says_that_no_space_is_left_once_a_minute needs root and unshare")?;
        return Ok(());
    }
    let with_program = |program| {
        let mut unshare = in_namespace(folder.path());
        unshare.arg::<std::path::PathBuf>(program);
        unshare
    };
    let output = child("spool_first::says_that_no_space_is_left_once_a_minute", with_program)?
        .env(CHILD, folder.path())
        .output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
    Ok(())
}

#[cfg(target_os = "linux")]
fn fill_the_disk(folder: &Path) -> TestResult {
    assert_eq!(lines_with(""), []);
    let (tracer, hand) = tracer(NOBODY, spool(folder))?;
    let text = "x".repeat(4000);
    for _ in 0..20 {
        tracer.span("large").tag("text", &text).start().finish();
        let _ = tracer.flush(Duration::from_millis(2));
        hand.advance(Duration::from_secs(2));
    }
    let stats = stats(&tracer);
    assert!(stats.spooled > 0 && stats.queued > 0 && stats.spooled + stats.queued == 20, "{stats:?}");
    assert_eq!(lines_with("No space left on device").len(), 1, "{:?}", lines_with(""));
    let _ = tracer.close(Duration::ZERO);
    Ok(())
}
