//! Measures all cases and libraries.

use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use crate::callgrind::{self, Instructions};
use crate::case::Case;
use crate::child::{self, Figures};
use crate::library::Library;
use crate::system::wait_until_idle;
use crate::table;

/// The measuring programs, built with this package.
#[derive(Clone, Debug)]
pub struct Programs {
    /// With the system allocator.
    pub measure: PathBuf,
    /// With a counting allocator.
    pub measure_allocations: PathBuf,
}

/// How much is measured.
#[derive(Clone, Debug)]
pub struct Options {
    cases: Vec<Case>,
    rounds: u32,
    millis: u32,
    bursts: u32,
    instructions: bool,
    overload: bool,
    idle_wait: Duration,
}

impl Options {
    /// Reads the command line.
    ///
    /// # Errors
    ///
    /// If an argument is unknown. The message lists the known ones.
    pub fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Options, String> {
        let mut options = Options {
            cases: Vec::new(),
            rounds: 7,
            millis: 300,
            bursts: 40,
            instructions: true,
            overload: true,
            idle_wait: Duration::from_secs(10),
        };
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or_else(|| format!("{argument} needs a value"));
            match argument.as_str() {
                // Passed by cargo.
                "--bench" => {}
                "--case" => options.cases.push(value()?.parse()?),
                "--rounds" => options.rounds = value()?.parse().map_err(|error| format!("--rounds: {error}"))?,
                "--no-instructions" => options.instructions = false,
                "--no-overload" => options.overload = false,
                "--quick" => (options.rounds, options.millis, options.bursts) = (1, 50, 5),
                _ => return Err(format!("unknown argument {argument}, expected {KNOWN}")),
            }
        }
        if options.cases.is_empty() {
            options.cases = Case::ALL.to_vec();
        }
        Ok(options)
    }
}

const KNOWN: &str = "--case NAME (several), --rounds N, --no-instructions, --no-overload, --quick";

/// All figures of one case and one library.
#[derive(Clone, Debug, Default)]
pub(crate) struct Measured {
    /// Nanoseconds per operation, one per round, sorted.
    pub(crate) ns: Vec<f64>,
    pub(crate) allocations: f64,
    pub(crate) instructions: Option<Instructions>,
}

impl Measured {
    pub(crate) fn median(&self) -> f64 {
        self.ns.get(self.ns.len() / 2).copied().unwrap_or(f64::NAN)
    }

    pub(crate) fn best(&self) -> f64 {
        self.ns.first().copied().unwrap_or(f64::NAN)
    }
}

/// One case with the figures of [`Library::ALL`].
pub(crate) struct Row {
    pub(crate) case: Case,
    pub(crate) by_library: [Measured; 3],
}

/// One case on one thread and on two.
pub(crate) struct Scaling {
    pub(crate) case: Case,
    pub(crate) library: Library,
    pub(crate) one_ns: f64,
    pub(crate) two_ns: f64,
}

/// Spans without pause for a second.
pub(crate) struct Flood {
    pub(crate) case: Case,
    pub(crate) library: Library,
    pub(crate) threads: u32,
    pub(crate) figures: Figures,
}

/// Measures and prints the tables.
///
/// # Errors
///
/// If a measuring process fails, for example because spans are missing.
pub fn main(options: &Options, programs: &Programs) -> Result<(), String> {
    let mut run = Run { options, programs, disturbed: 0 };
    let rows = run.rows()?;
    let mut text = table::rows(&rows, run.options.instructions);
    if options.overload {
        text += &table::scaling(&run.scaling()?);
        text += &table::flood(&run.floods()?);
    }
    if run.disturbed > 0 {
        text +=
            &format!("\n{} processes started while the machine was busy; their times may be wrong.\n", run.disturbed);
    }
    std::io::stdout().write_all(text.as_bytes()).map_err(|error| error.to_string())
}

struct Run<'a> {
    options: &'a Options,
    programs: &'a Programs,
    /// The number of processes that started while the machine was busy.
    disturbed: u32,
}

impl Run<'_> {
    fn rows(&mut self) -> Result<Vec<Row>, String> {
        let mut rows: Vec<Row> =
            self.options.cases.iter().map(|&case| Row { case, by_library: Default::default() }).collect();
        // Each round measures everything, so that other load does not affect one library alone.
        for round in 1..=self.options.rounds {
            progress(format_args!("time, round {round} of {}", self.options.rounds))?;
            for row in &mut rows {
                for (library, measured) in Library::ALL.into_iter().zip(&mut row.by_library) {
                    let millis = self.options.millis.to_string();
                    let figures = self.run_when_idle(&["time", row.case.name(), library.name(), "1", &millis])?;
                    measured.ns.push(figures.named("ns")?);
                }
            }
        }
        let callgrind = self.options.instructions && callgrind::is_installed();
        for row in &mut rows {
            progress(format_args!("allocations and instructions, {}", row.case.name()))?;
            for (library, measured) in Library::ALL.into_iter().zip(&mut row.by_library) {
                measured.ns.sort_by(f64::total_cmp);
                let bursts = self.options.bursts.to_string();
                let arguments = ["allocations", row.case.name(), library.name(), &bursts];
                measured.allocations =
                    child::run(&self.programs.measure_allocations, &arguments)?.named("allocations")?;
                if callgrind {
                    let bursts = (self.options.bursts / 2).max(2);
                    measured.instructions = Some(callgrind::count(&self.programs.measure, row.case, library, bursts)?);
                }
            }
        }
        Ok(rows)
    }

    fn scaling(&mut self) -> Result<Vec<Scaling>, String> {
        progress(format_args!("threads"))?;
        let millis = self.options.millis.to_string();
        let mut all = Vec::new();
        for case in [Case::Root0, Case::Root5Late, Case::Tree10, Case::Unsampled5] {
            for library in Library::ALL {
                let mut medians = [f64::NAN; 2];
                for (threads, median) in ["1", "2"].into_iter().zip(&mut medians) {
                    let mut rounds = Vec::new();
                    for _ in 0..self.options.rounds {
                        let arguments = ["time", case.name(), library.name(), threads, &millis];
                        rounds.push(self.run_when_idle(&arguments)?.named("ns")?);
                    }
                    rounds.sort_by(f64::total_cmp);
                    *median = rounds.get(rounds.len() / 2).copied().unwrap_or(f64::NAN);
                }
                all.push(Scaling { case, library, one_ns: medians[0], two_ns: medians[1] });
            }
        }
        Ok(all)
    }

    fn floods(&mut self) -> Result<Vec<Flood>, String> {
        progress(format_args!("flood"))?;
        let millis = (self.options.millis * 10).min(1000).to_string();
        let mut all = Vec::new();
        for case in [Case::Root0, Case::Root5Late, Case::Tree10] {
            for library in Library::ALL {
                for threads in [1, 2] {
                    let arguments = ["flood", case.name(), library.name(), &threads.to_string(), &millis];
                    all.push(Flood { case, library, threads, figures: self.run_when_idle(&arguments)? });
                }
            }
        }
        Ok(all)
    }

    fn run_when_idle(&mut self, arguments: &[&str]) -> Result<Figures, String> {
        self.disturbed += u32::from(!wait_until_idle(self.options.idle_wait));
        child::run(&self.programs.measure, arguments)
    }
}

pub(crate) fn progress(what: std::fmt::Arguments<'_>) -> Result<(), String> {
    writeln!(std::io::stderr(), "{what}").map_err(|error| error.to_string())
}
