//! How finished spans reach the reporter: rings, pool, flush, close, limits, and every loss counted.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use opentracing_core::mock::MockTracer;
use opentracing_core::{
    Batch, ExcessNames, FlushError, IdGenerator, Limits, OwnedSpan, Reporter, ReporterStats, SpanId, TraceId,
    TraceIdWidth, Tracer, TracerBuilder, Value,
};

use crate::child::{in_child_process, resident_kib};

const LONG: Duration = Duration::from_secs(20);

/// Keeps spans; a message on the gate, if there is one, lets one batch through.
#[derive(Default)]
struct Keep {
    spans: Arc<Mutex<Vec<OwnedSpan>>>,
    gate: Option<(Sender<()>, Receiver<()>)>,
    panics: bool,
}

impl Reporter for Keep {
    fn report(&mut self, batch: Batch<'_>) {
        if let Some((arrived, pass)) = &self.gate {
            let _ = arrived.send(());
            let _ = pass.recv();
        }
        assert!(!self.panics, "on purpose");
        self.spans.lock().unwrap().extend(batch.iter().map(OwnedSpan::from));
    }
}

fn run(builder: TracerBuilder, reporter: impl Reporter) -> (Tracer, JoinHandle<()>) {
    let (tracer, drain) = builder.build();
    (tracer, std::thread::spawn(move || drain.run(reporter)))
}

#[test]
fn x1_flush_and_close_wait_for_what_finished_before() {
    let spans = Arc::default();
    let (tracer, thread) = run(Tracer::builder("shop"), Keep { spans: Arc::clone(&spans), ..Keep::default() });
    for _ in 0..1000 {
        tracer.span("work").tag("n", 1).start().finish();
    }
    tracer.flush(LONG).unwrap();
    assert_eq!(spans.lock().unwrap().len(), 1000);
    tracer.span("last").start().finish();
    tracer.close(LONG).unwrap();
    tracer.close(LONG).unwrap();
    assert_eq!(spans.lock().unwrap().len(), 1001);
    assert_eq!(&*spans.lock().unwrap()[0].service, "shop");
    thread.join().unwrap();
    tracer.span("too late").start().finish();
    let stats = tracer.stats();
    assert_eq!((stats.delivered, stats.dropped_shutdown), (1001, 1));
}

#[test]
fn a_flush_that_nobody_serves_times_out() {
    let (tracer, drain) = Tracer::builder("shop").build();
    assert_eq!(tracer.flush(Duration::from_millis(1)), Err(FlushError::Timeout));
    drop(drain);
    assert_eq!(tracer.flush(LONG), Ok(()));
    tracer.span("work").start().finish();
    assert_eq!(tracer.stats().dropped_shutdown, 1);
}

#[test]
fn what_waits_for_a_drain_that_goes_away_is_counted() {
    let (tracer, drain) = Tracer::builder("shop").build();
    for _ in 0..5 {
        tracer.span("work").start().finish();
    }
    std::thread::scope(|threads| threads.spawn(|| tracer.span("work").start().finish()).join()).unwrap();
    drop(drain);
    assert_eq!(tracer.stats().dropped_shutdown, 6);
    assert_eq!(tracer.flush(LONG), Err(FlushError::Failed));
    tracer.span("too late").start().finish();
    std::thread::scope(|threads| threads.spawn(|| tracer.span("too late").start().finish()).join()).unwrap();
    assert_eq!(tracer.stats().dropped_shutdown, 8);
}

#[test]
fn the_drain_ends_when_the_last_handle_is_gone() {
    let spans = Arc::default();
    let (tracer, thread) = run(Tracer::builder("shop"), Keep { spans: Arc::clone(&spans), ..Keep::default() });
    let clone = tracer.clone();
    clone.span("work").start().finish();
    drop(tracer);
    drop(clone);
    thread.join().unwrap();
    assert_eq!(spans.lock().unwrap().len(), 1);
}

#[test]
fn an_inline_tracer_delivers_when_the_last_handle_is_gone() {
    let spans = Arc::default();
    let tracer = Tracer::builder("shop").build_inline(Keep { spans: Arc::clone(&spans), ..Keep::default() });
    let open = tracer.span("open").start();
    tracer.span("work").start().finish();
    drop(tracer);
    open.finish();
    assert_eq!(spans.lock().unwrap().iter().map(|span| &*span.operation_name).collect::<Vec<_>>(), ["work"]);
}

#[test]
fn spans_of_many_threads_that_have_ended_all_arrive() {
    let mock = MockTracer::new();
    for _ in 0..50 {
        let tracer = mock.tracer().clone();
        std::thread::spawn(move || {
            for _ in 0..20 {
                tracer.span("work").start().finish();
            }
        })
        .join()
        .unwrap();
    }
    assert_eq!(mock.wait_for(1000).len(), 1000);
}

#[test]
fn what_does_not_fit_into_the_ring_is_counted() {
    let mock = MockTracer::with(|builder| builder.ring_capacity(64));
    for _ in 0..100 {
        mock.tracer().span("work").start().finish();
    }
    let stats = mock.tracer().stats();
    assert_eq!((stats.delivered, stats.dropped_full), (0, 36));
    assert_eq!(mock.finished_spans().len(), 64);
    assert_eq!(mock.tracer().stats().lost(), 36);
    // There is room again.
    mock.tracer().span("work").start().finish();
    assert_eq!(mock.finished_spans().len(), 65);
}

#[test]
fn under_a_flood_every_span_is_delivered_or_counted() {
    let spans = Arc::default();
    let (tracer, thread) =
        run(Tracer::builder("shop").ring_capacity(256), Keep { spans: Arc::clone(&spans), ..Keep::default() });
    std::thread::scope(|threads| {
        for _ in 0..4 {
            threads.spawn(|| {
                for n in 0..20_000 {
                    tracer.span("work").tag("n", n).start().finish();
                }
            });
        }
    });
    tracer.close(LONG).unwrap();
    thread.join().unwrap();
    let stats = tracer.stats();
    assert_eq!(stats.delivered, spans.lock().unwrap().len() as u64);
    assert_eq!(stats.delivered + stats.lost(), 80_000);
}

#[test]
fn a_half_full_ring_wakes_the_drain() {
    let (arrived, arrivals) = channel();
    struct Arrivals(Sender<usize>);
    impl Reporter for Arrivals {
        fn report(&mut self, batch: Batch<'_>) {
            let _ = self.0.send(batch.len());
        }
    }
    let (tracer, _thread) = run(Tracer::builder("shop").ring_capacity(64), Arrivals(arrived));
    let mut delivered = 0;
    while delivered < 1000 {
        for _ in 0..48 {
            tracer.span("work").start().finish();
        }
        delivered += arrivals.recv_timeout(LONG).expect("the drain should deliver");
        delivered += arrivals.try_iter().sum::<usize>();
    }
    drop(tracer);
}

#[test]
fn a_reporter_that_panics_loses_its_batch_only() {
    let spans = Arc::default();
    let tracer =
        Tracer::builder("shop").build_inline(Keep { spans: Arc::clone(&spans), panics: true, ..Keep::default() });
    tracer.span("work").start().finish();
    tracer.span("work").start().finish();
    assert_eq!(tracer.flush(LONG), Ok(()));
    let stats = tracer.stats();
    assert_eq!((stats.delivered, stats.dropped_reporter_panic, stats.lost()), (0, 2, 2));
}

#[test]
fn a_flush_ends_in_time_while_the_reporter_hangs() {
    let (arrived, arrivals) = channel();
    let (pass, gate) = channel();
    let spans = Arc::default();
    let keep = Keep { spans: Arc::clone(&spans), gate: Some((arrived, gate)), panics: false };
    let (tracer, thread) = run(Tracer::builder("shop"), keep);
    tracer.span("stuck").start().finish();
    arrivals.recv_timeout(LONG).expect("the reporter should have the span");
    assert_eq!(tracer.flush(Duration::from_millis(1)), Err(FlushError::Timeout));
    assert_eq!(tracer.close(Duration::from_millis(1)), Err(FlushError::Timeout));
    drop(pass);
    thread.join().unwrap();
    assert_eq!(spans.lock().unwrap().len(), 1);
}

#[test]
fn the_reporters_losses_become_part_of_the_statistics() {
    struct Losing;
    impl Reporter for Losing {
        fn report(&mut self, _: Batch<'_>) {}
        fn flush(&mut self, _: Instant) -> Result<(), FlushError> {
            Err(FlushError::Failed)
        }
        fn stats(&self) -> ReporterStats {
            let mut stats = ReporterStats::default();
            stats.dropped_failed = 3;
            stats
        }
    }
    let tracer = Tracer::builder("shop").build_inline(Losing);
    assert_eq!(tracer.flush(LONG), Err(FlushError::Failed));
    assert_eq!(tracer.stats().reporter.dropped_failed, 3);
    assert_eq!(tracer.stats().lost(), 3);
}

fn limits(change: impl FnOnce(&mut Limits)) -> MockTracer {
    let mut limits = Limits::default();
    change(&mut limits);
    MockTracer::with(|builder| builder.limits(limits))
}

#[test]
fn tags_beyond_the_limit_are_left_out_and_counted() {
    let mock = limits(|limits| limits.tags = 8);
    let mut span = mock.tracer().span("work").start();
    for n in 0..10 {
        span.set_tag(&format!("tag {n}"), n);
    }
    span.set_tag("tag 3", "again");
    span.finish();
    let span = mock.span("work");
    assert_eq!(span.tags.len(), 8);
    assert_eq!(span.tag("tag 3"), Some(Value::Str("again")));
    assert_eq!(span.tag("tag 7"), Some(Value::I64(7)));
    assert_eq!(span.truncated, 2);
    assert_eq!(mock.tracer().stats().truncated, 2);
}

#[test]
fn a_tag_that_is_set_again_and_again_takes_the_place_of_one() {
    let mock = limits(|limits| limits.tags = 8);
    let mut span = mock.tracer().span("work").start();
    for n in 0..7 {
        span.set_tag("progress", n).set_tag("file", format!("part {n}"));
    }
    for name in ["a", "b", "c", "d", "e", "f", "g"] {
        span.set_tag(name, true);
    }
    span.finish();
    let span = mock.span("work");
    let names: Vec<&str> = span.tags.iter().map(|(key, _)| &**key).collect();
    assert_eq!(names, ["progress", "file", "a", "b", "c", "d", "e", "f"]);
    assert_eq!((span.tag("progress"), span.tag("file")), (Some(Value::I64(6)), Some(Value::Str("part 6"))));
    assert_eq!(span.truncated, 1);
}

#[test]
fn logs_beyond_the_limit_are_left_out_and_counted() {
    let mock = limits(|limits| limits.logs = 2);
    let mut span = mock.tracer().span("work").start();
    span.log("1").log("2").log("3");
    span.finish();
    assert_eq!((mock.span("work").logs.len(), mock.span("work").truncated), (2, 1));
}

#[test]
fn long_values_are_cut_on_a_character_boundary() {
    let mock = limits(|limits| limits.value_bytes = 4);
    let mut span = mock.tracer().span("work").start();
    span.set_tag("fits", "1234")
        .set_tag("cut", "12345")
        .set_tag("wide", "123ä")
        .set_tag("url", Value::Url(&["ab", "cde", "f"]));
    span.finish();
    let span = mock.span("work");
    for (key, expected) in [("fits", "1234"), ("cut", "1234"), ("wide", "123"), ("url", "abcd")] {
        assert_eq!(span.tag(key), Some(Value::Str(expected)), "{key}");
    }
    assert_eq!(span.truncated, 3);
}

#[test]
fn a_text_that_is_set_for_ever_stays_whole() {
    let mock = limits(|limits| limits.tags = 8);
    let mut span = mock.tracer().span(String::from("work")).start();
    span.set_tag("url", Value::Url(&["/first?token=", "1"])).log_kv(&[("kept", Value::Str("log"))]);
    for n in 0..2_000 {
        let text = format!("{n} {}", "x".repeat(1000));
        span.set_tag("text", &text).set_tag(&String::from("key"), n);
    }
    span.finish();
    let span = mock.span("work");
    assert_eq!(span.tag("text"), Some(Value::Str(&format!("1999 {}", "x".repeat(1000)))));
    assert_eq!(span.tag("key"), Some(Value::I64(1999)));
    assert_eq!(span.tag("url"), Some(Value::Str("/first?token=<redacted>")));
    assert_eq!(span.logs[0].field("kept"), Some(Value::Str("log")));
    assert_eq!(span.truncated, 0);
}

#[test]
fn all_text_of_a_span_is_bounded_and_what_is_over_is_counted() {
    let mock = limits(|limits| limits.value_bytes = u32::MAX);
    let long = "x".repeat(3 << 20);
    let mut span = mock.tracer().span("work").start();
    span.set_tag("cut", &long).set_tag("fills", &long).set_tag("url", Value::Url(&["/left", "out"]));
    span.finish();
    let span = mock.span("work");
    let bytes = |key| span.tag(key).map(|value| value.to_string().len());
    assert_eq!([bytes("cut"), bytes("fills"), bytes("url")], [Some(1 << 20), Some(1 << 20), Some(0)]);
    assert_eq!(span.truncated, 3);
}

#[test]
fn many_tags_and_texts_survive_in_the_record() {
    let mock = MockTracer::new();
    for round in 0..3 {
        let mut span = mock.tracer().span("work").start();
        for n in 0..100 {
            span.set_tag(&format!("key {n}"), format!("value {n} of round {round}"));
        }
        span.finish();
        let all = mock.finished_spans();
        let span = all.last().unwrap();
        assert_eq!(span.tags.len(), 100);
        assert_eq!(span.tag("key 57"), Some(Value::Str(&format!("value 57 of round {round}"))));
    }
}

#[test]
fn baggage_beyond_the_limits_is_left_out_and_counted() {
    let mock = limits(|limits| (limits.baggage_items, limits.baggage_bytes) = (2, 16));
    let mut span = mock.tracer().span("work").start();
    span.set_baggage_item("a", "1")
        .set_baggage_item("b", "2")
        .set_baggage_item("c", "3")
        .set_baggage_item("a", "a value too long");
    let context = span.context().unwrap();
    assert_eq!(context.baggage().collect::<Vec<_>>(), [("a", "1"), ("b", "2")]);
    assert_eq!(mock.tracer().stats().baggage_dropped, 2);
}

#[test]
fn operation_names_beyond_the_limit_are_counted_and_replaced_if_told_so() {
    #[track_caller]
    fn check(excess: ExcessNames, expected: &str) {
        let mock = limits(|limits| (limits.operation_names, limits.excess_names) = (2, excess));
        for n in [1, 2, 1, 3, 2] {
            mock.tracer().span(format!("name {n}")).start().finish();
        }
        mock.assert_tree(expected);
        assert_eq!(mock.tracer().stats().excess_names, 1);
    }
    check(ExcessNames::Keep, "name 1\nname 2\nname 1\nname 3\nname 2");
    check(ExcessNames::Replace, "name 1\nname 2\nname 1\n_OTHER\nname 2");
}

#[test]
fn trace_ids_have_the_width_that_was_asked_for() {
    let keep = || Keep::default();
    let wide = Tracer::builder("shop").build_inline(keep()).span("work").start().context().unwrap();
    assert!(wide.trace_id().high() != 0 && wide.is_random() && !wide.is_64_bit());
    let builder = Tracer::builder("shop").trace_id_width(TraceIdWidth::Bits64);
    let narrow = builder.build_inline(keep()).span("work").start().context().unwrap();
    assert!(narrow.trace_id().high() == 0 && narrow.trace_id().low() != 0 && narrow.is_random() && narrow.is_64_bit());
}

#[test]
fn an_id_generator_that_gives_zero_is_not_believed() {
    #[derive(Debug)]
    struct Zero;
    impl IdGenerator for Zero {
        fn trace_id(&self) -> TraceId {
            TraceId::INVALID
        }
        fn span_id(&self) -> SpanId {
            SpanId::INVALID
        }
    }
    let mock = MockTracer::with(|builder| builder.id_generator(Zero));
    assert!(mock.tracer().span("work").start().context().unwrap().is_valid());
}

#[test]
fn ids_do_not_repeat_across_threads() {
    let tracer = Tracer::builder("shop").build_inline(Keep::default());
    let ids = Mutex::new(std::collections::HashSet::new());
    std::thread::scope(|threads| {
        for _ in 0..8 {
            threads.spawn(|| {
                let context = |_| tracer.span("work").start().context().unwrap();
                let made: Vec<_> =
                    (0..1000).map(context).map(|context| (context.trace_id(), context.span_id())).collect();
                ids.lock().unwrap().extend(made);
            });
        }
    });
    assert_eq!(ids.lock().unwrap().len(), 8000);
}

#[test]
fn several_tracers_in_one_thread_keep_their_spans_apart() {
    let mocks: Vec<_> = (0..3).map(|_| MockTracer::new()).collect();
    for round in 0..10 {
        for (n, mock) in mocks.iter().enumerate() {
            mock.tracer().span(format!("{n}")).tag("round", round).start().finish();
        }
    }
    for (n, mock) in mocks.iter().enumerate() {
        let spans = mock.finished_spans();
        assert_eq!(spans.len(), 10);
        assert!(spans.iter().all(|span| *span.operation_name == *n.to_string()));
    }
}

#[test]
fn a_flood_with_a_reporter_that_hangs_takes_little_memory() {
    in_child_process("delivery::a_flood_with_a_reporter_that_hangs_takes_little_memory", flood);
}

fn flood() {
    let (arrived, arrivals) = channel();
    let (pass, gate) = channel();
    let keep = Keep { gate: Some((arrived, gate)), ..Keep::default() };
    let (tracer, thread) = run(Tracer::builder("shop"), keep);
    tracer.span("stuck").start().finish();
    arrivals.recv_timeout(LONG).expect("the reporter should have the span");
    let before = resident_kib();
    std::thread::scope(|threads| {
        for _ in 0..2 {
            threads.spawn(|| {
                for n in 0..500_000 {
                    let mut span = tracer.span("work").start();
                    span.set_tag("n", n).set_tag("text", "a value of some forty bytes, as values are");
                }
            });
        }
    });
    let grown = resident_kib().saturating_sub(before);
    assert!(grown <= 32 * 1024, "{grown} KiB more");
    drop(pass);
    tracer.close(LONG).unwrap();
    thread.join().unwrap();
    let stats = tracer.stats();
    assert_eq!(stats.delivered + stats.lost(), 1_000_001);
}

#[test]
fn fields_beyond_the_limit_of_a_log_are_left_out_and_counted() {
    let mock = limits(|limits| limits.log_fields = 2);
    let mut span = mock.tracer().span("work").start();
    span.log_kv(&[("a", Value::I64(1)), ("b", Value::I64(2))]);
    span.log_kv(&[("a", Value::I64(1)), ("b", Value::I64(2)), ("c", Value::I64(3))]);
    span.finish();
    let span = mock.span("work");
    assert_eq!(span.logs.iter().map(|log| log.fields.len()).collect::<Vec<_>>(), [2, 2]);
    assert_eq!(span.truncated, 1);
}

#[test]
fn a_service_without_a_name_is_named_after_the_program() {
    for name in ["", " "] {
        let (tracer, _drain) = Tracer::builder(name).build();
        let service = tracer.process().map(|process| process.service().to_owned());
        assert!(service.as_deref().is_some_and(|name| name.starts_with("unknown_service:it-")), "{service:?}");
    }
}

#[test]
fn numbers_are_short_as_text() {
    #[track_caller]
    fn check(number: f64, expected: &str) {
        assert_eq!(Value::F64(number).to_string(), expected);
    }
    check(f64::MAX, "1.7976931348623157e308");
    check(-1e16, "-1e16");
    check(f64::MIN_POSITIVE, "2.2250738585072014e-308");
    check(9_999_999_999_999_998.0, "9999999999999998");
    check(0.25, "0.25");
    check(1.0, "1");
    check(0.0, "0");
    check(f64::NAN, "NaN");
    check(f64::NEG_INFINITY, "-inf");
}

#[test]
fn limits_are_set_one_by_one() {
    let limits = Limits::default()
        .tags(1)
        .logs(2)
        .log_fields(7)
        .references(8)
        .value_bytes(3)
        .baggage_items(4)
        .baggage_bytes(5)
        .operation_names(6)
        .excess_names(ExcessNames::Replace);
    assert_eq!((limits.tags, limits.logs, limits.value_bytes), (1, 2, 3));
    assert_eq!((limits.log_fields, limits.references), (7, 8));
    assert_eq!((limits.baggage_items, limits.baggage_bytes, limits.operation_names), (4, 5, 6));
    assert_eq!(limits.excess_names, ExcessNames::Replace);
    assert_eq!(Limits::default().tags, 128, "setters change a copy");
}

#[test]
fn the_deadline_of_a_flush_is_handed_to_the_reporter() {
    /// Keeps the deadlines.
    #[derive(Clone, Default)]
    struct Deadlines(Arc<Mutex<Vec<Instant>>>);
    impl Reporter for Deadlines {
        fn report(&mut self, _: Batch<'_>) {}
        fn flush(&mut self, deadline: Instant) -> Result<(), FlushError> {
            self.0.lock().unwrap().push(deadline);
            Ok(())
        }
    }
    let (inline, threaded) = (Deadlines::default(), Deadlines::default());
    let first = Tracer::builder("inline").build_inline(inline.clone());
    let (second, _thread) = run(Tracer::builder("threaded"), threaded.clone());
    for (tracer, deadlines) in [(first, inline), (second, threaded)] {
        let (hour, before) = (Duration::from_secs(3600), Instant::now());
        tracer.flush(hour).unwrap();
        tracer.close(2 * hour).unwrap();
        let after = Instant::now();
        let deadlines = deadlines.0.lock().unwrap();
        assert!((before + hour..=after + hour).contains(&deadlines[0]));
        assert!((before + 2 * hour..=after + 2 * hour).contains(&deadlines[1]));
    }
}

#[test]
fn spans_that_finish_while_a_thread_ends_are_counted_when_nobody_drains() {
    let (tracer, drain) = Tracer::builder("shop").build();
    let ending = tracer.clone();
    std::thread::spawn(move || std::mem::forget(ending.span("leaked").start_active())).join().unwrap();
    drop(drain);
    assert_eq!((tracer.stats().dropped_shutdown, tracer.stats().open()), (1, 0));
}
