//! The measuring process: one case of one library, figures on the standard output.

use std::fmt::Display;
use std::hint::black_box;
use std::io::Write;
use std::sync::Barrier;
use std::time::{Duration, Instant};

use crate::case::Case;
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
        ["time", case, library, millis] => {
            time(&mut Run::new(case, library)?, Duration::from_millis(number(millis)?.into()))
        }
        ["bursts", case, library, warm, bursts] => {
            run_bursts(&mut Run::new(case, library)?, number(warm)?, number(bursts)?)
        }
        ["allocations", case, library, bursts] => {
            let counter = allocations.ok_or("this program does not count allocations")?;
            count_allocations(&mut Run::new(case, library)?, number(bursts)?, counter)
        }
        ["threads", case, library, threads, bursts] => {
            on_threads(&mut Run::new(case, library)?, number(threads)?, number(bursts)?)
        }
        ["flood", case, library, threads, millis] => {
            flood(case, library, number(threads)?, Duration::from_millis(number(millis)?.into()))
        }
        _ => Err("usage: time CASE LIBRARY MS | bursts CASE LIBRARY WARM BURSTS | allocations CASE LIBRARY BURSTS | \
                  threads CASE LIBRARY THREADS BURSTS | flood CASE LIBRARY THREADS MS"
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

    /// One burst and its flush; nanoseconds per operation of the burst alone.
    fn burst(&mut self) -> f64 {
        let operations = self.case.burst();
        let start = Instant::now();
        (self.subject.burst)(operations);
        let took = start.elapsed();
        between_bursts(&self.subject);
        self.expected += u64::from(operations * self.case.spans());
        took.as_nanos() as f64 / f64::from(operations)
    }

    fn check(&self) -> Result<(), String> {
        let received = self.subject.received.count();
        if received != self.expected {
            return Err(format!("{}: {received} of {} spans arrived", self.case.name(), self.expected));
        }
        print("spans", received)
    }
}

fn time(run: &mut Run, limit: Duration) -> Result<(), String> {
    pin(0);
    let warm = Instant::now();
    while warm.elapsed() < limit / 3 {
        run.burst();
    }
    let start = Instant::now();
    let mut taken = Vec::new();
    while start.elapsed() < limit || taken.len() < 5 {
        taken.push(run.burst());
    }
    taken.sort_by(f64::total_cmp);
    print("ns", taken[taken.len() / 2])?;
    run.check()
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

/// Bursts on several threads at once, with the flush between them.
fn on_threads(run: &mut Run, threads: u32, bursts: u32) -> Result<(), String> {
    const WARM: u32 = 20;
    let (operations, subject) = (run.case.burst() / 2, &run.subject);
    let gate = Barrier::new(threads as usize + 1);
    let mut taken: Vec<f64> = std::thread::scope(|scope| {
        let producers: Vec<_> = (0..threads)
            .map(|at| {
                let gate = &gate;
                scope.spawn(move || {
                    pin(at as usize);
                    let mut taken = Vec::new();
                    for _ in 0..WARM + bursts {
                        gate.wait();
                        let start = Instant::now();
                        (subject.burst)(operations);
                        taken.push(start.elapsed().as_nanos() as f64 / f64::from(operations));
                        gate.wait();
                    }
                    taken.split_off(WARM as usize)
                })
            })
            .collect();
        for _ in 0..WARM + bursts {
            gate.wait();
            gate.wait();
            (subject.flush)();
        }
        producers.into_iter().flat_map(|producer| producer.join().unwrap_or_default()).collect()
    });
    run.expected = u64::from((WARM + bursts) * threads * operations * run.case.spans());
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

fn print(name: &str, figure: impl Display) -> Result<(), String> {
    writeln!(std::io::stdout(), "{name} {figure}").map_err(|error| error.to_string())
}
