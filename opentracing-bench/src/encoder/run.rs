//! Measures all encoders.

use std::fmt::Write as _;
use std::io::Write;
use std::time::Duration;

use super::Encoder;
use crate::callgrind;
use crate::child;
use crate::peers::{Programs, progress};
use crate::system::wait_until_idle;

/// How much is measured.
#[derive(Clone, Debug)]
pub struct EncoderOptions {
    encoders: &'static [Encoder],
    rounds: u32,
    bursts: u32,
    instructions: bool,
}

impl EncoderOptions {
    /// Reads the command line. `--case` selects cases of the recorder, and no encoder.
    ///
    /// # Errors
    ///
    /// If an argument is unknown. The message lists the known ones.
    pub fn parse(mut arguments: impl Iterator<Item = String>) -> Result<EncoderOptions, String> {
        let mut options = EncoderOptions { encoders: &Encoder::ALL, rounds: 7, bursts: 40, instructions: true };
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                // Passed by cargo.
                "--bench" => {}
                "--rounds" => {
                    let value = arguments.next().ok_or("--rounds needs a value")?;
                    options.rounds = value.parse().map_err(|error| format!("--rounds: {error}"))?;
                }
                "--no-instructions" => options.instructions = false,
                "--quick" => (options.rounds, options.bursts) = (1, 4),
                // For the recorder only.
                "--case" => {
                    arguments.next();
                    options.encoders = &[];
                }
                "--no-overload" => {}
                _ => {
                    return Err(format!(
                        "unknown argument {argument}, expected --rounds N, --no-instructions, --quick"
                    ));
                }
            }
        }
        Ok(options)
    }
}

/// All figures of an encoder, per span.
#[derive(Default)]
struct Measured {
    /// Nanoseconds, one per round, sorted.
    ns: Vec<f64>,
    bytes: f64,
    allocations: f64,
    instructions: Option<f64>,
}

/// Measures and prints the table.
///
/// # Errors
///
/// If a measuring process fails, for example because spans are missing.
pub fn main(options: &EncoderOptions, programs: &Programs) -> Result<(), String> {
    if options.encoders.is_empty() {
        return Ok(());
    }
    let mut all: Vec<_> = options.encoders.iter().map(|&encoder| (encoder, Measured::default())).collect();
    let bursts = options.bursts.to_string();
    let mut disturbed = 0;
    // Each round measures everything, so that other load does not affect one encoder alone.
    for round in 1..=options.rounds {
        progress(format_args!("time, round {round} of {}", options.rounds))?;
        for (encoder, measured) in &mut all {
            disturbed += u32::from(!wait_until_idle(Duration::from_secs(10)));
            let figures = child::run(&programs.measure, &["encode", encoder.name(), &bursts])?;
            measured.ns.push(figures.named("ns")?);
            measured.bytes = figures.named("bytes")?;
        }
    }
    let has_callgrind = options.instructions && callgrind::is_installed();
    for (encoder, measured) in &mut all {
        progress(format_args!("allocations and instructions, {}", encoder.name()))?;
        measured.ns.sort_by(f64::total_cmp);
        let figures = child::run(&programs.measure_allocations, &["encode", encoder.name(), &bursts])?;
        measured.allocations = figures.named("allocations")?;
        if has_callgrind {
            measured.instructions = Some(callgrind::count_encoding(&programs.measure, *encoder, super::SPANS)?);
        }
    }
    let mut text = table(&all);
    if disturbed > 0 {
        text += &format!("\n{disturbed} processes started while the machine was busy; their times may be wrong.\n");
    }
    std::io::stdout().write_all(text.as_bytes()).map_err(|error| error.to_string())
}

fn table(all: &[(Encoder, Measured)]) -> String {
    let mut out = String::from(
        "| encoder | spans per second | ns per span (best) | instructions | allocations | bytes per span |\n\
         |---|---:|---:|---:|---:|---:|\n",
    );
    for (encoder, measured) in all {
        let median = measured.ns.get(measured.ns.len() / 2).copied().unwrap_or(f64::NAN);
        let best = measured.ns.first().copied().unwrap_or(f64::NAN);
        let instructions = measured.instructions.map_or("n/a".to_owned(), |count| format!("{count:.0}"));
        // Writing to a string does not fail.
        let _ = writeln!(
            out,
            "| {} | {:.0} | {median:.0} ({best:.0}) | {instructions} | {:.2} | {:.1} |",
            encoder.name(),
            1e9 / median,
            measured.allocations,
            measured.bytes,
        );
    }
    out
}
