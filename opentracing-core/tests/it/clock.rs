//! Time: a simulated machine whose counter drifts, stands still and begins again, and whose wall clock is set.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, SystemTime};

use opentracing_core::{Batch, ConstSampler, OwnedSpan, Reporter, Span, TickCounter, TickReading, Tracer};

const MS: u64 = 1_000_000;
const SECOND: u64 = 1_000 * MS;
const HOUR: u64 = 3_600 * SECOND;
/// What the recorder may be wrong by, beside what the readings of the clocks are.
const ERROR_NS: u64 = 1_000;

/// A machine of which nothing is real.
#[derive(Clone, Debug)]
struct Machine(Arc<Mutex<Clocks>>);

#[derive(Debug)]
struct Clocks {
    ticks: f64,
    monotonic_ns: u64,
    unix_ns: u64,
    ticks_per_ns: f64,
    /// How much the two clocks differ from what is read, at most.
    read_error_ns: u64,
    /// Each 97th read is interrupted for that long.
    reads: u64,
    interrupted_ns: u64,
    random: u64,
}

impl Machine {
    fn new(ticks_per_ns: f64) -> Self {
        Machine(Arc::new(Mutex::new(Clocks {
            ticks: 7e12,
            monotonic_ns: 55 * SECOND,
            unix_ns: 1_700_000_000 * SECOND,
            ticks_per_ns,
            read_error_ns: 40,
            reads: 0,
            interrupted_ns: 0,
            random: 1,
        })))
    }

    fn clocks(&self) -> MutexGuard<'_, Clocks> {
        self.0.lock().unwrap()
    }

    fn unix_ns(&self) -> u64 {
        self.clocks().unix_ns
    }

    fn pass(&self, ns: u64) {
        let mut clocks = self.clocks();
        clocks.ticks += ns as f64 * clocks.ticks_per_ns;
        clocks.monotonic_ns += ns;
        clocks.unix_ns += ns;
    }

    /// A tracer whose spans come out when it is flushed.
    fn tracer(&self) -> (Tracer, Finished) {
        let finished = Finished::default();
        (Tracer::builder("shop").counter(self.clone()).build_inline(finished.clone()), finished)
    }
}

impl Clocks {
    /// Between zero and that, both included.
    fn random(&mut self, below: u64) -> u64 {
        self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.random >> 33) % (below + 1)
    }
}

impl TickCounter for Machine {
    fn ticks(&self) -> u64 {
        self.clocks().ticks as u64
    }

    fn read(&self) -> TickReading {
        let mut clocks = self.clocks();
        clocks.reads += 1;
        let interrupted = if clocks.reads.is_multiple_of(97) { clocks.interrupted_ns } else { 0 };
        let error = clocks.read_error_ns + interrupted;
        let (monotonic, wall) = (clocks.random(2 * error), clocks.random(2 * error));
        let mut reading = TickReading::new(
            clocks.ticks as u64,
            clocks.monotonic_ns + monotonic - error,
            clocks.unix_ns + wall - error,
        );
        reading.width = (2.0 * error as f64 * clocks.ticks_per_ns) as u64;
        reading
    }
}

#[derive(Clone, Default)]
struct Finished(Arc<Mutex<Vec<OwnedSpan>>>);

impl Finished {
    /// What came out since it was asked last.
    fn take(&self) -> Vec<OwnedSpan> {
        std::mem::take(&mut self.0.lock().unwrap())
    }

    /// The one span that came out.
    #[track_caller]
    fn one(&self, tracer: &Tracer) -> OwnedSpan {
        tracer.flush(Duration::ZERO).unwrap();
        let mut spans = self.take();
        assert_eq!(spans.len(), 1);
        spans.remove(0)
    }
}

impl Reporter for Finished {
    fn report(&mut self, batch: Batch<'_>) {
        self.0.lock().unwrap().extend(batch.iter().map(OwnedSpan::from));
    }
}

#[track_caller]
fn assert_near(what: &str, actual: u64, expected: u64, within: u64) {
    assert!(
        actual.abs_diff(expected) <= within,
        "{what} should be {expected}, but is {actual}: {}",
        actual as i64 - expected as i64
    );
}

/// A tracer with a drain that passes every 50 ms, and what its spans should be.
struct Run {
    machine: Machine,
    tracer: Tracer,
    finished: Finished,
    worst_ns: u64,
}

impl Run {
    fn new(machine: &Machine) -> Self {
        let (tracer, finished) = machine.tracer();
        Run { machine: machine.clone(), tracer, finished, worst_ns: 0 }
    }

    fn start(&self) -> (Span, u64) {
        (self.tracer.span("long").start(), self.machine.unix_ns())
    }

    /// One pass: a short span, drained at the end.
    fn step(&mut self) -> OwnedSpan {
        self.machine.pass(20 * MS);
        let start = self.machine.unix_ns();
        let span = self.tracer.span("short").start();
        self.machine.pass(30 * MS);
        span.finish();
        let span = self.finished.one(&self.tracer);
        self.worst_ns = self.worst_ns.max(span.start_unix_ns.abs_diff(start)).max(span.duration_ns.abs_diff(30 * MS));
        span
    }

    fn steps(&mut self, ns: u64) {
        for _ in 0..ns / (50 * MS) {
            self.step();
        }
    }

    /// Finishes it and looks at it.
    #[track_caller]
    fn finish(&self, (span, start): (Span, u64), took: u64, within: u64) -> OwnedSpan {
        span.finish();
        let span = self.finished.one(&self.tracer);
        assert_near("the start", span.start_unix_ns, start, within);
        assert_near("the duration", span.duration_ns, took, within);
        span
    }
}

#[test]
fn follows_the_clocks_for_hours() {
    let machine = Machine::new(2.4);
    machine.clocks().interrupted_ns = 30_000;
    let mut run = Run::new(&machine);
    let whole = run.start();
    for minute in 0..180_u32 {
        // Warms up and cools down again, by 161 millionths in all.
        let warm = f64::from(minute.abs_diff(90)) / 90.0;
        machine.clocks().ticks_per_ns = 2.4 * (1.0 + 161e-6 * warm);
        let long = run.start();
        run.steps(60 * SECOND);
        run.finish(long, 60 * SECOND, 5 * ERROR_NS);
    }
    assert!(run.worst_ns <= 5 * ERROR_NS, "a short span is {} ns off", run.worst_ns);
    run.finish(whole, 3 * HOUR, 20 * ERROR_NS);
}

#[test]
fn first_span_is_right_before_there_is_a_rate() {
    let machine = Machine::new(0.024);
    let run = Run::new(&machine);
    machine.pass(300);
    let span = run.start();
    machine.pass(20_000);
    run.finish(span, 20_000, ERROR_NS);
}

#[test]
fn no_child_starts_before_its_parent() {
    let machine = Machine::new(3.1);
    let mut run = Run::new(&machine);
    let mut open = Vec::new();
    for round in 0..2_000_u32 {
        machine.clocks().ticks_per_ns = 3.1 * (1.0 + 1e-6 * f64::from(round % 200));
        let parent = run.tracer.span("parent").start();
        machine.pass(10);
        run.tracer.span("child").child_of(&parent).start().finish();
        open.push((parent, run.finished.one(&run.tracer)));
        run.steps(SECOND);
        // Each twentieth parent stays open to the end.
        if round % 20 != 0 {
            let (parent, child) = open.pop().unwrap();
            let id = parent.context().unwrap().span_id();
            parent.finish();
            let parent = run.finished.one(&run.tracer);
            assert_eq!(child.parent_id, Some(id));
            let late = parent.start_unix_ns.saturating_sub(child.start_unix_ns);
            assert!(late <= ERROR_NS, "the child of round {round} begins {late} ns before its parent");
        }
    }
    for (index, (parent, child)) in open.into_iter().enumerate() {
        parent.finish();
        let parent = run.finished.one(&run.tracer);
        let late = parent.start_unix_ns.saturating_sub(child.start_unix_ns);
        assert!(late <= ERROR_NS, "the child of long span {index} begins {late} ns before it");
    }
}

#[test]
fn wall_clock_that_is_set_moves_starts_and_no_durations() {
    for step in [250 * MS as i64, HOUR as i64, -250 * MS as i64, -(HOUR as i64)] {
        let machine = Machine::new(2.0);
        let mut run = Run::new(&machine);
        run.steps(20 * SECOND);
        let before = run.start();
        run.steps(SECOND);
        let mut clocks = machine.clocks();
        clocks.unix_ns = clocks.unix_ns.saturating_add_signed(step);
        drop(clocks);
        run.step();
        run.worst_ns = 0;
        run.steps(SECOND);
        assert!(run.worst_ns <= ERROR_NS, "set by {step} ns, a span is {} ns off", run.worst_ns);
        run.finish(before, 2 * SECOND + 50 * MS, ERROR_NS);
    }
}

/// What the clocks do while a machine sleeps or is moved to another.
#[derive(Clone, Copy, Debug)]
enum Sleep {
    /// Only the wall clock goes on.
    Suspended,
    /// The counter alone stands still.
    Paused,
    /// The counter runs at another rate from there on.
    Moved,
    /// The counter starts from zero.
    Restarted,
}

#[test]
fn machine_that_slept_is_right_within_a_second() {
    use Sleep::*;
    for sleep in [Suspended, Paused, Moved, Restarted] {
        let machine = Machine::new(2.9);
        let mut run = Run::new(&machine);
        run.steps(20 * SECOND);
        let across = run.tracer.span("across").start();
        let mut clocks = machine.clocks();
        clocks.unix_ns += HOUR;
        match sleep {
            Suspended => {}
            Paused => clocks.monotonic_ns += HOUR,
            Moved => (clocks.monotonic_ns, clocks.ticks_per_ns) = (clocks.monotonic_ns + HOUR, 2.1),
            Restarted => (clocks.monotonic_ns, clocks.ticks) = (clocks.monotonic_ns + HOUR, 0.0),
        }
        drop(clocks);
        run.steps(SECOND);
        run.worst_ns = 0;
        run.steps(20 * SECOND);
        assert!(run.worst_ns <= ERROR_NS, "{sleep:?}: a span is {} ns off", run.worst_ns);
        across.finish();
        let across = run.finished.one(&run.tracer);
        assert!(across.end_unix_ns() <= machine.unix_ns() + ERROR_NS, "{sleep:?}: it ends in the future");
    }
}

#[test]
fn logs_and_scopes_take_their_times_from_the_counter() {
    let machine = Machine::new(1.7);
    let mut run = Run::new(&machine);
    run.step();
    let (mut span, start) = run.start();
    machine.pass(2 * MS);
    span.log("half");
    assert_near("the time so far", span.elapsed().unwrap().as_nanos() as u64, 2 * MS, ERROR_NS);
    let outer = span.activate();
    let inner = run.tracer.span("inner").start().activate();
    machine.pass(MS);
    drop(outer);
    machine.pass(MS);
    drop(inner);
    run.tracer.flush(Duration::ZERO).unwrap();
    let spans = run.finished.take();
    let long = spans.iter().find(|span| &*span.operation_name == "long").unwrap();
    assert_near("the duration", long.duration_ns, 3 * MS, ERROR_NS);
    assert_near("the time of the log", long.logs[0].unix_ns, start + 2 * MS, ERROR_NS);
}

#[test]
fn unsampled_spans_read_no_counter() {
    #[derive(Debug)]
    struct ReadOnce;

    impl TickCounter for ReadOnce {
        fn ticks(&self) -> u64 {
            panic!("nobody should ask for the time")
        }

        fn read(&self) -> TickReading {
            TickReading::new(1, 1, 1)
        }
    }

    let (tracer, drain) = Tracer::builder("shop").sampler(ConstSampler::off()).counter(ReadOnce).build();
    let mut span = tracer.span("order").start();
    span.log("paid");
    assert_eq!(span.elapsed(), None);
    span.finish();
    drop(drain);
}

#[test]
fn built_in_counter_agrees_with_the_system() {
    let finished = Finished::default();
    let tracer = Tracer::builder("shop").build_inline(finished.clone());
    for _ in 0..10 {
        let before = SystemTime::now();
        let span = tracer.span("order").start();
        let elapsed = span.elapsed().unwrap();
        span.finish();
        let span = finished.one(&tracer);
        let after = SystemTime::now();
        let unix_ns = |at: SystemTime| at.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_nanos() as u64;
        assert!(span.start_unix_ns >= unix_ns(before) - MS && span.end_unix_ns() <= unix_ns(after) + MS);
        assert!(elapsed <= Duration::from_nanos(span.duration_ns) + Duration::from_millis(1));
    }
}
