//! When the console draws, and what happens if it cannot.

mod drawing;
pub(crate) mod scene;

use std::io::{self, Write};
use std::process::{Command, Stdio};
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use opentracing_core::SpanKind::{Client, Internal, Server};
use opentracing_core::{FlushError, SpanContext, SpanId, TraceId, Tracer};
use opentracing_reporter::{BatchReporter, Console};

use crate::console::scene::{Paper, Scene, context};
use crate::support::transports::{NEVER, PATIENCE, finish_spans};

fn scene(settings: fn(Console) -> Console) -> (Scene, Paper) {
    let paper = Paper::default();
    (Scene::new(settings(Console::writer(paper.clone()).max_age(NEVER))), paper)
}

/// The number of traces, and of spans in all of them.
fn drawn(paper: &Paper) -> (usize, usize) {
    let text = paper.take();
    let traces = text.lines().filter(|line| line.starts_with("trace ")).count();
    let blank = text.lines().filter(|line| line.is_empty()).count();
    (traces, text.lines().count() - traces - blank)
}

#[test]
fn waits_for_the_root() {
    let (mut scene, paper) = scene(|console| console);
    let root = scene.span("shop", "GET /", Server, None, 0);
    scene.span("shop", "load", Internal, Some(&context(&root)), 0).finish();
    scene.draw_due();
    assert_eq!(drawn(&paper), (0, 0));
    root.finish();
    scene.draw_due();
    assert_eq!(drawn(&paper), (1, 2));
}

#[test]
fn lingers_for_spans_after_the_root() {
    let (mut scene, paper) = scene(|console| console);
    scene.console(|console| console.linger(NEVER));
    scene.span("shop", "GET /", Server, None, 0).finish();
    scene.draw_due();
    assert_eq!(drawn(&paper), (0, 0));
    scene.draw();
    assert_eq!(drawn(&paper), (1, 1), "a flush does not wait");
}

#[test]
fn does_not_wait_for_a_parent_in_another_process() {
    let (mut scene, paper) = scene(|console| console);
    let remote = SpanContext::new(TraceId::from_parts(0, 0xbeef), SpanId::new(0xcafe));
    scene.span("shop", "GET /", Server, Some(&remote), 0).finish();
    scene.draw_due();
    assert_eq!(drawn(&paper), (1, 1));
}

#[test]
fn waits_for_a_parent_of_another_tracer_in_the_process() {
    let (mut scene, paper) = scene(|console| console);
    let call = scene.span("shop", "GET", Client, None, 0);
    scene.draw_due();
    scene.span("stock", "GET /items", Server, Some(&context(&call)), 0).finish();
    scene.draw_due();
    assert_eq!(drawn(&paper), (0, 0));
    call.finish();
    scene.draw_due();
    assert_eq!(drawn(&paper), (1, 2));
}

#[test]
fn draws_a_trace_at_its_maximum_age() {
    let (mut scene, paper) = scene(|console| console.max_age(Duration::ZERO));
    let root = scene.span("shop", "GET /", Server, None, 0);
    scene.span("shop", "load", Internal, Some(&context(&root)), 0).finish();
    scene.draw_due();
    assert_eq!(drawn(&paper), (1, 1));
    root.finish();
    scene.draw_due();
    assert_eq!(drawn(&paper), (1, 1), "the root is the continuation");
}

#[test]
fn draws_without_a_flush() -> io::Result<()> {
    struct Lines(Sender<String>);
    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let _ = self.0.send(String::from_utf8_lossy(bytes).into_owned());
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let (sender, drawn) = channel();
    let console = Console::writer(Lines(sender)).linger(Duration::from_millis(1));
    let (tracer, _guard) = BatchReporter::new(console).start(Tracer::builder("shop"))?;
    finish_spans(&tracer, 1);
    let text = drawn.recv_timeout(PATIENCE).expect("the trace is drawn while the tracer runs");
    assert!(text.contains("1 span, 1 service\nshop  0 "), "{text}");
    Ok(())
}

#[test]
fn flushing_one_tracer_draws_the_whole_trace() -> io::Result<()> {
    let paper = Paper::default();
    // The linger time limits the wait for the other tracer.
    let console = Console::writer(paper.clone()).linger(PATIENCE).max_age(NEVER);
    let (shop, shop_guard) = BatchReporter::new(console.clone()).start(Tracer::builder("shop"))?;
    let (stock, stock_guard) = BatchReporter::new(console).start(Tracer::builder("stock"))?;
    // Both threads have started.
    assert_eq!((shop.flush(PATIENCE), stock.flush(PATIENCE)), (Ok(()), Ok(())));
    let mut call = shop.span("GET").kind(Client).start();
    call.set_tag("peer.service", "stock");
    stock.span("GET /items").kind(Server).child_of(&call).start().finish();
    call.finish();
    drop(shop_guard);
    let text = paper.take();
    assert!(text.contains("  2 spans, 2 services\nshop   GET "), "{text}");
    assert!(text.contains("\nstock  └─ GET /items "), "{text}");
    assert_eq!(stock_guard.close(PATIENCE), Ok(()));
    assert_eq!((shop.stats().reporter.sent, stock.stats().reporter.sent), (1, 1), "each counts its own spans");
    Ok(())
}

#[test]
fn draws_the_oldest_traces_when_the_queue_is_full() {
    let paper = Paper::default();
    let console = Console::writer(paper.clone()).linger(NEVER).max_age(NEVER);
    let tracer = Tracer::builder("shop").build_inline(BatchReporter::new(console).queue_size(8));
    finish_spans(&tracer, 50);
    assert_eq!(tracer.flush(PATIENCE), Ok(()));
    assert_eq!(drawn(&paper), (50, 50));
    assert!(tracer.stats().reporter.is_lossless());
}

#[test]
fn counts_spans_that_cannot_be_written() {
    struct Broken(bool);
    impl Write for Broken {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            if self.0 { panic!("a writer's own mistake") } else { Err(io::ErrorKind::BrokenPipe.into()) }
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    for panics in [false, true] {
        let console = Console::writer(Broken(panics));
        let tracer = Tracer::builder("shop").build_inline(BatchReporter::new(console));
        finish_spans(&tracer, 3);
        assert_eq!(tracer.flush(PATIENCE), Err(FlushError::Failed), "panics: {panics}");
        assert_eq!(tracer.stats().reporter.dropped_failed, 3, "panics: {panics}");
    }
}

/// The test runs itself as a child process whose standard output is a pipe.
#[test]
fn draws_to_a_pipe_with_the_width_of_columns_and_without_colours() -> io::Result<()> {
    const CHILD: &str = "OPENTRACING_REPORTER_CHILD";
    if std::env::var_os(CHILD).is_some() {
        let (tracer, _guard) = BatchReporter::new(Console::stdout()).start(Tracer::builder("shop"))?;
        finish_spans(&tracer, 1);
        return Ok(());
    }
    let name = "console::draws_to_a_pipe_with_the_width_of_columns_and_without_colours";
    let output = Command::new(std::env::current_exe()?)
        .args(["--exact", name, "--nocapture"])
        .env(CHILD, "1")
        .env("COLUMNS", "60")
        .env("TERM", "xterm-256color")
        .env_remove("NO_COLOR")
        .stdin(Stdio::null())
        .output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
    let line = text.lines().find(|line| line.starts_with("shop  0  ")).unwrap_or_else(|| panic!("{text}"));
    assert_eq!(line.chars().count(), 60, "{text}");
    assert!(!text.contains('\u{1b}'), "{text}");
    Ok(())
}
