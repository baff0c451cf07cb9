//! AcmeShop: services on ports of their own, and customers whose every request becomes one trace.

mod customers;
mod database;
mod errands;
mod failure;
mod html;
mod ledger;
mod model;
mod options;
mod parcels;
mod products;
mod servers;
mod services;
mod shop;
mod summary;
mod tally;
mod topic;
mod tracers;
mod under_way;
mod upstream;
mod users;

use std::process::ExitCode;

use examples::{BoxError, REPORT_HELP, interruption, say};

use crate::options::{HELP, Options};
use crate::shop::Shop;
use crate::summary::Summary;
use crate::tracers::Tracers;

fn main() -> ExitCode {
    examples::run(&[HELP, REPORT_HELP].join("\n"), Options::parse, run)
}

async fn run(options: Options) -> Result<ExitCode, BoxError> {
    let interrupted = tokio::spawn(interruption()?);
    let mut tracers = Tracers::new(options.report);
    let shop = Shop::open(&mut tracers, options.port.map_or(0, |port| port.get()), &options.servers).await?;
    for (name, address) in &shop.services {
        say(format_args!("{name:<10} listening on http://{address}"));
    }
    say(&shop.shipping_note);
    say("");

    let verdict = customers::send(options.requests, &shop.front_end, &mut tracers, &interrupted).await?;
    if options.serve {
        say(format_args!("open {} in a browser; Ctrl-C ends it", shop.front_end));
        interrupted.await?;
    }

    shop.close().await;
    let tally = tracers.tally.clone();
    let fate = tokio::task::spawn_blocking(|| tracers.close()).await?;
    let summary = Summary { books: tally.books(), verdict, fate };
    let good = summary.is_good();
    say(summary);
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
