//! What a tracer keeps in memory after a peak: references, capacity, records of threads that have ended.

use std::sync::Barrier;
use std::time::{Duration, Instant};

use allocation_counter::measure;
use opentracing_core::mock::MockTracer;
use opentracing_core::{Batch, Limits, ReferenceKind, Reporter, SpanContext, SpanId, TraceId, Tracer, Value};

use crate::child::{in_child_process, resident_kib};

const LONG: Duration = Duration::from_secs(20);
const MIB: i64 = 1 << 20;

/// Throws spans away.
struct Forget;

impl Reporter for Forget {
    fn report(&mut self, _: Batch<'_>) {}
}

fn caller(id: u64) -> SpanContext {
    SpanContext::new(TraceId::from_parts(1, id), SpanId::new(id))
}

/// The bytes that this thread has allocated in the closure and not freed.
fn kept(f: impl FnOnce()) -> i64 {
    measure(f).bytes_current
}

#[test]
fn baggage_of_a_caller_is_freed_with_the_span_that_refers_to_it() {
    #[track_caller]
    fn check(start: impl Fn(&Tracer, &SpanContext)) {
        let tracer = Tracer::builder("shop").build_inline(Forget);
        let kept = kept(|| {
            for id in 1..=4000 {
                start(&tracer, &caller(id).with_baggage_item("big", &"x".repeat(8000)));
            }
            tracer.flush(LONG).unwrap();
        });
        assert_eq!(tracer.stats().delivered, 4000);
        assert!(kept <= 4 * MIB, "{kept} bytes");
    }
    check(|tracer, caller| tracer.span("work").child_of(caller).start().finish());
    check(|tracer, caller| tracer.span("work").follows_from(caller).start().finish());
    check(|tracer, caller| tracer.span("work").new_trace().follows_from(caller).start().finish());
    check(|tracer, caller| tracer.span("work").new_trace().child_of(caller).start().finish());
}

#[test]
fn references_beyond_the_limit_are_left_out_and_counted() {
    let mock = MockTracer::new();
    let callers: Vec<_> = (1..=200).map(caller).collect();
    let mut builder = mock.tracer().span("work");
    callers.iter().for_each(|caller| {
        builder.follows_from(caller);
    });
    builder.start().finish();
    let span = mock.span("work");
    assert_eq!((span.references.len(), span.truncated), (128, 72));
    assert_eq!((&span.references[0].context, &span.references[127].context), (&callers[0], &callers[127]));
    assert_eq!(mock.tracer().stats().truncated, 72);
}

#[test]
fn the_parent_is_among_the_references_that_are_kept() {
    let mut limits = Limits::default();
    limits.references = 4;
    let mock = MockTracer::with(|builder| builder.limits(limits));
    let (callers, parent): (Vec<_>, _) = ((1..=10).map(caller).collect(), caller(11));
    let mut builder = mock.tracer().span("work");
    callers.iter().for_each(|caller| {
        builder.follows_from(caller);
    });
    builder.child_of(&parent).start().finish();
    let span = mock.span("work");
    assert_eq!((span.references.len(), span.truncated), (4, 7));
    assert_eq!((span.parent_id, span.references[3].kind), (Some(parent.span_id()), ReferenceKind::ChildOf));
    assert_eq!(span.references[3].context, parent);
}

#[test]
fn baggage_of_many_references_is_within_the_limits() {
    let mock = MockTracer::new();
    let callers: Vec<_> = (1..=100).map(|id| caller(id).with_baggage_item(&format!("item {id}"), "1")).collect();
    let mut builder = mock.tracer().span("work");
    callers.iter().for_each(|caller| {
        builder.follows_from(caller);
    });
    builder.start().finish();
    assert_eq!(mock.span("work").context.baggage().count(), 64);
    assert_eq!(mock.tracer().stats().baggage_dropped, 36);
}

#[test]
fn huge_spans_leave_no_huge_records() {
    #[track_caller]
    fn check(fill: impl Fn(&Tracer)) {
        let mut limits = Limits::default();
        (limits.tags, limits.logs, limits.references) = (u16::MAX, u16::MAX, u16::MAX);
        let tracer = Tracer::builder("shop").limits(limits).build_inline(Forget);
        let kept = kept(|| {
            (0..64).for_each(|_| fill(&tracer));
            tracer.flush(LONG).unwrap();
        });
        assert!(kept <= MIB, "{kept} bytes");
    }
    let callers: Vec<_> = (1..=5000).map(caller).collect();
    check(|tracer| {
        let mut builder = tracer.span("work");
        callers.iter().for_each(|caller| {
            builder.follows_from(caller);
        });
        builder.start().finish();
    });
    check(|tracer| {
        let mut span = tracer.span("work").start();
        (0..5000).for_each(|_| {
            span.log("again");
        });
    });
    check(|tracer| {
        let mut span = tracer.span("work").start();
        (0..5000).for_each(|n| {
            span.set_tag(&format!("tag {n}"), n);
        });
    });
    check(|tracer| {
        let mut span = tracer.span("work").start();
        span.log_kv(&[("a", Value::Static("field")); 5000]);
    });
    check(|tracer| {
        tracer.span("work").start().set_tag("text", "x".repeat(500_000));
    });
}

/// Runs that many threads, all with spans open at the same time, and waits for their end.
fn storm(tracer: &Tracer, threads: usize, spans: usize) {
    let all_open = Barrier::new(threads);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            let thread = std::thread::Builder::new().stack_size(64 * 1024);
            let open = || {
                let open: Vec<_> = (0..spans).map(|_| tracer.span("work").start()).collect();
                all_open.wait();
                drop(open);
            };
            thread.spawn_scoped(scope, open).unwrap();
        }
    });
}

/// Flushes until the process has grown by no more than that. A thread's locals may be destroyed a little after it was joined.
#[track_caller]
fn wait_for_memory(tracer: &Tracer, before: u64, most_kib: u64) {
    let begun = Instant::now();
    loop {
        tracer.flush(LONG).unwrap();
        let grown = resident_kib().saturating_sub(before);
        if grown <= most_kib {
            return;
        }
        assert!(begun.elapsed() < LONG, "{grown} KiB more, at most {most_kib} KiB are right");
        std::thread::park_timeout(Duration::from_millis(10));
    }
}

#[test]
fn two_thousand_threads_that_traced_once_leave_little() {
    in_child_process("memory::two_thousand_threads_that_traced_once_leave_little", || {
        let (tracer, drain) = Tracer::builder("shop").build();
        let draining = std::thread::spawn(move || drain.run(Forget));
        tracer.span("first").start().finish();
        tracer.flush(LONG).unwrap();
        // Stacks that the system keeps for later threads, and what it allocates for a thread.
        storm(&Tracer::noop(), 2000, 1);
        let before = resident_kib();
        storm(&tracer, 2000, 1);
        wait_for_memory(&tracer, before, 8 * 1024);
        assert_eq!(tracer.stats().delivered, 2001);
        tracer.close(LONG).unwrap();
        draining.join().unwrap();
    });
}

#[test]
fn a_peak_of_spans_leaves_no_more_records_than_the_rings_hold() {
    let tracer = Tracer::builder("shop").build_inline(Forget);
    // Allocated here, and freed here by the flush, so this thread's figure is that of all.
    let kept = kept(|| {
        for _ in 0..16 {
            let open: Vec<_> = (0..4000).map(|_| tracer.span("work").start()).collect();
            std::thread::spawn(move || drop(open)).join().unwrap();
        }
        // The first one delivers, the second one sees that the threads are gone.
        tracer.flush(LONG).unwrap();
        tracer.flush(LONG).unwrap();
    });
    assert_eq!(tracer.stats().delivered, 64_000);
    assert!(kept <= 8 * MIB, "{kept} bytes of 32 MiB");
}

#[test]
fn a_thread_takes_the_records_of_one_that_has_ended() {
    let tracer = Tracer::builder("shop").build_inline(Forget);
    let allocated = |spans: usize| {
        let trace = || measure(|| (0..spans).for_each(|_| tracer.span("work").start().finish())).count_total;
        std::thread::scope(|scope| scope.spawn(trace).join()).unwrap()
    };
    assert!(allocated(200) >= 200);
    tracer.flush(LONG).unwrap();
    // The 33rd span takes a batch of 64 records from the stock, most of which are free when the thread ends.
    allocated(33);
    let third = allocated(150);
    assert!(third < 40, "{third} allocations");
}

#[test]
fn a_thread_that_traced_once_has_one_record() {
    let tracer = Tracer::builder("shop").ring_capacity(2).build_inline(Forget);
    let bytes = std::thread::scope(|scope| {
        scope.spawn(|| measure(|| tracer.span("work").start().finish()).bytes_current).join().unwrap()
    });
    assert!(bytes <= 4096, "{bytes} bytes");
}

#[test]
fn a_ring_without_bound_is_refused() {
    for spans in [usize::MAX, usize::MAX / 2, 1 << 40] {
        let tracer = Tracer::builder("shop").ring_capacity(spans).build_inline(Forget);
        tracer.span("work").start().finish();
        tracer.flush(LONG).unwrap();
        assert_eq!(tracer.stats().delivered, 1);
    }
}

#[test]
fn a_ring_that_has_grown_holds_exactly_what_it_may() {
    #[track_caller]
    fn check(ring: usize) {
        let tracer = Tracer::builder("shop").ring_capacity(ring).build_inline(Forget);
        for round in 1..=3 {
            (0..ring + 50).for_each(|_| tracer.span("work").start().finish());
            let stats = tracer.stats();
            assert_eq!(stats.dropped_full, 50 * round, "round {round} with {ring}");
            tracer.flush(LONG).unwrap();
            assert_eq!(tracer.stats().delivered, ring as u64 * round, "round {round} with {ring}");
        }
    }
    [2, 63, 64, 65, 100, 128, 129, 300, 4096].into_iter().for_each(check);
}

#[test]
fn what_waits_in_a_ring_that_has_grown_is_counted_when_nobody_drains() {
    for spans in [10, 64, 65, 500, 1100] {
        let (tracer, drain) = Tracer::builder("shop").ring_capacity(1000).build();
        (0..spans).for_each(|_| tracer.span("work").start().finish());
        drop(drain);
        let stats = tracer.stats();
        assert_eq!(stats.dropped_shutdown + stats.dropped_full, spans, "{spans}");
        tracer.span("late").start().finish();
        assert_eq!(tracer.stats().finished(), spans + 1, "{spans}");
    }
}
