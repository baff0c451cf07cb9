//! Runs requests through chains of the relay and services with other tracers, and checks that each chain is one trace.

mod chain;
mod check;
mod headers;
mod link;
mod list;
mod options;
mod program;
mod row;
mod server;

use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;

use examples::{BoxError, say};

use crate::check::Verdict;
use crate::list::{Faults, Rows};
use crate::options::{HELP, Options};
use crate::server::Sink;

fn main() -> ExitCode {
    examples::run(HELP, Options::parse, run)
}

async fn run(options: Options) -> Result<ExitCode, BoxError> {
    let rows = Rows::read(&options.peers.join("peers.txt"))?.matching(&options.only);
    let faults = Faults::read(&options.peers.join("faults.txt"))?;
    let sink = Sink::start().await?;
    let mut shown = BTreeSet::new();
    let mut totals: BTreeMap<Verdict, usize> = BTreeMap::new();
    for row in &rows {
        let mut counts: BTreeMap<Verdict, usize> = BTreeMap::new();
        match row::run(row, &options, &sink).await {
            Ok(results) => {
                for (chain, complaints) in results {
                    let fault = faults.find(row, chain.start.name());
                    let verdict = Verdict::of(&complaints, fault);
                    say(format_args!("{verdict} {}  {}  {}", chain.path(&row.peer), row.format, chain.start.name()));
                    complaints.iter().for_each(|complaint| say(format_args!("        {complaint}")));
                    if let (Verdict::Fault, Some(fault)) = (verdict, fault) {
                        say(format_args!("        listed: {}", fault.reason));
                        shown.insert(fault.to_string());
                    }
                    *counts.entry(verdict).or_default() += 1;
                }
            }
            Err(error) => {
                say(format_args!("{} {} {}: {error}", Verdict::Failed, row.peer, row.format));
                *counts.entry(Verdict::Failed).or_default() += 1;
            }
        }
        counts.iter().for_each(|(verdict, count)| *totals.entry(*verdict).or_default() += count);
        say(format_args!("== {} {}: {}", row.peer, row.format, Verdict::summary(&counts)));
    }
    if options.only.is_empty() {
        let not_shown = faults.iter().filter(|fault| !shown.contains(&fault.to_string()));
        not_shown.for_each(|fault| say(format_args!("listed, but did not happen: {fault}")));
    }
    say(format_args!("\nchains: {}", Verdict::summary(&totals)));
    let failed = totals.get(&Verdict::Failed).copied().unwrap_or_default();
    Ok(if failed == 0 && !totals.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
