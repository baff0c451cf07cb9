//! The measuring process: one case of one library, figures on the standard output.

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

/// Allocations of all threads so far, counted by the process's allocator.
pub type Allocations = fn() -> u64;

/// Runs what the arguments ask for: a measurement, a case, a library, and numbers. Prints one line a figure: its name and the number.
///
/// # Errors
///
/// If the arguments make no sense, spans did not arrive, or the output is closed.
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
        ["encode", encoder, bursts] => encoder::encode(encoder, number(bursts)?, allocations),
        ["body", encoder] => encoder::body(encoder),
        _ => Err("usage: time CASE LIBRARY THREADS MS | bursts CASE LIBRARY WARM BURSTS | \
                  allocations CASE LIBRARY BURSTS | flood CASE LIBRARY THREADS MS | \
                  encode ENCODER BURSTS | body ENCODER"
            .to_owned()),
    }
}

/// A case that is set up, and the spans that should have arrived.
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
            return Err(format!("{}: {received} of {} spans arrived", self.case.name(), self.expected));
        }
        print("spans", received)
    }
}

/// For callgrind, which begins a new part of its counts where one of the two markers is called.
fn run_bursts(run: &mut Run, warm: u32, bursts: u32) -> Result<(), String> {
    run.bursts(warm);
    counting_begins(run);
    run.bursts(bursts);
    counting_ends(run);
    run.check()
}

/// Not part of any operation, and not counted on this thread.
#[inline(never)]
fn between_bursts(subject: &Subject) {
    (subject.flush)();
    black_box(());
}

#[inline(never)]
fn counting_begins(run: &Run) {
    black_box(run.expected);
}

#[inline(never)]
fn counting_ends(run: &Run) {
    black_box(&run.expected);
}

fn count_allocations(run: &mut Run, bursts: u32, counter: Allocations) -> Result<(), String> {
    const WARM: u32 = 20;
    run.bursts(WARM);
    let before = counter();
    run.bursts(bursts);
    let counted = counter() - before;
    print("allocations", counted as f64 / f64::from(bursts * run.case.burst()))?;
    run.check()
}

/// Bursts on threads that make nothing but spans, each on a processor of its own. The flush between them is this thread's, which has
/// its processor, if there are enough, together with whatever threads the library has: what they read travels between processors.
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
                    // The first ones are for pools, caches and the processor's clock to get where they stay.
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

/// Spans without any pause. What a library cannot take it may lose, or keep.
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
        // A thread that is joined may still be handing its counts over.
        let patience = Instant::now() + Duration::from_secs(5);
        while lost() + received != made && Instant::now() < patience {
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
