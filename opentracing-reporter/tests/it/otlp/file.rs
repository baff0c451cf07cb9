//! OTLP as lines of JSON.

use std::io::{self, ErrorKind, Write};
use std::sync::{Arc, Mutex};

use opentracing_core::{FlushError, Tracer};
use opentracing_reporter::{BatchReporter, OtlpFile};

use crate::support::transports::{NEVER, PATIENCE, finish_spans, names};

/// Fails as scripted, after half of the bytes, then keeps what is written.
#[derive(Clone, Default)]
struct Disk {
    failures: Arc<Mutex<Vec<ErrorKind>>>,
    written: Arc<Mutex<Vec<u8>>>,
}

impl Write for Disk {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut written = self.written.lock().expect("no panic");
        match self.failures.lock().expect("no panic").pop() {
            Some(kind) => {
                written.extend_from_slice(&bytes[..bytes.len() / 2]);
                Err(kind.into())
            }
            None => {
                written.extend_from_slice(bytes);
                Ok(bytes.len())
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Disk {
    fn failing(kinds: &[ErrorKind]) -> Self {
        Disk { failures: Arc::new(Mutex::new(kinds.to_vec())), ..Disk::default() }
    }

    fn lines(&self) -> Vec<String> {
        let written = self.written.lock().expect("no panic").clone();
        String::from_utf8(written).expect("it is text").lines().map(str::to_owned).collect()
    }
}

fn tracer(disk: &Disk) -> Tracer {
    Tracer::builder("shop").build_inline(BatchReporter::new(OtlpFile::to(disk.clone())).batch_delay(NEVER))
}

/// The names of the spans in a line.
fn names_in(line: &str) -> Vec<String> {
    let json: serde_json::Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    let spans = json["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array().expect("an array").clone();
    spans.iter().filter_map(|span| span["name"].as_str().map(str::to_owned)).collect()
}

#[test]
fn a_batch_is_a_line() {
    let disk = Disk::default();
    let tracer = tracer(&disk);
    for count in [3, 2] {
        finish_spans(&tracer, count);
        assert_eq!(tracer.flush(PATIENCE), Ok(()));
    }
    let lines = disk.lines();
    assert_eq!(lines.iter().map(|line| names_in(line)).collect::<Vec<_>>(), [names(3), names(2)]);
    let stats = tracer.stats().transports.remove(0);
    assert_eq!((stats.name, stats.sent, stats.requests), ("otlp-file", 5, 2));
    assert_eq!(stats.bytes, lines.iter().map(|line| line.len() as u64 + 1).sum::<u64>());
}

#[test]
fn a_line_that_was_not_written_is_written_again() {
    let disk = Disk::failing(&[ErrorKind::StorageFull]);
    let tracer = tracer(&disk);
    finish_spans(&tracer, 3);
    assert_eq!(tracer.flush(PATIENCE), Ok(()));
    let stats = tracer.stats().transports.remove(0);
    assert_eq!((stats.sent, stats.failed_requests, stats.retries), (3, 1, 1));
    assert!(stats.last_error.is_some_and(|error| error.contains("no storage space")));
    let lines = disk.lines();
    assert_eq!((lines.len(), names_in(&lines[1])), (2, names(3)), "the torn line has an end");
}

#[test]
fn spans_are_lost_and_counted_once_nobody_reads() {
    let disk = Disk::failing(&[ErrorKind::BrokenPipe]);
    let tracer = tracer(&disk);
    finish_spans(&tracer, 3);
    assert_eq!(tracer.flush(PATIENCE), Err(FlushError::Failed));
    let stats = tracer.stats().transports.remove(0);
    assert_eq!((stats.sent, stats.rejected), (0, 3));
}

#[test]
fn a_file_is_appended_to() -> io::Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("spans.jsonl");
    for lines in 1..3 {
        let reporter = BatchReporter::new(OtlpFile::append(&path)?).batch_delay(NEVER);
        let tracer = Tracer::builder("shop").build_inline(reporter);
        finish_spans(&tracer, 1);
        assert_eq!(tracer.close(PATIENCE), Ok(()));
        assert_eq!(std::fs::read_to_string(&path)?.lines().count(), lines);
    }
    assert!(OtlpFile::append(folder.path().join("none/spans.jsonl")).is_err());
    Ok(())
}
