//! The spool: outages, restarts, damaged records.
//!
//! Time is moved by hand. A test that kills or limits a process runs itself as a child process.

use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use opentracing_core::{Tracer, TransportStats};
use opentracing_reporter::{BatchReporter, Otlp, Spool};

use crate::export::faults::until;
use crate::otlp::spans::{TestResult, names_in};
use crate::support::collector::{Collector, Hand, Reply};
use crate::support::transports::{NEVER, PATIENCE, finish_spans, names};

/// An address without a server. Another process could take the port, but is unlikely to.
fn unused_address() -> io::Result<SocketAddr> {
    TcpListener::bind(("127.0.0.1", 0))?.local_addr()
}

pub(super) fn tracer(address: SocketAddr, spool: Spool) -> Result<(Tracer, Hand), Box<dyn std::error::Error>> {
    let hand = Hand::new();
    let otlp = Otlp::http(&*format!("http://{address}"))?.clock(hand.shared()).timeout(NEVER).spool(spool)?;
    Ok((Tracer::builder("shop").build_inline(BatchReporter::new(otlp).queue_size(1_000_000).batch_delay(NEVER)), hand))
}

/// Writes records with these numbers of spans, whose names count up from 0.
pub(super) fn spool_records(tracer: &Tracer, records: usize, spans: usize) {
    for record in 0..records {
        for span in 0..spans {
            tracer.span((record * spans + span).to_string()).start().finish();
        }
        assert_eq!(tracer.flush(PATIENCE), Ok(()), "what is on the disk counts as safe");
    }
}

/// The records of [`spool_records`], left by a tracer that has ended.
fn leave_records(folder: &Path, records: usize, spans: usize) -> TestResult {
    let (tracer, _) = tracer(unused_address()?, Spool::new(folder))?;
    spool_records(&tracer, records, spans);
    assert_eq!(tracer.close(PATIENCE), Ok(()));
    Ok(())
}

pub(super) fn stats(tracer: &Tracer) -> TransportStats {
    // A pass of the reporter writes them.
    let _ = tracer.flush(Duration::ZERO);
    tracer.stats().transports.remove(0)
}

/// Runs the transport until this many spans have arrived. Moves the time whenever nothing arrives.
#[track_caller]
fn until_sent(tracer: &Tracer, hand: &Hand, spans: u64) {
    let mut end = Instant::now() + PATIENCE;
    let mut before = 0;
    while before < spans {
        assert!(Instant::now() < end, "{spans} spans should have arrived by now, not {before}");
        let _ = tracer.flush(Duration::from_millis(100));
        let sent = tracer.stats().reporter.sent;
        if sent == before {
            hand.advance(Duration::from_secs(30));
        } else {
            end = Instant::now() + PATIENCE;
        }
        before = sent;
    }
    assert_eq!(before, spans);
}

pub(super) fn names_at(collector: &Collector) -> Vec<String> {
    collector.all().iter().flat_map(names_in).collect()
}

/// The files with spans, oldest first.
pub(super) fn records_in(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut records = Vec::new();
    for entry in fs::read_dir(folder)? {
        records
            .extend(Some(entry?.path()).filter(|path| path.extension().is_some_and(|extension| extension == "spans")));
    }
    records.sort();
    Ok(records)
}

#[test]
fn sends_in_order_once_the_server_is_back() -> TestResult {
    let (folder, address) = (tempfile::tempdir()?, unused_address()?);
    let (tracer, hand) = tracer(address, Spool::new(folder.path()))?;
    spool_records(&tracer, 5, 3);
    let kept = stats(&tracer);
    assert_eq!((kept.sent, kept.spooled, kept.queued, kept.dropped_failed), (0, 15, 0, 0));
    let collector = Collector::listen(TcpListener::bind(address)?, [])?;
    hand.advance(Duration::from_secs(60));
    finish_spans(&tracer, 1);
    assert_eq!(tracer.flush(PATIENCE), Ok(()));
    assert_eq!(names_at(&collector), [names(15), names(1)].concat(), "what is younger goes last");
    let all = stats(&tracer);
    assert_eq!((all.sent, all.spooled, all.recovered_sent, all.dropped_failed), (16, 0, 0, 0));
    assert_eq!((all.requests, all.failed_requests, all.retries), (6, 1, 1));
    assert_eq!(records_in(&folder.path().join("otlp-0"))?.len(), 0);
    Ok(())
}

#[test]
fn sends_directly_while_the_server_answers() -> TestResult {
    let folder = tempfile::tempdir()?;
    let collector = Collector::start([])?;
    let (tracer, _) = tracer(collector.address(), Spool::new(folder.path()))?;
    // There is no room for a record.
    fs::remove_dir_all(folder.path().join("otlp-0"))?;
    finish_spans(&tracer, 3);
    assert_eq!(tracer.flush(PATIENCE), Ok(()));
    assert_eq!((names_at(&collector), tracer.stats().reporter.sent), (names(3), 3));
    Ok(())
}

#[test]
fn sends_the_records_of_an_earlier_process() -> TestResult {
    let folder = tempfile::tempdir()?;
    leave_records(folder.path(), 4, 2)?;
    let collector = Collector::start([])?;
    let (tracer, _) = tracer(collector.address(), Spool::new(folder.path()))?;
    let stats_of = |spans: TransportStats| (spans.spooled, spans.sent, spans.recovered_sent, spans.recovered_dropped);
    finish_spans(&tracer, 1);
    assert_eq!(tracer.flush(PATIENCE), Ok(()));
    assert_eq!(names_at(&collector), [names(8), names(1)].concat());
    assert_eq!(stats_of(stats(&tracer)), (0, 1, 8, 0));
    assert_eq!(tracer.stats().lost(), 0);
    Ok(())
}

#[test]
fn sends_inherited_records_without_spans_of_its_own() -> TestResult {
    let folder = tempfile::tempdir()?;
    leave_records(folder.path(), 2, 2)?;
    let collector = Collector::start([])?;
    let otlp = Otlp::http(&*collector.url())?.spool(Spool::new(folder.path()))?;
    let (_tracer, _guard) = BatchReporter::new(otlp).start(Tracer::builder("shop"))?;
    assert_eq!(names_in(&collector.next()), names(2));
    collector.next();
    Ok(())
}

#[test]
fn skips_damaged_records() -> TestResult {
    type Damage = fn(&mut Vec<u8>);
    let rows: [(&str, Damage); 10] = [
        ("empty", Vec::clear),
        ("torn in the head", |record| record.truncate(11)),
        ("torn in the table", |record| record.truncate(24)),
        ("torn in the spans", |record| record.truncate(record.len() / 2)),
        ("torn at the end", |record| record.truncate(record.len() - 1)),
        ("one byte too many", |record| record.push(0)),
        ("flipped in the head", |record| record[0] ^= 1),
        ("flipped in the checksum", |record| record[8] ^= 128),
        ("flipped in the table", |record| record[21] ^= 4),
        ("flipped at the end", |record| *record.last_mut().expect("it has bytes") ^= 1),
    ];
    for (name, damage) in rows {
        for record in 0..3 {
            check_damage(name, record, damage)?;
        }
    }
    Ok(())
}

/// Three records of two spans each, one of them damaged.
#[track_caller]
fn check_damage(name: &str, record: usize, damage: fn(&mut Vec<u8>)) -> TestResult {
    let folder = tempfile::tempdir()?;
    leave_records(folder.path(), 3, 2)?;
    let path = &records_in(&folder.path().join("otlp-0"))?[record];
    let mut content = fs::read(path)?;
    damage(&mut content);
    fs::write(path, content)?;
    let collector = Collector::start([])?;
    let (tracer, _) = tracer(collector.address(), Spool::new(folder.path()))?;
    assert_eq!(tracer.flush(PATIENCE), Ok(()), "{name}, record {record}");
    let expected: Vec<_> = names(6).into_iter().enumerate().filter(|(span, _)| span / 2 != record).collect();
    let expected: Vec<_> = expected.into_iter().map(|(_, name)| name).collect();
    assert_eq!(names_at(&collector), expected, "{name}, record {record}");
    let stats = stats(&tracer);
    let counts = (stats.spooled, stats.recovered_sent, stats.recovered_dropped, stats.dropped_failed);
    assert_eq!(counts, (0, 4, 2, 0), "{name}, record {record}");
    Ok(())
}

#[test]
fn deletes_incomplete_records_and_leaves_other_files_alone() -> TestResult {
    let folder = tempfile::tempdir()?;
    leave_records(folder.path(), 1, 1)?;
    let own = folder.path().join("otlp-0");
    fs::write(own.join("0000000200000000-1.new"), "half a record")?;
    for name in ["notes.txt", "x-1.spans", "0000000100000000-y.spans", "-.spans", "ffffffffffffffff-1.spans"] {
        fs::write(own.join(name), "foreign")?;
    }
    fs::write(folder.path().join("otlp-x"), "foreign")?;
    let collector = Collector::start([])?;
    let (tracer, _) = tracer(collector.address(), Spool::new(folder.path()))?;
    assert_eq!(tracer.flush(PATIENCE), Ok(()));
    assert_eq!(names_at(&collector), names(1));
    assert!(!own.join("0000000200000000-1.new").exists());
    assert!(own.join("notes.txt").exists());
    assert_eq!(records_in(&own)?.len(), 4);
    assert_eq!(stats(&tracer).recovered_dropped, 0);
    Ok(())
}

#[test]
fn drops_the_oldest_when_the_spool_is_full() -> TestResult {
    let (folder, address) = (tempfile::tempdir()?, unused_address()?);
    // Each record is one block.
    let (tracer, hand) = tracer(address, Spool::new(folder.path()).max_bytes(5 * 4096))?;
    spool_records(&tracer, 5, 1);
    for number in 5..8 {
        tracer.span(number.to_string()).start().finish();
        assert!(tracer.flush(PATIENCE).is_err(), "one was lost for it");
    }
    let full = stats(&tracer);
    assert_eq!((full.spooled, full.dropped_failed), (5, 3));
    assert_eq!(records_in(&folder.path().join("otlp-0"))?.len(), 5);
    let collector = Collector::listen(TcpListener::bind(address)?, [])?;
    hand.advance(Duration::from_secs(60));
    until(&tracer, |stats| stats.sent == 5);
    assert_eq!(names_at(&collector), names(8)[3..]);
    Ok(())
}

#[test]
fn takes_over_no_more_than_the_limit() -> TestResult {
    let folder = tempfile::tempdir()?;
    leave_records(folder.path(), 5, 1)?;
    let collector = Collector::start([])?;
    let (tracer, _) = tracer(collector.address(), Spool::new(folder.path()).max_bytes(3 * 4096))?;
    assert_eq!(tracer.flush(PATIENCE), Ok(()));
    assert_eq!(names_at(&collector), names(5)[2..]);
    assert_eq!((stats(&tracer).recovered_sent, stats(&tracer).recovered_dropped), (3, 2));
    Ok(())
}

#[test]
fn takes_spans_that_do_not_fit_into_the_queue() -> TestResult {
    let folder = tempfile::tempdir()?;
    let collector = Collector::start([Reply::Nothing])?;
    let hand = Hand::new();
    let otlp = Otlp::http(&*collector.url())?.clock(hand.shared()).spool(Spool::new(folder.path()))?;
    let reporter = BatchReporter::new(otlp).queue_size(4).batch_size(4).batch_delay(NEVER);
    let tracer = Tracer::builder("shop").build_inline(reporter);
    finish_spans(&tracer, 30);
    let _ = tracer.flush(Duration::ZERO);
    let kept = stats(&tracer);
    assert_eq!((kept.sent + kept.spooled + kept.queued, kept.dropped_queue_full), (30, 0));
    // The first request gets no answer.
    hand.advance(Duration::from_secs(11));
    until(&tracer, |_| stats(&tracer).spooled == 30);
    hand.advance(Duration::from_secs(60));
    until(&tracer, |stats| stats.sent == 30);
    let got = collector.all();
    let arrived: Vec<_> = got[1..].iter().flat_map(names_in).collect();
    assert_eq!(arrived, names(30));
    Ok(())
}

#[test]
fn splits_a_record_that_is_too_large() -> TestResult {
    let folder = tempfile::tempdir()?;
    leave_records(folder.path(), 2, 8)?;
    let too_large = || Reply::status("413 Payload Too Large");
    let collector =
        Collector::start([too_large(), too_large(), Reply::ok(), Reply::status("503 Service Unavailable")])?;
    let (tracer, hand) = tracer(collector.address(), Spool::new(folder.path()))?;
    assert_eq!(tracer.flush(PATIENCE), Ok(()));
    hand.advance(Duration::from_secs(60));
    until(&tracer, |_| stats(&tracer).spooled == 0);
    let sizes: Vec<_> = collector.all().iter().map(|got| names_in(got).len()).collect();
    // The fourth was answered with 503. The parts of the record that had arrived are not sent again.
    assert_eq!(sizes[..6], [8, 4, 2, 2, 2, 4]);
    assert_eq!(stats(&tracer).recovered_sent, 16);
    Ok(())
}

#[test]
fn continues_after_a_refused_record() -> TestResult {
    let folder = tempfile::tempdir()?;
    leave_records(folder.path(), 3, 2)?;
    let collector = Collector::start([Reply::ok(), Reply::status("400 Bad Request")])?;
    let (tracer, _) = tracer(collector.address(), Spool::new(folder.path()))?;
    assert_eq!(tracer.flush(PATIENCE), Ok(()));
    assert_eq!(names_at(&collector), names(6));
    let stats = stats(&tracer);
    assert_eq!((stats.spooled, stats.recovered_sent, stats.recovered_dropped), (0, 4, 2));
    assert_eq!((stats.rejected, stats.dropped_failed), (0, 0), "these are of spans of this process");
    Ok(())
}

#[test]
fn gives_each_transport_a_folder_and_takes_over_abandoned_ones() -> TestResult {
    let folder = tempfile::tempdir()?;
    let spool = || Spool::new(folder.path());
    let address = unused_address()?;
    let (first, _) = tracer(address, spool())?;
    let (second, _) = tracer(address, spool())?;
    spool_records(&first, 2, 2);
    spool_records(&second, 3, 1);
    assert_eq!(records_in(&folder.path().join("otlp-0"))?.len(), 2);
    assert_eq!(records_in(&folder.path().join("otlp-1"))?.len(), 3);
    let (third, _) = tracer(address, spool())?;
    assert_eq!(stats(&third).spooled, 0, "the others are still there");
    for tracer in [&first, &second, &third] {
        assert_eq!(tracer.close(PATIENCE), Ok(()));
    }
    let collector = Collector::start([])?;
    let (heir, _) = tracer(collector.address(), spool())?;
    assert_eq!(heir.flush(PATIENCE), Ok(()));
    assert_eq!(names_at(&collector), [names(4), names(3)].concat());
    assert_eq!(stats(&heir).recovered_sent, 7);
    Ok(())
}

#[test]
fn fails_at_once_if_the_folder_cannot_be_created() -> TestResult {
    let file = tempfile::NamedTempFile::new()?;
    assert!(Otlp::http("http://127.0.0.1:4318")?.spool(Spool::new(file.path())).is_err());
    Ok(())
}

#[cfg(unix)]
#[test]
fn files_are_private() -> TestResult {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir()?;
    let base = folder.path().join("spans");
    leave_records(&base, 1, 1)?;
    let own = base.join("otlp-0");
    let record = records_in(&own)?.remove(0);
    for (path, mode) in [(&base, 0o700), (&own, 0o700), (&record, 0o600)] {
        assert_eq!(fs::metadata(path)?.permissions().mode() & 0o777, mode, "{}", path.display());
    }
    Ok(())
}

/// Ten minutes, and the spans of a second.
const OUTAGE: [usize; 2] = [600, 1_000];
const OUTAGE_SPANS: usize = OUTAGE[0] * OUTAGE[1];

#[test]
fn drops_nothing_in_an_outage_of_ten_minutes() -> TestResult {
    let (folder, address) = (tempfile::tempdir()?, unused_address()?);
    let (tracer, hand) = tracer(address, Spool::new(folder.path()))?;
    outage(&tracer, &hand);
    assert_eq!((stats(&tracer).spooled, tracer.stats().lost()), (OUTAGE_SPANS as u64, 0));
    let collector = Collector::listen(TcpListener::bind(address)?, [])?;
    until_sent(&tracer, &hand, OUTAGE_SPANS as u64);
    assert_eq!(names_at(&collector), names(OUTAGE_SPANS));
    assert_eq!(tracer.stats().lost(), 0);
    Ok(())
}

#[test]
fn counts_spans_beyond_the_limits_in_an_outage_of_ten_minutes() -> TestResult {
    let (folder, address) = (tempfile::tempdir()?, unused_address()?);
    let (tracer, hand) = tracer(address, Spool::new(folder.path()).max_bytes(10 << 20))?;
    outage(&tracer, &hand);
    let kept = stats(&tracer);
    assert!(kept.spooled > 0 && kept.dropped_failed > 0, "{kept:?}");
    assert_eq!(kept.spooled + kept.dropped_failed, OUTAGE_SPANS as u64);
    let collector = Collector::listen(TcpListener::bind(address)?, [])?;
    until_sent(&tracer, &hand, kept.spooled);
    // The oldest are dropped, except for a record in flight.
    let arrived: Vec<usize> = names_at(&collector).iter().map(|name| name.parse()).collect::<Result<_, _>>()?;
    assert!(arrived.is_sorted_by(|earlier, later| earlier < later));
    assert_eq!((arrived.len() as u64, arrived.last()), (kept.spooled, Some(&(OUTAGE_SPANS - 1))));
    Ok(())
}

fn outage(tracer: &Tracer, hand: &Hand) {
    let [seconds, spans] = OUTAGE;
    for second in 0..seconds {
        for span in 0..spans {
            tracer.span((second * spans + span).to_string()).start().finish();
        }
        let _ = tracer.flush(Duration::ZERO);
        hand.advance(Duration::from_secs(1));
    }
    until(tracer, |_| stats(tracer).queued == 0);
}

/// Set in a child process: the folder of its spool.
pub(super) const CHILD: &str = "OPENTRACING_TEST_SPOOL";

#[test]
fn sends_the_records_of_a_killed_process_but_not_of_a_running_one() -> TestResult {
    if let Some(folder) = std::env::var_os(CHILD) {
        return die(Path::new(&folder));
    }
    let folder = tempfile::tempdir()?;
    let mut child = child("spool::sends_the_records_of_a_killed_process_but_not_of_a_running_one", Command::new)?
        .env(CHILD, folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let output = BufReader::new(child.stdout.take().ok_or("it has an output")?);
    assert!(output.lines().map_while(Result::ok).any(|line| line.ends_with(SAFE)), "the child has spooled its spans");
    let collector = Collector::start([])?;
    let (beside, _) = tracer(collector.address(), Spool::new(folder.path()))?;
    assert_eq!(stats(&beside).spooled, 0);
    assert_eq!(beside.close(PATIENCE), Ok(()));
    // With SIGKILL where it exists.
    child.kill()?;
    child.wait()?;
    let (heir, _) = tracer(collector.address(), Spool::new(folder.path()))?;
    assert_eq!(heir.flush(PATIENCE), Ok(()));
    assert_eq!(names_at(&collector), names(20));
    assert_eq!(stats(&heir).recovered_sent, 20);
    Ok(())
}

pub(super) const SAFE: &str = "the spans are safe";

fn die(folder: &Path) -> TestResult {
    let (tracer, _) = tracer(unused_address()?, Spool::new(folder))?;
    spool_records(&tracer, 10, 2);
    writeln!(io::stdout(), "{SAFE}")?;
    // Runs until it is killed, or until its parent has ended.
    io::stdin().read_line(&mut String::new())?;
    drop(tracer);
    Ok(())
}

/// In the child no file may grow beyond 8 KiB, so that writing a record of many spans fails half way, as on a full disk.
#[cfg(unix)]
#[test]
fn keeps_spans_in_memory_while_the_disk_is_full() -> TestResult {
    if let Some(folder) = std::env::var_os(CHILD) {
        return fill_the_disk(Path::new(&folder));
    }
    let folder = tempfile::tempdir()?;
    // The signal kills a process that does not ignore it.
    let limited = |program: &Path| {
        let mut shell = Command::new("sh");
        shell.args(["-c", "trap '' XFSZ; ulimit -f 16; exec \"$0\" \"$@\""]).arg(program);
        shell
    };
    let output = child("spool::keeps_spans_in_memory_while_the_disk_is_full", |program| limited(program.as_ref()))?
        .env(CHILD, folder.path())
        .output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
    Ok(())
}

#[cfg(unix)]
fn fill_the_disk(folder: &Path) -> TestResult {
    let address = unused_address()?;
    let (tracer, hand) = tracer(address, Spool::new(folder))?;
    spool_records(&tracer, 1, 2);
    for number in 2..500 {
        tracer.span(number.to_string()).start().finish();
    }
    assert!(tracer.flush(Duration::from_millis(50)).is_err(), "these are not safe");
    let kept = stats(&tracer);
    assert_eq!((kept.spooled, kept.queued, kept.dropped_failed), (2, 498, 0));
    let files: Vec<_> = fs::read_dir(folder.join("otlp-0"))?.collect::<Result<_, _>>()?;
    assert_eq!(files.len(), 2, "the record that fits, and the lock: {files:?}");
    let collector = Collector::listen(TcpListener::bind(address)?, [])?;
    hand.advance(Duration::from_secs(60));
    until(&tracer, |stats| stats.sent == 500);
    assert_eq!(names_at(&collector), names(500));
    assert_eq!(tracer.stats().lost(), 0);
    Ok(())
}

/// This program, running only that test of `export`.
pub(super) fn child(test: &str, command: impl FnOnce(PathBuf) -> Command) -> io::Result<Command> {
    let mut child = command(std::env::current_exe()?);
    child.args(["--exact", &format!("export::{test}"), "--nocapture"]);
    Ok(child)
}
