//! Spans that have not finished: what a report lists, and what is reported at the end.

use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, SystemTime};

use opentracing_core::mock::MockTracer;
use opentracing_core::{Batch, InSpan, OpenPlace, OwnedSpan, Reporter, Span, Tracer, UnfinishedSpans, Value};

const LONG: Duration = Duration::from_secs(20);

#[derive(Clone, Default)]
struct Keep(Arc<Mutex<Vec<OwnedSpan>>>);

impl Reporter for Keep {
    fn report(&mut self, batch: Batch<'_>) {
        self.0.lock().unwrap().extend(batch.iter().map(OwnedSpan::from));
    }
}

fn names(tracer: &Tracer) -> Vec<String> {
    tracer.report().open_spans().iter().map(|span| span.operation_name.to_string()).collect()
}

fn ago(seconds: u64) -> SystemTime {
    SystemTime::now() - Duration::from_secs(seconds)
}

#[test]
fn a_report_lists_the_spans_that_are_open_for_a_second() {
    let mock = MockTracer::new();
    let job = mock.tracer().span("hung job").start();
    assert_eq!(names(mock.tracer()), [""; 0]);
    mock.clock().advance(Duration::from_secs(5));
    let young = mock.tracer().span("young").start();
    let report = mock.tracer().report();
    let [open] = report.open_spans() else { panic!("{report}") };
    assert_eq!((&*open.operation_name, Some(&open.context)), ("hung job", job.context().as_ref()));
    assert_eq!(open.age.as_secs(), 5);
    let thread = std::thread::current().name().unwrap_or_default().to_owned();
    assert_eq!(open.place, OpenPlace::Thread(thread.as_str().into()));
    let context = job.context().unwrap();
    let line = format!(
        "\n  open       hung job for 5.0s, trace {}, span {}, started on thread {thread}\n",
        context.trace_id(),
        context.span_id()
    );
    assert!(report.to_string().contains(&line), "{report}");
    drop((job, young));
    mock.finished_spans();
    assert_eq!(names(mock.tracer()), [""; 0]);
}

#[test]
fn a_report_lists_the_twenty_oldest() {
    let tracer = Tracer::builder("shop").build_inline(Keep::default());
    let open: Vec<Span> = (0..30).map(|n| tracer.span(format!("job {n}")).start_time(ago(100 + n)).start()).collect();
    let expected: Vec<_> = (10..30).rev().map(|n| format!("job {n}")).collect();
    assert_eq!(names(&tracer), expected);
    assert!(tracer.report().to_string().contains("\n             and 10 more\n"), "{}", tracer.report());
    drop(open);
}

#[test]
fn a_busy_thread_lists_spans_that_wait_or_are_shared() {
    let mock = MockTracer::new();
    let tracer = mock.tracer();
    (0..100).for_each(|_| tracer.span("quick").start().finish());
    mock.finished_spans();
    let never = || std::future::pending::<()>();
    let mut waiting = pin!(never().in_span(tracer.span("waiting").start()));
    let mut unpolled = pin!(never().in_span(tracer.span("unpolled").start()));
    let shared = tracer.span("shared").start().detach();
    let mut cx = Context::from_waker(Waker::noop());
    assert_eq!(waiting.as_mut().poll(&mut cx), Poll::Pending);
    mock.clock().advance(Duration::from_secs(2));
    let report = tracer.report();
    let places = report.open_spans().iter().map(|span| (&*span.operation_name, &span.place));
    // Whether this one is listed depends on the thread's free records.
    let places: Vec<_> = places.filter(|(name, _)| *name != "unpolled").collect();
    assert!(matches!(places[..], [("waiting", OpenPlace::Future(_)), ("shared", OpenPlace::Handle(_))]), "{places:?}");
    assert_eq!(unpolled.as_mut().poll(&mut cx), Poll::Pending);
    assert_eq!(names(tracer), ["waiting", "unpolled", "shared"]);
    shared.finish();
}

#[test]
fn a_listed_span_has_its_last_name_and_makes_no_lines() {
    let mock = MockTracer::new();
    let mut span = mock.tracer().span("GET").start();
    span.set_operation_name(&format!("GET /{}\nnew line", "x".repeat(200)));
    mock.clock().advance(Duration::from_secs(2));
    let text = mock.tracer().report().to_string();
    assert!(text.contains(&format!("  open       GET /{} for 2.0s", "x".repeat(95))), "{text}");
}

#[test]
fn spans_that_are_lost_are_open_no_longer() {
    let tracer = Tracer::builder("shop").ring_capacity(2).build_inline(Keep::default());
    let open: Vec<Span> = (0..10).map(|_| tracer.span("work").start_time(ago(9)).start()).collect();
    assert_eq!(names(&tracer).len(), 10);
    drop(open);
    assert_eq!(tracer.stats().dropped_full, 8);
    assert_eq!(names(&tracer).len(), 2);
    tracer.flush(LONG).unwrap();
    assert_eq!(names(&tracer).len(), 0);
}

/// Closes a tracer with a span open.
#[track_caller]
fn close_with_open_span(unfinished: Option<UnfinishedSpans>, check: impl Fn(&Tracer, Vec<OwnedSpan>)) {
    let mut builder = Tracer::builder("shop");
    if let Some(unfinished) = unfinished {
        builder = builder.unfinished_spans(unfinished);
    }
    let (spans, (tracer, drain)) = (Keep::default(), builder.build());
    let reporter = spans.clone();
    let thread = std::thread::spawn(move || drain.run(reporter));
    let parent = tracer.span("parent").start();
    let mut stream = tracer.span("GET /events").child_of(&parent).start_time(ago(60)).start();
    stream.set_tag("seen", true);
    parent.finish();
    tracer.close(LONG).unwrap();
    thread.join().unwrap();
    let reported = spans.0.lock().unwrap().clone();
    check(&tracer, reported);
    stream.finish();
    assert_eq!(tracer.stats().dropped_shutdown, 1);
}

#[test]
fn an_open_span_is_reported_unfinished_when_the_tracer_is_closed() {
    close_with_open_span(None, |tracer, spans| {
        let [parent, stream] = &spans[..] else { panic!("{spans:?}") };
        assert_eq!((&*parent.operation_name, parent.tag("unfinished")), ("parent", None));
        assert_eq!((&*stream.operation_name, stream.tag("unfinished")), ("GET /events", Some(Value::Bool(true))));
        assert_eq!(stream.context.trace_id(), parent.context.trace_id());
        assert_eq!(stream.parent_id, Some(parent.context.span_id()));
        assert_eq!(stream.duration().as_secs(), 60);
        let stats = tracer.stats();
        assert_eq!((stats.delivered, stats.unfinished, stats.open()), (1, 1, 1));
        assert!(tracer.report().to_string().contains("1 × span reported unfinished at the end"));
    });
}

#[test]
fn an_open_span_is_not_reported_if_that_is_not_wanted() {
    close_with_open_span(Some(UnfinishedSpans::Drop), |tracer, spans| {
        assert_eq!((spans.len(), tracer.stats().unfinished), (1, 0));
    });
}

#[test]
fn spans_of_a_trace_that_is_not_sampled_are_not_reported_at_the_end() {
    let (spans, (tracer, drain)) = (Keep::default(), Tracer::builder("shop").build());
    let reporter = spans.clone();
    std::thread::spawn(move || drain.run(reporter));
    let mut dropped = tracer.span("work").start();
    dropped.set_tag("sampling.priority", 0);
    tracer.close(LONG).unwrap();
    assert!(spans.0.lock().unwrap().is_empty());
}

#[test]
fn spans_that_a_thread_keeps_open_are_all_listed() {
    let tracer = Tracer::builder("shop").build_inline(Keep::default());
    let open: Vec<Span> = (0..200).map(|n| tracer.span("job").start_time(ago(100 + n)).start()).collect();
    let text = tracer.report().to_string();
    assert!(text.contains("\n             and 180 more\n"), "{text}");
    drop(open);
}

#[test]
fn a_span_below_lists_the_active_ones() {
    let tracer = Tracer::builder("shop").build_inline(Keep::default());
    // The first spans of a thread are listed in any case, and their records are needed for a batch.
    (0..200).for_each(|_| tracer.span("quick").start().finish());
    tracer.flush(LONG).unwrap();
    (0..40).for_each(|_| tracer.span("quick").start().finish());
    let active = tracer.span("active").start_time(ago(5)).start_active();
    // More than a batch, so that one of them is listed.
    let below: Vec<Span> = (0..300).map(|_| tracer.span("below").start()).collect();
    assert_eq!(names(&tracer), ["active"]);
    drop((below, active));
}
