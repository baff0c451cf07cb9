//! The measuring process: measures one case of one library, and prints the figures.

use std::fmt::Display;
use std::hint::black_box;
use std::io::Write;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::case::Case;
use crate::encoder;
use crate::library::Library;
use crate::subject::Subject;
use crate::system::{pin, resident_kib};
use crate::tracing_layers;

/// Returns the allocations of all threads so far, counted by the allocator of the process.
pub type Allocations = fn() -> u64;

/// Runs one measurement. The arguments name it, a case and a library, and give numbers. Prints one figure per line: its name and number.
///
/// # Errors
///
/// If the arguments are invalid, spans are missing, or the output is closed.
pub fn main(arguments: impl Iterator<Item = String>, allocations: Option<Allocations>) -> Result<(), String> {
    let arguments: Vec<String> = arguments.collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let number = |text: &str| text.parse::<u32>().map_err(|error| format!("{text}: {error}"));
    match arguments[..] {
        ["time", case, library, threads, millis] => {
            time(case, library, number(threads)?, Duration::from_millis(number(millis)?.into()))
        }
        ["bursts", case, library, warm, bursts] => {
            run_bursts(&mut Run::new(case, library)?, number(warm)?, number(bursts)?)
        }
        ["allocations", case, library, bursts] => {
            let counter = allocations.ok_or("this program does not count allocations")?;
            count_allocations(&mut Run::new(case, library)?, number(bursts)?, counter)
        }
        ["flood", case, library, threads, millis] => {
            flood(case, library, number(threads)?, Duration::from_millis(number(millis)?.into()))
        }
        ["bridge", case, bridge, bursts] => tracing_layers::run(case, bridge, number(bursts)?, allocations),
        ["encode", encoder, bursts] => encoder::encode(encoder, number(bursts)?, allocations),
        ["body", encoder] => encoder::body(encoder),
        _ => Err("usage: time CASE LIBRARY THREADS MS | bursts CASE LIBRARY WARM_UP BURSTS | \
                  allocations CASE LIBRARY BURSTS | flood CASE LIBRARY THREADS MS | \
                  bridge CASE BRIDGE BURSTS | encode ENCODER BURSTS | body ENCODER"
            .to_owned()),
    }
}

/// A case, and the number of spans that should have arrived.
struct Run {
    case: Case,
    subject: Subject,
    expected: u64,
}

impl Run {
    fn new(case: &str, library: &str) -> Result<Run, String> {
        let (case, library): (Case, Library) = (case.parse()?, library.parse()?);
        Ok(Run { case, subject: library.subject(case), expected: 0 })
    }

    fn bursts(&mut self, bursts: u32) {
        for _ in 0..bursts {
            self.burst();
        }
    }

    /// One burst and its flush.
    fn burst(&mut self) {
        let operations = self.case.burst();
        (self.subject.burst)(operations);
        between_bursts(&self.subject);
        self.expected += u64::from(operations * self.case.spans());
    }

    fn check(&self) -> Result<(), String> {
        let received = self.subject.received.count();
        if received != self.expected {
            return Err(format!("{}: received {received} of {} spans", self.case.name(), self.expected));
        }
        print("spans", received)
    }
}

/// For callgrind, which starts a new part at each of the two markers.
fn run_bursts(run: &mut Run, warm: u32, bursts: u32) -> Result<(), String> {
    run.bursts(warm);
    counting_starts(run);
    run.bursts(bursts);
    counting_ends(run);
    run.check()
}

/// Not part of an operation, so not counted on this thread.
#[inline(never)]
fn between_bursts(subject: &Subject) {
    (subject.flush)();
    black_box(());
}

#[inline(never)]
fn counting_starts(run: &Run) {
    black_box(run.expected);
}

#[inline(never)]
fn counting_ends(run: &Run) {
    black_box(&run.expected);
}

fn count_allocations(run: &mut Run, bursts: u32, counter: Allocations) -> Result<(), String> {
    const WARM_UP: u32 = 20;
    run.bursts(WARM_UP);
    let before = counter();
    run.bursts(bursts);
    let counted = counter() - before;
    print("allocations", counted as f64 / f64::from(bursts * run.case.burst()))?;
    run.check()
}

/// Times bursts on threads that only create spans, each on its own processor. This thread flushes between bursts. If there are enough
/// processors, it shares one with the threads of the library, so that data moves between processors.
fn time(case: &str, library: &str, threads: u32, limit: Duration) -> Result<(), String> {
    pin(threads as usize);
    let mut run = Run::new(case, library)?;
    let (operations, subject) = (run.case.burst() / threads.max(1), &run.subject);
    let (gate, done) = (&Barrier::new(threads as usize + 1), &AtomicBool::new(false));
    let mut rounds = 0u64;
    let mut taken: Vec<f64> = std::thread::scope(|scope| {
        let produce = move |at: u32| {
            pin(at as usize);
            let mut taken = Vec::new();
            loop {
                gate.wait();
                if done.load(Ordering::Relaxed) {
                    // Drops the first quarter, which warms up pools, caches and the processor's clock.
                    return taken.split_off(taken.len() / 4);
                }
                let start = Instant::now();
                (subject.burst)(operations);
                taken.push(start.elapsed().as_nanos() as f64 / f64::from(operations));
                gate.wait();
            }
        };
        let producers: Vec<_> = (0..threads).map(|at| scope.spawn(move || produce(at))).collect();
        let start = Instant::now();
        while start.elapsed() < limit || rounds < 8 {
            gate.wait();
            gate.wait();
            (subject.flush)();
            rounds += 1;
        }
        done.store(true, Ordering::Relaxed);
        gate.wait();
        producers.into_iter().flat_map(|producer| producer.join().unwrap_or_default()).collect()
    });
    run.expected = rounds * u64::from(threads * operations * run.case.spans());
    taken.sort_by(f64::total_cmp);
    print("ns", taken.get(taken.len() / 2).copied().unwrap_or(f64::NAN))?;
    run.check()
}

/// Creates spans without pause. A library may lose or keep what it cannot handle.
fn flood(case: &str, library: &str, threads: u32, limit: Duration) -> Result<(), String> {
    let before = resident_kib();
    let run = Run::new(case, library)?;
    let (spans, subject) = (run.case.spans(), &run.subject);
    let start = Instant::now();
    let made: u64 = std::thread::scope(|scope| {
        let producers: Vec<_> = (0..threads)
            .map(|_| {
                std::thread::Builder::new().spawn_scoped(scope, move || {
                    const STEP: u32 = 100;
                    let mut made = 0;
                    while start.elapsed() < limit {
                        (subject.burst)(STEP);
                        made += u64::from(STEP * spans);
                    }
                    made
                })
            })
            .collect();
        producers.into_iter().flatten().map(|producer| producer.join().unwrap_or(0)).sum()
    });
    (subject.flush)();
    let received = subject.received.count();
    print("made", made)?;
    print("received", received)?;
    if let Some(lost) = &subject.lost {
        // The thread-local destructors of a joined thread may still hand over its counts.
        let deadline = Instant::now() + Duration::from_secs(5);
        while lost() + received != made && Instant::now() < deadline {
            std::thread::yield_now();
        }
        print("lost", lost())?;
    }
    if let (Some((before, _)), Some((_, most))) = (before, resident_kib()) {
        print("grown_kib", most.saturating_sub(before))?;
    }
    Ok(())
}

pub(crate) fn print(name: &str, figure: impl Display) -> Result<(), String> {
    writeln!(std::io::stdout(), "{name} {figure}").map_err(|error| error.to_string())
}
