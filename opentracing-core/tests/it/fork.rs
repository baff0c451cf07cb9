//! A process that forks while a tracer runs.

use std::collections::HashSet;
use std::io::Write;
use std::sync::mpsc::{Sender, channel};
use std::time::{Duration, Instant};

use fork::{Fork, fork, waitpid};
use opentracing_core::{Batch, FlushError, IdGenerator, OwnedSpan, Reporter, SpanId, TraceId, Tracer, TracerBuilder};

use crate::child::in_child_process;

const LONG: Duration = Duration::from_secs(60);

/// Writes the name of each span to a file, which parent and child share.
struct Append(std::fs::File);

impl Reporter for Append {
    fn report(&mut self, batch: Batch<'_>) {
        for span in batch.iter().map(OwnedSpan::from) {
            writeln!(self.0, "{}", span.operation_name).unwrap();
        }
    }
}

struct Nowhere;

impl Reporter for Nowhere {
    fn report(&mut self, _: Batch<'_>) {}
}

fn threaded(builder: TracerBuilder) -> Tracer {
    let (tracer, drain) = builder.build();
    let (started, has_started) = channel();
    std::thread::spawn(move || {
        let _ = started.send(());
        drain.run(Nowhere);
    });
    has_started.recv().unwrap();
    tracer
}

/// Runs the closure in a real fork and fails unless it returns.
fn in_fork(f: impl FnOnce()) {
    match fork().unwrap() {
        Fork::Parent(child) => assert_eq!(waitpid(child).unwrap(), 0, "the forked process failed"),
        Fork::Child => {
            let failed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(f)).is_err();
            // Without the destructors of what belongs to the parent.
            std::process::exit(failed.into());
        }
    }
}

fn ids(tracer: &Tracer) -> Vec<(TraceId, SpanId)> {
    let ids = |_| {
        let context = tracer.span("work").start().context().unwrap();
        (context.trace_id(), context.span_id())
    };
    (0..200).map(ids).collect()
}

#[test]
fn a_forked_child_makes_its_own_ids() {
    in_child_process("fork::a_forked_child_makes_its_own_ids", || {
        let tracer = threaded(Tracer::builder("shop"));
        tracer.span("before").start().finish();
        let folder = std::env::temp_dir().join(format!("opentracing-fork-{}", std::process::id()));
        in_fork(|| std::fs::write(&folder, format!("{:?}", ids(&tracer))).unwrap());
        let of_child = std::fs::read_to_string(&folder).unwrap();
        std::fs::remove_file(&folder).unwrap();
        let of_parent = ids(&tracer);
        assert_eq!(of_child.matches('(').count(), 200, "{of_child}");
        for (trace, span) in of_parent.iter().collect::<HashSet<_>>() {
            assert!(!of_child.contains(&trace.to_string()) && !of_child.contains(&span.to_string()), "{trace} {span}");
        }
    });
}

#[test]
fn a_forked_child_waits_for_no_thread_and_counts_its_spans() {
    in_child_process("fork::a_forked_child_waits_for_no_thread_and_counts_its_spans", || {
        let tracer = threaded(Tracer::builder("shop"));
        (0..10).for_each(|_| tracer.span("before").start().finish());
        tracer.flush(LONG).unwrap();
        in_fork(|| {
            let begun = Instant::now();
            (0..1000).for_each(|_| tracer.span("after").start().finish());
            assert_eq!(tracer.flush(LONG), Err(FlushError::Forked));
            assert_eq!(tracer.close(LONG), Err(FlushError::Forked));
            assert!(begun.elapsed() < LONG, "somebody waited");
            let stats = tracer.stats();
            assert_eq!((stats.dropped_fork, stats.delivered, stats.open()), (1000, 10, 0));
            assert!(tracer.report().to_string().contains("1,000 finished in a forked process"), "{}", tracer.report());
            // A tracer of its own works.
            let own = threaded(Tracer::builder("worker"));
            own.span("work").start().finish();
            assert_eq!(own.close(LONG), Ok(()));
            assert_eq!(own.stats().delivered, 1);
        });
        tracer.span("after").start().finish();
        assert_eq!(tracer.close(LONG), Ok(()));
        assert_eq!((tracer.stats().delivered, tracer.stats().dropped_fork), (11, 0));
    });
}

#[test]
fn a_span_of_the_parent_that_finishes_in_a_forked_child_is_counted() {
    struct Resting(Sender<()>);
    impl Reporter for Resting {
        fn report(&mut self, _: Batch<'_>) {}
        fn tick(&mut self) {
            let _ = self.0.send(());
        }
        fn max_pause(&self) -> Duration {
            Duration::MAX
        }
    }
    in_child_process("fork::a_span_of_the_parent_that_finishes_in_a_forked_child_is_counted", || {
        let (ticks, ticked) = channel();
        let (tracer, drain) = Tracer::builder("shop").build();
        std::thread::spawn(move || drain.run(Resting(ticks)));
        let open = tracer.span("before").start();
        while ticked.recv_timeout(Duration::from_millis(500)).is_ok() {}
        in_fork(move || {
            open.finish();
            assert_eq!(tracer.stats().dropped_fork, 1, "{}", tracer.report());
            assert_eq!(tracer.flush(LONG), Err(FlushError::Forked));
        });
    });
}

#[test]
fn spans_of_a_forked_child_with_ids_of_its_own_kind_are_counted_too() {
    #[derive(Debug)]
    struct Fixed;
    impl IdGenerator for Fixed {
        fn trace_id(&self) -> TraceId {
            TraceId::from_parts(1, 2)
        }
        fn span_id(&self) -> SpanId {
            SpanId::new(3)
        }
    }
    in_child_process("fork::spans_of_a_forked_child_with_ids_of_its_own_kind_are_counted_too", || {
        let tracer = threaded(Tracer::builder("shop").id_generator(Fixed));
        tracer.span("before").start().finish();
        tracer.flush(LONG).unwrap();
        in_fork(|| {
            tracer.span("after").start().finish();
            assert_eq!(tracer.stats().dropped_fork, 1);
        });
    });
}

#[test]
fn an_inline_tracer_goes_on_in_a_forked_child_and_reports_nothing_twice() {
    in_child_process("fork::an_inline_tracer_goes_on_in_a_forked_child_and_reports_nothing_twice", || {
        let path = std::env::temp_dir().join(format!("opentracing-fork-inline-{}", std::process::id()));
        let file = std::fs::OpenOptions::new().create(true).append(true).open(&path).unwrap();
        let tracer = Tracer::builder("shop").build_inline(Append(file));
        tracer.span("before").start().finish();
        in_fork(|| {
            tracer.span("child").start().finish();
            assert_eq!(tracer.flush(LONG), Ok(()));
        });
        tracer.span("parent").start().finish();
        assert_eq!(tracer.flush(LONG), Ok(()));
        let names = std::fs::read_to_string(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        assert_eq!(names, "child\nbefore\nparent\n");
    });
}
